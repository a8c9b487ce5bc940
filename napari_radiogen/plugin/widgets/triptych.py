"""Background, synthetic and their difference, side by side through the nodule."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_radiogen.domain import CTVolume, SynthesisResult
from napari_radiogen.plugin.layers import axial_view
from napari_radiogen.plugin.overlays import FULL_CHANGE_HU
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.plane_image import to_image
from napari_radiogen.plugin.reslice import window_bytes

Array = npt.NDArray[Any]

TITLES = ("background", "synthetic", "difference")
TITLE_HEIGHT = 14
GAP = 4


def central_slices(scan: CTVolume, result: SynthesisResult) -> tuple[Array, Array] | None:
    """Return the axial slice (H, W) of HU through the site, without and with the nodule.

    None when the scan's axes are oblique.
    """
    if not scan.geometry.is_axis_aligned:
        return None
    box = tuple(
        slice(a, a + n)
        for a, n in zip(result.start_zyx, result.composed.geometry.shape, strict=True)
    )
    before, geometry = axial_view(scan.voxels[box], result.composed.geometry)
    after, _ = axial_view(result.composed.voxels, result.composed.geometry)
    z = geometry.lps_to_index(result.request.site.centre_lps_mm)[0]
    middle = int(np.clip(round(float(z)), 0, len(before) - 1))
    return before[middle], after[middle]


def central_change(hu: Array, result: SynthesisResult) -> Array:
    """Return the axial slice (H, W) through the site of a change on a nodule's box."""
    upright, geometry = axial_view(hu, result.composed.geometry)
    z = geometry.lps_to_index(result.request.site.centre_lps_mm)[0]
    return np.asarray(upright[int(np.clip(round(float(z)), 0, len(upright) - 1))])


def difference_rgb(change_hu: Array) -> npt.NDArray[np.uint8]:
    """Return (H, W, 3): red where a change makes tissue denser, blue where less."""
    change = change_hu.astype(np.float32) / FULL_CHANGE_HU
    rgb = np.zeros((*change.shape, 3), np.float32)
    rgb[..., 0] = np.clip(change, 0, 1)
    rgb[..., 1] = np.clip(np.abs(change) - 1, 0, 1)
    rgb[..., 2] = np.clip(-change, 0, 1)
    return np.asarray(20 + 235 * rgb, dtype=np.uint8)


class Triptych(QWidget):
    """Three small pictures with their names."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[QImage] = []
        self.setFixedHeight(88 + TITLE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the width of the gene panel."""
        return QSize(290, 88 + TITLE_HEIGHT)

    def show_result(
        self,
        scan: CTVolume | None,
        result: SynthesisResult | None,
        limits: tuple[float, float],
        difference_hu: Array | None = None,
    ) -> None:
        """Show a result in a window (HU limits), or nothing.

        Parameters
        ----------
        difference_hu
            (Z, Y, X) on the grid of the result's box; None while it is not known.
        """
        slices = None if scan is None or result is None else central_slices(scan, result)
        self.images = []
        if slices is not None and result is not None:
            self.images = [to_image(_grey(s, limits)) for s in slices]
            if difference_hu is not None:
                change = central_change(difference_hu, result)
                self.images.append(to_image(difference_rgb(change)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint pictures and titles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        font = QFont(self.font())
        font.setPixelSize(10)
        painter.setFont(font)
        width = (self.width() - 2 * GAP) / 3
        height = self.height() - TITLE_HEIGHT
        for i, title in enumerate(TITLES):
            place = QRectF(i * (width + GAP), 0, width, height)
            painter.fillRect(place, QColor(palette().field))
            if i < len(self.images):
                painter.drawImage(place, self.images[i], _middle(self.images[i], width / height))
            painter.setPen(QColor(palette().muted))
            words = QRectF(place.left(), height, width, TITLE_HEIGHT)
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, title)
        painter.end()


def _middle(image: QImage, aspect: float) -> QRectF:
    """Return the largest part of an image with an aspect, centred."""
    width = min(image.width(), image.height() * aspect)
    height = width / aspect
    return QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)


def _grey(hu: Array, limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
    return np.repeat(window_bytes(hu, limits)[..., None], 3, axis=2)
