"""Synthetic nodule: place, noise, strength and what it measures; the foot of the Gene Panel."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QSlider, QSpinBox, QVBoxLayout, QWidget
from superqt.utils import qthrottled, signals_blocked

from napari_radiogen.constants import SEED_LIMIT
from napari_radiogen.domain import SynthesisResult
from napari_radiogen.plugin.widgets.measurements import MeasurementTable
from napari_radiogen.plugin.widgets.nodule_list import NoduleList
from napari_radiogen.plugin.widgets.noise_window import NoiseWindow
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row, title, toggle
from napari_radiogen.plugin.widgets.sweep_window import SweepWindow
from napari_radiogen.plugin.widgets.triptych import Triptych
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.windowing import window_limits
from napari_radiogen.plugin.workbench import Workbench
from napari_radiogen.session.comparing import TO_GENES, TO_SCAN, Measured

#: A slider asks for a nodule at most this often, ms: about a screen's frame or two.
THROTTLE_MS = 30
LOCK_TIP = (
    "down: the noise stays for every patient and place, until you re-roll or type a seed\n"
    "up: another patient or place draws new noise; sliders keep it"
)


class SynthesisPanel(QWidget):
    """What a dock shows of the synthetic nodule, less its genes."""

    def __init__(self, workbench: Workbench, dock: Dock) -> None:
        super().__init__()
        self.workbench = workbench
        self.session = workbench.session
        self.measurements = MeasurementTable()
        self.triptych = Triptych()
        self.nodules = NoduleList(workbench, dock)
        self.noise: NoiseWindow | None = None
        self.sweep: SweepWindow | None = None
        self._make_controls()
        self._make_layer_controls()
        self._lay_out()
        self._send_strength = qthrottled(self._set_strength, timeout=THROTTLE_MS)
        self._connect(dock)
        self.refresh()
        self._on_result(self.session.result)

    def _make_controls(self) -> None:
        session = self.session
        self.place = toggle("place", self.workbench.pointer.set_place_mode, "click in the lung")
        self.synthetic = toggle("synthetic", self._show_synthetic, "real or synthetic (Alt+X)")
        self.seed = QSpinBox()
        self.seed.setRange(0, SEED_LIMIT - 1)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seed.setToolTip("seed of the noise")
        self.lock = toggle("lock", self._lock_seed, LOCK_TIP)
        self.reroll = button("re-roll", session.reroll, "other noise, same genes (Alt+R)")
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setToolTip("strength of the blend")
        self.strength_text = note()
        self.strength_text.setFixedWidth(34)

    def _make_layer_controls(self) -> None:
        view = self.session.view
        self.difference = toggle(
            "difference",
            lambda on: setattr(view, "difference", on),
            "HU that the nodule adds, as a layer: red denser, blue less (Alt+D)",
        )
        self.difference_to = QComboBox()
        self.difference_to.addItem("to the scan", TO_SCAN)
        self.difference_to.addItem("to start", TO_GENES)
        self.difference_to.setToolTip(
            "what is taken off: the scan, or the nodule of A (of the genes before any edit, "
            "while there is no A) on the same background with the same noise"
        )
        self.weight = toggle(
            "weights",
            lambda on: setattr(view, "weight", on),
            "the generator's map of how much of it replaces the scan, as a layer",
        )
        self.draws = button("draws…", self.show_draws, "the same genes with other noise")
        self.sweeps = button("sweep…", self.show_sweep, "nodules along one metagene")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(title("Synthetic nodule"))
        column.addWidget(self.nodules)
        column.addWidget(self.triptych)
        column.addLayout(row(self.place, self.synthetic, self.draws, self.sweeps, spacing=3))
        column.addLayout(row(self.difference, self.difference_to, self.weight, spacing=3))
        column.addLayout(row(note("seed"), self.seed, self.lock, self.reroll))
        column.addLayout(row(note("strength"), self.strength, self.strength_text))
        column.addWidget(self.measurements)

    def _connect(self, dock: Dock) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        dock.listen(session.models_changed, self.refresh)
        dock.listen(session.result_changed, self._on_result)
        dock.listen(session.comparing.changed, self._on_measured)
        dock.listen(session.snapshots_changed, self._show_since)
        dock.listen(state.seed, self._show_seed)
        dock.listen(state.strength, self._show_strength)
        dock.listen(state.window, self._show_pictures)
        dock.mirror(state.show_synthetic, self.synthetic, session.state.show_synthetic)
        self._connect_view(dock)
        self.workbench.pointer.place_mode_changed.connect(self.place.setChecked)
        self.seed.editingFinished.connect(lambda: session.set_seed(self.seed.value()))
        self.strength.valueChanged.connect(self._on_strength)
        self.strength.sliderPressed.connect(session.begin_gesture)
        self.strength.sliderReleased.connect(self._end_gesture)

    def _connect_view(self, dock: Dock) -> None:
        view = self.session.view
        events: Any = view.events  # type: ignore[attr-defined]
        dock.listen(events.by_hand, self._show_pictures)
        dock.listen(events.difference_to, self._show_difference_to)
        for field, made in (
            ("difference", self.difference), ("weight", self.weight), ("seed_locked", self.lock),
        ):  # fmt: skip
            dock.mirror(getattr(events, field), made, getattr(view, field))
        self.difference_to.activated.connect(self._choose_difference)
        self._show_difference_to(view.difference_to)
        self._show_since()

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
        self.session.view.seed_locked = locked

    def _choose_difference(self, _index: int) -> None:
        self.session.view.difference_to = self.difference_to.currentData()

    def show_draws(self) -> None:
        """Open the sheet of noise draws, and paint one where there is none yet."""
        if self.noise is None:
            self.noise = NoiseWindow(self.session, main_window(self.workbench.viewer) or self)
        self.noise.show()
        self.noise.raise_()
        if self.noise.sheet is None:
            self.noise.ask()

    def show_sweep(self) -> None:
        """Open the sweep of a metagene, of the one edited last at first."""
        if self.sweep is None:
            self.sweep = SweepWindow(self.session, main_window(self.workbench.viewer) or self)
        edits = self.session.state.edits
        if edits:
            self.sweep.choose(edits[-1][0])
        self.sweep.show()
        self.sweep.raise_()

    # --- shows -----------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the session holds now."""
        for widget in (self.seed, self.strength):
            widget.setEnabled(self.session.generator is not None)
        self._show_seed(self.session.state.seed)
        self._show_strength(self.session.state.strength)

    def _show_seed(self, seed: int) -> None:
        with signals_blocked(self.seed):
            self.seed.setValue(seed)

    def _show_strength(self, strength: float) -> None:
        with signals_blocked(self.strength):
            self.strength.setValue(round(100 * strength))
        self.strength_text.setText(f"{strength:.0%}")

    def _on_result(self, result: SynthesisResult | None) -> None:
        self._show_pictures()
        for made in (self.draws, self.sweeps, self.difference, self.weight):
            made.setEnabled(result is not None)
        measured = self.session.comparing.measured
        if result is None:
            self.measurements.clear()
        elif measured is not None and measured.result is result:
            self.measurements.show_measured(measured)
        else:
            self.measurements.show_live(result.measurements)

    def _on_measured(self, found: Measured | None) -> None:
        if found is not None:
            self.measurements.show_measured(found)
        if self.session.view.difference_to == TO_GENES:
            self._show_pictures()

    def _show_since(self, *_: object) -> None:
        since = self.session.comparing.since
        self.measurements.show_since(since)
        self.difference_to.setItemText(1, f"to {since}")

    def _show_difference_to(self, to: str) -> None:
        self.difference_to.setCurrentIndex(self.difference_to.findData(to))
        self._show_pictures()

    def _show_pictures(self, *_: object) -> None:
        session = self.session
        limits = window_limits(session)
        hu = session.comparing.difference(session.view.difference_to)
        self.triptych.show_result(session.scan, session.result, limits, hu)
