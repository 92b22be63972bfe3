"""ReadOut: what the time line shows at a place, in words: time, frequency, levels, who speaks, agreement."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QCoreApplication

from avsep_gui.lane_feed import LaneFeed
from avsep_gui.state.document import Document
from avsep_gui.state.intervals import contains
from avsep_gui.state.person_facts import speaks_at, visible_spans
from avsep_gui.state.tiles import FLOOR_DB
from avsep_gui.words import agreement, clock, decibels
from engine.types import Person

LaneName = Literal["wave", "mixture", "voice", "people", "agreement"]
PARTED = "   "


class ReadOut:
    """Words about a place of the time line."""

    def __init__(self, document: Document, feed: LaneFeed) -> None:
        self._document = document
        self._feed = feed

    def in_lane(self, at_s: float, lane: LaneName | None, *, hz: float = 0.0, row: int = 0) -> str:
        """What is under the mouse.

        Args:
            lane: over which lane it is; None for none, which gives the time alone.
            hz: the frequency there, in a spectrogram.
            row: the person there, in the lane of people.
        """
        parts = [clock(at_s)]
        if lane == "wave":
            parts += self._peaks(at_s)
        elif lane in ("mixture", "voice"):
            parts += [_frequency(hz), *self._levels(at_s, hz)]
        elif lane == "people" and row < len(self._document.people):
            parts.append(self._speaking(self._document.people[row], at_s))
        elif lane == "agreement":
            parts += self._agreement(at_s)
        return PARTED.join(parts)

    def everything(self, at_s: float, hz: float) -> str:
        """All lanes at once, for the keyboard."""
        parts = [clock(at_s), _frequency(hz), *self._levels(at_s, hz)]
        speaking = [who for who in self._document.people if speaks_at(who, at_s)]
        parts += [self._speaking(who, at_s) for who in speaking]
        if self._document.people and not speaking:
            parts.append(QCoreApplication.translate("ReadOut", "nobody speaking"))
        return PARTED.join([*parts, *self._agreement(at_s)])

    def _levels(self, at_s: float, hz: float) -> list[str]:
        return _pair(self._feed.level_db("mixture", at_s, hz), self._feed.level_db("voice", at_s, hz))

    def _peaks(self, at_s: float) -> list[str]:
        return _pair(self._feed.peak_db("waveform", at_s), self._feed.peak_db("voice_waveform", at_s))

    def _speaking(self, who: Person, at_s: float) -> str:
        name = self._document.name(who.id)
        if speaks_at(who, at_s):
            return QCoreApplication.translate("ReadOut", "{0}: speaking").format(name)
        if contains(visible_spans(who), at_s):
            return QCoreApplication.translate("ReadOut", "{0}: seen, not speaking").format(name)
        return QCoreApplication.translate("ReadOut", "{0}: not seen").format(name)

    def _agreement(self, at_s: float) -> list[str]:
        picked = self._document.picked
        if picked is None:
            return []
        spans = self._document.voice(picked).spans
        value = next((span.value for span in spans if span.start_s <= at_s < span.end_s), None)
        return [QCoreApplication.translate("ReadOut", "lips and voice: {0}").format(agreement(value))]


def level_words(level_db: float) -> str:
    """A level as "−23 dB", where 0 dB is full scale."""
    if level_db <= FLOOR_DB:
        return QCoreApplication.translate("ReadOut", "silent")
    return decibels(level_db)


def _frequency(hz: float) -> str:
    return f"{hz / 1000:.2f} kHz"


def _pair(original_db: float | None, voice_db: float | None) -> list[str]:
    parts = []
    if original_db is not None:
        parts.append(QCoreApplication.translate("ReadOut", "original {0}").format(level_words(original_db)))
    if voice_db is not None:
        parts.append(QCoreApplication.translate("ReadOut", "voice {0}").format(level_words(voice_db)))
    return parts
