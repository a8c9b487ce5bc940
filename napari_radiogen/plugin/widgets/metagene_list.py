"""A hundred sliders as one painted list: only rows in view cost anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from qtpy.QtWidgets import QAbstractScrollArea, QToolTip

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.plugin.palette import palette

KEY_STEP = 0.1
ROW_HEIGHT = 31
NAME_WIDTH = 62
VALUE_WIDTH = 46
HISTOGRAM_BINS = 33


@dataclass(eq=False)
class MetageneRow:
    """What one row shows.

    Parameters
    ----------
    name, note
        Title and the small line under it, e.g. the number of genes.
    z, start
        Value now, and the patient's own.
    percentile
        Of ``z`` in the training cohort, 0 to 100.
    scores
        (N,) of the training cohort, drawn behind the slider.
    tip
        Shown on hover.
    """

    name: str
    note: str
    z: float
    start: float
    percentile: float
    scores: npt.NDArray[np.float32]
    tip: str = ""
    outline: QPolygonF | None = None

    @property
    def edited(self) -> bool:
        """Whether the value differs from the patient's own."""
        return abs(self.z - self.start) > 1e-6


class MetageneList(QAbstractScrollArea):
    """Sliders for metagenes; drag, arrow keys, double click to reset.

    Signals
    -------
    moved(name, z), grabbed(), released(), reset(name)
    """

    moved = Signal(str, float)
    grabbed = Signal()
    released = Signal()
    reset = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[MetageneRow] = []
        self._active = 0
        self._dragging = False
        self.setObjectName("metagenes")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
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

    def update_row(self, name: str, z: float, start: float, percentile: float) -> None:
        """Change the numbers of a row, if it is shown."""
        for shown in self._rows:
            if shown.name == name:
                shown.z, shown.start, shown.percentile = z, start, percentile
        self.viewport().update()

    def track(self, index: int) -> QRect:
        """Return where the slider of a row lies in the viewport."""
        top = index * ROW_HEIGHT - self.verticalScrollBar().value()
        width = self.viewport().width() - NAME_WIDTH - VALUE_WIDTH - 8
        return QRect(NAME_WIDTH, top + 3, max(width, 10), ROW_HEIGHT - 8)

    def x_of(self, z: float, track: QRect) -> float:
        """Return the viewport's x of a z-score."""
        share = (np.clip(z, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT) + METAGENE_Z_LIMIT) / (
            2 * METAGENE_Z_LIMIT
        )
        return float(track.left() + share * track.width())

    def z_at(self, x: float, track: QRect) -> float:
        """Return the z-score (two decimals) under an x of the viewport."""
        share = float(np.clip((x - track.left()) / track.width(), 0, 1))
        return round(2 * METAGENE_Z_LIMIT * share - METAGENE_Z_LIMIT, 2)

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
        """End a drag."""
        if self._dragging:
            self._dragging = False
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Ask for the reset of a row."""
        index = self._index_at(event.pos().y())
        if index is not None:
            self.reset.emit(self._rows[index].name)

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
            self.reset.emit(shown.name)
        else:
            super().keyPressEvent(event)

    def _show_active(self) -> None:
        bar, top = self.verticalScrollBar(), self._active * ROW_HEIGHT
        low = max(top + ROW_HEIGHT - self.viewport().height(), 0)
        bar.setValue(min(max(bar.value(), low), top))
        self.viewport().update()

    def _move_to(self, x: float) -> None:
        shown = self._rows[self._active]
        self._change(shown, self.z_at(x, self.track(self._active)))

    def _change(self, shown: MetageneRow, z: float) -> None:
        shown.z = z
        self.viewport().update()
        self.moved.emit(shown.name, z)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Show the tip of the row under the mouse."""
        if isinstance(event, QHelpEvent):
            index = self._index_at(event.pos().y())
            if index is not None:
                QToolTip.showText(event.globalPos(), self._rows[index].tip, self)
                return True
        return bool(super().viewportEvent(event))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint what is in view."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = self.verticalScrollBar().value() // ROW_HEIGHT
        last = min(first + self.viewport().height() // ROW_HEIGHT + 2, len(self._rows))
        for index in range(first, last):
            self._paint_row(painter, index)
        painter.end()

    def _paint_row(self, painter: QPainter, index: int) -> None:
        shown, track = self._rows[index], self.track(index)
        if index == self._active and self.hasFocus():
            painter.fillRect(
                0,
                track.top() - 2,
                self.viewport().width(),
                ROW_HEIGHT,
                QColor(palette().active_row),
            )
        base = track.bottom()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette().histogram))
        painter.drawPolygon(self._outline(shown, track).translated(track.left(), base))
        painter.setPen(QPen(QColor(palette().track), 1.5))
        painter.drawLine(QPointF(track.left(), base), QPointF(track.right(), base))
        self._paint_handle(painter, shown, track, base)
        self._paint_words(painter, shown, track)

    def _paint_handle(
        self, painter: QPainter, shown: MetageneRow, track: QRect, base: float
    ) -> None:
        x, home = self.x_of(shown.z, track), self.x_of(shown.start, track)
        if shown.edited:
            painter.setPen(QPen(QColor(palette().accent), 2))
            painter.drawLine(QPointF(home, base), QPointF(x, base))
        painter.setPen(QPen(QColor(palette().muted), 1))
        painter.drawLine(QPointF(home, base - 4), QPointF(home, base + 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette().synthetic if shown.edited else palette().handle))
        painter.drawEllipse(QPointF(x, base), 5, 5)

    def _paint_words(self, painter: QPainter, shown: MetageneRow, track: QRect) -> None:
        bold, small = QFont(self.font()), QFont(self.font())
        bold.setPixelSize(11)
        bold.setBold(True)
        small.setPixelSize(10)
        left = QRectF(4, track.top() - 1, NAME_WIDTH - 8, 14)
        right = QRectF(track.right() + 6, track.top() - 1, VALUE_WIDTH - 4, 14)
        for rect, side, top, bottom in (
            (left, Qt.AlignmentFlag.AlignLeft, shown.name, shown.note),
            (right, Qt.AlignmentFlag.AlignRight, f"{shown.z:+.1f}", f"{shown.percentile:.0f}%"),
        ):
            painter.setFont(bold)
            painter.setPen(QColor(palette().text))
            painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, top)
            painter.setFont(small)
            painter.setPen(QColor(palette().muted))
            painter.drawText(rect.translated(0, 12), side | Qt.AlignmentFlag.AlignVCenter, bottom)

    def _outline(self, shown: MetageneRow, track: QRect) -> QPolygonF:
        if shown.outline is None:
            heights, edges = np.histogram(
                shown.scores, HISTOGRAM_BINS, (-METAGENE_Z_LIMIT, METAGENE_Z_LIMIT)
            )
            scale = (track.height() - 2) / max(int(heights.max()), 1)
            middles = (edges[:-1] + edges[1:]) / 2
            points = [QPointF(0, 0)]
            for z, height in zip(middles, heights, strict=True):
                points.append(QPointF(self.x_of(z, track) - track.left(), -float(height) * scale))
            points.append(QPointF(track.width(), 0))
            shown.outline = QPolygonF(points)
        return shown.outline
