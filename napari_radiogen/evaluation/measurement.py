"""Paint every draw, outline it with the measuring network, and measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.fidelity import dilate, equal_outside, psnr
from napari_radiogen.analysis.segmentation import dice
from napari_radiogen.constants import ATTRIBUTES, BLEND_REACH_MM
from napari_radiogen.evaluation.interfaces import (
    FloatArray,
    MeasuringNetwork,
    NoduleGenerator,
    Painted,
)
from napari_radiogen.evaluation.plan import DrawPlan, IndexArray
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.cohort_store import CohortStore

#: Called with the number of slices just painted.
Advance = Callable[[int], None]
#: A generator's probability above which a pixel is nodule.
MASK_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class DrawMeasurements:
    """What one model painted, measured; arrays are draws by subjects (D, N).

    Parameters
    ----------
    values
        Attribute to values, nan where the measuring network found nothing.
    mask_dice
        Overlap of the generator's mask with the measuring network's.
    psnr_db
        Raw output against background, outside the dilated mask.
    exact
        Whether every composition equals its background beyond the reach of
        blending around the generator's mask.
    """

    values: dict[str, npt.NDArray[np.float64]]
    mask_dice: npt.NDArray[np.float64]
    psnr_db: npt.NDArray[np.float64]
    exact: bool

    @property
    def empty(self) -> int:
        """How many slices the measuring network left empty."""
        return int(np.isnan(self.values[ATTRIBUTES[0]]).sum())


@dataclass(frozen=True, eq=False)
class Canvas:
    """Slices to paint on: rows, subjects and noise seeds, each (J,), in batches."""

    cohort: CohortStore
    rows: IndexArray
    subjects: IndexArray
    noise: IndexArray
    batch: int

    def paint(
        self, generator: NoduleGenerator, metagenes: FloatArray, advance: Advance
    ) -> Iterator[tuple[IndexArray, FloatArray, Painted]]:
        """Yield positions (B,), backgrounds (B, H, W) in HU and what was painted.

        Parameters
        ----------
        metagenes
            (N, K) of the plan's subjects.
        """
        for start in range(0, len(self.rows), self.batch):
            at = np.arange(start, min(start + self.batch, len(self.rows)))
            backgrounds = self.cohort.image[self.rows[at]].astype(np.float32)
            seeds = [int(seed) for seed in self.noise[at]]
            central = np.zeros(len(at), dtype=np.float32)
            genes = metagenes[self.subjects[at]]
            yield at, backgrounds, generator.generate(backgrounds, genes, central, seeds)
            advance(len(at))


@dataclass(frozen=True, eq=False)
class Trial:
    """What every model of one evaluation shares, and who hears of its progress."""

    cohort: CohortStore
    plan: DrawPlan
    settings: ControlSettings
    advance: Advance

    def canvas(self, draws: Sequence[int]) -> Canvas:
        """Lay out some draws of every subject, draw by draw."""
        plan, chosen = self.plan, list(draws)
        return Canvas(
            self.cohort,
            rows=plan.backgrounds[chosen].ravel(),
            subjects=np.tile(np.arange(len(plan.subjects)), len(chosen)),
            noise=plan.noise[chosen].ravel(),
            batch=self.settings.batch,
        )


def measure_draws(
    trial: Trial, generator: NoduleGenerator, network: MeasuringNetwork, metagenes: FloatArray
) -> DrawMeasurements:
    """Measure a model on every draw of the plan, at the nodule's centre (dz = 0).

    Parameters
    ----------
    metagenes
        (N, K) z-scores that the generator is given for the plan's subjects.
    """
    cohort = trial.cohort
    shape, size = trial.plan.backgrounds.shape, trial.plan.backgrounds.size
    canvas = trial.canvas(range(shape[0]))
    values = {name: np.full(size, np.nan) for name in ATTRIBUTES}
    overlap, ratio = np.zeros(size), np.zeros(size)
    exact = True
    for at, backgrounds, painted in canvas.paint(generator, metagenes, trial.advance):
        found = network.masks(painted.composed_hu, cohort.pixel_mm)
        own = painted.mask > MASK_THRESHOLD
        for name, measured in measure_slices(painted.composed_hu, found, cohort.pixel_mm).items():
            values[name][at] = measured
        overlap[at] = [dice(a, b, both_empty=0.0) for a, b in zip(own, found, strict=True)]
        ratio[at] = psnr(
            to_unit(painted.image_hu, cohort.hu_range),
            to_unit(backgrounds, cohort.hu_range),
            ~dilate(own, trial.settings.dilation_px),
        )
        region = dilate(own, BLEND_REACH_MM / cohort.pixel_mm)
        exact = exact and equal_outside(painted.composed_hu, backgrounds, region)
    return DrawMeasurements(
        values={name: measured.reshape(shape) for name, measured in values.items()},
        mask_dice=overlap.reshape(shape),
        psnr_db=ratio.reshape(shape),
        exact=exact,
    )


def measure_slices(
    images_hu: npt.NDArray[np.floating], masks: npt.NDArray[np.bool_], pixel_mm: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Return attribute to values (B,) of slices (B, H, W) inside their masks."""
    rows = [slice_attributes(i, m, pixel_mm) for i, m in zip(images_hu, masks, strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in ATTRIBUTES}


def to_unit(hu: npt.NDArray[Any], hu_range: tuple[float, float]) -> FloatArray:
    """Scale HU to [0, 1] over a range, clipped, as image metrics expect it."""
    low, high = hu_range
    scaled = (np.asarray(hu, dtype=np.float32) - low) / (high - low)
    return np.asarray(np.clip(scaled, 0.0, 1.0))
