"""A live point on a map by its neighbours: light to import and quick to answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

FloatArray = npt.NDArray[np.float64]


def by_neighbours(
    codes: npt.NDArray[Any], places: npt.NDArray[Any], new: npt.NDArray[Any], count: int
) -> FloatArray:
    """Place codes (M, D) by the mean of their nearest codes' places, within a millisecond.

    Weighted by 1 / squared distance: a known code falls on its own point.

    Parameters
    ----------
    codes, places
        (N, D) and (N, 2) of the map.
    count
        Neighbours that count.
    """
    squared = cdist(new, codes, "sqeuclidean")
    near = np.argsort(squared, axis=1, kind="stable")[:, :count]
    there = np.take_along_axis(squared, near, axis=1)
    # Float32 codes repeat to about 1e-6 of their size: nearer than that is the same point.
    tiny = 1e-10 * np.maximum(np.square(new, dtype=np.float64).sum(axis=1), 1e-12)
    weight = 1 / np.maximum(there, tiny[:, None])
    mean = np.einsum("mk,mkd->md", weight, places[near]) / weight.sum(axis=1)[:, None]
    same = there[:, 0] <= tiny
    mean[same] = places[near[same, 0]]
    return np.asarray(mean, dtype=np.float64)
