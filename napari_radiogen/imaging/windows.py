"""Hounsfield units to the unit range of patches and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import HU_PATCH_RANGE

FloatArray = npt.NDArray[np.float32]


def hu_to_unit(hu: npt.NDArray[Any], hu_range: tuple[float, float] = HU_PATCH_RANGE) -> FloatArray:
    """Map HU to [-1, 1], clipped to the range.

    Parameters
    ----------
    hu
        Any shape, HU.
    hu_range
        (low, high) in HU that become -1 and 1.

    Raises
    ------
    ValueError
        When the range is empty.
    """
    low, high = _checked(hu_range)
    clipped = np.clip(np.asarray(hu, dtype=np.float32), low, high)
    return np.asarray((clipped - low) * (2.0 / (high - low)) - 1.0, dtype=np.float32)


def unit_to_hu(
    unit: npt.NDArray[Any], hu_range: tuple[float, float] = HU_PATCH_RANGE
) -> FloatArray:
    """Map [-1, 1] to HU: the inverse of `hu_to_unit` inside its range."""
    low, high = _checked(hu_range)
    values = np.asarray(unit, dtype=np.float32)
    return np.asarray((values + 1.0) * ((high - low) / 2.0) + low, dtype=np.float32)


def _checked(hu_range: tuple[float, float]) -> tuple[float, float]:
    low, high = hu_range
    if not low < high:
        raise ValueError(f"hu_range must be (low, high) with low < high, got {hu_range}")
    return low, high
