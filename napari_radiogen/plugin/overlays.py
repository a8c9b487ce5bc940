"""Coloured volumes over the CT: probability, difference and weight, in all three planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from napari.utils.colormaps import Colormap

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, ProbabilityVolume, SynthesisResult, VolumeGeometry
from napari_radiogen.imaging.resample import resample
from napari_radiogen.plugin.layers import LayerData, axial_view, placement
from napari_radiogen.plugin.reslice import COLUMN_AXIS, CUT_AXIS, Plane

Array = npt.NDArray[Any]

PROBABILITY_LAYER: Final = "tumour probability"
DIFFERENCE_LAYER: Final = f"{SYNTHETIC} difference, HU"
WEIGHT_LAYER: Final = f"{SYNTHETIC} weight map"
#: HU change that is drawn in full colour.
FULL_CHANGE_HU: Final = 600.0
#: Colours as (red, green, blue, opacity), low to high: nothing shows through where there is none.
RAMPS: Final[dict[str, tuple[tuple[float, ...], ...]]] = {
    PROBABILITY_LAYER: ((1.0, 0.85, 0.3, 0.0), (1.0, 0.55, 0.1, 0.5), (1.0, 0.3, 0.1, 0.85)),
    DIFFERENCE_LAYER: ((0.3, 0.55, 1.0, 0.9), (0.0, 0.0, 0.0, 0.0), (1.0, 0.3, 0.25, 0.9)),
    WEIGHT_LAYER: ((0.8, 0.3, 0.9, 0.0), (0.85, 0.4, 0.9, 0.45), (0.95, 0.6, 1.0, 0.8)),
}
LIMITS: Final = {
    PROBABILITY_LAYER: (0.0, 1.0),
    DIFFERENCE_LAYER: (-FULL_CHANGE_HU, FULL_CHANGE_HU),
    WEIGHT_LAYER: (0.0, 1.0),
}


@dataclass(frozen=True, eq=False)
class Overlay:
    """Values (Z, Y, X) on an upright grid, drawn in the colours of their kind.

    Parameters
    ----------
    name
        Of the layer, one of `RAMPS`.
    values
        Probability or weight from 0 to 1, or HU.
    geometry
        Its axes run along the patient's.
    metadata
        Of the layer.
    """

    name: str
    values: Array
    geometry: VolumeGeometry
    metadata: dict[str, Any]

    def layer(self) -> LayerData:
        """Return the image layer."""
        arguments = {
            "name": self.name,
            "contrast_limits": LIMITS[self.name],
            "colormap": colours(self.name),
            "blending": "translucent",
            "metadata": self.metadata,
            **placement(self.geometry),
        }
        return self.values, arguments, "image"

    def over(self, rgb: Array, volume: CTVolume, plane: Plane, index: int) -> Array:
        """Return a plane (H, W, 3) of a volume with the colours laid over it."""
        values = self._cut(volume.geometry, plane, index)
        if values is None:
            return rgb
        low, high = LIMITS[self.name]
        share = np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1)
        rgba = _table(self.name)[np.rint(share * 255).astype(int)]
        # Beyond the grid there is no value, whatever the low end's colour.
        alpha = np.where(np.isnan(values), 0.0, rgba[..., 3])[..., None]
        return np.asarray(rgb * (1 - alpha) + 255 * rgba[..., :3] * alpha).astype(np.uint8)

    def _cut(self, volume: VolumeGeometry, plane: Plane, index: int) -> Array | None:
        """Return nearest values on the pixels of a volume's plane, nan beyond the grid."""
        cut, column = CUT_AXIS[plane], COLUMN_AXIS[plane]
        depth = self._places(volume, cut, np.array([index]))[0]
        if depth < 0:
            return None
        rows = self._places(volume, 0, np.arange(volume.shape[0])[::-1])
        columns = self._places(volume, column, np.arange(volume.shape[column]))
        flat = np.take(self.values, depth, axis=cut).astype(np.float32)
        out = np.full((len(rows), len(columns)), np.nan, np.float32)
        inside = np.ix_(rows >= 0, columns >= 0)
        out[inside] = flat[np.ix_(rows[rows >= 0], columns[columns >= 0])]
        return out

    def _places(self, volume: VolumeGeometry, axis: int, index: Array) -> Array:
        """Return our indices of a volume's along an axis (z, y, x); -1 beyond our grid."""
        xyz = 2 - axis
        mm = volume.origin_mm[xyz] + index * volume.spacing_mm[axis]
        own = np.rint((mm - self.geometry.origin_mm[xyz]) / self.geometry.spacing_mm[axis])
        return np.where((own >= 0) & (own < self.geometry.shape[axis]), own, -1).astype(int)


def probability_overlay(found: ProbabilityVolume) -> Overlay:
    """Return the finder's probability, on the grid that it read."""
    return Overlay(PROBABILITY_LAYER, found.values, found.geometry, {"radiogen": "probability"})


def nodule_overlay(name: str, values: Array, result: SynthesisResult, shown: CTVolume) -> Overlay:
    """Return values on the grid of a nodule's box as a layer on the displayed CT."""
    own = result.composed.geometry
    metadata = {"radiogen": "synthetic", "request": result.request}
    if own.is_axis_aligned:
        return Overlay(name, *axial_view(values, own), metadata)
    index = shown.geometry.lps_to_index(own.index_to_lps(_corners(own)))
    low = np.clip(np.floor(index.min(axis=0)), 0, np.array(shown.geometry.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low + 1, shown.geometry.shape).astype(int)
    size = high - low
    grid = shown.geometry.crop(
        (int(low[0]), int(low[1]), int(low[2])), (int(size[0]), int(size[1]), int(size[2]))
    )
    grid = replace(grid, frame_of_reference_uid=own.frame_of_reference_uid)
    turned = resample(CTVolume(values.astype(np.float32), own), grid, order="linear", fill=0.0)
    return Overlay(name, turned.voxels, grid, metadata)


@lru_cache(maxsize=8)
def colours(name: str) -> Colormap:
    """Return the colours of a kind of overlay."""
    return Colormap(np.array(RAMPS[name]), name=name)


@lru_cache(maxsize=8)
def _table(name: str) -> Array:
    return np.asarray(colours(name).map(np.linspace(0, 1, 256)))


def _corners(geometry: VolumeGeometry) -> Array:
    return np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape])).reshape(3, -1).T
