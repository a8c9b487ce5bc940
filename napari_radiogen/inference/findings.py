"""What the second reading of a candidate says: an outline, and how sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.inference.candidates import CUBE, Reading


@dataclass(frozen=True, eq=False)
class Finding:
    """A candidate after its second reading.

    Parameters
    ----------
    start
        Index of the cube's first voxel in the work grid.
    probability, mask
        (64, 64, 64): mean of the three planes, and the outline.
    confirm
        Mean probability inside the outline in the plane that believes least,
        frame centred and, if promising so, frame moved.
    volume_mm3, elongation
        Of the outline.
    """

    start: tuple[int, int, int]
    probability: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    confirm: float
    volume_mm3: float
    elongation: float


def judge(reading: Reading, outline: float, voxel_mm3: float) -> Finding | None:
    """Outline what lies nearest to the middle of a cube; None when nothing does.

    Parameters
    ----------
    outline
        Mean probability of the three planes inside the outline.
    voxel_mm3
        Volume of a voxel of the work grid.
    """
    mean = reading.mean
    labels, count = ndimage.label(mean > outline)
    if count == 0:
        return None
    inside = np.argwhere(labels > 0)
    nearest = inside[np.argmin(((inside - CUBE // 2) ** 2).sum(axis=1))]
    mask = ndimage.binary_fill_holes(labels == labels[tuple(nearest)])
    confirm = min(float(plane[mask].mean()) for plane in reading.planes)
    volume = float(mask.sum()) * voxel_mm3
    return Finding(reading.start, mean, mask, confirm, volume, elongation(mask))


def seen(finding: Finding, others: list[Finding]) -> bool:
    """Whether two candidates led to the same outline."""
    middle = np.argwhere(finding.mask).mean(axis=0) + finding.start
    for other in others:
        index = np.rint(middle - other.start).astype(int)
        if (index >= 0).all() and (index < CUBE).all() and other.mask[tuple(index)]:
            return True
    return False


def elongation(mask: npt.NDArray[np.bool_]) -> float:
    """Return the longest over the middle principal axis of a mask (Z, Y, X).

    A vessel is a rod: long once. A nodule that is flattened against the
    pleura is long twice, and stays below.
    """
    points = np.argwhere(mask)
    if len(points) < 4:
        return 1.0
    # A cube of side 1 has a variance of 1/12 along each axis.
    variance = np.linalg.eigvalsh(np.cov(points.T)) + 1 / 12
    return float(np.sqrt(variance[2] / variance[1]))
