"""Slices, backgrounds and paired backgrounds out of one nodule's small volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from napari_radiogen.constants import (
    BACKGROUND_MARGIN_MM,
    FIELD_OF_VIEW_MM,
    HU_AIR,
    HU_BACKGROUND_CENTRE_MAX,
    HU_LUNG_MAX,
    PATCH_SIZE_PX,
    PIXEL_MM,
)
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.resample import canonical_box, resample, resample_labels

#: Scanner padding lies below what air can measure; lifted to this, HU.
HU_FLOOR = -1024
#: Backgrounds kept from one nodule's volume; more would be near copies.
MAX_BACKGROUNDS = 6
#: Empty slices kept beyond each pole, so that a nodule learns to close.
POLE_SLICES = 2
#: Every so many slices of the other planes, for the U-Nets.
OTHER_PLANE_STEP = 2
#: Edge over which a pasted background fades into the real slice, mm.
FEATHER_MM = 1.5
#: The pasted region reaches this far beyond the mask, mm.
PASTE_MARGIN_MM = 2.25
#: A slice's centre is judged as lung inside this radius, mm.
CENTRE_RADIUS_MM = 5.0
#: Share of that disc that vessels may fill on a background.
MAX_DENSE_SHARE = 0.1


@dataclass(frozen=True)
class SliceRow:
    """One slice: what it shows, and its pixels (H, W)."""

    role: str
    plane: str
    dz_mm: float
    image: npt.NDArray[np.int16]
    mask: npt.NDArray[np.uint8]
    paired: npt.NDArray[np.int16]
    central: bool = False


@dataclass(frozen=True)
class NoduleBox:
    """A nodule on an upright grid: z at ``step_mm``, in plane ``pixel_mm``.

    ``image`` (Z, H, W) HU and ``mask`` (Z, H, W); ``centre`` is the index of
    the slice nearest to the centroid; ``others`` (Z,) is true where a slice
    shows another outlined nodule.
    """

    image: npt.NDArray[np.int16]
    mask: npt.NDArray[np.uint8]
    centre: int
    step_mm: float
    others: npt.NDArray[np.bool_]
    pixel_mm: float = PIXEL_MM


def touches_border(labels: npt.NDArray[Any]) -> bool:
    """Whether a label reaches a face of its volume."""
    faces = np.ones(labels.shape, dtype=bool)
    faces[1:-1, 1:-1, 1:-1] = False
    return bool((labels[faces] > 0).any())


def cut_box(ct: CTVolume, mask: LabelVolume, outlines: Sequence[LabelVolume] = ()) -> NoduleBox:
    """Resample a nodule's volume to slices of 48 mm around its centroid.

    Parameters
    ----------
    ct, mask
        The small volume and its outlined nodule, on one grid.
    outlines
        Masks of the same series' other nodules, in the same patient space.

    Raises
    ------
    CohortError
        When the mask is empty or CT and mask have different grids.
    """
    if not ct.geometry.is_close(mask.geometry):
        raise CohortError("CT and mask lie on different grids")
    inside = largest_part(mask.labels > 0)
    centroid = ct.geometry.index_to_lps(np.argwhere(inside).mean(axis=0))
    corners = ct.geometry.index_to_lps([(0, 0, 0), tuple(n - 1 for n in ct.geometry.shape)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    half = FIELD_OF_VIEW_MM / 2 - PIXEL_MM / 2
    centre = np.where(high - low >= 2 * half, np.clip(centroid, low + half, high - half), centroid)
    step = float(ct.geometry.spacing_mm[0])
    depth = round((high[2] - low[2]) / step) + 1
    centre[2] = (low[2] + high[2]) / 2
    grid = canonical_box(
        tuple(centre), (step, PIXEL_MM, PIXEL_MM), (depth, PATCH_SIZE_PX, PATCH_SIZE_PX)
    )
    lifted = CTVolume(np.maximum(ct.voxels, HU_FLOOR), ct.geometry)
    image = resample(lifted, grid, order="linear", fill=HU_AIR).voxels
    soft = resample(
        CTVolume(inside.astype(np.float32), ct.geometry), grid, order="linear", fill=0.0
    ).voxels
    slices = np.flatnonzero((soft > 0.5).any(axis=(1, 2)))
    if slices.size == 0:
        raise CohortError("the mask is empty")
    z = int(np.clip(round(grid.lps_to_index(centroid)[0]), slices[0], slices[-1]))
    return NoduleBox(
        image=np.rint(image).astype(np.int16),
        mask=(soft > 0.5).astype(np.uint8),
        centre=z,
        step_mm=step,
        others=_shows_another(inside, mask, outlines, grid),
    )


def _shows_another(
    inside: npt.NDArray[np.bool_],
    mask: LabelVolume,
    outlines: Sequence[LabelVolume],
    grid: VolumeGeometry,
) -> npt.NDArray[np.bool_]:
    """Return (Z,) whether a slice shows a further part of the mask or another outline."""
    rest = ((mask.labels > 0) & ~inside).astype(np.uint8)
    shown = np.zeros(grid.shape[0], dtype=bool)
    for labels in (LabelVolume(rest, mask.geometry), *outlines):
        if labels.labels.any():
            shown |= resample_labels(labels, grid).labels.any(axis=(1, 2))
    return shown


def backgrounds(box: NoduleBox) -> list[int]:
    """Return axial slices free of the nodule whose centre is lung."""
    shown = np.flatnonzero(box.mask.any(axis=(1, 2)))
    gap = round(BACKGROUND_MARGIN_MM / box.step_mm)
    free = [
        z
        for z in range(len(box.image))
        if (z < shown[0] - gap or z > shown[-1] + gap)
        and not box.others[z]
        and centre_is_lung(box.image[z], box.pixel_mm)
    ]
    if len(free) <= MAX_BACKGROUNDS:
        return free
    return [free[i] for i in np.linspace(0, len(free) - 1, MAX_BACKGROUNDS).round().astype(int)]


def centre_is_lung(image: npt.NDArray[Any], pixel_mm: float = PIXEL_MM) -> bool:
    """Whether the middle of a slice (H, W) in HU is lung tissue."""
    return float(np.median(image[_centre_disc(len(image), pixel_mm)])) < HU_BACKGROUND_CENTRE_MAX


def clear_of_wall(image: npt.NDArray[Any], pixel_mm: float = PIXEL_MM) -> bool:
    """Whether the middle of a slice (H, W) in HU lies 5 mm or more inside the lung.

    METHODS 1.6 draws centres 5 to 25 mm from the lung's edge. Vessels may
    cross: up to a tenth of the disc may be denser than lung.
    """
    dense = np.asarray(image)[_centre_disc(len(image), pixel_mm)] > HU_LUNG_MAX
    return float(dense.mean()) <= MAX_DENSE_SHARE


def axial_rows(box: NoduleBox, free: list[int]) -> list[SliceRow]:
    """Return the nodule's axial slices, its poles, and its backgrounds."""
    shown = np.flatnonzero(box.mask.any(axis=(1, 2)))
    first, last = max(0, shown[0] - POLE_SLICES), min(len(box.image) - 1, shown[-1] + POLE_SLICES)
    rows = []
    for z in range(first, last + 1):
        nearest = min(free, key=lambda f: abs(f - z))
        rows.append(
            SliceRow(
                role="nodule",
                plane="axial",
                dz_mm=(z - box.centre) * box.step_mm,
                image=box.image[z],
                mask=box.mask[z],
                paired=paste_background(box.image[z], box.mask[z], box.image[nearest]),
                central=z == box.centre,
            )
        )
    for z in free:
        role = "background" if clear_of_wall(box.image[z]) else "segmentation"
        rows.append(bare_row(role, box.image[z]))
    return rows


