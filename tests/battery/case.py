"""What a case of the battery is: an input, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

Expectation = Literal["valid", "warned", "refused"]

#: Stands in every identifying field; it may appear in nothing written or printed.
CANARY = "ZEBRACANARY"
VOXEL_TOLERANCE_HU = 0.01
CORNER_TOLERANCE_MM = 0.01


@dataclass(frozen=True, eq=False)
class Truth:
    """What the bytes say, as the generator chose it.

    Parameters
    ----------
    voxels
        (Z, Y, X) HU, float64.
    affine
        4x4 from index (z, y, x) to LPS (x, y, z) in mm.
    tolerance_hu
        More than the usual for lossy compression only.
    dice
        For outlines: what the labelled voxels must reach against another
        rasteriser. Values must be equal where it is None.
    further
        Layers that must lie in files of their own beside the first.
    """

    voxels: np.ndarray
    affine: np.ndarray
    tolerance_hu: float = VOXEL_TOLERANCE_HU
    dice: float | None = None
    further: tuple[Truth, ...] = ()

    def matches(self, voxels: np.ndarray, affine: np.ndarray) -> bool:
        """Whether a reading puts every value where it belongs, in any axis order."""
        if voxels.ndim != 3 or voxels.size != self.voxels.size:
            return False
        turn = np.linalg.inv(affine) @ self.affine
        axes = np.rint(turn[:3, :3]).astype(int)
        if not (np.abs(axes).sum(0) == 1).all() or not (np.abs(axes).sum(1) == 1).all():
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.voxels.shape])).reshape(3, -1)
        homogeneous = np.vstack([corners, np.ones(8)])
        found = np.rint(turn @ homogeneous)
        away = np.linalg.norm((affine @ found - self.affine @ homogeneous)[:3], axis=0)
        sizes = np.array(voxels.shape)[:, None]
        if away.max() > CORNER_TOLERANCE_MM or (found[:3] < 0).any() or (found[:3] >= sizes).any():
            return False
        order = np.abs(axes).argmax(axis=0)
        flips = [slice(None, None, int(axes[order[j], j])) for j in range(3)]
        turned = np.transpose(voxels, order)[tuple(flips)].astype(float)
        if turned.shape != self.voxels.shape:
            return False
        if self.dice is not None:
            found, wanted = turned > 0, self.voxels > 0
            shared = 2 * np.count_nonzero(found & wanted)
            return bool(shared >= self.dice * (found.sum() + wanted.sum()))
        return bool(np.abs(turned - self.voxels).max() <= self.tolerance_hu)


@dataclass(frozen=True, eq=False)
class TableTruth:
    """What a table says.

    Parameters
    ----------
    values
        (patients, genes) float32, NaN where missing.
    """

    values: np.ndarray
    patients: tuple[str, ...]
    genes: tuple[str, ...]

    def matches(
        self, values: np.ndarray, patients: tuple[str, ...], genes: tuple[str, ...]
    ) -> bool:
        """Whether a reading has every name as it stands and every value exactly."""
        same = (patients, genes) == (self.patients, self.genes)
        return same and np.array_equal(values, self.values, equal_nan=True)


@dataclass(frozen=True, eq=False)
class Case:
    """One input.

    Parameters
    ----------
    group, name
        Class in the table, and its own name.
    build
        Writes the input below an empty folder and returns the path to give
        and the truth, None where nothing may be read.
    says
        Pattern in the refusal or in one of the warnings.
    series
        UID to ask for.
    fault
        Row of the docs' table of faults that it stands for.
    options
        More words for the command; ``{}`` stands for the folder of the input.
    outputs
        Ends of the two names that cases take in turn.
    peers
        Other programs whose business it is.
    """

    group: str
    name: str
    expect: Expectation
    build: Callable[[Path], tuple[Path, Truth | TableTruth | None]]
    says: str = ""
    series: str | None = None
    fault: str = ""
    options: tuple[str, ...] = ()
    outputs: tuple[str, str] = (".nrrd", ".nii.gz")
    peers: tuple[str, ...] = ("SimpleITK", "highdicom")

    def __str__(self) -> str:
        return f"{self.group}/{self.name}"
