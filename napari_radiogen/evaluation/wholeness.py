"""Do slices painted one by one make one nodule that closes at its poles?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from napari_radiogen.analysis.correlation import spearman
from napari_radiogen.evaluation.interfaces import NoduleGenerator
from napari_radiogen.evaluation.measurement import MASK_THRESHOLD
from napari_radiogen.evaluation.plan import DrawPlan, subject_metagenes
from napari_radiogen.io.cohort_store import CohortStore

#: Slices are painted this far from the centre and this far apart, mm.
REACH_MM, STEP_MM = 24.0, 1.5
#: A curve of areas may rise again by this share of its peak and still be one hill.
RIPPLE = 0.1


@dataclass(frozen=True)
class Shape:
    """What areas along z say of nodules.

    Parameters
    ----------
    one_hill
        Share whose areas rise to one peak and fall, small ripples aside.
    closed
        Share that is empty at both ends of the stack.
    height_to_width
        Median of extent along z over the diameter of the largest slice.
    """

    one_hill: float
    closed: float
    height_to_width: float


@dataclass(frozen=True)
class Wholeness:
    """Synthetic stacks beside real ones.

    Parameters
    ----------
    synthetic, real
        The same of both; real stacks end where their patch does.
    volume_spearman
        Of a synthetic nodule's volume and the true diameter.
    """

    synthetic: Shape
    real: Shape
    volume_spearman: float


def evaluate_wholeness(
    generator: NoduleGenerator, cohort: CohortStore, plan: DrawPlan
) -> Wholeness:
    """Paint a stack for each test subject, noise and background fixed along it."""
    offsets = np.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM, dtype=np.float32)
    genes = subject_metagenes(cohort, generator.metagenes, plan.subjects)
    areas = []
    with torch.inference_mode():
        for i, vector in enumerate(genes):
            background = cohort.image[plan.backgrounds[0, i]].astype(np.float32)
            painted = generator.generate(
                np.repeat(background[None], len(offsets), axis=0),
                np.repeat(vector[None], len(offsets), axis=0),
                offsets,
                [int(plan.noise[0, i])] * len(offsets),
            )
            inside = painted.mask > MASK_THRESHOLD
            areas.append(inside.sum(axis=(1, 2)) * cohort.pixel_mm**2)
    curves = np.array(areas, dtype=float)
    volumes = curves.sum(axis=1) * STEP_MM
    return Wholeness(
        synthetic=shape_of([(offsets.astype(float), curve) for curve in curves]),
        real=shape_of([_real_curve(cohort, s.subject_id) for s in plan.subjects]),
        volume_spearman=float(spearman(plan.truth["diameter"], volumes)),
    )


def shape_of(curves: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]) -> Shape:
    """Summarise curves of offset in mm (M,), rising, and area in mm2 (M,)."""
    shown = [(z, a) for z, a in curves if a.max(initial=0) > 0]
    if not shown:
        return Shape(float("nan"), float("nan"), float("nan"))
    return Shape(
        one_hill=float(np.mean([is_one_hill(a) for _, a in shown])),
        closed=float(np.mean([a[0] == 0 and a[-1] == 0 for _, a in shown])),
        height_to_width=float(np.median([_height(z, a) / _width(a) for z, a in shown])),
    )


def is_one_hill(areas: npt.NDArray[np.float64]) -> bool:
    """Say whether areas rise to their peak and fall after it, ripples aside."""
    peak = int(np.argmax(areas))
    ripple = RIPPLE * float(areas[peak])
    before, after = areas[: peak + 1], areas[peak:][::-1]
    return all(
        bool((np.maximum.accumulate(side) - side <= ripple).all()) for side in (before, after)
    )


def _height(z: npt.NDArray[np.float64], areas: npt.NDArray[np.float64]) -> float:
    inside = z[areas > 0]
    step = float(np.median(np.diff(z))) if len(z) > 1 else 1.0
    return float(inside.max() - inside.min()) + step


def _width(areas: npt.NDArray[np.float64]) -> float:
    return 2 * float(np.sqrt(areas.max() / np.pi))


def _real_curve(
    cohort: CohortStore, subject_id: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    column = cohort.slices
    own = (column["subject_id"] == subject_id) & (column["role"] == "nodule")
    rows = np.flatnonzero(own & (column["plane"] == "axial"))
    rows = rows[np.argsort(column["dz_mm"][rows])]
    areas = (cohort.mask[rows] > 0).sum(axis=(1, 2)) * cohort.pixel_mm**2
    return column["dz_mm"][rows].astype(float), areas.astype(float)
