"""Radiomics of a nodule on one slice: shape, density and texture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import regionprops

from napari_radiogen.constants import HU_SOLID
from napari_radiogen.imaging.attributes import slice_attributes

#: HU from the darkest to the brightest grey level of the co-occurrence matrix.
TEXTURE_HU = (-1000.0, 400.0)
GREY_LEVELS = 32
#: Width of the band on either side of the outline where sharpness is read, mm.
RIM_MM = 1.5


def slice_radiomics(
    image_hu: npt.NDArray[Any], mask: npt.NDArray[Any], pixel_mm: float
) -> dict[str, float]:
    """Measure shape, density and texture of a nodule on a slice.

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
        Lengths in mm, densities in HU, the rest without a unit.

    Raises
    ------
    ValueError
        When the mask is empty.
    """
    inside = np.asarray(mask) > 0
    if not inside.any():
        raise ValueError("the mask is empty: there is nothing to measure")
    image = np.asarray(image_hu, dtype=np.float32)
    values = image[inside]
    shape = regionprops(inside.astype(np.uint8))[0]
    return {
        **slice_attributes(image, inside, pixel_mm),
        "eccentricity": float(shape.eccentricity),
        "solidity": float(shape.solidity),
        "roundness": float(4 * np.pi * shape.area / max(shape.perimeter, 1.0) ** 2),
        "hu_sd": float(values.std()),
        "hu_10": float(np.percentile(values, 10)),
        "hu_90": float(np.percentile(values, 90)),
        "solid_fraction": float((values > HU_SOLID).mean()),
        "rim_step_hu": _rim_step(image, inside, pixel_mm),
        **_texture(image, inside),
    }


def _rim_step(image: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_], mm: float) -> float:
    """Return how far HU falls across the outline."""
    within = inside & (ndi.distance_transform_edt(inside) * mm <= RIM_MM)
    beyond = ~inside & (ndi.distance_transform_edt(~inside) * mm <= RIM_MM)
    return float(image[within].mean() - image[beyond].mean()) if beyond.any() else 0.0


def _texture(image: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return Haralick contrast and homogeneity of pairs of neighbours inside."""
    low, high = TEXTURE_HU
    scaled = np.clip((image - low) / (high - low), 0, 1) * (GREY_LEVELS - 1)
    # Level 0 stands for outside; its rows and columns are dropped.
    grey = np.where(inside, np.rint(scaled) + 1, 0).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    pairs = graycomatrix(grey, [1], angles, levels=GREY_LEVELS + 1, symmetric=True)
    pairs = pairs[1:, 1:].sum(axis=(2, 3), keepdims=True).astype(np.float64)
    if not pairs.sum():
        return {"contrast": 0.0, "homogeneity": 1.0}
    share = pairs / pairs.sum()
    return {name: float(graycoprops(share, name)[0, 0]) for name in ("contrast", "homogeneity")}
