"""Loose and tight tumour regions of a slice (Li 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.transform import resize

FloatArray = npt.NDArray[np.float32]


def tight_region(image: npt.NDArray[Any], mask: npt.NDArray[Any], size_px: int) -> FloatArray:
    """Crop the box around a mask and resize it to a square.

    Parameters
    ----------
    image
        (H, W), any unit.
    mask
        (H, W); above 0 is tumour.
    size_px
        Side of the result; proportions are not kept, as published.

    Raises
    ------
    ValueError
        When the shapes differ or the mask is empty.
    """
    if image.shape != mask.shape or not (mask > 0).any():
        raise ValueError(f"expected a mask of {image.shape} that is not empty, got {mask.shape}")
    rows, columns = (np.flatnonzero((mask > 0).any(axis=axis)) for axis in (1, 0))
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    whole = np.asarray(box, dtype=np.float32)
    told = resize(whole, (size_px, size_px), order=1, mode="edge", anti_aliasing=False)
    return np.asarray(told, dtype=np.float32)


def tight_regions(images: npt.NDArray[Any], masks: npt.NDArray[Any], size_px: int) -> FloatArray:
    """Return the tight regions (N, size_px, size_px) of slices (N, H, W)."""
    return np.stack([tight_region(i, m, size_px) for i, m in zip(images, masks, strict=True)])
