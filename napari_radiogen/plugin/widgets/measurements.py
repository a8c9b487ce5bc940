"""Measurements of the synthetic nodule: now, and since a snapshot."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.widgets.parts import set_cell, table

#: Key of `SynthesisResult.measurements`, label, unit, scale, decimals.
LINES = (
    ("long_axis_mm", "long axis", "mm", 1.0, 1),
    ("volume_mm3", "volume", "ml", 1e-3, 2),
    ("mean_hu", "mean HU", "HU", 1.0, 0),
    ("spiculation", "spiculation", "", 1.0, 2),
)

ROW_HEIGHT = 20


class MeasurementTable(QWidget):
    """A table of four lines that remembers a snapshot."""

    def __init__(self) -> None:
        super().__init__()
        self.now: dict[str, float] = {}
        self.snapshot: dict[str, float] = {}
        self.table = table(("synthetic nodule", "now", "since A"), ROW_HEIGHT)
        self.table.setRowCount(len(LINES))
        self.table.setFixedHeight(18 + len(LINES) * ROW_HEIGHT + 4)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self._show()

    def show_values(self, values: dict[str, float]) -> None:
        """Show measurements; the first ones become the snapshot."""
        self.now = dict(values)
        if not self.snapshot:
            self.snapshot = dict(values)
        self._show()

    def take_snapshot(self) -> None:
        """Measure from here on against what is shown now."""
        self.snapshot = dict(self.now)
        self._show()

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        self._show()

    def clear(self) -> None:
        """Forget values and snapshot."""
        self.now, self.snapshot = {}, {}
        self._show()

    def _show(self) -> None:
        for line, (key, label, unit, scale, decimals) in enumerate(LINES):
            set_cell(self.table, line, 0, label)
            now, before = self.now.get(key), self.snapshot.get(key)
            shown = "–" if now is None else f"{now * scale:.{decimals}f} {unit}".strip()
            set_cell(self.table, line, 1, shown)
            change = 0.0 if now is None or before is None else (now - before) * scale
            changed = abs(change) >= 0.5 * 10**-decimals
            set_cell(self.table, line, 2, f"{change:+.{decimals}f}" if changed else "·")
            item = self.table.item(line, 2)
            if item is not None:
                colours = palette()
                item.setForeground(QColor(colours.synthetic if changed else colours.muted))
