"""Pure functions between volumes and napari layer data.

napari shows axes (z, y, x) with y downwards and x to the right. In LPS, y
grows to the back and x to the patient's left, so an axial slice on identity
axes stands as radiologists expect: anterior up, the patient's left at the
right. Volumes on other axes are turned by views; oblique ones are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import HU_AIR, SYNTHETIC
from napari_radiogen.domain import CTVolume, LabelVolume, SynthesisResult, VolumeGeometry
from napari_radiogen.imaging.resample import resample, resample_labels
from napari_radiogen.plugin.styles import SYNTHETIC_COLOR, TUMOUR_COLOR
from napari_radiogen.session.tumours import EDITED
from napari_radiogen.session.view import ViewState

Array = npt.NDArray[Any]
LayerData = tuple[Array, dict[str, Any], str]
Limits = tuple[float, float]

CT_LAYER = "CT"
TUMOUR_LAYER = "tumours"
NODULE_LAYER = f"{SYNTHETIC} nodule"
OUTLINE_LAYER = f"{SYNTHETIC} outline"

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
UNITS = ("mm", "mm", "mm")
AXES = ("z", "y", "x")
#: Darkest and brightest HU of the window that a scan opens in.
LUNG_LIMITS = ViewState().limits("Lung")


@dataclass(frozen=True, eq=False)
class DisplayVolume:
    """A CT on axes along the patient's, and what was done to get there."""

    volume: CTVolume
    notice: str | None = None


def axial_view(array: Array, geometry: VolumeGeometry) -> tuple[Array, VolumeGeometry]:
    """Turn an axis-aligned array (Z, Y, X) so that its axes run along z, y, x.

    Returns a view on the same memory and the geometry that keeps every voxel
    where it was in the patient.

    Raises
    ------
    ValueError
        When the axes are oblique: resample those first.
    """
    if not geometry.is_axis_aligned:
        raise ValueError("oblique axes cannot be turned without resampling")
    steps = np.round(geometry.direction_matrix[::-1, ::-1]).astype(int)
    order = [int(np.argmax(np.abs(row))) for row in steps]
    flips = [int(steps[i, order[i]]) for i in range(3)]
    turned = array.transpose(order)[tuple(slice(None, None, f) for f in flips)]
    first = [0, 0, 0]
    for axis, flip in zip(order, flips, strict=True):
        first[axis] = geometry.shape[axis] - 1 if flip < 0 else 0
    origin = geometry.index_to_lps(first)
    shape = turned.shape
    return turned, replace(
        geometry,
        shape=(shape[0], shape[1], shape[2]),
        spacing_mm=_ordered(geometry.spacing_mm, order),
        origin_mm=(origin[0], origin[1], origin[2]),
        direction=IDENTITY,
    )


def _ordered(values: tuple[float, float, float], order: list[int]) -> tuple[float, float, float]:
    a, b, c = (values[axis] for axis in order)
    return a, b, c


