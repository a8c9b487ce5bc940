"""Attributes of a nodule on one slice: the numbers that gene control is judged on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.morphology import disk

from napari_radiogen.constants import ATTRIBUTES, SPICULATION_BAND_MM, SPICULATION_OPENING_MM

BoolArray = npt.NDArray[np.bool_]


def slice_attributes(
    image_hu: npt.NDArray[Any], mask: npt.NDArray[Any], pixel_mm: float
) -> dict[str, float]:
    """Measure diameter, mean HU and spiculation of a nodule on a slice.

    Parameters
    ----------
    image_hu
        (H, W) in HU.
    mask
        (H, W), non-zero inside the nodule.
    pixel_mm
        Side of a square pixel.

    Returns
    -------
    dict
        ``diameter`` in mm of the circle with the mask's area, ``mean_hu``
        inside the mask, ``spiculation`` (unitless); NaN for an empty mask.
    """
    inside = np.asarray(mask) > 0
    if not inside.any():
        return dict.fromkeys(ATTRIBUTES, float("nan"))
    area_mm2 = float(inside.sum()) * pixel_mm**2
    image = np.asarray(image_hu, dtype=np.float32)
    return {
        "diameter": 2 * float(np.sqrt(area_mm2 / np.pi)),
        "mean_hu": float(image[inside].mean()),
        "spiculation": opening_loss(inside, pixel_mm)
        + gradient_dispersion(image, inside, pixel_mm),
    }


def opening_loss(inside: BoolArray, pixel_mm: float) -> float:
    """Return the share of the area (0 to 1) that a 1.5 mm opening removes."""
    footprint = disk(max(1, round(SPICULATION_OPENING_MM / pixel_mm)))
    opened = ndi.binary_opening(inside, structure=footprint)
    return 1.0 - float(opened.sum()) / float(inside.sum())


def gradient_dispersion(
    image: npt.NDArray[np.float32], inside: BoolArray, pixel_mm: float
) -> float:
    """Return how far the margin's gradients stray from the radial direction.

    One minus the mean cosine between the downhill gradient and the outward
    normal of the smoothed mask, weighted by gradient magnitude, in a band
    around the margin: 0 for a smooth ball, towards 1 for spicules.
    """
    signed = ndi.distance_transform_edt(~inside) - ndi.distance_transform_edt(inside)
    band = np.abs(signed) * pixel_mm <= SPICULATION_BAND_MM
    outward = np.stack(np.gradient(ndi.gaussian_filter(signed, 2.0)))
    downhill = -np.stack(np.gradient(ndi.gaussian_filter(image, 0.7)))
    magnitude = np.linalg.norm(downhill, axis=0)[band]
    norm = np.linalg.norm(outward, axis=0)[band] * np.maximum(magnitude, 1e-6)
    cosine = (outward * downhill).sum(axis=0)[band] / np.maximum(norm, 1e-6)
    total = float(magnitude.sum())
    return 1.0 - float((cosine * magnitude).sum()) / total if total > 0 else 0.0
