"""Measurements of a nodule in mm and HU, from its mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.constants import HU_SOLID
from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, VolumeGeometry
from napari_radiogen.errors import GeometryError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.shape import axes_mm, surface_of

BoolArray = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]

#: Scan around a mask that its margin's gradients are read in, mm.
MARGIN_MM = 5.0


def find_nodules(ct: CTVolume, labels: LabelVolume) -> tuple[Nodule, ...]:
    """Measure every label that has voxels, in rising order of label.

    Raises
    ------
    GeometryError
        When the labels lie on another grid than the CT.
    """
    if not labels.geometry.is_close(ct.geometry):
        raise GeometryError("labels and CT lie on different grids: resample the labels first")
    boxes = ndimage.find_objects(labels.labels)
    return tuple(
        _measure(ct, labels.labels[box] == label, label, box)
        for label, box in enumerate(boxes, start=1)
        if box is not None
    )


def measure_nodule(ct: CTVolume, mask: npt.NDArray[Any], label: int) -> Nodule:
    """Measure one nodule.

    Parameters
    ----------
    ct
        Scan.
    mask
        (Z, Y, X) on the scan's grid, true inside the nodule.
    label
        Its value in a label volume.

    Raises
    ------
    GeometryError
        When the mask has another shape than the scan, or no voxel.
    """
    if mask.shape != ct.geometry.shape:
        raise GeometryError(f"mask has shape {mask.shape}, the scan {ct.geometry.shape}")
    box = _bounding_box(mask > 0)
    return _measure(ct, mask[box] > 0, label, box)


def long_axis_mm(mask: BoolArray, spacing_mm: tuple[float, float]) -> float:
    """Return the longest diameter of a slice's mask, edge to edge.

    Parameters
    ----------
    mask
        (Y, X), true inside.
    spacing_mm
        Pixel size along (y, x).

    Returns
    -------
    float
        Longest distance between two pixel centres plus one pixel, since a
        mask of one pixel is one pixel wide; 0 when the mask is empty.
    """
    return axes_mm(mask, spacing_mm)[0]


def _measure(ct: CTVolume, inside: BoolArray, label: int, box: Box) -> Nodule:
    geometry = ct.geometry
    start = np.array([s.start for s in box])
    centroid = geometry.index_to_lps(np.argwhere(inside).mean(axis=0) + start)
    axis = _axial_axis(geometry)
    pixel_mm = [mm for i, mm in enumerate(geometry.spacing_mm) if i != axis]
    planes = np.moveaxis(inside, axis, 0)
    long_axis, short_axis = max(axes_mm(plane, (pixel_mm[0], pixel_mm[1])) for plane in planes)
    values = ct.voxels[box][inside]
    surface = surface_of(inside, geometry.spacing_mm)
    return Nodule(
        label=label,
        centroid_lps_mm=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        volume_mm3=float(inside.sum()) * geometry.voxel_volume_mm3,
        long_axis_mm=long_axis,
        short_axis_mm=short_axis,
        mean_hu=float(values.mean(dtype=np.float64)),
        solid_fraction=float((values > HU_SOLID).mean()),
        surface_mm2=surface.area_mm2,
        sphericity=surface.sphericity,
        spiculation=_spiculation(ct, inside, box, axis),
        bounding_box=(
            (box[0].start, box[1].start, box[2].start),
            (box[0].stop, box[1].stop, box[2].stop),
        ),
    )


def _spiculation(ct: CTVolume, inside: BoolArray, box: Box, axis: int) -> float:
    """Return the spiculation on the axial slice that cuts most of a nodule."""
    planes = np.moveaxis(inside, axis, 0)
    largest = int(planes.sum(axis=(1, 2)).argmax())
    place = list(box)
    place[axis] = slice(box[axis].start + largest, box[axis].start + largest + 1)
    pads = []
    for i in (i for i in range(3) if i != axis):
        reach = int(np.ceil(MARGIN_MM / ct.geometry.spacing_mm[i]))
        low = max(0, box[i].start - reach)
        place[i] = slice(low, box[i].stop + reach)
        high = min(ct.geometry.shape[i], box[i].stop + reach)
        pads.append((box[i].start - low, high - box[i].stop))
    image = np.moveaxis(ct.voxels[tuple(place)], axis, 0)[0]
    mask = np.pad(planes[largest], pads)
    pixel_mm = float(np.mean([mm for i, mm in enumerate(ct.geometry.spacing_mm) if i != axis]))
    return slice_attributes(image, mask, pixel_mm)["spiculation"]


def _axial_axis(geometry: VolumeGeometry) -> int:
    """Return the array axis that runs most from feet to head."""
    return 2 - int(np.argmax(np.abs(geometry.direction_matrix[2])))


def _bounding_box(mask: BoolArray) -> Box:
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found:
        raise GeometryError("the mask is empty: there is nothing to measure")
    box: Box = found[0]
    return box
