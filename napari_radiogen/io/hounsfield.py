"""Stored numbers to Hounsfield units in the smallest type that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError

INT16 = np.iinfo(np.int16)
#: How far float32 may move a value, HU.
HU_TOLERANCE = 0.01


def to_hu(stored: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[Any]:
    """Apply the rescale: int16 when exact, else float32.

    Raises
    ------
    InputError
        When float32 cannot hold a value; those are no Hounsfield units.
    """
    if slope.is_integer() and intercept.is_integer() and max(abs(slope), abs(intercept)) < 2**31:
        whole = stored.astype(np.int64) * int(slope) + int(intercept)
        if INT16.min <= whole.min() and whole.max() <= INT16.max:
            return whole.astype(np.int16)
    return as_float32(stored.astype(np.float64) * slope + intercept)


def as_float32(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values as float32.

    Raises
    ------
    InputError
        When one is not finite or moves by more than 0.01 HU.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = values.astype(np.float32)
        moved = float(np.abs(rounded - values).max(initial=0)) if values.size else 0.0
    if not moved <= HU_TOLERANCE:
        raise InputError("holds values far beyond any Hounsfield unit")
    return rounded


def as_hu(array: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """Return HU (Z, Y, X) of a file: int16 when exact, else float32.

    Raises
    ------
    InputError
        When a voxel is no finite real number that float32 holds.
    """
    if array.dtype == np.int16:
        return array
    if array.dtype.kind not in "uif":
        raise InputError(f"expected real numbers, got {array.dtype}", path)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError("holds voxels that are not finite", path)
    if INT16.min <= array.min() and array.max() <= INT16.max:
        whole = array.astype(np.int16)
        if np.array_equal(whole, array):
            return whole
    try:
        return np.stack([as_float32(plane) for plane in array])
    except InputError as error:
        raise InputError(error.reason, path) from error