def upright_grid(geometry: VolumeGeometry) -> VolumeGeometry:
    """Return the smallest grid along the patient's axes that holds an oblique one."""
    corners = np.array(list(product(*[(0, n - 1) for n in geometry.shape])))
    points = geometry.index_to_lps(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    nearest = np.argmax(np.abs(geometry.direction_matrix[::-1, ::-1]), axis=1)
    spacing = _ordered(geometry.spacing_mm, list(nearest))
    size = np.ceil((high - low)[::-1] / np.array(spacing) - 1e-6).astype(int) + 1
    return replace(
        geometry,
        shape=(int(size[0]), int(size[1]), int(size[2])),
        spacing_mm=spacing,
        origin_mm=(low[0], low[1], low[2]),
        direction=IDENTITY,
    )


def display_volume(ct: CTVolume) -> DisplayVolume:
    """Put a CT on axes that napari can show, oblique ones with a notice."""
    if ct.geometry.is_axis_aligned:
        voxels, geometry = axial_view(ct.voxels, ct.geometry)
        return DisplayVolume(replace(ct, voxels=voxels, geometry=geometry))
    upright = resample(ct, upright_grid(ct.geometry), order="linear", fill=float(HU_AIR))
    return DisplayVolume(upright, "oblique CT: resampled for display, files keep its own grid")


def display_labels(labels: LabelVolume) -> LabelVolume:
    """Put labels on the axes of the CT that they belong to."""
    if labels.geometry.is_axis_aligned:
        array, geometry = axial_view(labels.labels, labels.geometry)
        return replace(labels, labels=array, geometry=geometry)
    return resample_labels(labels, upright_grid(labels.geometry))


def placement(geometry: VolumeGeometry) -> dict[str, Any]:
    """Return the layer arguments that place an upright grid in mm."""
    return {
        "scale": geometry.spacing_mm,
        "translate": geometry.origin_mm[::-1],
        "units": UNITS,
        "axis_labels": AXES,
    }


def synthetic_kind(ct: CTVolume) -> str:
    """Return what kind of synthetic scan this is: a phantom, or one with a painted nodule."""
    return "phantom" if "phantom" in ct.description.lower() else "synthetic"


def ct_layer(ct: CTVolume, limits: Limits = LUNG_LIMITS) -> LayerData:
    """Return the image layer of an upright CT, dark to bright between two HU limits."""
    name = f"{CT_LAYER} ({synthetic_kind(ct)})" if ct.synthetic else CT_LAYER
    metadata = {"radiogen": "ct", "series_uid": ct.series_uid, "warnings": ct.warnings}
    arguments = {
        "name": name,
        "contrast_limits": limits,
        "colormap": "gray",
        "metadata": metadata,
        **placement(ct.geometry),
    }
    return ct.voxels, arguments, "image"


def tumour_layer_name(source: str) -> str:
    """Return the name of the tumours' layer: what outlined them, a network or a file."""
    edited = EDITED if source.endswith(EDITED) else ""
    return f"{TUMOUR_LAYER} ({f'U-Net{edited}' if source.startswith('unet') else source})"


def labels_layer(labels: LabelVolume, name: str = TUMOUR_LAYER) -> LayerData:
    """Return the labels layer of upright labels, drawn as outlines; the status bar names them."""
    numbers = (0, *labels.names)
    arguments = {
        "name": name,
        "opacity": 0.9,
        "colormap": {None: TUMOUR_COLOR, 0: "transparent"},
        "metadata": {"radiogen": "tumours"},
        "features": {"index": numbers, "name": ("", *labels.names.values())},
        **placement(labels.geometry),
    }
    return labels.labels, arguments, "labels"


def shown_box(result: SynthesisResult, shown: CTVolume) -> tuple[CTVolume, LabelVolume]:
    """Return a nodule's box and its mask on voxels of the displayed CT.

    An oblique box is resampled onto the part of the display grid around it;
    the corners that it does not reach hold the displayed CT.
    """
    own = result.composed.geometry
    if own.is_axis_aligned:
        return display_volume(result.composed).volume, display_labels(result.mask)
    start, stop = _span_on(shown.geometry, own)
    size = stop - start
    grid = shown.geometry.crop(
        (int(start[0]), int(start[1]), int(start[2])), (int(size[0]), int(size[1]), int(size[2]))
    )
    there = shown.voxels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    index = own.lps_to_index(grid.index_to_lps(np.moveaxis(np.indices(grid.shape), 0, -1)))
    inside = ((index >= 0) & (index <= np.array(own.shape) - 1)).all(axis=-1)
    turned = resample(result.composed, grid, order="linear")
    voxels = np.where(inside, turned.voxels, there)
    return replace(turned, voxels=voxels), resample_labels(result.mask, grid)


def _span_on(grid: VolumeGeometry, box: VolumeGeometry) -> tuple[Array, Array]:
    """Return start and stop (z, y, x) of the voxels of a grid that hold a box."""
    corners = np.array(list(product(*[(0, n - 1) for n in box.shape])))
    index = grid.lps_to_index(box.index_to_lps(corners))
    size = np.array(grid.shape)
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, size - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start + 1, size)
    return start, stop


