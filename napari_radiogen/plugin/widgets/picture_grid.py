"""Small CT pictures in rows with words under each; a click takes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.plane_image import to_image
from napari_radiogen.plugin.reslice import window_bytes
from napari_radiogen.session.ports import FloatArray

GAP = 4
WORDS_HEIGHT = 14
LEAST_SIDE, SIDE = 56, 118


@dataclass(frozen=True, eq=False)
class Picture:
    """One slice (H, W) in HU, the words under it, and whether it is the one on screen."""

    image_hu: FloatArray
    words: str
    marked: bool = False


class PictureGrid(QWidget):
    """Square pictures, as large as the widget allows.

    Parameters
    ----------
    columns
        Pictures side by side.
    count
        Pictures to leave room for.

    Signals
    -------
    chosen(int): a picture was clicked.
    """

    chosen = Signal(int)

    def __init__(self, columns: int, count: int) -> None:
        super().__init__()
        self.columns, self.count = columns, count
        self.pictures: tuple[Picture, ...] = ()
        self.limits = (-1350.0, 150.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size at which pictures are easy to see."""
        return self._size_for(SIDE)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return a size at which pictures can still be told apart."""
        return self._size_for(LEAST_SIDE)

    def show_pictures(self, pictures: tuple[Picture, ...], limits: tuple[float, float]) -> None:
        """Show pictures in a window of two HU limits."""
        self.pictures, self.limits = pictures, limits
        self.update()

    def place_of(self, index: int) -> QRectF:
        """Return where a picture lies in the widget."""
        side = self._side()
        row, column = divmod(index, self.columns)
        return QRectF(column * (side + GAP), row * (side + WORDS_HEIGHT + GAP), side, side)

    def _rows(self) -> int:
        return max(1, -(-self.count // self.columns))

    def _size_for(self, side: int) -> QSize:
        rows = self._rows()
        return QSize(
            self.columns * side + (self.columns - 1) * GAP,
            rows * (side + WORDS_HEIGHT) + (rows - 1) * GAP,
        )

    def _side(self) -> float:
        rows = self._rows()
        across = (self.width() - (self.columns - 1) * GAP) / self.columns
        down = (self.height() - (rows - 1) * GAP) / rows - WORDS_HEIGHT
        return float(max(8.0, min(across, down)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint pictures, words, and a frame around the one on screen."""
        painter, colours = QPainter(self), palette()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        font = QFont(self.font())
        font.setPixelSize(10)
        painter.setFont(font)
        for index in range(max(self.count, len(self.pictures))):
            place = self.place_of(index)
            painter.fillRect(place, QColor(colours.field))
            if index < len(self.pictures):
                self._paint(painter, self.pictures[index], place)
        painter.end()

    def _paint(self, painter: QPainter, picture: Picture, place: QRectF) -> None:
        colours = palette()
        grey = np.repeat(window_bytes(picture.image_hu, self.limits)[..., None], 3, axis=2)
        painter.drawImage(place, to_image(grey))
        if picture.marked:
            painter.setPen(QPen(QColor(colours.synthetic), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(1, 1, -1, -1))
        painter.setPen(QColor(colours.text if picture.marked else colours.muted))
        words = QRectF(place.left(), place.bottom(), place.width(), WORDS_HEIGHT)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, picture.words)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the picture under the mouse."""
        point = QPointF(event.pos())
        for index in range(len(self.pictures)):
            if self.place_of(index).contains(point):
                self.chosen.emit(index)
