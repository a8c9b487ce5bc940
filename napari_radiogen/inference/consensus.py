"""Whether a finding stays one when the frame around it moves.

A network trained on patches has learned that nodules like the middle. Read
from five frames, one around the finding and four that push it into a corner,
a nodule remains; a vessel's crossing or a fold of the pleura mostly does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from napari_radiogen.inference.candidates import CUBE, TILE_PX, Index, cut
from napari_radiogen.inference.slice_reader import SliceReader

#: Frames: one around the finding, four moved along the diagonals.
MOVES = ((0, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))
#: How far a frame moves in rows and columns, px, unless it would cut the finding.
SMALLEST_MOVE, LARGEST_MOVE = 4, 14
#: Room that is left between a finding and the edge of a moved frame, px.
EDGE = 6
#: Slices of a finding that are read in each plane, at most.
SLICES = 10


def plane_consensus(
    reader: SliceReader, voxels: npt.NDArray[Any], start: Index, mask: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return the mean probability inside a mask for axial, coronal and sagittal slices.

    Parameters
    ----------
    voxels
        (Z, Y, X) HU on the work grid.
    start
        Index of the mask's first voxel there.
    mask
        (64, 64, 64), not empty.

    Returns
    -------
    tuple
        Log-odds are averaged over the frames first.
    """
    around = CUBE // 2
    wide = cut(voxels, (start[0] - around, start[1] - around, start[2] - around), 2 * CUBE)
    middle = np.rint(np.argwhere(mask).mean(axis=0)).astype(int) + around
    inside = np.pad(mask, around)
    return (
        _plane(reader, wide, inside, middle[[1, 2]]),
        _plane(reader, wide.swapaxes(0, 1), inside.swapaxes(0, 1), middle[[0, 2]]),
        _plane(reader, np.moveaxis(wide, 2, 0), np.moveaxis(inside, 2, 0), middle[[0, 1]]),
    )


def _plane(
    reader: SliceReader,
    slices: npt.NDArray[Any],
    inside: npt.NDArray[np.bool_],
    middle: npt.NDArray[np.intp],
) -> float:
    shown = np.flatnonzero(inside.any(axis=(1, 2)))
    shown = shown[:: -(-len(shown) // SLICES)]
    total = np.zeros((len(shown), *slices.shape[1:]), np.float32)
    count = np.zeros(slices.shape[1:], np.float32)
    largest = np.array(slices.shape[1:]) - TILE_PX
    radius = np.sqrt(inside.sum(axis=(1, 2)).max() / np.pi)
    move = int(np.clip(TILE_PX // 2 - EDGE - radius, SMALLEST_MOVE, LARGEST_MOVE))
    for way in MOVES:
        row, column = np.clip(middle + move * np.array(way) - TILE_PX // 2, 0, largest)
        frame = (slice(row, row + TILE_PX), slice(column, column + TILE_PX))
        total[:, *frame] += reader.logits(slices[shown][:, *frame])
        count[frame] += 1
    read = inside[shown] & (count > 0)
    return float(expit(total / np.maximum(count, 1))[read].mean())
