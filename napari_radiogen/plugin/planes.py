"""Coronal and sagittal views beside napari's axial canvas.

Painted with Qt from the session's arrays rather than with further napari
canvases: a second OpenGL context for each plane is slow without a graphics
card and needs napari's private windows, a painted slice needs neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QSplitter, QVBoxLayout, QWidget

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, Point
from napari_radiogen.plugin import reslice
from napari_radiogen.plugin.reslice import Insert, Plane
from napari_radiogen.plugin.styles import (
    CROSSHAIR_COLOR,
    SYNTHETIC_COLOR,
    TUMOUR_COLOR,
    ghost_color,
)
from napari_radiogen.session.placing import Preview

Array = npt.NDArray[Any]


@dataclass(eq=False)
class PlaneScene:
    """What both planes show; every field may be missing."""

    volume: CTVolume | None = None
    limits: tuple[float, float] = (-1350.0, 150.0)
    labels: Array | None = None
    insert: Insert | None = None
    others: tuple[Insert, ...] = ()
    point_mm: Point = (0.0, 0.0, 0.0)
    ghost: Preview | None = None


class PlaneView(QWidget):
    """One plane: slice, outlines, crosshair, letters; a click moves the point."""

    point_chosen = Signal(tuple)

    def __init__(self, plane: Plane, scene: PlaneScene) -> None:
        super().__init__()
        self.plane: Plane = plane
        self.scene = scene
        self._image: QImage | None = None
        self._has_insert = False
        self.setObjectName(f"plane-{plane}")
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(f"{plane}: click moves the crosshair, the wheel moves the slice")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that two planes share well."""
        return QSize(320, 280)

    def refresh(self) -> None:
        """Cut the slice at the scene's point again and repaint."""
        scene = self.scene
        self._image = None
        if scene.volume is not None:
            index = reslice.point_to_plane(scene.volume, self.plane, scene.point_mm)[2]
            inserts = scene.others if scene.insert is None else (*scene.others, scene.insert)
            hu, synthetic = reslice.cut_with_inserts(
                scene.volume.voxels, inserts, self.plane, index
            )
            self._has_insert = synthetic is not None
            tumours = None if scene.labels is None else reslice.cut(scene.labels, self.plane, index)
            self._image = _to_image(hu, scene.limits, tumours, synthetic)
        self.update()

    def image_rect(self) -> QRectF:
        """Return where the slice lies in the widget, mm in proportion."""
        volume = self.scene.volume
        if volume is None or self._image is None:
            return QRectF()
        spacing = volume.geometry.spacing_mm
        wide = self._image.width() * spacing[reslice.COLUMN_AXIS[self.plane]]
        high = self._image.height() * spacing[0]
        factor = min(self.width() / wide, self.height() / high)
        size = (wide * factor, high * factor)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def point_at(self, x: float, y: float) -> Point | None:
        """Return the LPS point (mm) under a place in the widget, or None."""
        rect, volume = self.image_rect(), self.scene.volume
        if volume is None or self._image is None or not rect.contains(QPointF(x, y)):
            return None
        column = (x - rect.x()) / rect.width() * self._image.width() - 0.5
        row = (y - rect.y()) / rect.height() * self._image.height() - 0.5
        index = reslice.point_to_plane(volume, self.plane, self.scene.point_mm)[2]
        return reslice.plane_to_point(volume, self.plane, row, column, index)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint what is in view."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._image is not None and self.scene.volume is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.image_rect(), self._image)
            self._paint_crosshair(painter)
            self._paint_ghost(painter)
            self._paint_text(painter)
        painter.end()

    def _paint_crosshair(self, painter: QPainter) -> None:
        volume = self.scene.volume
        if volume is None or self._image is None:
            return
        rect = self.image_rect()
        row, column, _ = reslice.point_to_plane(volume, self.plane, self.scene.point_mm)
        x = rect.x() + (column + 0.5) / self._image.width() * rect.width()
        y = rect.y() + (row + 0.5) / self._image.height() * rect.height()
        colour = QColor(CROSSHAIR_COLOR)
        colour.setAlpha(130)
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))

    def _paint_ghost(self, painter: QPainter) -> None:
        """Paint the ghost box where this plane cuts it."""
        volume, ghost = self.scene.volume, self.scene.ghost
        if volume is None or ghost is None or self._image is None:
            return
        box = reslice.box_on_plane(
            volume, self.plane, self.scene.point_mm, ghost.centre_mm, ghost.half_mm
        )
        if box is None:
            return
        rect = self.image_rect()
        top, left, bottom, right = box
        scale = rect.width() / self._image.width(), rect.height() / self._image.height()
        painter.setPen(QPen(QColor(ghost_color(bool(ghost.refusal))), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(
            QRectF(
                rect.x() + left * scale[0],
                rect.y() + top * scale[1],
                (right - left) * scale[0],
                (bottom - top) * scale[1],
            )
        )

    def _paint_text(self, painter: QPainter) -> None:
        volume = self.scene.volume
        if volume is None:
            return
        painter.setFont(QFont(self.font().family(), 8))
        left, right, top, bottom = reslice.LETTERS[self.plane]
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
            _draw_text(painter, inside, place, text, "#e8e8e8")
        if self._has_insert:
            corner = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
            _draw_text(painter, inside, corner, SYNTHETIC, SYNTHETIC_COLOR)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the place under the mouse."""
        self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow a drag."""
        self._choose(event)

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
    """Coronal over sagittal, one scene for both."""

    point_chosen = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.scene = PlaneScene()
        self.coronal = PlaneView("coronal", self.scene)
        self.sagittal = PlaneView("sagittal", self.scene)
        split = QSplitter(Qt.Orientation.Vertical)
        for view in (self.coronal, self.sagittal):
            split.addWidget(view)
            view.point_chosen.connect(self.point_chosen)
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
    painter.fillRect(words.adjusted(-3, -1, 3, 1), QColor(0, 0, 0, 115))
    painter.setPen(QColor(colour))
    painter.drawText(rect, place, text)


def _to_image(
    hu: Array, limits: tuple[float, float], tumours: Array | None, synthetic: Array | None
) -> QImage:
    grey = reslice.window_bytes(hu, limits)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    for mask, colour in ((tumours, TUMOUR_COLOR), (synthetic, SYNTHETIC_COLOR)):
        if mask is not None and mask.any():
            rgb[reslice.outline(mask)] = QColor(colour).getRgb()[:3]
    height, width = grey.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
