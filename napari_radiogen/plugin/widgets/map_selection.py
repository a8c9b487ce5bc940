"""Those selected on the map: how many, who, what sets them apart, their mean."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtWidgets import (
    QButtonGroup,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.plugin.widgets.parts import button, note, row, set_cell, table, toggle
from napari_radiogen.session.controller import Session
from napari_radiogen.session.selection import Difference, clinical_differences, differences

WIDTH = 226
ROW_HEIGHT = 19
LEAST_HEIGHT = 60
NUMBER_WIDTHS = (48, 42, 42)
#: Differences that a page holds; the table scrolls.
LISTED = 12
PAGES = ("list", "clinical", "metagenes")
TOO_FEW = "select two or more, but not all, to compare"
ABOUT = (
    "SMD: standardised mean difference, (selected - rest) / pooled SD;\n"
    "a description of those selected, not a test"
)


class SelectionPanel(QWidget):
    """Beside the map while subjects are selected."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.count = note()
        self.count.setProperty("role", "strong")
        self.tables = {
            "list": table(("subject", "split"), ROW_HEIGHT),
            "clinical": _comparison(),
            "metagenes": _comparison(),
        }
        self.few = note(TOO_FEW)
        self.mean = button("synthesise mean", self._use_mean, "a nodule of their mean genes")
        self.clear = button("clear", lambda: session.select(()), "select nobody")
        self.tables["list"].cellDoubleClicked.connect(self._choose)
        self.tables["list"].setToolTip("double click takes that subject's genes")
        self._make_pages()
        self._lay_out()
        self.setFixedWidth(WIDTH)
        # Before the dock asks how much room it needs.
        self._turn_to(self.page)
        self.hide()

    def _make_pages(self) -> None:
        self.pages: dict[str, Any] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        for name in PAGES:
            made = toggle(name, partial(self._page_pressed, name))
            group.addButton(made)
            self.pages[name] = made
        self.page = "clinical"
        self.pages[self.page].setChecked(True)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.count)
        layout.addLayout(row(*self.pages.values(), spacing=2))
        for made in self.tables.values():
            # A table wants more height than the map has: it scrolls instead.
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
            made.setMinimumHeight(LEAST_HEIGHT)
            layout.addWidget(made, 1)
        layout.addWidget(self.few, 1)
        layout.addLayout(row(self.mean, self.clear))

    def show_selected(self) -> None:
        """Show the session's selection; hidden when there is none."""
        marked, generator = self.session.state.selected, self.session.generator
        self.setVisible(bool(marked) and generator is not None)
        if generator is None or not marked:
            for made in self.tables.values():
                made.setRowCount(0)
            return
        self.count.setText(f"{len(marked)} of {len(generator.subject_ids)} selected")
        split = {s.subject_id: s.split for s in generator.subjects}
        listed = self.tables["list"]
        listed.setRowCount(len(marked))
        for line, subject in enumerate(marked):
            set_cell(listed, line, 0, subject)
            set_cell(listed, line, 1, split.get(subject, ""))
        _fill(self.tables["clinical"], clinical_differences(generator.subjects, marked, LISTED))
        _fill(self.tables["metagenes"], differences(generator, marked, LISTED))
        self._turn_to(self.page)

    def _page_pressed(self, page: str, _on: bool) -> None:
        self._turn_to(page)

    def _turn_to(self, page: str) -> None:
        self.page = page
        for name, made in self.tables.items():
            made.setVisible(name == page and made.rowCount() > 0)
        self.few.setVisible(self.tables[page].rowCount() == 0)

    def _choose(self, line: int, _column: int) -> None:
        self.session.choose_subject(self.tables["list"].item(line, 0).text())

    def _use_mean(self) -> None:
        self.session.synthesise_mean_of(self.session.state.selected)


def _comparison() -> QTableWidget:
    made = table(("", "SMD", "sel.", "rest"), ROW_HEIGHT)
    made.setToolTip(ABOUT)
    for column, width in enumerate(NUMBER_WIDTHS, start=1):
        made.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        made.setColumnWidth(column, width)
    return made


def _fill(made: QTableWidget, found: tuple[Difference, ...]) -> None:
    made.setRowCount(len(found))
    for line, d in enumerate(found):
        numbers = (f"{n:.0%}" if d.share else f"{n:.3g}" for n in (d.selected, d.rest))
        for column, text in enumerate((d.name, f"{d.effect:+.2f}", *numbers)):
            set_cell(made, line, column, text)
        known = f"{d.name}: known of {d.known[0]} selected and {d.known[1]} others"
        made.item(line, 0).setToolTip(f"{known}\n{ABOUT}")
