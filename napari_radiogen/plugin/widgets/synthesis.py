"""Synthetic nodule: place, noise, strength and what it measures; the foot of the Gene Panel."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSlider, QSpinBox, QVBoxLayout, QWidget
from superqt.utils import qthrottled, signals_blocked

from napari_radiogen.constants import SEED_LIMIT
from napari_radiogen.domain import SynthesisResult
from napari_radiogen.plugin.layers import contrast_limits
from napari_radiogen.plugin.widgets.measurements import MeasurementTable
from napari_radiogen.plugin.widgets.nodule_list import NoduleList
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row, title, toggle
from napari_radiogen.plugin.widgets.triptych import Triptych
from napari_radiogen.plugin.workbench import Workbench

#: A slider asks for a nodule at most this often, ms: about a screen's frame or two.
THROTTLE_MS = 30


class SynthesisPanel(QWidget):
    """What a dock shows of the synthetic nodule, less its genes."""

    def __init__(self, workbench: Workbench, dock: Dock) -> None:
        super().__init__()
        self.workbench = workbench
        self.session = workbench.session
        self.measurements = MeasurementTable()
        self.triptych = Triptych()
        self.nodules = NoduleList(workbench, dock)
        self._make_controls()
        self._lay_out()
        self._send_strength = qthrottled(self._set_strength, timeout=THROTTLE_MS)
        self._connect(dock)
        self.refresh()
        self._on_result(self.session.result)

    def _make_controls(self) -> None:
        session = self.session
        self.snapshot = button("set A", self._snapshot, "measure changes from here on")
        self.place = toggle("place", self.workbench.pointer.set_place_mode, "click in the lung")
        self.synthetic = toggle("synthetic", self._show_synthetic, "real or synthetic (Alt+S)")
        self.seed = QSpinBox()
        self.seed.setRange(0, SEED_LIMIT - 1)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seed.setToolTip("seed of the noise")
        self.lock = toggle("lock", self._lock_seed, "keep this seed")
        self.reroll = button("re-roll", session.reroll, "other noise, same genes (Alt+R)")
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setToolTip("strength of the blend")
        self.strength_text = note()
        self.strength_text.setFixedWidth(34)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(title("Synthetic nodule"))
        column.addWidget(self.nodules)
        column.addWidget(self.triptych)
        column.addLayout(row(self.place, self.synthetic, self.snapshot))
        column.addLayout(row(note("seed"), self.seed, self.lock, self.reroll))
        column.addLayout(row(note("strength"), self.strength, self.strength_text))
        column.addWidget(self.measurements)

    def _connect(self, dock: Dock) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        dock.listen(session.models_changed, self.refresh)
        dock.listen(session.result_changed, self._on_result)
        dock.listen(session.busy_changed, self._on_busy)
        dock.listen(state.subject_id, self._on_patient)
        dock.listen(state.averaged, self._on_patient)
        dock.listen(state.seed, self._show_seed)
        dock.listen(state.strength, self._show_strength)
        dock.listen(state.window, self._show_pictures)
        dock.listen(state.show_synthetic, self._show_toggle)
        self.workbench.pointer.place_mode_changed.connect(self.place.setChecked)
        self.seed.editingFinished.connect(lambda: session.set_seed(self.seed.value()))
        self.strength.valueChanged.connect(self._on_strength)
        self.strength.sliderPressed.connect(session.begin_gesture)
        self.strength.sliderReleased.connect(self._end_gesture)
        self.synthetic.setChecked(session.state.show_synthetic)

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        self.measurements.restyle()

    # --- asks ------------------------------------------------------------------

    def _end_gesture(self) -> None:
        self._send_strength.flush()
        self.session.end_gesture()

    def _on_strength(self, percent: int) -> None:
        self.strength_text.setText(f"{percent}%")
        self._send_strength(percent)

    def _set_strength(self, percent: int) -> None:
        self.session.set_strength(percent / 100)

    def _show_synthetic(self, visible: bool) -> None:
        self.session.state.show_synthetic = visible

    def _lock_seed(self, locked: bool) -> None:
        self.seed.setReadOnly(locked)
        self.reroll.setEnabled(not locked)

    def _snapshot(self) -> None:
        self.measurements.take_snapshot()

    # --- shows -----------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the session holds now."""
        for widget in (self.seed, self.strength):
            widget.setEnabled(self.session.generator is not None)
        self._show_seed(self.session.state.seed)
        self._show_strength(self.session.state.strength)

    def _on_patient(self, *_: object) -> None:
        self.measurements.clear()

    def _show_seed(self, seed: int) -> None:
        with signals_blocked(self.seed):
            self.seed.setValue(seed)

    def _show_strength(self, strength: float) -> None:
        with signals_blocked(self.strength):
            self.strength.setValue(round(100 * strength))
        self.strength_text.setText(f"{strength:.0%}")

    def _on_result(self, result: SynthesisResult | None) -> None:
        self._show_pictures()
        if result is None:
            self.measurements.clear()
        elif result.complete:
            self.measurements.show_values(result.measurements)

    def _show_toggle(self, visible: bool) -> None:
        self.synthetic.setChecked(visible)

    def _show_pictures(self, *_: object) -> None:
        session = self.session
        limits = contrast_limits(session.state.window)
        self.triptych.show_result(session.scan, session.result, limits)

    def _on_busy(self, kind: str, busy: bool) -> None:
        if kind == "synthesis":
            self.snapshot.setEnabled(not busy)
