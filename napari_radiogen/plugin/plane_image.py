"""What a coronal or sagittal plane shows, and its picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtGui import QColor, QImage

from napari_radiogen.domain import CTVolume, Point
from napari_radiogen.plugin import reslice
from napari_radiogen.plugin.overlays import Overlay
from napari_radiogen.plugin.reslice import Box, Insert, Plane
from napari_radiogen.plugin.styles import SYNTHETIC_COLOR, TUMOUR_COLOR
from napari_radiogen.session.placing import Preview

Array = npt.NDArray[Any]


@dataclass(eq=False)
class PlaneScene:
    """What both planes show; every field may be missing.

    Parameters
    ----------
    overlays
        By name, the first at the bottom.
    mirrored
        Whether the patient's left stands at the left (neurological).
    """

    volume: CTVolume | None = None
    limits: tuple[float, float] = (-1350.0, 150.0)
    labels: Array | None = None
    insert: Insert | None = None
    others: tuple[Insert, ...] = ()
    point_mm: Point = (0.0, 0.0, 0.0)
    ghost: Preview | None = None
    boxes: tuple[Box, ...] = ()
    overlays: dict[str, Overlay] = field(default_factory=dict)
    mirrored: bool = False

    def mirrors(self, plane: Plane) -> bool:
        """Whether a plane is shown mirrored: a sagittal one has no left and right."""
        return self.mirrored and plane == "coronal"


@dataclass(frozen=True, eq=False)
class PlanePicture:
    """The picture of a plane, and whether a synthetic nodule is in it."""

    image: QImage
    synthetic: bool


def plane_picture(scene: PlaneScene, plane: Plane) -> PlanePicture | None:
    """Cut the plane at the scene's point, overlays and outlines on it; None without a CT."""
    volume = scene.volume
    if volume is None:
        return None
    index = reslice.point_to_plane(volume, plane, scene.point_mm)[2]
    inserts = scene.others if scene.insert is None else (*scene.others, scene.insert)
    hu, synthetic = reslice.cut_with_inserts(volume.voxels, inserts, plane, index)
    rgb = np.repeat(reslice.window_bytes(hu, scene.limits)[..., None], 3, axis=2)
    for overlay in scene.overlays.values():
        rgb = overlay.over(rgb, volume, plane, index)
    tumours = None if scene.labels is None else reslice.cut(scene.labels, plane, index)
    for mask, colour in ((tumours, TUMOUR_COLOR), (synthetic, SYNTHETIC_COLOR)):
        if mask is not None and mask.any():
            rgb[reslice.outline(mask)] = QColor(colour).getRgb()[:3]
    if scene.mirrors(plane):
        rgb = rgb[:, ::-1]
    return PlanePicture(to_image(rgb), synthetic is not None)


def to_image(rgb: npt.NDArray[np.uint8]) -> QImage:
    """Return a picture (H, W, 3) as a Qt image of its own."""
    height, width = rgb.shape[:2]
    data = np.ascontiguousarray(rgb).tobytes()
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
