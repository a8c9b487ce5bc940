"""Outlines to the pixels that they enclose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from skimage.draw import polygon

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Samples along each side of a pixel; odd, so that no pixel is half in by count.
SAMPLES = 9
#: Share of a pixel's area from which it belongs to a structure.
AREA_TAKEN = 0.5


def fill_even_odd(outlines_yx: Sequence[FloatArray], shape: tuple[int, int]) -> BoolArray:
    """Fill outlines by the even-odd rule: an outline inside another is a hole.

    Parameters
    ----------
    outlines_yx
        Each (N, 2) pixel coordinates (y, x); pixel (0, 0) has its centre at 0.
    shape
        Pixels along (y, x).

    Returns
    -------
    ndarray
        (Y, X) bool: pixels of which half the area or more is enclosed.
    """
    plane = np.zeros(shape, bool)
    points = np.concatenate(outlines_yx)
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, shape)
    if (high <= low).any():
        return plane
    size = high - low
    fine = np.zeros(size * SAMPLES, bool)
    for outline in outlines_yx:
        # Sample i of a pixel lies at (i + 1/2) / SAMPLES - 1/2 from its centre.
        at = (outline - low + 0.5) * SAMPLES - 0.5
        fine[polygon(at[:, 0], at[:, 1], tuple(fine.shape))] ^= True
    area = fine.reshape(size[0], SAMPLES, size[1], SAMPLES).mean(axis=(1, 3))
    plane[low[0] : high[0], low[1] : high[1]] = area >= AREA_TAKEN
    return plane


def cross(first: BoolArray, second: BoolArray) -> bool:
    """Whether two filled outlines overlap without one lying in the other."""
    both = int((first & second).sum())
    return bool(0 < both < min(int(first.sum()), int(second.sum())))
