"""The buttons over the sliders: undo, A and B, mixing, chance, named edits."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QInputDialog,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.plugin.gene_rows import ORDERS
from napari_radiogen.plugin.widgets.mix_row import MixRow
from napari_radiogen.plugin.widgets.parts import Dock, button, row, toggle
from napari_radiogen.session.controller import Session
from napari_radiogen.session.genes import SLOTS

FILE_FILTER = "Named edits (*.json)"
#: Characters of a name that a menu shows.
SHOWN_NAME = 40


class GeneTools(QWidget):
    """Two rows of buttons, and the slider between two patients while *mix* is down."""

    def __init__(self, session: Session, dock: Dock) -> None:
        super().__init__()
        self.session = session
        self.order = QComboBox()
        self.order.addItems(ORDERS)
        self.mix = MixRow(session)
        self.mix.hide()
        self._make_buttons()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row(self.undo, self.redo, self.reset, self.order))
        keep_a, show_a, keep_b, show_b = self.slots.values()
        column.addLayout(
            row(keep_a, show_a, keep_b, show_b, self.mix_button, self.random, self.edits, spacing=3)
        )
        column.addWidget(self.mix)
        self._connect(dock)
        self.refresh()

    def _make_buttons(self) -> None:
        session = self.session
        self.undo = button("↶", session.undo, "undo (Alt+Z)")
        self.redo = button("↷", session.redo, "redo (Alt+Shift+Z)")
        self.reset = button("reset all", session.reset_all, "back to the patient's own genes")
        self.slots: dict[str, QPushButton] = {}
        for slot in SLOTS:
            keep, show = partial(session.keep_snapshot, slot), partial(session.show_snapshot, slot)
            self.slots[f"set {slot}"] = button(
                f"set {slot}", keep, f"remember these genes as {slot}"
            )
            self.slots[slot] = button(slot, show, f"back to the genes of {slot}")
        self.mix_button = toggle("mix", self._show_mix, "between this patient and another")
        self.random = button("random", session.randomise, "a random mixture of training patients")
        self.edits = QPushButton("edits ▾")
        self.edits.setToolTip("named edits: changes that can be tried on any patient")
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.edits.setMenu(self.menu)

    def _connect(self, dock: Dock) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        changes = (
            session.models_changed,
            session.vector_changed,
            session.result_changed,
            session.snapshots_changed,
            state.seed,
            state.strength,
            state.edits,
            state.gene_edits,
        )
        dock.follow(session, changes, self.refresh)
        starts = (session.vector_changed, state.subject_id, state.averaged, state.weights)
        dock.follow(session, starts, self.mix.refresh)
        dock.listen(session.models_changed, self._offer_people)
        dock.listen(session.patients_changed, self._offer_people)
        self._offer_people()

    def refresh(self, *_: object) -> None:
        """Show what can be done now."""
        session = self.session
        there = session.generator is not None
        self.undo.setEnabled(session.can_undo)
        self.redo.setEnabled(session.can_redo)
        self.reset.setEnabled(session.state.intent.edited)
        for made in (self.mix_button, self.random, self.edits, self.order):
            made.setEnabled(there)
        for slot in SLOTS:
            self.slots[f"set {slot}"].setEnabled(there)
            self.slots[slot].setEnabled(slot in session.snapshots)

    def _offer_people(self, *_: object) -> None:
        generator = self.session.generator
        self.mix.set_subjects(() if generator is None else generator.subject_ids)
        self.mix.refresh()

    def _show_mix(self, shown: bool) -> None:
        self.mix.setVisible(shown)
        self.mix.refresh()

    # --- named edits -----------------------------------------------------------

    def _fill_menu(self) -> None:
        menu, session = self.menu, self.session
        menu.clear()
        for edit in session.named:
            shown = edit.name[:SHOWN_NAME].replace("&", "&&")
            menu.addAction(shown, partial(session.apply_edit, edit.name))
        if session.named:
            menu.addSeparator()
        name = menu.addAction("Name these edits…", self.ask_name)
        name.setEnabled(session.state.intent.edited)
        save = menu.addAction("Save named edits…", self.ask_save)
        save.setEnabled(bool(session.named))
        menu.addAction("Open named edits…", self.ask_open)

    def ask_name(self) -> None:
        """Ask what the edits of now are called."""
        name, given = QInputDialog.getText(self, "Name these edits", "Name:")
        if given:
            self.session.name_edit(name)

    def ask_save(self) -> None:
        """Ask for a file, then write all named edits."""
        path, _ = QFileDialog.getSaveFileName(self, "Save named edits", "edits.json", FILE_FILTER)
        if path:
            self.session.save_edits(path)

    def ask_open(self) -> None:
        """Ask for a file of named edits, then add them to the menu."""
        path, _ = QFileDialog.getOpenFileName(self, "Open named edits", "", FILE_FILTER)
        if path:
            self.session.open_edits(path)
