"""Likeness of two images: MSE, SSIM and PSNR, whole or on a part (Xu 2019, table 1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

from napari_radiogen.analysis.fidelity import psnr

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
#: An 11 x 11 Gaussian window, as Wang 2004 proposed.
_SSIM = {
    "gaussian_weights": True,
    "sigma": 1.5,
    "use_sample_covariance": False,
    "data_range": 1.0,
}


def image_quality(
    images: npt.NDArray[Any], references: npt.NDArray[Any], where: BoolArray | None = None
) -> dict[str, FloatArray]:
    """Compare images with references, one by one.

    Parameters
    ----------
    images, references
        (B, H, W) in [0, 1].
    where
        (B, H, W) pixels that count; SSIM is then the mean of its map there.
        None takes the whole image, less the margin that the window cannot
        reach, as scikit-image does.

    Returns
    -------
    dict
        (B,) of each: ``mse``, ``ssim``, ``psnr`` in dB, infinite where both
        are equal. NaN where no pixel counts.
    """
    a, b = np.asarray(images, dtype=np.float64), np.asarray(references, dtype=np.float64)
    inside = np.ones(a.shape, dtype=bool) if where is None else where
    count = inside.sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        mse = np.where(inside, (a - b) ** 2, 0.0).sum(axis=(1, 2)) / count
    likeness = [
        _ssim(x, y, None if where is None else w) for x, y, w in zip(a, b, inside, strict=True)
    ]
    return {"mse": mse, "ssim": np.array(likeness), "psnr": psnr(a, b, inside)}


def centred_disc(size_px: int, radius_px: float) -> BoolArray:
    """Return (size, size): the pixels at most so far from the middle."""
    axis = np.arange(size_px) - (size_px - 1) / 2
    return np.asarray(np.hypot(axis[:, None], axis[None, :]) <= radius_px)


def _ssim(image: FloatArray, reference: FloatArray, where: BoolArray | None) -> float:
    whole, local = structural_similarity(image, reference, full=True, **_SSIM)
    if where is None:
        return float(whole)
    return float(local[where].mean()) if where.any() else float("nan")
