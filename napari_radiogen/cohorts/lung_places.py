"""Places in the lung for nodule-free backgrounds (METHODS 1.6)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from napari_radiogen.cohorts.nodule_slices import centre_is_lung, clear_of_wall
from napari_radiogen.cohorts.voi import (
    BoolArray,
    CutConfig,
    Pixels,
    Point,
    bounding_window,
    patch_at,
)
from napari_radiogen.domain import CTVolume
from napari_radiogen.imaging.lung import lung_mask

#: Distances are taken on blocks of about this side, mm.
BLOCK_MM = 2.5
#: Outlined tissue is grown by this before it is cut out of the lung, mm.
NODULE_MARGIN_MM = 3.0
#: A background's centre lies this deep in what is left, mm.
DEPTH_MM = (5.0, 25.0)
#: Places looked at for each background wanted.
TRIES = 10


def lung_backgrounds(
    ct: CTVolume, outlined: BoolArray, config: CutConfig, rng: np.random.Generator
) -> list[Pixels]:
    """Draw nodule-free axial patches (H, W) from the lungs of a scan.

    Parameters
    ----------
    ct
        Whole scan.
    outlined
        (Z, Y, X) everything outlined; a field of view that touches its box is
        not taken.
    rng
        Decides the places.

    Returns
    -------
    list
        At most ``config.backgrounds`` patches, fewer where the lung is small.
    """
    places = background_centres(ct, outlined, config)
    order = rng.permutation(len(places))[: TRIES * config.backgrounds]
    found: list[Pixels] = []
    for i in order:
        if len(found) == config.backgrounds:
            break
        patch = patch_at(ct, places[i], config)
        if centre_is_lung(patch, config.pixel_mm) and clear_of_wall(patch, config.pixel_mm):
            found.append(patch)
    return found


def background_centres(ct: CTVolume, outlined: BoolArray, config: CutConfig) -> Point:
    """Return LPS points (N, 3) where the centre of a background may lie."""
    spacing = np.array(ct.geometry.spacing_mm)
    factor = np.maximum(1, np.round(BLOCK_MM / spacing).astype(int))
    lung = lung_mask(ct).labels[:: factor[0], :: factor[1], :: factor[2]] > 0
    solid = np.zeros(lung.shape, dtype=bool)
    solid[tuple((np.argwhere(outlined) // factor).T)] = True
    sampling = tuple((spacing * factor).tolist())
    free = lung.copy()
    if solid.any():
        free &= ndi.distance_transform_edt(~solid, sampling=sampling) > NODULE_MARGIN_MM
    if not free.any():
        return np.zeros((0, 3))
    # What lies beyond the scan is not known to be lung.
    depth = ndi.distance_transform_edt(np.pad(free, 1), sampling=sampling)[1:-1, 1:-1, 1:-1]
    inside = np.argwhere((depth >= DEPTH_MM[0]) & (depth <= DEPTH_MM[1]))
    points = ct.geometry.index_to_lps(inside * factor)
    return np.asarray(points[_clear_of(points, ct, outlined, config.field_of_view_mm / 2)])


def _clear_of(points: Point, ct: CTVolume, outlined: BoolArray, half_mm: float) -> BoolArray:
    """Return (N,) whether a cube around each point meets no box of outlined tissue."""
    clear: npt.NDArray[np.bool_] = np.ones(len(points), dtype=bool)
    if not outlined.any():
        return clear
    around = bounding_window(outlined)
    labels, _ = ndi.label(outlined[around])
    for window in ndi.find_objects(labels):
        ends = [
            (o.start + s.start, o.start + s.stop - 1) for o, s in zip(around, window, strict=True)
        ]
        corners = [(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]]
        box = ct.geometry.index_to_lps(corners)
        margin = half_mm + NODULE_MARGIN_MM
        apart = (points < box.min(axis=0) - margin) | (points > box.max(axis=0) + margin)
        clear &= apart.any(axis=1)
    return clear
