"""What a whole scan gives to a cohort: the tumour's slices, LTR, TTR and backgrounds.

METHODS 1.6: a 60 mm field of view around the centroid, every slice that shows
the tumour, and backgrounds from the lung 5 to 25 mm deep and clear of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_radiogen.cohorts.nodule_slices import (
    HU_FLOOR,
    POLE_SLICES,
    NoduleBox,
    SliceRow,
    backgrounds,
    paste_background,
    standing_rows,
)
from napari_radiogen.constants import (
    HU_AIR,
    HU_STORED_RANGE,
    LTR_FIELD_OF_VIEW_MM,
    LTR_SIZE_PX,
    PATCH_SIZE_PX,
    TTR_SIZE_PX,
    WHOLE_SCAN_FIELD_MM,
)
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.resample import resample, resample_labels

Point = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.int16]

#: Shown above and below a tumour at least, mm: nodule-free slices lie there.
REACH_BEYOND_POLES_MM = 15.0


@dataclass(frozen=True)
class CutConfig:
    """What decides how a scan is cut: side of a patch in mm and pixels, backgrounds a patient."""

    field_of_view_mm: float = WHOLE_SCAN_FIELD_MM
    size_px: int = PATCH_SIZE_PX
    backgrounds: int = 20
    seed: int = 0

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel."""
        return self.field_of_view_mm / self.size_px


@dataclass(frozen=True, eq=False)
class Voi:
    """A tumour's slices, the grid that they lie on, and its centroid (LPS, mm)."""

    box: NoduleBox
    grid: VolumeGeometry
    centroid_mm: Point

    @property
    def shown(self) -> npt.NDArray[np.intp]:
        """Slices whose mask is not empty."""
        return np.flatnonzero(self.box.mask.any(axis=(1, 2)))


def cut_voi(ct: CTVolume, tumour: BoolArray, others: BoolArray, config: CutConfig) -> Voi:
    """Cut a tumour's slices at the scan's own slice positions.

    Parameters
    ----------
    ct
        Whole scan.
    tumour, others
        (Z, Y, X) on the scan's grid: the tumour, and what else is outlined.

    Raises
    ------
    CohortError
        When the tumour does not fit the field of view or is below a pixel.
    """
    points = ct.geometry.index_to_lps(np.argwhere(tumour))
    centroid, low, high = points.mean(axis=0), points.min(axis=0), points.max(axis=0)
    half = config.field_of_view_mm / 2
    reach = (
        min(centroid[2] - half, low[2] - REACH_BEYOND_POLES_MM),
        max(centroid[2] + half, high[2] + REACH_BEYOND_POLES_MM),
    )
    heights = slice_heights(ct.geometry, *reach)
    grid = _grid(centroid, heights, config.pixel_mm, config.size_px)
    local, start = crop_around(ct, grid)
    window = tuple(slice(a, a + n) for a, n in zip(start, local.geometry.shape, strict=True))
    image = stored_hu(resample(local, grid, fill=HU_AIR).voxels)
    soft = CTVolume(tumour[window].astype(np.float32), local.geometry)
    mask = (resample(soft, grid, fill=0.0).voxels > 0.5).astype(np.uint8)
    _check_fits(mask, config)
    shown = np.flatnonzero(mask.any(axis=(1, 2)))
    rest = LabelVolume(others[window].astype(np.uint8), local.geometry)
    box = NoduleBox(
        image=image,
        mask=mask,
        centre=int(np.clip(round(grid.lps_to_index(centroid)[0]), shown[0], shown[-1])),
        step_mm=grid.spacing_mm[0],
        others=np.asarray(resample_labels(rest, grid).labels.any(axis=(1, 2))),
        pixel_mm=config.pixel_mm,
    )
    return Voi(box, grid, centroid)


def slice_heights(geometry: VolumeGeometry, low_mm: float, high_mm: float) -> Point:
    """Return z of the scan's slices between two heights (LPS, mm), rising.

    An oblique scan has no such slices; its own step is laid through its range.
    """
    axis = 2 - int(np.argmax(np.abs(geometry.direction_matrix[2])))
    ends = [(0, n - 1) for n in geometry.shape]
    corners = geometry.index_to_lps([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]])
    bottom, top = corners[:, 2].min(), corners[:, 2].max()
    step = geometry.spacing_mm[axis]
    heights = bottom + step * np.arange(round((top - bottom) / step) + 1)
    kept = heights[(heights >= low_mm - 1e-6) & (heights <= high_mm + 1e-6)]
    if not len(kept):
        raise CohortError("the tumour lies outside of the slices")
    return np.asarray(kept)


def crop_around(ct: CTVolume, grid: VolumeGeometry) -> tuple[CTVolume, tuple[int, int, int]]:
    """Return the part of a scan that a grid needs, lifted above padding, and its start."""
    ends = np.array(grid.shape) - 1
    corners = [(i, j, k) for i in (0, ends[0]) for j in (0, ends[1]) for k in (0, ends[2])]
    index = ct.geometry.lps_to_index(grid.index_to_lps(corners))
    limit = np.array(ct.geometry.shape)
    first = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, limit - 1)
    last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, first, limit - 1)
    start, shape = tuple(first.tolist()), tuple((last - first + 1).tolist())
    window = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    return CTVolume(np.maximum(ct.voxels[window], HU_FLOOR), ct.geometry.crop(start, shape)), start


def stored_hu(voxels: npt.NDArray[np.floating]) -> Pixels:
    """Return HU as int16 within what a CT stores."""
    return np.asarray(np.rint(np.clip(voxels, *HU_STORED_RANGE)), dtype=np.int16)