def paste_background(
    image: npt.NDArray[np.int16],
    mask: npt.NDArray[np.uint8],
    background: npt.NDArray[np.int16],
    pixel_mm: float = PIXEL_MM,
) -> npt.NDArray[np.int16]:
    """Replace a nodule by the texture of a parallel slice, with a soft edge."""
    if not mask.any():
        return image
    distance = ndi.distance_transform_edt(mask == 0) * pixel_mm
    weight = np.clip((PASTE_MARGIN_MM + FEATHER_MM - distance) / FEATHER_MM, 0.0, 1.0)
    return np.asarray(np.rint(weight * background + (1 - weight) * image), dtype=np.int16)


def other_plane_rows(ct: CTVolume, mask: LabelVolume) -> list[SliceRow]:
    """Return coronal and sagittal slices, with and without the nodule."""
    inside = largest_part(mask.labels > 0)
    lifted = CTVolume(np.maximum(ct.voxels, HU_FLOOR), ct.geometry)
    size = (PATCH_SIZE_PX,) * 3
    middle = ct.geometry.index_to_lps([(n - 1) / 2 for n in ct.geometry.shape])
    grid = canonical_box(tuple(middle), (PIXEL_MM,) * 3, size)
    image = np.rint(resample(lifted, grid, order="linear", fill=HU_AIR).voxels).astype(np.int16)
    labels = LabelVolume(inside.astype(np.uint8), mask.geometry)
    label = resample_labels(labels, grid).labels.astype(np.uint8)
    return standing_rows(image, label)


def standing_rows(image: npt.NDArray[np.int16], mask: npt.NDArray[np.uint8]) -> list[SliceRow]:
    """Return coronal and sagittal slices of an isotropic cube (Z, Y, X) with its mask, head up."""
    rows = []
    for axis, plane in ((1, "coronal"), (2, "sagittal")):
        for i in range(0, image.shape[axis], OTHER_PLANE_STEP):
            here = np.flip(np.take(image, i, axis), 0), np.flip(np.take(mask, i, axis), 0)
            if here[1].any() or i % (4 * OTHER_PLANE_STEP) == 0:
                rows.append(SliceRow("segmentation", plane, 0.0, here[0], here[1], here[0]))
    return rows


def segmentation_rows(box: NoduleBox) -> list[SliceRow]:
    """Return the axial slices of a nodule that can be no subject."""
    return [
        SliceRow("segmentation", "axial", 0.0, box.image[z], box.mask[z], box.image[z])
        for z in np.flatnonzero(box.mask.any(axis=(1, 2)))
    ]


def _centre_disc(size: int, pixel_mm: float) -> npt.NDArray[np.bool_]:
    offset = (np.arange(size) - (size - 1) / 2) * pixel_mm
    return np.asarray(np.hypot(*np.meshgrid(offset, offset)) <= CENTRE_RADIUS_MM)


def bare_row(role: str, image: npt.NDArray[np.int16]) -> SliceRow:
    """Return an axial slice (H, W) without a nodule."""
    return SliceRow(role, "axial", 0.0, image, np.zeros(image.shape, np.uint8), image)


def largest_part(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the largest connected part of a mask."""
    label, count = ndi.label(inside)
    if count == 0:
        raise CohortError("the mask is empty")
    sizes = np.bincount(label.ravel())[1:]
    return np.asarray(label == sizes.argmax() + 1)
