"""How often what stands beside the nodule is shown anew while a slider moves."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, QTimer

#: What follows a drag (the handle, gauge, rows, map) does so at most this often, ms.
#: While Qt puts the window together no other thread runs Python: without a graphics
#: card pictures at 40 a second stop the painting of nodules for half the time.
FOLLOW_MS = 50


class Pace(QObject):
    """Puts a call off to the next tick of a clock; calls until then are one.

    Qt puts the whole window together anew, napari's canvas with it, for
    whatever is painted in it. The clock is the same for all: what is due at
    one tick shows in one picture.

    Parameters
    ----------
    show
        What is called.
    """

    def __init__(self, show: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(show)

    def ask(self) -> None:
        """Show at the next tick."""
        if not self._timer.isActive():
            now_ms = int(1000 * time.monotonic())
            self._timer.start(FOLLOW_MS - now_ms % FOLLOW_MS)

    def flush(self) -> None:
        """Show at once what waits for a tick."""
        if self._timer.isActive():
            self._timer.stop()
            self._show()
