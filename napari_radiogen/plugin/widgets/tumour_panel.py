"""Tumours: find or draw them, go through them, measure, save; part of CT & Tumour."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHeaderView, QProgressBar, QVBoxLayout, QWidget

from napari_radiogen.domain import Nodule
from napari_radiogen.plugin.widgets.paint_tools import PaintTools
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row, set_cell, table, toggle
from napari_radiogen.plugin.widgets.tumour_table import TumourTable
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.workbench import Workbench
from napari_radiogen.session.measures import MEASURES
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.tumours import probability_of, segment_name

SAVE_FILTER = "Tumours (*.dcm *.nii.gz *.nrrd *.mha)"
NUMBER_WIDTH = 48
FIXED = QHeaderView.ResizeMode.Fixed


class TumourPanel(QWidget):
    """The tumours of the scan, in a dock that also opens scans."""

    def __init__(self, workbench: Workbench, dock: Dock) -> None:
        super().__init__()
        self.workbench, self.session = workbench, workbench.session
        self.display = workbench.presenter.tumour_display
        self.measurements: TumourTable | None = None
        self._make_controls(dock)
        self._lay_out()
        self._connect(dock)
        self.show_tumours(self.session.tumours)

    def _make_controls(self, dock: Dock) -> None:
        session, view = self.session, self.session.view
        self.find_button = button(
            "Find tumours", session.find_tumours, "segment the scan by the U-Net", primary=True
        )
        self.cancel_button = button("Cancel", lambda: session.cancel("tumours"), "stop the search")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.status = note()
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._work = ""
        self.table = table(("Tumour", "mm", "HU"))
        self.table.setMinimumHeight(60)
        for column in (1, 2):
            self.table.horizontalHeader().setSectionResizeMode(column, FIXED)
            self.table.setColumnWidth(column, NUMBER_WIDTH)
        self.previous = button(
            "◂", lambda: self.workbench.next_tumour(-1), "previous tumour (Alt+Shift+N)"
        )
        self.next = button("▸", self.workbench.next_tumour, "next tumour (Alt+N)")
        self.overlay = toggle("outline", self._set_overlay, "show the tumour outlines (Alt+O)")
        self.boxes = toggle("box", lambda on: setattr(view, "boxes", on), "box each tumour")
        self.probability = toggle(
            "prob.",
            lambda on: setattr(view, "probability", on),
            "probability of tumour, as the U-Net read it",
        )
        self.edit = toggle(
            "paint",
            self.display.set_editing,
            "paint with napari's own tools: brush, eraser, fill; Ctrl+Z undoes a stroke",
        )
        self.tools = PaintTools(self.display, dock)
        self.measure = button("table…", self.show_table, "all measurements, as CSV too")
        self.save = button("save…", self.ask_save, "DICOM SEG, NIfTI, NRRD or MetaImage")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row(self.find_button, self.cancel_button))
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addWidget(self.table, 1)
        show = row(self.previous, self.next, self.overlay, self.boxes, self.probability, spacing=2)
        for place, share in enumerate((1, 1, 3, 2, 2)):
            show.setStretch(place, share)
        column.addLayout(show)
        column.addLayout(row(self.edit, self.measure, self.save, spacing=2))
        column.addWidget(self.tools)

    def _connect(self, dock: Dock) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        view: Any = session.view.events  # type: ignore[attr-defined]
        dock.listen(session.tumours_changed, self.show_tumours)
        dock.mirror(state.overlay_visible, self.overlay, session.state.overlay_visible)
        dock.mirror(view.boxes, self.boxes, session.view.boxes)
        dock.mirror(view.probability, self.probability, session.view.probability)
        dock.listen(self.display.editing_changed, self._on_editing)
        self.table.itemSelectionChanged.connect(self._go_to_selected)

    # --- asks ------------------------------------------------------------------

    def _set_overlay(self, visible: bool) -> None:
        self.session.state.overlay_visible = visible

    def ask_save(self) -> None:
        """Ask where the tumours go, then write them."""
        path, _ = QFileDialog.getSaveFileName(self, "Save tumours", "tumours.nii.gz", SAVE_FILTER)
        if path:
            self.session.save_tumours(path)

    def show_table(self) -> None:
        """Open the table of all measurements, or bring it to the front."""
        if self.measurements is None:
            parent = main_window(self.workbench.viewer) or self
            self.measurements = TumourTable(self.workbench, parent)
        self.measurements.show()
        self.measurements.raise_()

    def _go_to_selected(self) -> None:
        found, lines = self.session.tumours, {i.row() for i in self.table.selectedItems()}
        if found is not None and lines:
            self.workbench.presenter.go_to(found.nodules[lines.pop()].centroid_lps_mm)

    # --- shows -----------------------------------------------------------------

    def show_tumours(self, found: Segmentation | None) -> None:
        """Fill the table and switch on what can be done with these tumours."""
        nodules = () if found is None else found.nodules
        self.table.setRowCount(len(nodules))
        for line, nodule in enumerate(nodules):
            for column, text in enumerate(_cells(found, nodule)):
                set_cell(self.table, line, column, text)
                self.table.item(line, column).setToolTip(_all_measures(found, nodule))
        for widget in (
            self.previous, self.next, self.overlay, self.boxes, self.measure, self.save,
        ):  # fmt: skip
            widget.setEnabled(bool(nodules))
        self.probability.setEnabled(probability_of(found) is not None)
        self.edit.setEnabled(self.session.scan is not None)
        if found is not None:
            count = f"{len(nodules)} tumour{'' if len(nodules) == 1 else 's'}"
            seconds = f" · {found.seconds:.0f} s" if found.seconds >= 1 else ""
            self.status.setText(f"{count} · {found.model}{seconds}")

    def show_work(self, words: str, share: float | None) -> None:
        """Show what is being done and how far it is (0 to 1); what it found stays when done."""
        if words:
            self.status.setText(words)
        elif self.status.text() == self._work:
            self.status.setText("")
        self._work = words
        self.bar.setRange(0, 0 if words and share is None else 100)
        self.bar.setValue(0 if share is None else round(100 * share))

    def _on_editing(self, editing: bool) -> None:
        self.edit.setChecked(editing)
        self.edit.setText("done" if editing else "paint")
        self.find_button.setEnabled(not editing)


def _cells(found: Segmentation | None, nodule: Nodule) -> tuple[str, str, str]:
    name = f"{nodule.label}" if found is None else segment_name(found, nodule)
    return name[:64], f"{nodule.long_axis_mm:.1f}", f"{nodule.mean_hu:+.0f}"


def _all_measures(found: Segmentation | None, nodule: Nodule) -> str:
    lines = (f"{m.title}: {m.words(nodule)}" for m in MEASURES)
    return "\n".join((_cells(found, nodule)[0], *lines))
