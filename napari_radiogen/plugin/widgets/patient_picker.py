"""Whose genes: a searchable box that drops down a table of all clinical columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import QModelIndex, QPoint, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from superqt import QSearchableComboBox
from superqt.utils import signals_blocked

from napari_radiogen.domain import Subject
from napari_radiogen.plugin.map_colours import columns
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.styles import style_sheet
from napari_radiogen.session.state import Intent

SORT_ROLE = Qt.ItemDataRole.UserRole + 1
POPUP_SIZE = (470, 330)
ROW_HEIGHT = 19
#: Longer cells and headings stand in the tip.
CELL_LENGTH, HEADING_LENGTH = 48, 16


class PatientPicker(QSearchableComboBox):
    """Type an id, or open the table and search all columns.

    Signals
    -------
    chosen(subject_id): by a person, in the box or in the table.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setToolTip("whose genes; type to search, open for all clinical columns")
        self._subjects: tuple[Subject, ...] = ()
        self.table: PatientTable | None = None
        self.activated.connect(self._take)

    def set_subjects(self, subjects: Sequence[Subject]) -> None:
        """Offer subjects; a person's own come first."""
        self._subjects = tuple(sorted(subjects, key=lambda s: s.split != "own"))
        with signals_blocked(self):
            self.clear()
            for subject in self._subjects:
                self.addItem(f"{subject.subject_id} · {subject.split}", subject.subject_id)

    def show_start(self, intent: Intent) -> None:
        """Show whose genes are the start."""
        with signals_blocked(self):
            self.setCurrentIndex(self.findData(intent.subject_id))
        mixed = intent.start_in_words if intent.averaged else ""
        self.lineEdit().setPlaceholderText(mixed.removeprefix("the ").removeprefix("a "))
        self.lineEdit().setToolTip(mixed)
        self.lineEdit().setCursorPosition(0)

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Open the table in place of a plain list."""
        if self.table is not None:
            self.table.deleteLater()
        self.table = PatientTable(self._subjects, self)
        self.table.chosen.connect(self.chosen)
        corner = self.mapToGlobal(QPoint(0, self.height()))
        screen = self.screen().availableGeometry()
        x = max(min(corner.x(), screen.right() - POPUP_SIZE[0]), screen.left())
        self.table.move(x, corner.y())
        self.table.show()
        self.table.search.setFocus()

    def _take(self, index: int) -> None:
        chosen = self.itemData(index)
        if chosen:
            self.chosen.emit(chosen)


class PatientTable(QFrame):
    """A table of subjects that a few letters narrow down; a click or Enter takes one.

    Signals
    -------
    chosen(subject_id)
    """

    chosen = Signal(str)

    def __init__(self, subjects: Sequence[Subject], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("radiogen")
        self.setStyleSheet(style_sheet(palette()))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.resize(*POPUP_SIZE)
        self.search = QLineEdit()
        self.search.setPlaceholderText("search all columns, e.g.  train 5.0")
        self.search.setClearButtonEnabled(True)
        self.rows = _Found()
        self.rows.setSourceModel(_model(subjects, self))
        self.view = QTableView()
        self._lay_out()
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._take_first)
        self.view.clicked.connect(self._take)
        self.view.activated.connect(self._take)

    def _lay_out(self) -> None:
        view = self.view
        view.setModel(self.rows)
        view.setSortingEnabled(True)
        view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        view.verticalHeader().setMinimumSectionSize(ROW_HEIGHT)
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        view.setShowGrid(False)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        column.addWidget(self.search)
        column.addWidget(view, 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Go from the search into the table by the arrow down."""
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus() and self.rows.rowCount():
            self.view.setFocus()
            self.view.selectRow(0)
        else:
            super().keyPressEvent(event)

    def _narrow(self, text: str) -> None:
        self.rows.narrow(text)

    def _take_first(self) -> None:
        if self.rows.rowCount():
            self._take(self.rows.index(0, 0))

    def _take(self, index: QModelIndex) -> None:
        subject = self.rows.index(index.row(), 0).data(Qt.ItemDataRole.UserRole)
        self.close()
        self.chosen.emit(subject)


class _Found(QSortFilterProxyModel):
    """Rows that hold all words of a search, in any column."""

    def __init__(self) -> None:
        super().__init__()
        self._words: list[str] = []
        self.setSortRole(SORT_ROLE)

    def narrow(self, text: str) -> None:
        self._words = text.lower().split()
        self.invalidateFilter()

    def filterAcceptsRow(self, line: int, parent: QModelIndex) -> bool:  # noqa: N802
        model = self.sourceModel()
        cells = [
            str(model.index(line, c, parent).data()).lower() for c in range(model.columnCount())
        ]
        return all(any(word in cell for cell in cells) for word in self._words)

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:  # noqa: N802
        """Compare numbers as numbers; what is missing comes last."""
        a, b = left.data(SORT_ROLE), right.data(SORT_ROLE)
        return _rank(a) < _rank(b)


def _model(subjects: Sequence[Subject], parent: QWidget) -> QStandardItemModel:
    """Return subjects with their split, measurements and clinical columns."""
    names = [name for name in columns(subjects) if name != "split"]
    model = QStandardItemModel(0, 2 + len(names), parent)
    headings = ["patient", "split", *names]
    model.setHorizontalHeaderLabels([h[:HEADING_LENGTH] for h in headings])
    for place, heading in enumerate(headings):
        model.horizontalHeaderItem(place).setToolTip(heading)
    for subject in subjects:
        numbers = subject.attributes
        cells = [
            f"{numbers[n]:.4g}" if n in numbers else subject.clinical.get(n, "") for n in names
        ]
        line = [_item(text) for text in (subject.subject_id, subject.split, *cells)]
        line[0].setData(subject.subject_id, Qt.ItemDataRole.UserRole)
        model.appendRow(line)
    return model


def _item(text: str) -> QStandardItem:
    item = QStandardItem(text[:CELL_LENGTH])
    item.setData(text, SORT_ROLE)
    if len(text) > CELL_LENGTH:
        item.setToolTip(text)
    return item


def _rank(text: str) -> tuple[int, float, str]:
    """Return what sorts numbers before words, and words before nothing."""
    if not text:
        return 2, 0.0, ""
    try:
        number = float(text)
    except ValueError:
        return 1, 0.0, text.lower()
    return (0, number, "") if math.isfinite(number) else (1, 0.0, text.lower())
