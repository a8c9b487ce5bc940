"""Places in a scan that look like a nodule, and a second reading in three planes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import expit

from napari_radiogen.constants import HU_AIR
from napari_radiogen.inference.slice_reader import SliceReader

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Index = tuple[int, int, int]

#: Side of the tiles that slide over a slice, px: that of a training slice. Larger
#: tiles are faster, and miss small nodules: the network has learned its frame.
TILE_PX = 64
#: Gaussian weight of a tile's pixels, a deviation of an eighth of its side.
TILE_WEIGHT = np.exp(
    -(np.square(np.indices((TILE_PX, TILE_PX)) - (TILE_PX - 1) / 2).sum(axis=0))
    / (2 * (TILE_PX / 8) ** 2)
).astype(np.float32)
#: Slices that are read between two looks at whether to stop.
SLICES_AT_ONCE = 8
#: Side of the cube that is read again around a candidate, voxels: a training slice.
CUBE = 64
#: Slices of the cube beyond the candidate's own box, voxels.
MARGIN = 8


@dataclass(frozen=True, eq=False)
class Candidate:
    """A connected place of high probability.

    Parameters
    ----------
    centre
        Index (z, y, x) of its middle in the work grid.
    size
        Voxels of its bounding box along (z, y, x).
    score
        Sum of probability, for the order in which candidates are read again.
    """

    centre: Index
    size: Index
    score: float


@dataclass(frozen=True, eq=False)
class Reading:
    """Probability of nodule in a cube (64, 64, 64) that starts at ``start``.

    ``planes`` is (3, 64, 64, 64): axial, coronal, sagittal; 0 in slices that
    were not read.
    """

    start: Index
    planes: FloatArray

    @property
    def mean(self) -> FloatArray:
        """(64, 64, 64) over the three planes."""
        return np.asarray(self.planes.mean(axis=0))


def axial_probability(
    reader: SliceReader,
    voxels: npt.NDArray[Any],
    lung: BoolArray,
    stride: int,
    after_each: Callable[[float], None],
) -> FloatArray:
    """Read every so many axial slices with Gaussian-weighted tiles.

    Parameters
    ----------
    voxels, lung
        (Z, Y, X) HU at 0.75 mm, and where to look.
    stride
        Slices from one reading to the next; those between are 0.
    after_each
        Told the share that is done after each few slices; may raise.

    Returns
    -------
    ndarray
        (Z, Y, X) float32 on every ``stride``-th slice, 0 outside the lung.
    """
    rows = np.arange(0, len(voxels), stride)
    probability = np.zeros((len(rows), *voxels.shape[1:]), np.float32)
    for first in range(0, len(rows), SLICES_AT_ONCE):
        group = rows[first : first + SLICES_AT_ONCE]
        found = _tiled(reader, voxels[group], lung[group])
        probability[first : first + SLICES_AT_ONCE] = found * lung[group]
        after_each((first + len(group)) / len(rows))
    return probability


def _tiled(reader: SliceReader, slices: npt.NDArray[Any], lung: BoolArray) -> FloatArray:
    """Read slices (N, H, W) by half-overlapping tiles, those whose middle holds lung.

    Log-odds are averaged, not probabilities: one tile that is sure there is
    nothing outvotes a neighbour that is in doubt.
    """
    height, width = slices.shape[1:]
    half, quarter = TILE_PX // 2, TILE_PX // 4
    pad = ((0, 0), (quarter, quarter + -height % half), (quarter, quarter + -width % half))
    padded = np.pad(slices, pad, mode="edge")
    middles = np.pad(lung, ((0, 0), (0, -height % half), (0, -width % half)))
    cells = middles.reshape(len(lung), -(-height // half), half, -(-width // half), half)
    places = np.argwhere(cells.any(axis=(2, 4))) * (1, half, half)
    if not len(places):
        return np.zeros(slices.shape, np.float32)
    windows = [(n, slice(y, y + TILE_PX), slice(x, x + TILE_PX)) for n, y, x in places]
    read = reader.logits(np.stack([padded[window] for window in windows]))
    total, weight = np.zeros(padded.shape, np.float32), np.zeros(padded.shape, np.float32)
    for window, tile in zip(windows, read, strict=True):
        total[window] += tile * TILE_WEIGHT
        weight[window] += TILE_WEIGHT
    mean = expit(total / np.maximum(weight, np.finfo(np.float32).tiny))
    return np.asarray(mean[:, quarter : quarter + height, quarter : quarter + width])


def find_candidates(
    probability: FloatArray, stride: int, threshold: float, smallest: float, most: int
) -> list[Candidate]:
    """Return connected places above a threshold, the heaviest first.

    Parameters
    ----------
    probability
        From :func:`axial_probability`.
    smallest
        Voxels of the work grid below which a place is dropped.
    most
        How many are kept.
    """
    labels, count = ndimage.label(probability > threshold, np.ones((3, 3, 3), dtype=bool))
    if count == 0:
        return []
    numbers = np.arange(1, count + 1)
    volume = np.bincount(labels.ravel(), minlength=count + 1)[1:] * stride
    weight = ndimage.sum_labels(probability, labels, numbers) * stride
    boxes = ndimage.find_objects(labels)
    chosen = [i for i in np.argsort(-weight) if volume[i] >= smallest][:most]
    return [_candidate(labels, boxes[i], int(numbers[i]), float(weight[i]), stride) for i in chosen]


def _candidate(
    labels: npt.NDArray[Any], box: tuple[slice, ...], number: int, weight: float, stride: int
) -> Candidate:
    inside = np.argwhere(labels[box] == number)
    start = np.array([s.start for s in box])
    step = np.array([stride, 1, 1])
    middle = np.rint((inside.mean(axis=0) + start) * step).astype(int)
    size = (np.ptp(inside, axis=0) + 1) * step
    return Candidate(
        (int(middle[0]), int(middle[1]), int(middle[2])),
        (int(size[0]), int(size[1]), int(size[2])),
        weight,
    )


def read_again(reader: SliceReader, voxels: npt.NDArray[Any], candidate: Candidate) -> Reading:
    """Read the cube around a candidate in axial, coronal and sagittal slices.

    A vessel looks like a nodule in one plane; a nodule is one in all three.
    """
    start = tuple(int(c) - CUBE // 2 for c in candidate.centre)
    cube = cut(voxels, (start[0], start[1], start[2]))
    reach = [min(CUBE // 2, size // 2 + MARGIN) for size in candidate.size]
    near = [slice(CUBE // 2 - r, CUBE // 2 + r) for r in reach]
    planes = np.zeros((3, CUBE, CUBE, CUBE), np.float32)
    for axis in range(3):
        slices = np.moveaxis(cube, axis, 0)[near[axis]]
        np.moveaxis(planes[axis], axis, 0)[near[axis]] = reader.probability(slices)
    unread = np.ones((CUBE, CUBE, CUBE), dtype=bool)
    unread[tuple(near)] = False
    planes[:, unread] = 0.0
    return Reading((start[0], start[1], start[2]), planes)


def cut(voxels: npt.NDArray[Any], start: Index, size: int = CUBE) -> npt.NDArray[Any]:
    """Return a cube that may reach beyond the grid, air there."""
    out = np.full((size, size, size), HU_AIR, dtype=voxels.dtype)
    low = [max(0, s) for s in start]
    high = [max(0, min(n, s + size)) for s, n in zip(start, voxels.shape, strict=True)]
    source = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    target = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))
    out[target] = voxels[source]
    return out
