"""When Python's garbage is collected: between events of the window alone.

Left to itself, Python collects wherever it happens to be, in any thread. A widget that goes in the middle of a Qt call
may end the program (Qt goes through all widgets) or stop it for good (Qt holds a lock that the widget's end needs).
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1000


class Collector(QObject):
    """Collects once a second what Python itself would have collected by then; automatic collection stays off.

    What is there already, all the modules, is looked at no more: to go through it took 0.1 to 0.3 s.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.collect()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation whose threshold is passed."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation] > 0:
                gc.collect(generation)
                return
