"""Small Qt parts that several docks use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.plugin.pace import Pace
from napari_radiogen.plugin.palette import palette, theme_watch
from napari_radiogen.plugin.styles import style_sheet
from napari_radiogen.session.controller import Session

Listening = list[tuple[Any, Callable[..., object]]]


class Dock(QWidget):
    """Body of a dock: our style, one column, and ears that close with it.

    Attributes
    ----------
    column
        What the dock shows of what there is.
    foot
        Under the column; stays when the column gives way to an empty state.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("radiogen")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(style_sheet(palette()))
        self._filled = QWidget()
        self.column, self.foot = QVBoxLayout(self._filled), QVBoxLayout()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 8, 8, 6)
        whole.addWidget(self._filled, 1)
        whole.addLayout(self.foot)
        self.column.setContentsMargins(0, 0, 0, 0)
        for layout in (whole, self.column, self.foot):
            layout.setSpacing(4)
        self._empty: QWidget | None = None
        self._listening: Listening = []
        self.destroyed.connect(partial(stop_listening, self._listening))
        self.listen(theme_watch().changed, self.restyle)

    def restyle(self) -> None:
        """Take the colours of napari's theme; painted parts repaint by themselves."""
        self.setStyleSheet(style_sheet(palette()))

    def add_empty_state(self, empty: QWidget) -> None:
        """Take what stands in place of the column while `show_empty` says so."""
        whole = self.layout()
        if isinstance(whole, QVBoxLayout):
            whole.insertWidget(1, empty, 1)
        self._empty = empty

    def pack(self) -> None:
        """Leave room that is not needed under the foot, not under the column."""
        whole = self.layout()
        if isinstance(whole, QVBoxLayout):
            whole.setStretchFactor(self._filled, 0)
            whole.addStretch(1)

    def show_empty(self, nothing: bool) -> None:
        """Show the column, or while there is nothing to show, the empty state."""
        if self._empty is not None:
            self._empty.setVisible(nothing)
        self._filled.setVisible(not nothing)

    def listen(self, signal: Any, slot: Callable[..., object]) -> None:
        """Connect a psygnal signal until this widget is destroyed.

        Qt undoes its own connections; psygnal would go on calling a widget
        whose window is gone.
        """
        signal.connect(slot)
        self._listening.append((signal, slot))

    def follow(
        self, session: Session, signals: Iterable[Any], show: Callable[[], object]
    ) -> Callable[[], object]:
        """Show anew on signals: at once, but during a drag at a pace that leaves it time.

        What came last shows in any case, no later than the drag ends. Returns
        what shows at once that which still waits.
        """
        pace = Pace(show, self)

        def tell(*_: object) -> None:
            pace.ask()
            if not session.in_gesture:
                pace.flush()

        for signal in signals:
            self.listen(signal, tell)
        self.listen(session.gesture_ended, pace.flush)
        return pace.flush

    def mirror(self, signal: Any, made: QPushButton, now: bool) -> None:
        """Keep a toggle in step with a field: what it holds now, and each change."""
        made.setChecked(now)
        self.listen(signal, lambda on: made.setChecked(bool(on)))


def stop_listening(listening: Listening, *_: object) -> None:
    """Disconnect what a destroyed widget had connected."""
    for signal, slot in listening:
        signal.disconnect(slot, missing_ok=True)
    listening.clear()


def title(text: str) -> QLabel:
    """Return a section title."""
    label = QLabel(text.upper())
    label.setProperty("role", "title")
    return label


def note(text: str = "", role: str = "note") -> QLabel:
    """Return a small wrapped label; plain text, whatever it holds."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def set_role(label: QLabel, role: str) -> None:
    """Give a label another role of the style sheet."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def button(
    text: str, action: Callable[[], object], tip: str = "", *, primary: bool = False
) -> QPushButton:
    """Return a push button that calls an action."""
    made = QPushButton(text)
    made.setToolTip(tip)
    if primary:
        made.setProperty("role", "primary")
    made.clicked.connect(lambda _checked=False: action())
    return made


def toggle(text: str, change: Callable[[bool], object], tip: str = "") -> QPushButton:
    """Return a button that stays down; `change` hears the person, not the program."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setCheckable(True)
    made.clicked.connect(change)
    return made


def row(*widgets: QWidget, spacing: int = 4, stretch: bool = False) -> QHBoxLayout:
    """Return widgets side by side."""
    line = QHBoxLayout()
    line.setSpacing(spacing)
    for widget in widgets:
        line.addWidget(widget)
    if stretch:
        line.addStretch(1)
    return line


def table(columns: tuple[str, ...], row_height: int = 19) -> QTableWidget:
    """Return a read-only table that selects whole rows."""
    made = QTableWidget(0, len(columns))
    made.setHorizontalHeaderLabels(columns)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(row_height)
    made.verticalHeader().setMinimumSectionSize(row_height)
    made.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    made.horizontalHeader().setFixedHeight(18)
    made.setShowGrid(False)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    for column in range(len(columns)):
        side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
        made.horizontalHeaderItem(column).setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return made


def set_cell(made: QTableWidget, line: int, column: int, text: str) -> None:
    """Write a cell: names at the left, numbers at the right."""
    item = made.item(line, column)
    if item is None:
        item = QTableWidgetItem()
        side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        made.setItem(line, column, item)
    item.setText(text)
