"""Those selected on the map: how many, who, what sets them apart, their mean."""

from __future__ import annotations

from qtpy.QtWidgets import QHeaderView, QVBoxLayout, QWidget

from napari_radiogen.plugin.widgets.parts import button, note, row, set_cell, table
from napari_radiogen.session.controller import Session
from napari_radiogen.session.selection import LISTED, differences

WIDTH = 172
ROW_HEIGHT = 21
EFFECT_WIDTH = 54
#: Names that the label holds, and that its tip holds.
NAMED, NAMED_IN_TIP = 2, 40
TOO_FEW = "select two or more, but not all, to compare"


class SelectionPanel(QWidget):
    """Beside the map while subjects are selected."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.count = note()
        self.who = note()
        self.table = table(("selected vs rest", "SMD"), ROW_HEIGHT)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(1, EFFECT_WIDTH)
        self.table.setToolTip(
            "standardised mean difference of the metagenes: (selected - rest) / pooled SD;\n"
            "a description of those selected, not a test"
        )
        self.table.setMaximumHeight(18 + LISTED * ROW_HEIGHT + 4)
        self.few = note(TOO_FEW)
        self.mean = button("synthesise mean", self._use_mean, "a nodule of their mean genes")
        self.clear = button("clear", lambda: session.select(()), "select nobody")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.count, self.who, self.table, self.few):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(row(self.mean, self.clear))
        self.setFixedWidth(WIDTH)
        self.count.setProperty("role", "strong")

    def show_selected(self) -> None:
        """Show the session's selection; hidden when there is none."""
        marked, generator = self.session.state.selected, self.session.generator
        self.setVisible(bool(marked) and generator is not None)
        if generator is None or not marked:
            self.table.setRowCount(0)
            return
        self.count.setText(f"{len(marked)} selected")
        self.who.setText(_some(marked, NAMED))
        self.who.setToolTip(_some(marked, NAMED_IN_TIP).replace(", ", "\n"))
        found = differences(generator, marked)
        self.table.setRowCount(len(found))
        for line, difference in enumerate(found):
            set_cell(self.table, line, 0, difference.metagene)
            set_cell(self.table, line, 1, f"{difference.effect:+.2f}")
        self.table.setVisible(bool(found))
        self.few.setVisible(not found)

    def _use_mean(self) -> None:
        self.session.synthesise_mean_of(self.session.state.selected)


def _some(names: tuple[str, ...], count: int) -> str:
    rest = len(names) - count
    return ", ".join(names[:count]) + (f" and {rest} more" if rest > 0 else "")
