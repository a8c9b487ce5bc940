"""Gene Panel: whose genes, the sliders, the gauge, the nodule they make."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtWidgets import QLineEdit, QWidget
from superqt.utils import qthrottled

from napari_radiogen.plugin.first_steps import OPEN_PHANTOM, OPENING, take_step
from napari_radiogen.plugin.gene_rows import GeneRows
from napari_radiogen.plugin.widgets.empty import EmptyState, ModelState
from napari_radiogen.plugin.widgets.gauge import Gauge
from napari_radiogen.plugin.widgets.gene_tools import GeneTools
from napari_radiogen.plugin.widgets.metagene_list import MetageneList
from napari_radiogen.plugin.widgets.parts import Dock, button, row
from napari_radiogen.plugin.widgets.patient_picker import PatientPicker
from napari_radiogen.plugin.widgets.patient_source import PatientSource
from napari_radiogen.plugin.widgets.synthesis import THROTTLE_MS, SynthesisPanel
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.reference import OutOfCohort

PICKER_WIDTH = 138
PURPOSE = "The genes of a patient: move one and watch the nodule change."
NO_SCAN = "A nodule of these genes is painted into a scan."


class GenePanelWidget(Dock):
    """The genes of a synthetic nodule."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.workbench = workbench_of(napari_viewer)
        self.session = self.workbench.session
        self._rows = GeneRows(self.session)
        self.patient = PatientPicker()
        self.search = QLineEdit()
        self.search.setPlaceholderText("find gene or metagene")
        self.search.setToolTip("EGFR finds the gene; M01 finds the metagene with all its genes")
        self.search.setClearButtonEnabled(True)
        self.tools = GeneTools(self.session, self)
        self.sliders = MetageneList()
        self.gauge = Gauge()
        self.source = PatientSource(self.session)
        self.synthesis = SynthesisPanel(self.workbench, self)
        self.no_model = ModelState(PURPOSE, self.session, self)
        self.no_scan = EmptyState(
            NO_SCAN, button(OPEN_PHANTOM, partial(take_step, self.workbench, OPEN_PHANTOM)), {}
        )
        self._lay_out()
        self._send = qthrottled(self._set_metagene, timeout=THROTTLE_MS)
        self._send_gene = qthrottled(self._set_gene, timeout=THROTTLE_MS)
        self._connect()
        self._on_models()
        self._on_scan()

    def _lay_out(self) -> None:
        column = self.column
        column.addLayout(row(self.patient, self.search))
        column.addWidget(self.tools)
        column.addWidget(self.sliders, 1)
        column.addWidget(self.gauge)
        column.addWidget(self.synthesis)
        column.addWidget(self.no_scan)
        self.foot.addWidget(self.source)
        self.add_empty_state(self.no_model)
        self.patient.setFixedWidth(PICKER_WIDTH)

    def _connect(self) -> None:
        session, sliders = self.session, self.sliders
        state: Any = session.state.events  # type: ignore[attr-defined]
        self.listen(session.models_changed, self._on_models)
        self.listen(session.scan_changed, self._on_scan)
        self.listen(session.busy_changed, self._on_busy)
        self.listen(session.patients_changed, self._show_people)
        self._catch_up = self.follow(session, (session.vector_changed,), self._show_genes)
        self.listen(session.beyond_asked, self._on_asked)
        for changed in (state.subject_id, state.averaged, state.weights):
            self.listen(changed, self._show_patient)
        self.patient.chosen.connect(session.choose_subject)
        self.search.textChanged.connect(self._fill)
        self.tools.order.currentTextChanged.connect(self._fill)
        sliders.moved.connect(self._send)
        sliders.gene_moved.connect(self._send_gene)
        sliders.grabbed.connect(session.begin_gesture)
        sliders.released.connect(self._end_gesture)
        sliders.reset.connect(session.reset_metagene)
        sliders.gene_reset.connect(session.reset_gene)
        self.gauge.answered.connect(session.go_beyond)

    def nodule_part(self) -> QWidget:
        """Return what shows of the nodule: its controls, or what leads to them."""
        return self.synthesis if self.synthesis.isVisible() else self.no_scan

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        super().restyle()
        self.synthesis.restyle()

    # --- asks ------------------------------------------------------------------

    def _set_metagene(self, name: str, z: float) -> None:
        self.session.set_metagene(name, z)

    def _set_gene(self, symbol: str, z: float) -> None:
        self.session.set_gene(symbol, self._rows.gene_change(symbol, z))

    def _end_gesture(self) -> None:
        self._send.flush()
        self._send_gene.flush()
        self.session.end_gesture()

    # --- shows -----------------------------------------------------------------

    def _on_scan(self, *_: object) -> None:
        """Show the nodule's controls once there is a scan to paint it into."""
        there = self.session.scan is not None
        self.synthesis.setVisible(there)
        self.no_scan.setVisible(not there)

    def _on_busy(self, *_: object) -> None:
        opening = any(self.session.is_busy(kind) for kind in OPENING)
        self.no_scan.button.setEnabled(not opening)

    def _on_models(self) -> None:
        self.show_empty(self.session.generator is None)
        for widget in (self.patient, self.search):
            widget.setEnabled(self.session.generator is not None)
        self._rows.prepare()
        self._show_people()
        self.gauge.show_value(self.session.gauge())

    def _show_people(self, *_: object) -> None:
        """Show whose genes there are; own patients come first in the picker."""
        generator = self.session.generator
        self.source.refresh()
        self.patient.set_subjects(() if generator is None else generator.subjects)
        self._show_patient()
        self._fill()

    def _show_patient(self, *_: object) -> None:
        self.patient.show_start(self.session.state.intent)

    def _fill(self, *_: object) -> None:
        rows = self._rows.rows(self.search.text(), self.tools.order.currentText())
        self.sliders.set_rows(rows)

    def _show_genes(self) -> None:
        if not self.sliders.rows:
            self._fill()
        self._refresh_rows()
        self.gauge.show_value(self.session.gauge())

    def _refresh_rows(self) -> None:
        self._rows.refresh(self.sliders.rows)
        self.sliders.viewport().update()

    def _on_asked(self, value: OutOfCohort | None) -> None:
        """Ask at the gauge; without a question the sliders show what is."""
        self._catch_up()  # later it would take the question away
        if value is not None:
            self.gauge.ask(value)
            return
        self.gauge.show_value(self.session.gauge())
        self._refresh_rows()
