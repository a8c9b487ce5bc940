"""All measurements of all tumours in a window of its own; a click goes there."""

from __future__ import annotations

from qtpy.QtWidgets import QDialog, QFileDialog, QHeaderView, QVBoxLayout, QWidget

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row, set_cell, table
from napari_radiogen.plugin.workbench import Workbench
from napari_radiogen.session.measures import MEASURES
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.tumours import segment_name

CSV_FILTER = "Measurements (*.csv)"
SIZE = (760, 220)
#: Width of a number, pixels.
NUMBER_WIDTH = 78
#: Two lines: what, and its unit.
HEAD_HEIGHT = 32


class TumourTable(QDialog):
    """The table, its CSV, and where the numbers come from."""

    def __init__(self, workbench: Workbench, parent: QWidget) -> None:
        super().__init__(parent)
        self.workbench, self.session = workbench, workbench.session
        self.setWindowTitle(f"Tumours · {RESEARCH_USE}")
        self.resize(*SIZE)
        self.table = table(("Tumour", *(_head(m.title, m.unit) for m in MEASURES)), 21)
        header = self.table.horizontalHeader()
        header.setFixedHeight(HEAD_HEIGHT)
        for place, measure in enumerate(MEASURES, start=1):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
            self.table.setColumnWidth(place, NUMBER_WIDTH)
            self.table.horizontalHeaderItem(place).setToolTip(measure.about)
        self.source = note()
        self.export = button("CSV…", self.ask_export, "write this table")
        self.close_button = button("close", self.hide)
        self._lay_out()
        self.table.itemSelectionChanged.connect(self._go_to_selected)
        self.show_tumours(self.session.tumours)

    def _lay_out(self) -> None:
        # A dock's body listens, wears the theme and lets go when it closes.
        self.body = Dock()
        self.body.column.addWidget(self.table, 1)
        self.body.column.addWidget(self.source)
        self.body.column.addLayout(row(self.export, self.close_button))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.body)
        self.body.listen(self.session.tumours_changed, self.show_tumours)

    def ask_export(self) -> None:
        """Ask where the CSV goes, then write it."""
        path, _ = QFileDialog.getSaveFileName(self, "Save measurements", "tumours.csv", CSV_FILTER)
        if path:
            self.session.save_measurements(path)

    def show_tumours(self, found: Segmentation | None) -> None:
        """Fill the table."""
        nodules = () if found is None else found.nodules
        self.table.setRowCount(len(nodules))
        for line, nodule in enumerate(nodules):
            name = f"{nodule.label}" if found is None else segment_name(found, nodule)
            set_cell(self.table, line, 0, name[:64])
            for place, measure in enumerate(MEASURES, start=1):
                value = measure.value(nodule)
                text = "–" if value is None else f"{value:.{measure.decimals}f}"
                set_cell(self.table, line, place, text)
        self.export.setEnabled(bool(nodules))
        self.source.setText("no tumours" if found is None else f"outlined: {found.model}")

    def _go_to_selected(self) -> None:
        found, lines = self.session.tumours, {i.row() for i in self.table.selectedItems()}
        if found is not None and lines:
            self.workbench.presenter.go_to(found.nodules[lines.pop()].centroid_lps_mm)


def _head(title: str, unit: str) -> str:
    words = title.removesuffix(f" {unit}")
    return f"{words}\n{unit}" if unit else words
