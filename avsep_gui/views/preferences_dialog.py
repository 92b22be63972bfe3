"""PreferencesDialog: look and language, where voices are computed, keys, storage. What is changed holds at once."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.device_words import device_why
from avsep_gui.engine_client import EngineClient
from avsep_gui.keymap import Keymap
from avsep_gui.look import Look
from avsep_gui.resources import resource
from avsep_gui.settings import TEXT_SCALES, Settings
from avsep_gui.storage_client import StorageClient
from avsep_gui.theme import CONTRAST, DARK, LIGHT, SYSTEM, Theme
from avsep_gui.views.keys_page import KeysPage
from avsep_gui.views.paged_dialog import PagedDialog
from avsep_gui.views.preferences_parts import add_field, note, strong
from avsep_gui.views.storage_page import StoragePage

SIZE_PX = (760, 640)
PAGES_PX = 152
SWATCH = QSize(104, 64)


class PreferencesDialog(PagedDialog):
    """A window beside the main one.

    Args:
        client: where voices are computed; later jobs run on the device that is chosen here.
        storage: what is kept on the disk.
    """

    def __init__(
        self,
        settings: Settings,
        look: Look,
        keymap: Keymap,
        client: EngineClient,
        storage: StorageClient,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._look = look
        self._client = client
        self.setWindowTitle(self.tr("Preferences"))
        self.setModal(False)
        self.setMinimumSize(560, 440)
        self.resize(look.px(SIZE_PX[0]), look.px(SIZE_PX[1]))
        self.keys = KeysPage(keymap)
        self.storage = StoragePage(storage)
        pages = (
            (self.tr("General"), self._build_general(), True),
            (self.tr("Computing"), self._build_computing(), True),
            (self.tr("Keys"), self.keys, False),
            (self.tr("Storage"), self.storage, True),
        )
        foot = QHBoxLayout()
        foot.addStretch(1)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.close)
        foot.addWidget(self.close_button)
        self.fill(pages, foot)
        look.changed.connect(self.refresh)
        client.devices_changed.connect(self._fill_devices)
        self._fill_devices()
        self.refresh()

    def open_beside(self) -> None:
        """Show it, in front, with the keyboard."""
        if self.isVisible():
            self.raise_()
        self.show()
        self.activateWindow()
        self.pages.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Show what holds now."""
        self.pages.setFixedWidth(self._look.px(PAGES_PX))
        for name, button in self.themes.items():
            button.setChecked(name == self._look.choice)
        self.text_size.setCurrentIndex(TEXT_SCALES.index(self._settings.text_scale))
        self.motion.setChecked(self._settings.reduce_motion)

    def _build_general(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(strong(self.tr("Colours")))
        row = QHBoxLayout()
        row.setSpacing(8)
        self.themes: dict[str, QToolButton] = {}
        for name, words, shown in (
            (DARK.name, self.tr("Dark"), (DARK,)),
            (LIGHT.name, self.tr("Light"), (LIGHT,)),
            (CONTRAST.name, self.tr("High contrast"), (CONTRAST,)),
            (SYSTEM, self.tr("As the system"), (DARK, LIGHT)),
        ):
            button = QToolButton()
            button.setObjectName("swatch")
            button.setCheckable(True)
            button.setText(words)
            button.setAccessibleName(self.tr("Colours: {0}").format(words))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setIcon(_swatch(shown, self.devicePixelRatioF()))
            button.setIconSize(SWATCH)
            button.clicked.connect(lambda _checked=False, wanted=name: self._on_theme(wanted))
            self.themes[name] = button
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addSpacing(16)
        self.text_size = QComboBox()
        for scale in TEXT_SCALES:
            self.text_size.addItem(self.tr("{0} %").format(round(100 * scale)), scale)
        self.text_size.activated.connect(self._on_text_size)
        add_field(layout, self.tr("&Size of text"), self.text_size)
        self.motion = QCheckBox(self.tr("Reduce motion"))
        self.motion.toggled.connect(self._on_motion)
        layout.addSpacing(8)
        layout.addWidget(self.motion, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(
            note(self.tr("Menus open at once, and the wave beside a speaking person's name stands still."))
        )
        layout.addSpacing(16)
        self.language = QComboBox()
        self.language.addItem(self.tr("As the system"), "system")
        self.language.addItem("English", "en")
        for code in translations():
            self.language.addItem(QLocale(code).nativeLanguageName(), code)
        self.language.setCurrentIndex(max(0, self.language.findData(self._settings.language)))
        self.language.activated.connect(self._on_language)
        add_field(layout, self.tr("&Language"), self.language)
        layout.addWidget(note(self.tr("Takes effect when AVSep is started again.")))
        layout.addStretch(1)
        return page

    def _build_computing(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        self.device = QComboBox()
        self.device.activated.connect(self._on_device)
        add_field(layout, self.tr("&Voices are computed on"), self.device)
        self.device_note = note("")
        layout.addWidget(self.device_note)
        layout.addWidget(note(self.tr("For work that begins from now on; work under way stays where it is.")))
        layout.addStretch(1)
        return page

    def _fill_devices(self) -> None:
        client = self._client
        self.device.clear()
        self.device.addItem(self.tr("The fastest available"), "auto")
        self.device.addItem(self.tr("The processor (CPU)"), "cpu")
        for info in client.cuda_devices:
            self.device.addItem(f"{info.name} ({info.device})", info.device)
        if self.device.findData(client.device) < 0:
            self.device.addItem(self.tr("{0} (not found)").format(client.device), client.device)
        self.device.setCurrentIndex(self.device.findData(client.device))
        now = client.device_now
        text = self.tr("Now {0} ({1}).").format(now.name, device_why(now)) if now is not None else ""
        self.device_note.setText(text or self.tr("Looking at this computer…"))

    def _on_theme(self, name: str) -> None:
        self._settings.theme = name
        self._look.use(name)

    def _on_text_size(self) -> None:
        self._settings.text_scale = self.text_size.currentData()
        self._look.set_text(self._settings.text_scale)

    def _on_motion(self, still: bool) -> None:
        if still != self._settings.reduce_motion:
            self._settings.reduce_motion = still
            self._look.set_still(still)

    def _on_language(self) -> None:
        self._settings.language = self.language.currentData()

    def _on_device(self) -> None:
        self._settings.device = self.device.currentData()
        self._client.set_device(self._settings.device)


def translations() -> list[str]:
    """Codes of the languages that there is a translation file for, English left out."""
    codes = (path.stem.removeprefix("avsep_") for path in sorted(resource("translations").glob("avsep_*.qm")))
    return [code for code in codes if code != "en"]


def _swatch(themes: tuple[Theme, ...], scale: float) -> QIcon:
    """A small window in a theme's colours, in two halves where there are two."""
    image = QPixmap(SWATCH * scale)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QRectF(0.5, 0.5, SWATCH.width() - 1.0, SWATCH.height() - 1.0)
    frame = QPainterPath()
    frame.addRoundedRect(whole, 5, 5)
    part = whole.width() / len(themes)
    for index, theme in enumerate(themes):
        painter.save()
        painter.setClipRect(QRectF(index * part, 0, part + 1, SWATCH.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillPath(frame, QColor(theme.window))
        painter.setClipPath(frame, Qt.ClipOperation.IntersectClip)
        painter.fillRect(QRectF(66, 0, 40, 64), QColor(theme.panel))
        painter.fillRect(QRectF(66, 0, 1, 64), QColor(theme.line))
        painter.fillRect(QRectF(8, 8, 50, 28), QColor(theme.stage))
        for row, person in enumerate(theme.people[:2]):
            painter.setBrush(QColor(person))
            painter.drawEllipse(QRectF(72, 9 + 13 * row, 8, 8))
            painter.setBrush(QColor(theme.text))
            painter.drawRoundedRect(QRectF(84, 11 + 13 * row, 14, 3), 1.5, 1.5)
            painter.setBrush(QColor(person))
            painter.drawRoundedRect(QRectF(8 + 20 * row, 43 + 8 * row, 30, 4), 2, 2)
        painter.setBrush(QColor(theme.focus))
        painter.drawRoundedRect(QRectF(72, 46, 26, 9), 3, 3)
        painter.restore()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(themes[0].edge))
    painter.drawPath(frame)
    painter.end()
    return QIcon(image)
