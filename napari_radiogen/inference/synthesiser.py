"""A whole nodule, slice by slice, blended into a scan at a chosen place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import (
    HU_AIR,
    HU_STORED_RANGE,
    NODULE_REACH_MM,
    SYNTHETIC,
)
from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    NoduleSite,
    Point,
    Provenance,
    SynthesisRequest,
    SynthesisResult,
)
from napari_radiogen.errors import Cancelled, ModelError, SynthesisError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.lung import lung_mask
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.imaging.resample import canonical_box, resample
from napari_radiogen.inference.generator import Generator
from napari_radiogen.inference.painting import RawNodules
from napari_radiogen.inference.stack import Stack, central_component
from napari_radiogen.inference.turning import blend_window
from napari_radiogen.inference.upright import (
    carry_back,
    check_site,
    common_box,
    crop,
    open_lung,
)

FloatArray = npt.NDArray[np.float32]
FirstLook = Callable[[SynthesisResult], None]

#: Slices painted between two questions whether to stop.
BATCH = 8
#: Step between slices when the scan's own are not axial or very thin, mm.
UPRIGHT_STEP_MM = 1.0


@dataclass(frozen=True, eq=False)
class _Painted:
    """What the generator gave on the stack's grid."""

    change: FloatArray
    mask: npt.NDArray[np.bool_]
    weight: FloatArray


