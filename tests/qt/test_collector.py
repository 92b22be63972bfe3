"""Garbage goes between events, and never by itself."""

from __future__ import annotations

import gc
import weakref

from avsep_gui.collector import INTERVAL_MS, Collector


class Cycle:
    def __init__(self):
        self.itself = self


def test_garbage_goes_between_events(qtbot, qapp):
    collector = Collector(qapp)
    gone = weakref.ref(Cycle())
    kept = [[] for _ in range(5 * gc.get_threshold()[0])]
    assert gc.get_freeze_count() > 10_000, "the modules are not gone through again and again"
    assert not gc.isenabled() and gone() is not None, "nothing is collected by itself"
    qtbot.waitUntil(lambda: gone() is None, timeout=5 * INTERVAL_MS)
    collector.deleteLater()
    assert kept
