"""Which synthetic nodule is in hand: choose one, add one, remove one."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_radiogen.plugin.widgets.parts import Dock, button
from napari_radiogen.plugin.workbench import Workbench
from napari_radiogen.session.state import NoduleIntent


class NoduleList(QWidget):
    """A row of a dock: the nodules of the scan, + and −."""

    def __init__(self, workbench: Workbench, dock: Dock) -> None:
        super().__init__()
        self.workbench, self.session = workbench, workbench.session
        self.box = QComboBox()
        self.box.setToolTip("the nodule whose genes and place you change")
        self.add = button("+", self._add, "another nodule, with genes of its own; then click")
        self.remove = button("−", self._remove, "remove this nodule")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.box, 1)
        for small in (self.add, self.remove):
            small.setFixedWidth(28)
            line.addWidget(small)
        self.box.activated.connect(self._select)
        state: Any = self.session.state.events  # type: ignore[attr-defined]
        changing = (state.others, state.active, state.site, state.subject_id, state.averaged)
        for event in (*changing, state.weights, state.edits, state.gene_edits):
            dock.listen(event, self.refresh)
        dock.listen(self.session.models_changed, self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the nodules of now."""
        intent = self.session.state.intent
        words = [f"{k + 1} · {in_words(n)}" for k, n in enumerate(intent.nodules)]
        with signals_blocked(self.box):
            if words != [self.box.itemText(k) for k in range(self.box.count())]:
                self.box.clear()
                self.box.addItems(words)
            self.box.setCurrentIndex(intent.active)
        placed = intent.site is not None
        self.box.setEnabled(placed or len(words) > 1)
        self.add.setEnabled(placed)
        self.remove.setEnabled(placed or len(words) > 1)

    def _add(self) -> None:
        self.session.add_nodule()
        self.workbench.pointer.set_place_mode(True)

    def _remove(self) -> None:
        self.session.remove_nodule(self.session.state.active)

    def _select(self, index: int) -> None:
        self.session.select_nodule(index)
        site = self.session.state.site
        if site is not None:
            self.workbench.presenter.go_to(site.centre_lps_mm)


def in_words(nodule: NoduleIntent) -> str:
    """Say whose genes a nodule has, and whether it still needs a place."""
    genes = nodule.start_in_words or "no genes yet"
    edited = ", edited" if nodule.edited else ""
    return f"{genes}{edited}" if nodule.site is not None else f"{genes}: click in the lung"