class Synthesiser:
    """Paints nodules of one generator into scans."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def synthesise(
        self,
        ct: CTVolume,
        request: SynthesisRequest,
        *,
        lung: LabelVolume | None = None,
        first_look: FirstLook | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SynthesisResult:
        """Paint the requested nodule.

        Parameters
        ----------
        ct
            The scan; it is not changed.
        request
            Place, genes, seed and strength.
        lung
            The scan's lung mask; found here when None.
        first_look
            Given a result with the slices near the centre before the rest.
        cancelled
            Asked before and after each batch of slices.

        Raises
        ------
        SynthesisError
            When the place is outside the scan or the lung, or no nodule came.
        ModelError
            When the request was made for other weights.
        Cancelled
            When the person asked to stop.
        """
        lung, stack = self._prepare(ct, request, lung)
        # The slices near the centre come first, looked at or not: the same batches
        # give the same decimals, and none is painted twice.
        near = stack.near()
        middle = self._paint(stack, request, near, cancelled)
        if first_look is not None:
            part = stack.part(near)
            painted = _joined(part, [middle])
            if painted.mask.any():
                first_look(self._compose(ct, lung, request, part, painted, complete=False))
        below = self._paint(stack, request, slice(0, near.start), cancelled)
        above = self._paint(stack, request, slice(near.stop, len(stack.dz_mm)), cancelled)
        painted = _joined(stack, [below, middle, above])
        return self._compose(ct, lung, request, stack, painted, complete=True)

    def glimpse(
        self,
        ct: CTVolume,
        request: SynthesisRequest,
        *,
        lung: LabelVolume | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SynthesisResult:
        """Paint the slices near the centre alone: what `synthesise` gives as a first look.

        Raises what `synthesise` raises.
        """
        lung, stack = self._prepare(ct, request, lung)
        near = stack.near()
        part = stack.part(near)
        painted = _joined(part, [self._paint(stack, request, near, cancelled)])
        return self._compose(ct, lung, request, part, painted, complete=False)

    def _prepare(
        self, ct: CTVolume, request: SynthesisRequest, lung: LabelVolume | None
    ) -> tuple[LabelVolume, Stack]:
        if request.model_digest != self.generator.digest:
            raise ModelError("the request was made for other weights", self.generator.name)
        lung = lung if lung is not None else lung_mask(ct)
        check_site(ct, lung, request.site.centre_lps_mm)
        return lung, self._stack(ct, request.site)

    def region_box(
        self, ct: CTVolume, centre_mm: Point
    ) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Return the box of voxels, start and stop, that a nodule may reach."""
        half = np.array([self.generator.field_of_view_mm / 2] * 2 + [NODULE_REACH_MM])
        corners = np.array(centre_mm) + half * np.array(
            [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
        )
        index = ct.geometry.lps_to_index(corners)
        low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, ct.geometry.shape)
        return (int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))

    def _stack(self, ct: CTVolume, site: NoduleSite) -> Stack:
        """Cut upright slices; on an axial scan they are the scan's own."""
        x, y, z = site.centre_lps_mm
        step = ct.geometry.spacing_mm[0]
        offset = 0.0
        if ct.geometry.is_axial and step >= UPRIGHT_STEP_MM / 2:
            index = ct.geometry.lps_to_index(site.centre_lps_mm)[0]
            offset = float(round(index) - index) * step
        else:
            step = UPRIGHT_STEP_MM
        count = 2 * int(NODULE_REACH_MM / step) + 1
        size = self.generator.size_px
        pixel = self.generator.pixel_mm
        grid = canonical_box((x, y, z + offset), (step, pixel, pixel), (count, size, size))
        start, stop = self.region_box(ct, site.centre_lps_mm)
        local = crop(ct, start, stop)
        grid = replace(grid, frame_of_reference_uid=ct.geometry.frame_of_reference_uid)
        background = resample(local, grid, order="linear", fill=HU_AIR).voxels
        dz = (np.arange(count) - count // 2) * step + offset
        return Stack(grid, background.astype(np.float32), dz.astype(np.float32))

    def _paint(
        self,
        stack: Stack,
        request: SynthesisRequest,
        chosen: slice,
        cancelled: Callable[[], bool] | None,
    ) -> list[RawNodules]:
        """Paint some consecutive slices, in batches."""
        genes = np.array(request.metagenes, dtype=np.float32)[None]
        batches = []
        for first in range(chosen.start, chosen.stop, BATCH):
            _stop_if(cancelled)
            part = slice(first, min(first + BATCH, chosen.stop))
            count = part.stop - part.start
            batches.append(
                self.generator.generate(
                    stack.background[part],
                    genes.repeat(count, 0),
                    stack.dz_mm[part],
                    [request.seed] * count,
                )
            )
        _stop_if(cancelled)
        return batches

    def _compose(
        self,
        ct: CTVolume,
        lung: LabelVolume,
        request: SynthesisRequest,
        stack: Stack,
        painted: _Painted,
        *,
        complete: bool,
    ) -> SynthesisResult:
        if not painted.mask.any():
            raise SynthesisError("these genes gave no nodule here; try another seed or place")
        start, stop = common_box(ct, stack.grid)
        local = crop(ct, start, stop)
        room = open_lung(lung, stack.grid)
        painted = replace(painted, mask=painted.mask & (room > 0.5))
        window = blend_window(painted.mask, stack.grid.spacing_mm) * request.strength * room
        change = carry_back(window * painted.change, stack.grid, local.geometry)
        reach = carry_back(window, stack.grid, local.geometry)
        region = reach > 1e-3
        inside = carry_back(painted.mask.astype(np.float32), stack.grid, local.geometry) > 0.5
        composed = local.voxels.copy()
        blended = np.clip(local.voxels[region] + change[region], *HU_STORED_RANGE)
        if composed.dtype.kind in "iu":
            blended = np.rint(blended)
        composed[region] = blended.astype(composed.dtype)
        volume = replace(local, voxels=composed, synthetic=True, description=SYNTHETIC)
        return SynthesisResult(
            request=request,
            composed=volume,
            region=LabelVolume(region.astype(np.uint8), local.geometry),
            mask=LabelVolume(inside.astype(np.uint8), local.geometry),
            start_zyx=start,
            measurements=self._measure(volume, inside, stack, painted, window),
            provenance=Provenance(
                self.generator.digest, self.generator.name, self.generator.cohort, request.seed
            ),
            weight=carry_back(window * painted.weight, stack.grid, local.geometry),
            complete=complete,
        )

    def _measure(
        self,
        volume: CTVolume,
        inside: npt.NDArray[np.bool_],
        stack: Stack,
        painted: _Painted,
        window: FloatArray,
    ) -> dict[str, float]:
        middle = stack.middle
        image = stack.background[middle] + window[middle] * painted.change[middle]
        central = slice_attributes(image, painted.mask[middle], self.generator.pixel_mm)
        whole = measure_nodule(volume, inside, 1) if inside.any() else None
        return {
            "volume_mm3": whole.volume_mm3 if whole else 0.0,
            "long_axis_mm": whole.long_axis_mm if whole else 0.0,
            "mean_hu": whole.mean_hu if whole else float("nan"),
            "diameter_mm": central["diameter"],
            "spiculation": central["spiculation"],
        }


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled


def _joined(stack: Stack, painted: list[list[RawNodules]]) -> _Painted:
    """Put the batches of all slices of a stack together, in order."""
    batches = [raw for part in painted for raw in part]
    inside = np.concatenate([raw.mask for raw in batches]) > 0.5
    return _Painted(
        np.concatenate([raw.image_hu for raw in batches]) - stack.background,
        central_component(inside, stack),
        np.concatenate([raw.weight for raw in batches]),
    )
