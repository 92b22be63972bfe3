"""Composition root: application, settings, workers, window."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QLoggingCategory, Qt, QTimer, QTranslator
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from avsep_gui.collector import Collector
from avsep_gui.jobs import JobRunner
from avsep_gui.look import Look
from avsep_gui.resources import APPLICATION_ID, resource
from avsep_gui.settings import Settings
from avsep_gui.views.main_window import MainWindow
from engine.errors import EngineError

SWITCH_S = 0.001  # for how long another thread may keep the window's waiting

logger = logging.getLogger(__name__)


def run(video: Path | None = None, *, engine_module: str = "engine.api") -> int:
    """Show the window until it is closed.

    Args:
        video: opened at once.
        engine_module: name of the module with the functions of `engine.api`.

    Returns:
        The exit code.
    """
    before_application()
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    configure(app)
    window = make_window(engine_module)
    sys.excepthook = _exception_hook(window)
    window.show()
    if video is not None:
        QTimer.singleShot(0, window, lambda: window.open_file(video))
    return app.exec()


def before_application() -> None:
    """What must be said to Qt before the application object exists.

    Without it Qt turns frames into images with OpenGL and reads them back; on a software renderer that took 80 to
    450 ms a frame in the window's thread, against 2 ms (720p) and 4 ms (1080p) by the processor (ADR 0003).
    """
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ForceRasterWidgets)


def configure(app: QApplication) -> None:
    """Names, icon, style, language, quiet multimedia, when threads take turns and garbage is collected."""
    sys.setswitchinterval(SWITCH_S)
    app.setApplicationName("AVSep")
    app.setOrganizationName("avsep")
    QGuiApplication.setDesktopFileName(APPLICATION_ID)
    icon = resource("icons", "avsep.svg")
    if icon.is_file():
        app.setWindowIcon(QIcon(str(icon)))
    app.setStyle("Fusion")
    if app.findChild(Collector) is None:
        Collector(app)
    QLoggingCategory.setFilterRules("qt.multimedia.*=false")
    speak(app, Settings().language)
    pg.setConfigOptions(antialias=False, imageAxisOrder="row-major")


def speak(app: QApplication, language: str) -> None:
    """Use a language for texts made from now on, Qt's own included, and for numbers.

    Args:
        language: "system", "en", or the code of a translation; without a translation it is English.
    """
    for old in app.findChildren(QTranslator):
        QCoreApplication.removeTranslator(old)
        old.deleteLater()
    ours = str(resource("translations"))
    english = QLocale("en")  # its file knows "1 file" from "2 files", for any language that does not
    wanted = QLocale.system() if language == "system" else QLocale(language)
    spoken = wanted if QTranslator().load(wanted, "avsep", "_", ours) else english
    QLocale.setDefault(spoken)
    for locale, folder, name in (
        (english, ours, "avsep"),
        (spoken, str(_qt_translations()), "qtbase"),
        (spoken, ours, "avsep"),
    ):
        translator = QTranslator(app)
        if translator.load(locale, name, "_", folder):
            QCoreApplication.installTranslator(translator)


def make_window(engine_module: str = "engine.api") -> MainWindow:
    """The window with its workers, not yet shown."""
    settings = Settings()
    look = Look()
    look.set_text(settings.text_scale)
    look.set_still(settings.reduce_motion)
    look.use(settings.theme)
    runner = JobRunner(engine_module)
    runner.start()
    window = MainWindow(runner, settings, look)
    look.setParent(window)
    runner.setParent(window)
    window.client.ask_device()
    window.shelf_client.list_first()
    return window


def _qt_translations() -> Path:
    return Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))


def _exception_hook(
    window: MainWindow,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Unexpected errors of the window become a notice with details to copy, and the window stays."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        logger.error("unexpected error in the window\n%s", details)
        translate = QCoreApplication.translate
        message = translate("MainWindow", "Something unexpected happened in the window: {0}").format(error)
        remedy = translate("MainWindow", "Go on, or start AVSep again; please report the details.")
        window.notices.show_error(EngineError(message, remedy, details=details))

    return hook
