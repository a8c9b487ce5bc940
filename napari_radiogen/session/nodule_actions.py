"""Several nodules in one scan: add one, take another in hand, remove one."""

from __future__ import annotations

from napari_radiogen.constants import NODULE_LIMIT
from napari_radiogen.session import nodules
from napari_radiogen.session.genes import GeneActions
from napari_radiogen.session.state import Intent


class NoduleActions(GeneActions):
    """The actions on the list of nodules; genes and clicks go to the one in hand.

    All are undo steps, except taking another nodule in hand.
    """

    def add_nodule(self) -> None:
        """Begin another nodule of the same genes; the next place is its own."""
        now = self.state.intent
        if now.site is None:
            self.failed.emit("place this nodule before you add another one")
        elif len(now.nodules) >= NODULE_LIMIT:
            self.failed.emit(
                f"a scan holds {NODULE_LIMIT} synthetic nodules at most; remove one first"
            )
        else:
            self._take(nodules.with_added(now))

    def select_nodule(self, index: int) -> None:
        """Take a nodule in hand, by its number from 0; one without a place is dropped."""
        if 0 <= index < len(self.state.intent.nodules) and index != self.state.active:
            self._take(nodules.with_selected(self.state.intent, index), record=False)

    def remove_nodule(self, index: int) -> None:
        """Remove a nodule, by its number from 0."""
        if 0 <= index < len(self.state.intent.nodules):
            self._take(nodules.without(self.state.intent, index))

    def _take(self, after: Intent, record: bool = True) -> None:
        """Change which nodules there are: their genes were agreed to before."""
        if record:
            self._history.record(self.state.intent)
        self._adopt(after)
