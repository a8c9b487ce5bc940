"""What a change of genes does inside the nodule, and what it does elsewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating]


def dilate(masks: BoolArray, radius_px: float) -> BoolArray:
    """Grow each mask of a stack (B, H, W) by a disc; an empty one stays empty."""
    grown = np.zeros(masks.shape, dtype=bool)
    for i, mask in enumerate(masks):
        if mask.any():
            grown[i] = ndimage.distance_transform_edt(~mask) <= radius_px
    return grown


def leakage(change: FloatArray, inside: BoolArray, outside: BoolArray) -> float:
    """Return the mean of |change| outside over that inside, pixels of all pairs pooled.

    Pairs without an inside still count outside. nan when nothing changes
    inside: a generator deaf to genes leaks nothing and proves nothing.

    Parameters
    ----------
    change
        (B, H, W) difference of two outputs, in any unit.
    inside, outside
        (B, H, W) where each mean is taken.
    """
    size = np.abs(change)
    within = float(size[inside].mean(dtype=float)) if inside.any() else 0.0
    without = float(size[outside].mean(dtype=float)) if outside.any() else 0.0
    return without / within if within > 0 else float("nan")


def psnr(image: FloatArray, reference: FloatArray, where: BoolArray) -> npt.NDArray[np.float64]:
    """Return the peak signal-to-noise ratio in dB of each image, on a [0, 1] scale.

    Parameters
    ----------
    image, reference
        (B, H, W) in [0, 1].
    where
        (B, H, W) pixels that count; an image without any is nan.

    Returns
    -------
    ndarray
        (B,) dB, infinite where both are equal.
    """
    squared = np.where(where, np.subtract(image, reference, dtype=float) ** 2, 0.0)
    count = where.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        mse = squared.sum(axis=(1, 2)) / count
        return np.asarray(-10.0 * np.log10(mse))


def mean_psnr(values_db: npt.NDArray[np.float64]) -> float:
    """Average dB over images that differ at all; infinite only when none does.

    An infinite value beside finite ones would hide them.
    """
    known = values_db[~np.isnan(values_db)]
    finite = known[np.isfinite(known)]
    if finite.size:
        return float(finite.mean())
    return float("inf") if known.size else float("nan")


def equal_outside(image: FloatArray, background: FloatArray, region: BoolArray) -> bool:
    """Whether a composition equals its background exactly outside a region.

    False as well when a region covers its whole image: then nothing was left
    alone, and the claim would be empty.

    Parameters
    ----------
    image, background, region
        (B, H, W); region is where the composition may differ.
    """
    outside = ~region
    untouched = bool((image[outside] == background[outside]).all())
    return untouched and bool(outside.any(axis=(1, 2)).all())