def patch_at(ct: CTVolume, centre: Point, config: CutConfig) -> Pixels:
    """Return the axial patch (H, W) around an LPS point, at the nearest slice."""
    heights = slice_heights(ct.geometry, -np.inf, np.inf)
    nearest = heights[[np.argmin(np.abs(heights - centre[2]))]]
    grid = _grid(centre, nearest, config.pixel_mm, config.size_px)
    return _plane(crop_around(ct, grid)[0], grid)


def nodule_rows(box: NoduleBox, lung: list[Pixels]) -> list[SliceRow]:
    """Return the tumour's axial slices with its poles, each with a nodule-free twin.

    The twin's texture comes from the nearest nodule-free parallel slice, or
    from another place of the same lung where there is none.
    """
    free = backgrounds(box)
    shown = np.flatnonzero(box.mask.any(axis=(1, 2)))
    first, last = max(0, shown[0] - POLE_SLICES), min(len(box.image) - 1, shown[-1] + POLE_SLICES)
    rows = []
    for z in range(first, last + 1):
        texture = box.image[min(free, key=lambda f: abs(f - z))] if free else lung[0]
        rows.append(
            SliceRow(
                role="nodule",
                plane="axial",
                dz_mm=(z - box.centre) * box.step_mm,
                image=box.image[z],
                mask=box.mask[z],
                paired=paste_background(box.image[z], box.mask[z], texture, box.pixel_mm),
                central=z == box.centre,
            )
        )
    return rows


def plane_rows(ct: CTVolume, tumour: BoolArray, config: CutConfig) -> list[SliceRow]:
    """Return coronal and sagittal slices of the 60 mm cube, for the U-Nets."""
    centroid = ct.geometry.index_to_lps(np.argwhere(tumour).mean(axis=0))
    side = (np.arange(config.size_px) - (config.size_px - 1) / 2) * config.pixel_mm
    grid = _grid(centroid, centroid[2] + side, config.pixel_mm, config.size_px)
    local, start = crop_around(ct, grid)
    window = tuple(slice(a, a + n) for a, n in zip(start, local.geometry.shape, strict=True))
    image = stored_hu(resample(local, grid, fill=HU_AIR).voxels)
    labels = LabelVolume(tumour[window].astype(np.uint8), local.geometry)
    mask = resample_labels(labels, grid).labels.astype(np.uint8)
    return standing_rows(image, mask)


def tumour_regions(ct: CTVolume, voi: Voi) -> dict[str, Pixels]:
    """Return LTR and TTR (M, H, W) HU of the slices whose mask is not empty (Li 2018).

    The LTR is 128 x 128 at 0.75 mm around the centroid; the TTR is the mask's
    tight box on each slice, stretched to 64 x 64. Air where the scan ends.
    """
    heights = voi.grid.index_to_lps([(z, 0, 0) for z in voi.shown])[:, 2]
    wide: list[Pixels] = []
    tight: list[Pixels] = []
    for z, height in zip(voi.shown, heights, strict=True):
        around = _grid(
            voi.centroid_mm, np.array([height]), LTR_FIELD_OF_VIEW_MM / LTR_SIZE_PX, LTR_SIZE_PX
        )
        local, _ = crop_around(ct, around)
        for grid, found in ((around, wide), (_tight(voi, z), tight)):
            found.append(_plane(local, grid))
    return {"ltr": np.stack(wide), "ttr": np.stack(tight)}


def bounding_window(mask: BoolArray) -> tuple[slice, slice, slice]:
    """Return the slices of the smallest box that holds a mask (Z, Y, X).

    Raises
    ------
    CohortError
        When the mask is empty.
    """
    window = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not len(found):
            raise CohortError("the mask is empty")
        window.append(slice(int(found[0]), int(found[-1]) + 1))
    return window[0], window[1], window[2]


def _plane(ct: CTVolume, grid: VolumeGeometry) -> Pixels:
    """Return the only slice (H, W) of a grid."""
    return np.asarray(stored_hu(resample(ct, grid, fill=HU_AIR).voxels)[0])


def _tight(voi: Voi, z: int) -> VolumeGeometry:
    """Return the grid of a slice's tight box; pixels of the mask are its edges."""
    mask = voi.box.mask[z]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    first = voi.grid.index_to_lps((z, rows[0] - 0.5, columns[0] - 0.5))
    last = voi.grid.index_to_lps((z, rows[-1] + 0.5, columns[-1] + 0.5))
    step = (last - first)[:2] / TTR_SIZE_PX
    return VolumeGeometry(
        (1, TTR_SIZE_PX, TTR_SIZE_PX),
        (voi.box.step_mm, float(step[1]), float(step[0])),
        (float(first[0] + step[0] / 2), float(first[1] + step[1] / 2), float(first[2])),
    )


def _grid(centre: Point, heights: Point, pixel_mm: float, size: int) -> VolumeGeometry:
    step = float(heights[1] - heights[0]) if len(heights) > 1 else 1.0
    corner = centre[:2] - (size - 1) / 2 * pixel_mm
    origin = (float(corner[0]), float(corner[1]), float(heights[0]))
    return VolumeGeometry((len(heights), size, size), (step, pixel_mm, pixel_mm), origin)


def _check_fits(mask: npt.NDArray[np.uint8], config: CutConfig) -> None:
    if not mask.any():
        raise CohortError("the tumour is smaller than a pixel of the patch")
    edges = np.ones(mask.shape[1:], dtype=bool)
    edges[1:-1, 1:-1] = False
    if mask[:, edges].any():
        side = f"{config.field_of_view_mm:g}"
        raise CohortError(f"the tumour does not fit the field of view of {side} mm")
