"""Coronal and sagittal views beside napari's axial canvas.

Painted with Qt from the session's arrays rather than with further napari
canvases: a second OpenGL context for each plane is slow without a graphics
card and needs napari's private windows, a painted slice needs neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QSplitter, QVBoxLayout, QWidget

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import Point
from napari_radiogen.plugin import reslice
from napari_radiogen.plugin.plane_image import PlanePicture, PlaneScene, plane_picture
from napari_radiogen.plugin.reslice import Box, Plane
from napari_radiogen.plugin.styles import (
    CROSSHAIR_COLOR,
    MARK_COLOR,
    MARK_SHADE,
    SYNTHETIC_COLOR,
    TUMOUR_COLOR,
    ghost_color,
)


class PlaneView(QWidget):
    """One plane: slice, outlines, crosshair, letters; a click moves the point.

    Signals
    -------
    point_chosen(LPS point), point_hovered(LPS point or None),
    window_dragged(x, y): way of a right-drag from its start, pixels.
    """

    point_chosen = Signal(tuple)
    point_hovered = Signal(object)
    window_grabbed = Signal()
    window_dragged = Signal(float, float)

    def __init__(self, plane: Plane, scene: PlaneScene) -> None:
        super().__init__()
        self.plane: Plane = plane
        self.scene = scene
        self._picture: PlanePicture | None = None
        self._grabbed: QPointF | None = None
        self.setObjectName(f"plane-{plane}")
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setToolTip(
            f"{plane}: click moves the crosshair, the wheel moves the slice, "
            "a right-drag sets window and level"
        )

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that two planes share well."""
        return QSize(320, 280)

    def refresh(self) -> None:
        """Cut the slice at the scene's point again and repaint."""
        self._picture = plane_picture(self.scene, self.plane)
        self.update()

    def image_rect(self) -> QRectF:
        """Return where the slice lies in the widget, mm in proportion."""
        volume = self.scene.volume
        if volume is None or self._picture is None:
            return QRectF()
        spacing, (rows, columns) = volume.geometry.spacing_mm, self._size()
        wide, high = columns * spacing[reslice.COLUMN_AXIS[self.plane]], rows * spacing[0]
        factor = min(self.width() / wide, self.height() / high)
        size = (wide * factor, high * factor)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def point_at(self, x: float, y: float) -> Point | None:
        """Return the LPS point (mm) under a place in the widget, or None."""
        rect, volume = self.image_rect(), self.scene.volume
        if volume is None or self._picture is None or not rect.contains(QPointF(x, y)):
            return None
        rows, columns = self._size()
        across = (x - rect.x()) / rect.width()
        across = 1 - across if self.scene.mirrors(self.plane) else across
        column = across * columns - 0.5
        row = (y - rect.y()) / rect.height() * rows - 0.5
        index = reslice.point_to_plane(volume, self.plane, self.scene.point_mm)[2]
        return reslice.plane_to_point(volume, self.plane, row, column, index)

    def place_of(self, row: float, column: float) -> QPointF:
        """Return where a place in the slice, in pixels from its corner, lies in the widget."""
        rect, (rows, columns) = self.image_rect(), self._size()
        across = column / columns
        across = 1 - across if self.scene.mirrors(self.plane) else across
        return QPointF(rect.x() + across * rect.width(), rect.y() + row / rows * rect.height())

    def _size(self) -> tuple[int, int]:
        """Return rows and columns of the slice."""
        image = None if self._picture is None else self._picture.image
        return (1, 1) if image is None else (image.height(), image.width())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint what is in view."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._picture is not None and self.scene.volume is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.image_rect(), self._picture.image)
            self._paint_crosshair(painter)
            for box in self.scene.boxes:
                self._paint_box(painter, box, TUMOUR_COLOR)
            ghost = self.scene.ghost
            if ghost is not None:
                box = Box(ghost.centre_mm, ghost.half_mm)
                self._paint_box(painter, box, ghost_color(bool(ghost.refusal)))
            self._paint_text(painter)
        painter.end()

    def _paint_crosshair(self, painter: QPainter) -> None:
        volume = self.scene.volume
        if volume is None:
            return
        rect = self.image_rect()
        row, column, _ = reslice.point_to_plane(volume, self.plane, self.scene.point_mm)
        place = self.place_of(row + 0.5, column + 0.5)
        colour = QColor(CROSSHAIR_COLOR)
        colour.setAlpha(130)
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(place.x(), rect.top()), QPointF(place.x(), rect.bottom()))
        painter.drawLine(QPointF(rect.left(), place.y()), QPointF(rect.right(), place.y()))

    def _paint_box(self, painter: QPainter, box: Box, colour: str) -> None:
        """Paint a box where this plane cuts it."""
        volume = self.scene.volume
        sides = None
        if volume is not None:
            sides = reslice.box_on_plane(
                volume, self.plane, self.scene.point_mm, box.centre_mm, box.half_mm
            )
        if sides is None:
            return
        top, left, bottom, right = sides
        painter.setPen(QPen(QColor(colour), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        corners = self.place_of(top, left), self.place_of(bottom, right)
        painter.drawRect(QRectF(*corners).normalized())

    def _paint_text(self, painter: QPainter) -> None:
        volume = self.scene.volume
        if volume is None:
            return
        painter.setFont(QFont(self.font().family(), 8))
        left, right, top, bottom = reslice.LETTERS[self.plane]
        left, right = (right, left) if self.scene.mirrors(self.plane) else (left, right)
        inside = self.rect().adjusted(6, 4, -6, -4)
        centre, middle = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
        axis, name = ("y", 1) if self.plane == "coronal" else ("x", 0)
        header = f"{self.plane.capitalize()} · {axis} {self.scene.point_mm[name]:.0f}"
        for text, place in (
            (left, Qt.AlignmentFlag.AlignLeft | middle),
            (right, Qt.AlignmentFlag.AlignRight | middle),
            (top, Qt.AlignmentFlag.AlignTop | centre),
            (bottom, Qt.AlignmentFlag.AlignBottom | centre),
            (header, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft),
        ):
            _draw_text(painter, inside, place, text, MARK_COLOR)
        if self._picture is not None and self._picture.synthetic:
            corner = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
            _draw_text(painter, inside, corner, SYNTHETIC, SYNTHETIC_COLOR)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the place under the mouse, or start a drag of the window."""
        if event.button() == Qt.MouseButton.RightButton:
            self._grabbed = QPointF(event.pos())
            self.window_grabbed.emit()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow a drag, or read what lies under the mouse."""
        if self._grabbed is not None:
            way = QPointF(event.pos()) - self._grabbed
            self.window_dragged.emit(way.x(), way.y())
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event)
        else:
            self.point_hovered.emit(self.point_at(event.pos().x(), event.pos().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End a drag of the window."""
        if event.button() == Qt.MouseButton.RightButton:
            self._grabbed = None

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing lies under the mouse any more."""
        self.point_hovered.emit(None)

    def _choose(self, event: QMouseEvent) -> None:
        place = event.pos()
        point = self.point_at(place.x(), place.y())
        if point is not None:
            self.point_chosen.emit(point)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Go one slice up or down."""
        volume = self.scene.volume
        if volume is None:
            return
        index = volume.geometry.lps_to_index(self.scene.point_mm)
        axis = reslice.CUT_AXIS[self.plane]
        step = 1 if event.angleDelta().y() > 0 else -1
        index[axis] = np.clip(index[axis] + step, 0, volume.geometry.shape[axis] - 1)
        x, y, z = volume.geometry.index_to_lps(index)
        self.point_chosen.emit((float(x), float(y), float(z)))
        event.accept()


class PlanesPanel(QWidget):
    """Coronal over sagittal, one scene for both; signals are those of `PlaneView`."""

    point_chosen = Signal(tuple)
    point_hovered = Signal(object)
    window_grabbed = Signal()
    window_dragged = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.scene = PlaneScene()
        self.coronal = PlaneView("coronal", self.scene)
        self.sagittal = PlaneView("sagittal", self.scene)
        split = QSplitter(Qt.Orientation.Vertical)
        for view in (self.coronal, self.sagittal):
            split.addWidget(view)
            view.point_chosen.connect(self.point_chosen)
            view.point_hovered.connect(self.point_hovered)
            view.window_grabbed.connect(self.window_grabbed)
            view.window_dragged.connect(self.window_dragged)
        split.setHandleWidth(3)
        split.setSizes([300, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3, 2, 0, 2)
        layout.addWidget(split)

    def update_ghost(self) -> None:
        """Repaint what lies over the slices, without cutting these again."""
        self.coronal.update()
        self.sagittal.update()

    def refresh(self) -> None:
        """Repaint both planes from the scene."""
        self.coronal.refresh()
        self.sagittal.refresh()


def _draw_text(
    painter: QPainter, rect: Any, place: Qt.AlignmentFlag, text: str, colour: str
) -> None:
    words = painter.boundingRect(rect, place, text)
    ground = QColor.fromRgbF(0.0, 0.0, 0.0, MARK_SHADE)
    painter.fillRect(words.adjusted(-3, -1, 3, 1), ground)
    painter.setPen(QColor(colour))
    painter.drawText(rect, place, text)