def nodule_layers(
    result: SynthesisResult, shown: CTVolume, limits: Limits = LUNG_LIMITS
) -> tuple[LayerData, LayerData]:
    """Return the image of a synthetic nodule's box and the outline of its mask.

    The box holds the composed HU, equal to the CT outside the nodule's
    region, so that it lies on the displayed CT ``shown`` without a seam.
    """
    composed, mask = shown_box(result, shown)
    metadata = {
        "radiogen": "synthetic",
        "request": result.request,
        "provenance": result.provenance.to_json(),
    }
    image = {
        "name": NODULE_LAYER,
        "contrast_limits": limits,
        "colormap": "gray",
        "metadata": metadata,
        **placement(composed.geometry),
    }
    outline = {
        "name": OUTLINE_LAYER,
        "colormap": {None: SYNTHETIC_COLOR, 0: "transparent"},
        "opacity": 0.8,
        "metadata": metadata,
        **placement(mask.geometry),
    }
    return (composed.voxels, image, "image"), (mask.labels, outline, "labels")


def in_box_of(layer: Any, data: LayerData, ground: Array, grid: VolumeGeometry) -> LayerData:
    """Return layer data in the box that a layer fills already, where that box holds theirs.

    A layer that changes its size, as from a first look to the whole nodule,
    costs napari many times what new voxels do.

    Parameters
    ----------
    ground
        (Z, Y, X) on ``grid``: what lies around the data.
    grid
        On whose voxels both boxes lie.
    """

    def start(translate: Any) -> Array:
        return np.round(grid.lps_to_index(np.array(translate)[::-1])).astype(int)

    size, around = np.array(data[0].shape), start(layer.translate)
    first = start(data[1]["translate"]) - around
    if (first < 0).any() or (first + size > layer.data.shape).any():
        return data
    box = zip(around, layer.data.shape, strict=True)
    whole = ground[tuple(slice(a, a + n) for a, n in box)].astype(data[0].dtype)
    whole[tuple(slice(a, a + n) for a, n in zip(first, size, strict=True))] = data[0]
    return whole, {**data[1], "translate": tuple(layer.translate)}, data[2]


def geometry_from_layer(shape: tuple[int, ...], meta: dict[str, Any]) -> VolumeGeometry:
    """Return the geometry of a layer that has a scale and a translation in mm.

    Raises
    ------
    ValueError
        When the layer is not 3-D.
    """
    if len(shape) != 3:
        raise ValueError(f"expected a 3-D layer, got {len(shape)} axes")
    scale = np.asarray(meta.get("scale", (1, 1, 1)), dtype=float)
    translate = np.asarray(meta.get("translate", (0, 0, 0)), dtype=float)
    return VolumeGeometry(
        shape=(shape[0], shape[1], shape[2]),
        spacing_mm=(abs(scale[0]), abs(scale[1]), abs(scale[2])),
        origin_mm=(translate[2], translate[1], translate[0]),
        direction=tuple(np.diag(np.sign(scale[::-1])).ravel()),
    )


def labels_from_layer(data: Array, meta: dict[str, Any]) -> LabelVolume:
    """Turn a labels layer back into labels on its grid."""
    return LabelVolume(np.asarray(data), geometry_from_layer(data.shape, meta))


def volume_from_layer(data: Array, meta: dict[str, Any]) -> CTVolume:
    """Turn an image layer back into a CT on its grid, synthetic marks kept."""
    own = meta.get("metadata", {})
    return CTVolume(
        np.asarray(data),
        geometry_from_layer(data.shape, meta),
        series_uid=str(own.get("series_uid", "")),
        description=str(meta.get("name", "")),
        synthetic=own.get("radiogen") == "synthetic",
    )
