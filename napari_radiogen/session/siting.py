"""Where a nodule may go in a scan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from napari_radiogen.constants import FIELD_OF_VIEW_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Point
from napari_radiogen.errors import SynthesisError

#: Grid of the search for a place, mm: fine enough beside a 10 mm nodule.
SEARCH_STEP_MM = 4.0
#: Distance to the lung's edge that a good place has, mm.
GOOD_DEPTH_MM = 16.0
#: How far from mid-height, in mm, weighs as much as 1 mm of depth.
HEIGHT_FOR_DEPTH = 12.0


def check_site(
    scan: CTVolume,
    lung: LabelVolume,
    point: Point,
    in_lung: Callable[[LabelVolume, Point], bool],
) -> None:
    """Refuse a place that is no lung.

    Parameters
    ----------
    point
        LPS (x, y, z) in mm.

    Raises
    ------
    SynthesisError
        When the point lies outside the scan or its lung.
    """
    x, y, z = point
    if not scan.geometry.contains(point):
        raise SynthesisError(f"{x:.1f}, {y:.1f}, {z:.1f} mm lies outside the scan and its lung")
    if not in_lung(lung, point):
        raise SynthesisError(f"{x:.1f}, {y:.1f}, {z:.1f} mm lies outside the lung")


def suggest_point(lung: LabelVolume, tumours: LabelVolume | None = None) -> Point | None:
    """Return a good place for a first nodule, or None without a lung.

    Deep enough in the lung, near its mid-height, and a field of view away
    from known tumours. The same lung gives the same place.

    Parameters
    ----------
    lung, tumours
        On the same grid; labels above 0 count.
    """
    spacing = np.array(lung.geometry.spacing_mm)
    steps = np.maximum(1, np.round(SEARCH_STEP_MM / spacing).astype(int))
    coarse = tuple(slice(None, None, int(s)) for s in steps)
    inside = lung.labels[coarse] > 0
    if not inside.any():
        return None
    depth = ndimage.distance_transform_edt(inside, sampling=spacing * steps)
    height = np.abs(np.arange(inside.shape[0]) - np.argwhere(inside)[:, 0].mean())
    height_mm = height[:, None, None] * (spacing * steps)[0]
    score = np.minimum(depth, GOOD_DEPTH_MM) - height_mm / HEIGHT_FOR_DEPTH
    if tumours is not None and (tumours.labels > 0).any():
        known = tumours.labels > 0
        away = ndimage.distance_transform_edt(~known[coarse], sampling=spacing * steps)
        score = np.where(away > FIELD_OF_VIEW_MM, score, score - GOOD_DEPTH_MM)
    score = np.where(inside, score, -np.inf)
    index = np.array(np.unravel_index(int(score.argmax()), score.shape)) * steps
    x, y, z = lung.geometry.index_to_lps(index)
    return float(x), float(y), float(z)
