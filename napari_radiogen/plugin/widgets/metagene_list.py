"""A hundred sliders as one painted list: only rows in view cost anything."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QRect, Qt, Signal
from qtpy.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QAbstractScrollArea, QToolTip

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.plugin.pace import Pace
from napari_radiogen.plugin.widgets import metagene_row
from napari_radiogen.plugin.widgets.metagene_row import HEIGHT as ROW_HEIGHT
from napari_radiogen.plugin.widgets.metagene_row import NAME_WIDTH, VALUE_WIDTH, MetageneRow

KEY_STEP = 0.1


class MetageneList(QAbstractScrollArea):
    """Sliders for metagenes and their genes; drag, arrow keys, double click to reset.

    Signals
    -------
    moved(name, z), reset(name): of a metagene; gene_moved(symbol, z),
    gene_reset(symbol): of a gene; grabbed(), released(): around a drag.
    """

    moved = Signal(str, float)
    reset = Signal(str)
    gene_moved = Signal(str, float)
    gene_reset = Signal(str)
    grabbed = Signal()
    released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[MetageneRow] = []
        self._active = 0
        self._dragging = False
        self.setObjectName("metagenes")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._paint_active = Pace(self._update_active, self)
        self.viewport().setMouseTracking(True)
        self.setMinimumHeight(3 * ROW_HEIGHT)

    @property
    def rows(self) -> tuple[MetageneRow, ...]:
        """The rows shown, in order."""
        return tuple(self._rows)

    def set_rows(self, rows: list[MetageneRow]) -> None:
        """Show other rows, in this order."""
        self._rows = rows
        self._active = min(self._active, max(len(rows) - 1, 0))
        self._fit_scroll_bar()
        self.viewport().update()

    def track(self, index: int) -> QRect:
        """Return where the slider of a row lies in the viewport."""
        top = index * ROW_HEIGHT - self.verticalScrollBar().value()
        width = self.viewport().width() - NAME_WIDTH - VALUE_WIDTH - 8
        return QRect(NAME_WIDTH, top + 3, max(width, 10), ROW_HEIGHT - 8)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Fit scroll bar and curves to the new width."""
        super().resizeEvent(event)
        for shown in self._rows:
            shown.outline = None
        self._fit_scroll_bar()

    def _fit_scroll_bar(self) -> None:
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(ROW_HEIGHT)
        bar.setRange(0, max(len(self._rows) * ROW_HEIGHT - self.viewport().height(), 0))

    def _index_at(self, y: float) -> int | None:
        index = int(y + self.verticalScrollBar().value()) // ROW_HEIGHT
        return index if 0 <= index < len(self._rows) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the place under the mouse."""
        index = self._index_at(event.pos().y())
        if index is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._active = index
        if event.pos().x() >= NAME_WIDTH - 6:
            self._dragging = True
            self.grabbed.emit()
            self._move_to(event.pos().x())
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow a drag."""
        if self._dragging:
            self._move_to(event.pos().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End a drag where the mouse was let go."""
        if self._dragging:
            self._move_to(event.pos().x())
            self._dragging = False
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Ask for the reset of a row."""
        index = self._index_at(event.pos().y())
        if index is not None:
            self._reset(self._rows[index])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and down choose a row, left and right move it, Delete resets it."""
        if not self._rows:
            return
        key, shown = event.key(), self._rows[self._active]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self._active = int(np.clip(self._active + step, 0, len(self._rows) - 1))
            self._show_active()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            change = KEY_STEP if key == Qt.Key.Key_Right else -KEY_STEP
            self._change(
                shown,
                round(float(np.clip(shown.z + change, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT)), 2),
            )
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._reset(shown)
        else:
            super().keyPressEvent(event)

    def _show_active(self) -> None:
        bar, top = self.verticalScrollBar(), self._active * ROW_HEIGHT
        low = max(top + ROW_HEIGHT - self.viewport().height(), 0)
        bar.setValue(min(max(bar.value(), low), top))
        self.viewport().update()

    def _move_to(self, x: float) -> None:
        shown = self._rows[self._active]
        self._change(shown, metagene_row.z_at(x, self.track(self._active)))

    def _change(self, shown: MetageneRow, z: float) -> None:
        shown.z = z
        self._paint_active.ask()
        (self.gene_moved if shown.gene else self.moved).emit(shown.name, z)

    def _update_active(self) -> None:
        top = self.track(self._active).top() - 3
        self.viewport().update(0, top, self.viewport().width(), ROW_HEIGHT)

    def _reset(self, shown: MetageneRow) -> None:
        (self.gene_reset if shown.gene else self.reset).emit(shown.name)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Show the tip of the row under the mouse."""
        if isinstance(event, QHelpEvent):
            index = self._index_at(event.pos().y())
            if index is not None:
                QToolTip.showText(event.globalPos(), self._rows[index].tip, self)
                return True
        return bool(super().viewportEvent(event))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the rows that Qt asks for, of those in view."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scrolled = self.verticalScrollBar().value()
        first = (scrolled + event.rect().top()) // ROW_HEIGHT
        last = min((scrolled + event.rect().bottom()) // ROW_HEIGHT + 1, len(self._rows))
        for index in range(first, last):
            active = index == self._active and self.hasFocus()
            metagene_row.paint(painter, self._rows[index], self.track(index), self.font(), active)
        painter.end()
