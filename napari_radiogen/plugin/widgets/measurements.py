"""Measurements of the synthetic nodule: now, and since the genes it is compared with."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_radiogen.domain import Nodule
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.widgets.parts import set_cell, table
from napari_radiogen.session.comparing import Measured
from napari_radiogen.session.measures import MEASURES, measure

LINES = tuple(map(measure, ("long_axis_mm", "volume_mm3", "mean_hu", "spiculation")))
ROW_HEIGHT = 20
#: Before a value by the generator's own mask, while the nodule still moves.
LIVE = "≈ "
JUDGE = "outlined anew by a network that no generator was trained to please"
OWN_MASK = "by the generator's own mask, until the nodule rests and is outlined anew"
UNSEEN = "the measuring network sees no nodule here"


class MeasurementTable(QWidget):
    """A table of four lines; the rest stands in their tips."""

    def __init__(self) -> None:
        super().__init__()
        self._live: dict[str, float] = {}
        self._found: Measured | None = None
        self.table = table(("synthetic nodule", "now", "since start"), ROW_HEIGHT)
        self.table.setRowCount(len(LINES))
        self.table.setFixedHeight(18 + len(LINES) * ROW_HEIGHT + 4)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.show_since("start")
        self._show()

    def show_live(self, values: dict[str, float]) -> None:
        """Show what the generator's own mask says, until the nodule is measured."""
        self._live, self._found = dict(values), None
        self._show()

    def show_measured(self, found: Measured) -> None:
        """Show measurements of the nodule on screen, and their change."""
        self._found = found
        self.show_since(found.since)
        self._show()

    def show_since(self, since: str) -> None:
        """Name what changes are counted from."""
        head = self.table.horizontalHeaderItem(2)
        head.setText(f"since {since}")
        genes = "the genes kept as A" if since == "A" else "the genes before any edit"
        head.setToolTip(f"compared with {genes}, at the same place with the same noise")

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        self._show()

    def clear(self) -> None:
        """Forget all values."""
        self._live, self._found = {}, None
        self._show()

    def _show(self) -> None:
        found, colours = self._found, palette()
        for line, m in enumerate(LINES):
            now, change = self._words(m.key)
            texts = (m.title, now, change)
            muted = found is None or found.now is None
            inks = (
                colours.text,
                colours.muted if muted else colours.text,
                colours.muted if change == "·" else colours.synthetic,
            )
            for column, (text, ink) in enumerate(zip(texts, inks, strict=True)):
                set_cell(self.table, line, column, text)
                item = self.table.item(line, column)
                item.setForeground(QColor(ink))
                item.setToolTip(self._tip())

    def _words(self, key: str) -> tuple[str, str]:
        m, found = measure(key), self._found
        if found is None:
            value = self._live.get(key)
            return (
                (f"{LIVE}{value * m.scale:.{m.decimals}f} {m.unit}".strip(), "·")
                if (value is not None and value == value)
                else ("–", "·")
            )
        now, before = m.value(found.now), m.value(found.before)
        change = 0.0 if now is None or before is None else now - before
        changed = abs(change) >= 0.5 * 10**-m.decimals
        return m.words(found.now), f"{change:+.{m.decimals}f}" if changed else "·"

    def _tip(self) -> str:
        if self._found is None:
            return OWN_MASK if self._live else ""
        return tip_of(self._found.now)


def tip_of(nodule: Nodule | None) -> str:
    """List every measurement of a nodule, and who outlined it."""
    if nodule is None:
        return UNSEEN
    return "\n".join((JUDGE, *(f"{m.title}: {m.words(nodule)}" for m in MEASURES)))
