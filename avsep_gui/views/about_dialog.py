"""AboutDialog: version and build, what the network is used for, and the licences of AVSep, of its parts and models."""

from __future__ import annotations

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.about_client import AboutClient
from avsep_gui.announce import announce
from avsep_gui.look import Look
from avsep_gui.model_words import licences
from avsep_gui.state.shelf import Shelf
from avsep_gui.views.paged_dialog import PagedDialog
from avsep_gui.views.preferences_parts import note, strong
from avsep_gui.views.shelf_parts import Facts
from engine.errors import EngineError
from engine.types import AboutInfo

SIZE_PX = (820, 620)
PAGES_PX = 168
OWN = "avsep"


class AboutDialog(PagedDialog):
    """What this program is; everything in it can be copied."""

    def __init__(self, client: AboutClient, shelf: Shelf, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._shelf = shelf
        self._info: AboutInfo | None = None
        self.setWindowTitle(self.tr("About AVSep"))
        self.setMinimumSize(640, 440)
        self.resize(look.px(SIZE_PX[0]), look.px(SIZE_PX[1]))
        self.pages.setFixedWidth(look.px(PAGES_PX))
        pages = (
            (self.tr("This program"), self._build_program(), True),
            (self.tr("Licence"), self._build_own_licence(), False),
            (self.tr("Other software"), self._build_software(), False),
            (self.tr("Models"), self._build_models(), True),
        )
        self.fill(pages, self._build_foot())
        client.known.connect(self._on_known)
        client.text_known.connect(self._on_text)
        client.failed.connect(self._on_failed)
        shelf.rows_changed.connect(self._show_models)
        shelf.network_changed.connect(self._show_network)
        self._show_models()
        self._show_network()
        client.ask()

    def text(self) -> str:
        """All facts, as they are copied."""
        parts = [f"AVSep {self._info.version if self._info else ''}".strip()]
        parts += [f"{name}: {value}" for name, value in self._facts()]
        parts += ["", self.network.text(), "", self.tr("Other software")]
        if self._info is not None:
            parts += [f"{one.name} {one.version}: {one.licence} ({one.home})" for one in self._info.software]
        parts += ["", self.tr("Models")]
        parts += [f"{row.name}: {licences(row)}" for row in self._shelf.shown()]
        return "\n".join(parts) + "\n"

    def done(self, result: int) -> None:
        """It closes: no answer is waited for."""
        self._client.stop()
        super().done(result)

    def _build_foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        self.copied = note("")
        foot.addWidget(self.copied, 1)
        self.copy = QPushButton(self.tr("Copy all"))
        self.copy.setToolTip(self.tr("Version, build and all licences in short, as text"))
        self.copy.clicked.connect(self._on_copy)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.clicked.connect(self.accept)
        for button in (self.copy, self.close_button):
            button.setAutoDefault(False)
            foot.addWidget(button)
        return foot

    def _build_program(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        words = QLabel(
            self.tr("Click a face in a video, hear that person alone, and export the voice: all on this computer.")
        )
        words.setWordWrap(True)
        layout.addWidget(words)
        layout.addSpacing(8)
        self.facts = Facts()
        layout.addWidget(self.facts)
        layout.addSpacing(16)
        self.network = strong("")
        layout.addWidget(self.network)
        layout.addWidget(
            note(
                self.tr(
                    "Videos, faces and voices never leave this computer, and nothing is counted or reported. AVSep "
                    "asks the network for one thing only: the files of a model that you chose to add, after it has "
                    "told you which and from where. While that goes on, and after it, the top of the window says so."
                )
            )
        )
        layout.addStretch(1)
        return page

    def _build_own_licence(self) -> QWidget:
        self.own_licence = _reader(self.tr("Licence of AVSep"))
        return self.own_licence

    def _build_software(self) -> QWidget:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        self.software = QTreeWidget()
        self.software.setRootIsDecorated(False)
        self.software.setHeaderLabels([self.tr("Name"), self.tr("Version"), self.tr("Licence")])
        self.software.setAccessibleName(self.tr("Software that AVSep is made with"))
        self.software.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.software.currentItemChanged.connect(self._on_chosen)
        self.licence = _reader(self.tr("Licence in full"))
        self.licence.setPlaceholderText(self.tr("Choose a line to read its licence."))
        split.addWidget(self.software)
        split.addWidget(self.licence)
        split.setSizes([300, 200])
        return split

    def _build_models(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(note(self.tr("Licences and training data of the models, as their authors state them.")))
        self.models = Facts()
        layout.addWidget(self.models)
        layout.addStretch(1)
        return page

    def _facts(self) -> list[tuple[str, str]]:
        info = self._info
        if info is None:
            return []
        kinds = {
            "bundle": self.tr("a folder with all it needs"),
            "package": self.tr("a Python package"),
            "source": self.tr("from its source code"),
        }
        versions = {one.name: one.version for one in info.software}
        rows = [
            (self.tr("Version"), info.version or self.tr("not known")),
            *([(self.tr("Build"), f"{info.build.date}, {info.build.revision}")] if info.build is not None else []),
            (self.tr("Licence"), info.licence),
            (self.tr("Installed as"), kinds.get(info.installed_as, info.installed_as)),
            (self.tr("System"), info.system),
            ("Qt", qVersion()),
        ]
        rows += [(name, versions[key]) for name, key in (("PyTorch", "torch"), ("FFmpeg", "FFmpeg")) if key in versions]
        return [*rows, ("Python", versions.get("Python", ""))]

    def _show_models(self) -> None:
        self.models.show_rows(
            [
                (row.name, "\n".join(part for part in (licences(row), row.declaration.trained_on) if part))
                for row in self._shelf.shown()
            ]
        )

    def _show_network(self) -> None:
        names = ", ".join(self._shelf.network)
        if self._shelf.network_now:
            words = self.tr("Using the network: adding {0}").format(names)
        elif names:
            words = self.tr("Network used since the start: to add {0}").format(names)
        else:
            words = self.tr("No network used since the start")
        self.network.setText(words)

    def _on_known(self, info: AboutInfo) -> None:
        self._info = info
        self.facts.show_rows(self._facts())
        self.software.clear()
        for one in info.software:
            item = QTreeWidgetItem([one.name, one.version, one.licence])
            item.setToolTip(2, one.licence)
            self.software.addTopLevelItem(item)
        for column in (0, 1):
            self.software.resizeColumnToContents(column)
        self._client.ask_text(OWN)

    def _on_chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.licence.setPlainText("")
            self._client.ask_text(item.text(0))

    def _on_text(self, name: str, text: str) -> None:
        if name == OWN:
            self.own_licence.setPlainText(text)
            return
        chosen = self.software.currentItem()
        if chosen is not None and chosen.text(0) == name:
            self.licence.setPlainText(text)

    def _on_failed(self, error: EngineError) -> None:
        self.licence.setPlainText(str(error))

    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self.text())
        self.copied.setText(self.tr("Copied."))
        announce(self, self.copied.text())


def _reader(name: str) -> QPlainTextEdit:
    view = QPlainTextEdit()
    view.setReadOnly(True)
    view.setAccessibleName(name)
    view.setTabChangesFocus(True)
    view.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByKeyboard | Qt.TextInteractionFlag.TextSelectableByMouse
    )
    return view
