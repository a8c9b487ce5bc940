"""Jobs on plain threads whose answers come back on Qt's GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal

from napari_radiogen.session.jobs import ThreadRunner


class GuiDelivery(QObject):
    """Runs functions on the thread that made it, in the order they came.

    A queued signal is Qt's own way over a thread boundary: psygnal's
    throttlers and callbacks would run on the worker.
    """

    _told = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._told.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, tell: Callable[[], None]) -> None:
        """Queue a function; may be called from any thread."""
        try:
            self._told.emit(tell)
        except RuntimeError:
            return  # the window is gone, and with it everybody who would listen

    def _run(self, tell: Callable[[], None]) -> None:
        tell()


class QtRunner(ThreadRunner):
    """The session's thread runner, delivering to the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        self.delivery = GuiDelivery(parent)
        super().__init__(self.delivery)
