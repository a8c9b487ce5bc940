"""One axial slice through a nodule, as a picture and as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import CTVolume, SynthesisRequest, SynthesisResult
from napari_radiogen.session.ports import FloatArray, Measurer
from napari_radiogen.session.sections import section_around


@dataclass(frozen=True, eq=False)
class Glimpse:
    """The axial slice through a site.

    Parameters
    ----------
    request
        What was painted.
    image_hu
        (H, W), the nodule in the middle.
    pixel_mm
        Side of a pixel.
    measured
        ``ATTRIBUTES`` by the measuring network; nan where it sees no nodule.
    """

    request: SynthesisRequest
    image_hu: FloatArray
    pixel_mm: float
    measured: dict[str, float]


def glimpse(
    scan: CTVolume,
    request: SynthesisRequest,
    result: SynthesisResult | None,
    measurer: Measurer,
    half_mm: float,
    pixel_mm: float,
) -> Glimpse:
    """Cut and measure the slice of a result; of the bare scan for None.

    Parameters
    ----------
    half_mm
        Half the side of the picture.
    pixel_mm
        Of the picture, and of what the measuring network reads.
    """
    image = central_slice(scan, request, result, half_mm, pixel_mm)
    measured = dict.fromkeys(ATTRIBUTES, float("nan"))
    if result is not None:
        measured = measurer.measure_slice(image, pixel_mm)
    return Glimpse(request, image, pixel_mm, measured)


def central_slice(
    scan: CTVolume,
    request: SynthesisRequest,
    result: SynthesisResult | None,
    half_mm: float,
    pixel_mm: float,
) -> FloatArray:
    """Return the axial slice (H, W) of HU through a site, with the nodule where there is one."""
    section = section_around(request.site.centre_lps_mm, "axial", half_mm, pixel_mm)
    image = section.sample(scan.voxels, scan.geometry)
    if result is None:
        return image
    box = result.composed.geometry
    index = box.lps_to_index(section.points_mm)
    inside = ((index >= 0) & (index <= np.array(box.shape) - 1)).all(axis=-1)
    there = section.sample(result.composed.voxels, box)
    return np.where(inside, there, image)
