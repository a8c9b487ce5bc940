"""A synthetic nodule, outlined and measured by a network that no generator knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.constants import HU_AIR, NODULE_REACH_MM, PIXEL_MM
from napari_radiogen.domain import CTVolume, Nodule, Point, SynthesisResult, VolumeGeometry
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.imaging.resample import canonical_box, resample
from napari_radiogen.inference.measuring import MeasuringUNet, load_measuring_unet

#: Side of the slices that are read, pixels of 0.75 mm: that of a training slice.
SIDE_PX = 64


class Remeasurer:
    """Outlines the nodule at the site of a result in every axial slice, then measures it.

    The outline owes nothing to the generator's own mask: what is measured is
    what another network sees in the finished scan.
    """

    def __init__(self, network: MeasuringUNet) -> None:
        self._network = network

    @property
    def name(self) -> str:
        """Of the network."""
        return self._network.name

    def measure(self, result: SynthesisResult) -> Nodule | None:
        """Return the measurements of a nodule (label 1), or None where none is seen."""
        centre = result.request.site.centre_lps_mm
        grid = _upright(result.composed.geometry, centre)
        stack = resample(result.composed, grid, order="linear", fill=HU_AIR)
        outlines = self._network.masks(stack.voxels.astype(np.float32), PIXEL_MM)
        middle = (outlines.shape[0] // 2, (SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2)
        inside = _nearest_part(outlines, middle, grid.spacing_mm)
        if inside is None:
            return None
        return measure_nodule(CTVolume(stack.voxels, grid), inside, 1)

    def measure_slice(self, image_hu: npt.NDArray[np.float32], pixel_mm: float) -> dict[str, float]:
        """Return diameter (mm), mean HU and spiculation in the middle of a slice (H, W).

        All are nan where the network sees no nodule.
        """
        mask = self._network.masks(image_hu[None], pixel_mm)[0]
        return slice_attributes(image_hu, mask, pixel_mm)


def load_remeasurer() -> Remeasurer:
    """Load the measuring U-Net; one reading a slice is enough for a live read-out.

    Raises
    ------
    ModelError
        When it is not there.
    """
    return Remeasurer(load_measuring_unet())


def _upright(box: VolumeGeometry, centre: Point) -> VolumeGeometry:
    """Return axial slices around a site; those of the box itself when it is axial."""
    step, offset = PIXEL_MM, 0.0
    if box.is_axial:
        step = box.spacing_mm[0]
        index = float(box.lps_to_index(centre)[0])
        offset = (round(index) - index) * step
    x, y, z = centre
    count = 2 * int(NODULE_REACH_MM / step) + 1
    grid = canonical_box((x, y, z + offset), (step, PIXEL_MM, PIXEL_MM), (count, SIDE_PX, SIDE_PX))
    return replace(grid, frame_of_reference_uid=box.frame_of_reference_uid)


def _nearest_part(
    outlines: npt.NDArray[np.bool_],
    middle: tuple[float, float, float],
    spacing_mm: tuple[float, float, float],
) -> npt.NDArray[np.bool_] | None:
    """Return the connected part (Z, Y, X) with a voxel nearest to the middle."""
    parts, count = ndimage.label(outlines)
    if count == 0:
        return None
    points = np.argwhere(parts > 0)
    away = np.linalg.norm((points - np.array(middle)) * np.array(spacing_mm), axis=1)
    return np.asarray(parts == parts[tuple(points[int(np.argmin(away))])])
