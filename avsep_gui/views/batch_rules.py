"""The menu that says whose voice is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from engine.api import BatchItem, PersonRule

MOST_PEOPLE = 8
PHOTOS = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff"


def fill_rule_menu(
    menu: QMenu, items: Sequence[BatchItem], choose: Callable[[PersonRule], None], window: QWidget
) -> None:
    """Put all rules into a menu.

    Args:
        items: the whole queue; a person of its first file can be looked for in all others.
        choose: called with the rule that was chosen.
        window: parent of the file dialog.
    """
    menu.clear()

    def add(to: QMenu, words: str, rule: PersonRule) -> None:
        to.addAction(words).triggered.connect(lambda _checked=False: choose(rule))

    def by_photo() -> None:
        folder = str(items[0].input.parent) if items else str(Path.home())
        pattern = QCoreApplication.translate("BatchRules", "Pictures ({0})").format(f"{PHOTOS} {PHOTOS.upper()}")
        title = QCoreApplication.translate("BatchRules", "A photo of the person")
        name, _ = QFileDialog.getOpenFileName(window, title, folder, pattern)
        if name:
            choose(PersonRule("photo", photo=Path(name)))

    add(menu, QCoreApplication.translate("BatchRules", "The &most visible person"), PersonRule())
    add(menu, QCoreApplication.translate("BatchRules", "&Everyone, one voice each"), PersonRule("everyone"))
    photo = menu.addAction(QCoreApplication.translate("BatchRules", "The person on a &photo…"))
    photo.triggered.connect(lambda _checked=False: by_photo())
    person = menu.addMenu(QCoreApplication.translate("BatchRules", "Person &number"))
    for number in range(1, MOST_PEOPLE + 1):
        add(
            person, QCoreApplication.translate("BatchRules", "Person &{0}").format(number), PersonRule("person", number)
        )
    if items:
        words = QCoreApplication.translate("BatchRules", "By the face of a person in {0}")
        same = menu.addMenu(words.format(items[0].input.name.replace("&", "&&")))
        for number in range(1, MOST_PEOPLE + 1):
            words = QCoreApplication.translate("BatchRules", "Person &{0}").format(number)
            add(same, words, PersonRule("same", number, video=items[0].input))
