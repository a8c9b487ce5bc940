"""Gene Panel: whose genes, the sliders, the gauge, the nodule they make."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtWidgets import QComboBox, QLineEdit
from superqt import QSearchableComboBox
from superqt.utils import qthrottled, signals_blocked

from napari_radiogen.plugin.effects import (
    all_effects,
    main_effect,
    search,
    strength_of_effects,
)
from napari_radiogen.plugin.widgets.gauge import Gauge
from napari_radiogen.plugin.widgets.metagene_list import MetageneList, MetageneRow
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.widgets.patient_source import PatientSource
from napari_radiogen.plugin.widgets.synthesis import THROTTLE_MS, SynthesisPanel
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.resolve import start_vector

ORDERS = ("by effect", "by name", "edited")


class GenePanelWidget(Dock):
    """The genes of a synthetic nodule."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.workbench = workbench_of(napari_viewer)
        self.session = self.workbench.session
        self._effects = np.zeros(0, np.float32)
        self.patient = QSearchableComboBox()
        self.patient.setToolTip("whose genes; type to search")
        self.search = QLineEdit()
        self.search.setPlaceholderText("find gene or metagene")
        self.search.setClearButtonEnabled(True)
        self.order = QComboBox()
        self.order.addItems(ORDERS)
        self.sliders = MetageneList()
        self.gauge = Gauge()
        self.source = PatientSource(self.session)
        self.synthesis = SynthesisPanel(self.workbench, self)
        self._make_buttons()
        self._lay_out()
        self._send = qthrottled(self._set_metagene, timeout=THROTTLE_MS)
        self._connect()
        self._on_models()

    def _make_buttons(self) -> None:
        session = self.session
        self.undo = button("↶", session.undo, "undo (Alt+Z)")
        self.redo = button("↷", session.redo, "redo (Alt+Shift+Z)")
        self.reset = button("reset all", session.reset_all, "back to the patient's own genes")

    def _lay_out(self) -> None:
        column = self.column
        column.addLayout(row(self.patient, self.search))
        column.addLayout(row(self.undo, self.redo, self.reset, self.order))
        column.addWidget(self.sliders, 1)
        column.addWidget(note("Seen in the cohort?"))
        column.addWidget(self.gauge)
        column.addWidget(self.synthesis)
        column.addWidget(self.source)
        self.patient.setFixedWidth(138)

    def _connect(self) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        self.listen(session.models_changed, self._on_models)
        self.listen(session.patients_changed, self._show_people)
        self.listen(session.vector_changed, self._on_vector)
        self.listen(session.result_changed, self._show_undo)
        self.listen(state.subject_id, self._show_patient)
        self.listen(state.averaged, self._show_patient)
        self.listen(state.seed, self._show_undo)
        self.listen(state.strength, self._show_undo)
        self.patient.activated.connect(self._choose_patient)
        self.search.textChanged.connect(self._fill)
        self.order.currentTextChanged.connect(self._fill)
        self.sliders.moved.connect(self._send)
        self.sliders.grabbed.connect(session.begin_gesture)
        self.sliders.released.connect(self._end_gesture)
        self.sliders.reset.connect(session.reset_metagene)

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        super().restyle()
        self.synthesis.restyle()

    # --- asks ------------------------------------------------------------------

    def _set_metagene(self, name: str, z: float) -> None:
        self.session.set_metagene(name, z)

    def _end_gesture(self) -> None:
        self._send.flush()
        self.session.end_gesture()

    def _choose_patient(self, _index: int) -> None:
        chosen = self.patient.currentData()
        if chosen:
            self.session.choose_subject(chosen)

    # --- shows -----------------------------------------------------------------

    def _on_models(self) -> None:
        generator = self.session.generator
        for widget in (self.patient, self.search, self.order):
            widget.setEnabled(generator is not None)
        if generator is None:
            self._effects = np.zeros(0, np.float32)
        else:
            self._effects = strength_of_effects(generator)
        self._show_people()
        self.gauge.show_value(self.session.gauge())

    def _show_people(self, *_: object) -> None:
        """Show whose genes there are; own patients come first in the picker."""
        self.source.refresh()
        self._fill_patients()
        self._fill()

    def _fill_patients(self) -> None:
        generator = self.session.generator
        with signals_blocked(self.patient):
            self.patient.clear()
            everyone = () if generator is None else generator.subjects
            for subject in sorted(everyone, key=lambda s: s.split != "own"):
                self.patient.addItem(f"{subject.subject_id} · {subject.split}", subject.subject_id)
        self._show_patient()

    def _fill(self, *_: object) -> None:
        generator, vector = self.session.generator, self.session.vector
        if generator is None or vector is None:
            self.sliders.set_rows([])
            return
        start = start_vector(self.session.state.intent, generator)
        shown = list(search(generator, self.search.text()))
        if self.order.currentText() == "by effect":
            shown.sort(key=lambda i: -self._effects[i])
        elif self.order.currentText() == "edited":
            edited = {name for name, _ in self.session.state.edits}
            shown = [i for i in shown if generator.metagenes.names[i] in edited]
        genes = (generator.metagenes.weights != 0).sum(axis=0)
        self.sliders.set_rows(
            [self._row(i, float(vector[i]), float(start[i]), int(genes[i])) for i in shown]
        )

    def _row(self, index: int, z: float, start: float, genes: int) -> MetageneRow:
        session = self.session
        generator = session.generator
        name = generator.metagenes.names[index]  # type: ignore[union-attr]
        effects = generator.effects[index]  # type: ignore[union-attr]
        tip = f"{name}: drag, or arrow keys; double click resets"
        if effects.any():
            tip = f"{name} · {genes} genes · {all_effects(effects)}\n{tip}"
        return MetageneRow(
            name,
            main_effect(effects) or f"{genes} genes",
            z,
            start,
            session.percentile(name, z),
            session.distribution(name),
            tip,
        )

    def _on_vector(self, vector: np.ndarray) -> None:
        generator = self.session.generator
        if generator is None:
            return
        if not self.sliders.rows:
            self._fill()
        start = start_vector(self.session.state.intent, generator)
        place = {name: i for i, name in enumerate(generator.metagenes.names)}
        for shown in self.sliders.rows:
            i = place[shown.name]
            z = float(vector[i])
            percentile = self.session.percentile(shown.name, z)
            self.sliders.update_row(shown.name, z, float(start[i]), percentile)
        self.gauge.show_value(self.session.gauge())
        self._show_undo()

    def _show_undo(self, *_: object) -> None:
        self.undo.setEnabled(self.session.can_undo)
        self.redo.setEnabled(self.session.can_redo)
        self.reset.setEnabled(bool(self.session.state.edits))

    def _show_patient(self, *_: object) -> None:
        state = self.session.state
        with signals_blocked(self.patient):
            self.patient.setCurrentIndex(self.patient.findData(state.subject_id))
        mean = f"mean of {len(state.averaged)}" if state.averaged else ""
        self.patient.lineEdit().setPlaceholderText(mean)
        self.patient.lineEdit().setCursorPosition(0)
