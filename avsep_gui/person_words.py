"""What a screen reader says of a person: name, place in the picture, when the person speaks."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QCoreApplication

from avsep_gui.state.document import Document
from avsep_gui.state.person_facts import speaking_spans
from avsep_gui.words import short_clock
from engine.types import Person

MOST_SPANS = 2


def place_words(person: Person, width_px: float) -> str:
    """Where in a picture of this width the face usually is: left, middle, right; empty where that is not known."""
    boxes_px = [track.boxes_px for track in person.tracks if len(track.times_s)]
    if not boxes_px or width_px <= 0:
        return ""
    centres_px = np.sort(np.concatenate(boxes_px)[:, [0, 2]].mean(axis=1))  # np.median would load numpy.ma: 20 ms
    share = float(centres_px[len(centres_px) // 2]) / width_px
    if share < 0.4:
        return QCoreApplication.translate("PersonWords", "left")
    if share > 0.6:
        return QCoreApplication.translate("PersonWords", "right")
    return QCoreApplication.translate("PersonWords", "middle")


def speaking_words(person: Person) -> str:
    """When the person speaks, the first times of many."""
    spans = speaking_spans(person)
    if not spans:
        return QCoreApplication.translate("PersonWords", "is not seen to speak")
    parts = [
        QCoreApplication.translate("PersonWords", "{0} to {1}").format(short_clock(start), short_clock(end))
        for start, end in spans[:MOST_SPANS]
    ]
    text = QCoreApplication.translate("PersonWords", "speaks {0}").format(
        QCoreApplication.translate("PersonWords", " and ").join(parts)
    )
    if len(spans) > MOST_SPANS:
        text = QCoreApplication.translate("PersonWords", "{0} and {1} times more").format(text, len(spans) - MOST_SPANS)
    return text


def seen_words(document: Document, person: Person) -> str:
    """ "right, speaks 0:12 to 0:47": what goes through every picture of the person, so not to be asked for often."""
    media = document.media
    width_px = float(media.video.width) if media is not None and media.video is not None else 0.0
    return ", ".join(part for part in (place_words(person, width_px), speaking_words(person)) if part)


def describe(document: Document, person: Person) -> str:
    """ "Person 2, right, speaks 0:12 to 0:47"."""
    return f"{document.name(person.id)}, {seen_words(document, person)}"
