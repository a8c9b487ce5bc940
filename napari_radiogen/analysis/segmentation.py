"""Agreement of masks: overlap, surface distance, lesions found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

BoolArray = npt.NDArray[np.bool_]


def dice(a: BoolArray, b: BoolArray, *, both_empty: float = 1.0) -> float:
    """Return 2 |a and b| / (|a| + |b|) of two masks of one shape.

    Parameters
    ----------
    both_empty
        What two empty masks count as: 1 where there was nothing to find, 0
        where something had to be there.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    _require_same_shape(a, b)
    total = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return both_empty if total == 0 else 2.0 * int(np.count_nonzero(a & b)) / total


def hausdorff95(a: BoolArray, b: BoolArray, spacing_mm: Sequence[float]) -> float:
    """Return the 95th percentile of surface distances in mm, the worse of both ways.

    Infinite when exactly one mask is empty, 0 when both are.

    Parameters
    ----------
    spacing_mm
        Distance of samples along each axis of the masks.
    """
    _require_same_shape(a, b)
    if not (a.any() and b.any()):
        return 0.0 if a.any() == b.any() else float("inf")
    edge_a, edge_b = _surface(a), _surface(b)
    there = ndimage.distance_transform_edt(~edge_b, sampling=spacing_mm)[edge_a]
    back = ndimage.distance_transform_edt(~edge_a, sampling=spacing_mm)[edge_b]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of the truth that were hit or missed, and findings that hit none."""

    hits: int
    misses: int
    false_positives: int

    @property
    def sensitivity(self) -> float:
        """Share of true lesions that were hit; nan without any."""
        total = self.hits + self.misses
        return self.hits / total if total else float("nan")

    def __add__(self, other: LesionCounts) -> LesionCounts:
        return LesionCounts(
            self.hits + other.hits,
            self.misses + other.misses,
            self.false_positives + other.false_positives,
        )


def count_lesions(truth: BoolArray, found: BoolArray) -> LesionCounts:
    """Compare connected components (faces, edges and corners); one shared voxel is a hit."""
    _require_same_shape(truth, found)
    full = np.ones((3,) * truth.ndim, dtype=bool)
    true_labels, true_count = ndimage.label(truth, structure=full)
    found_labels, found_count = ndimage.label(found, structure=full)
    hits = len(np.unique(true_labels[truth & found]))
    confirmed = len(np.unique(found_labels[truth & found]))
    return LesionCounts(hits, true_count - hits, found_count - confirmed)


def _surface(mask: BoolArray) -> BoolArray:
    return np.asarray(mask & ~ndimage.binary_erosion(mask), dtype=bool)


def _require_same_shape(a: BoolArray, b: BoolArray) -> None:
    if a.shape != b.shape:
        raise ValueError(f"masks have shapes {a.shape} and {b.shape}")
