"""A place in the left lung for the first nodule of the demo."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_radiogen.domain import LabelVolume, Point

#: Coarse step at which places are looked for, mm.
STEP_MM = 4.0
#: Wished distance to the edge of the lung, mm; half of the deepest where a lung is thin.
EDGE_MM = 18.0


def left_lung_site(lung: LabelVolume, near: Point | None = None) -> Point | None:
    """Return an LPS point (mm) well inside the patient's left lung.

    Parameters
    ----------
    lung
        Nonzero inside the lungs.
    near
        Prefers its height (z) and depth (y), so that both lie in one slice;
        None prefers the middle of the lung.

    Returns
    -------
    Point or None
        None when there is no lung left of the middle.
    """
    spacing = lung.geometry.spacing_mm
    steps = [max(1, round(STEP_MM / s)) for s in spacing]
    coarse = lung.labels[:: steps[0], :: steps[1], :: steps[2]] > 0
    if not coarse.any():
        return None
    depth = ndimage.distance_transform_edt(
        coarse, [n * s for n, s in zip(steps, spacing, strict=True)]
    )
    places = np.argwhere(coarse)
    points = lung.geometry.index_to_lps(places * steps)
    middle = (points[:, 0].min() + points[:, 0].max()) / 2
    left = points[:, 0] > middle
    if not left.any():
        return None
    places, points = places[left], points[left]
    edge = depth[tuple(places.T)]
    deep = edge >= min(EDGE_MM, edge.max() / 2)
    points = points[deep]
    wish = (
        points.mean(axis=0) if near is None else np.array([points[:, 0].mean(), near[1], near[2]])
    )
    x, y, z = points[np.argmin(np.linalg.norm((points - wish) * (0.4, 1.0, 1.0), axis=1))]
    return float(x), float(y), float(z)
