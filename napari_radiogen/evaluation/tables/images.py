"""How much of the background each generator keeps (Xu 2019, table 1), by three protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.fidelity import dilate, mean_psnr
from napari_radiogen.analysis.image_quality import centred_disc, image_quality
from napari_radiogen.evaluation.measurement import MASK_THRESHOLD, Canvas, to_unit
from napari_radiogen.evaluation.plan import DrawPlan, plan_draws, subject_metagenes
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.tables.published import IMAGE_QUALITY, NEAR, WHOLE
from napari_radiogen.evaluation.tables.study import Study, finite_mean
from napari_radiogen.evaluation.tables.table import Row, Table
from napari_radiogen.inference.painting import Painter
from napari_radiogen.inference.region_painters import MiddleFiller

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
OUTSIDE = "outside the dilated mask"
#: Xu 2019 measured in-painting within this many radii of what it erases.
NEAR_RADII = 1.5
#: Slices that are painted at once.
_BATCH = 64
_MEASURES = {"mse": ("MSE", ""), "ssim": ("SSIM", ""), "psnr": ("PSNR", "dB")}
_CONTROL = "real nodule against the same slice without it"


@dataclass(frozen=True, eq=False)
class Made:
    """A batch: positions in the plan (B,), images, references and masks (B, H, W), [0, 1]."""

    at: npt.NDArray[np.int64]
    image: npt.NDArray[Any]
    reference: npt.NDArray[Any]
    mask: BoolArray


Source = Iterator[Made]
#: Protocol to measure to values (D, N), draws by subjects.
Scores = dict[str, dict[str, FloatArray]]


def image_table(study: Study) -> Table:
    """Compare synthetic slices of each model with their backgrounds.

    Raises
    ------
    CohortError, ModelError
        When a subject lacks a slice or an attribute, or genes are missing.
    """
    settings = ControlSettings(draws=study.settings.image_draws, seed=study.settings.seed)
    plan = plan_draws(study.cohort, settings)
    real = _scores(study, plan, 1, _real(study, plan))
    made = [(m.name, "inpainting", partial(_filled, study, plan, m)) for m in study.models.fillers]
    made += [(m.name, m.system, partial(_painted, study, plan, m)) for m in study.models.painters]
    rows: list[Row] = []
    for i, (name, system, source) in enumerate(made):
        study.progress(i / len(made), name)
        rows += _rows(
            study, plan, name, system, _scores(study, plan, settings.draws, source()), real
        )
    return Table(
        "image-quality",
        "Synthetic slices against their backgrounds",
        tuple(rows),
        notes=(
            f"{settings.draws} nodule-free slices of other test patients for each subject, HU "
            "scaled to [0, 1]; PSNR is averaged over images, without those that equal their "
            "background.",
            "Generators: the raw output, before composition. In-painting: the slice with its "
            "filled middle, whose rest is untouched, hence MSE 0 outside.",
            "A model that paints nothing scores perfectly here: the control says what a real "
            "nodule costs.",
            "Xu 2019 measured in-painting within 1.5 radii and the others on the whole patch, and "
            "warns of reading one against the other.",
        ),
    )


def _rows(
    study: Study, plan: DrawPlan, name: str, system: str, scores: Scores, real: Scores
) -> list[Row]:
    rows = []
    for protocol, measures in scores.items():
        for measure, values in measures.items():
            words, unit = _MEASURES[measure]
            mean = mean_psnr if measure == "psnr" else finite_mean
            rows.append(
                Row(
                    name,
                    system,
                    words,
                    mean(values.ravel()),
                    n=values.shape[1],
                    patients=len(set(plan.patients)),
                    on=protocol,
                    unit=unit,
                    ci95=study.interval(plan.patients, partial(_of_rows, mean, values)),
                    control=mean(real[protocol][measure].ravel()),
                    control_is=_CONTROL,
                    published=IMAGE_QUALITY.get((system, protocol, measure), ()),
                )
            )
    return rows


def _of_rows(
    mean: Callable[[FloatArray], float], values: FloatArray, rows: npt.NDArray[np.intp]
) -> float:
    return mean(values[:, rows].ravel())


def _scores(study: Study, plan: DrawPlan, draws: int, source: Source) -> Scores:
    """Measure every image of a source by each protocol, (draws, N)."""
    shape = (draws, len(plan.subjects))
    disc = _near(study)
    protocols = (WHOLE, OUTSIDE) if disc is None else (WHOLE, OUTSIDE, NEAR)
    scores: Scores = {p: {m: np.full(shape, np.nan) for m in _MEASURES} for p in protocols}
    dilation = ControlSettings().dilation_px
    for made in source:
        where = {WHOLE: None, OUTSIDE: ~dilate(made.mask, dilation)}
        if disc is not None:
            where[NEAR] = np.broadcast_to(disc, made.mask.shape)
        for protocol, part in where.items():
            for name, values in image_quality(made.image, made.reference, part).items():
                scores[protocol][name].reshape(-1)[made.at] = values
    return scores


def _near(study: Study) -> BoolArray | None:
    """Return the disc around what the first in-painting model erases; None without one."""
    if not study.models.fillers:
        return None
    filler = study.models.fillers[0]
    radius_px = NEAR_RADII * filler.hole_mm / 2 / filler.pixel_mm
    return centred_disc(study.cohort.size_px, radius_px)


def _real(study: Study, plan: DrawPlan) -> Source:
    cohort = study.cohort
    for start in range(0, len(plan.central), _BATCH):
        rows = plan.central[start : start + _BATCH]
        yield Made(
            np.arange(start, start + len(rows)),
            to_unit(cohort.image[rows], cohort.hu_range),
            to_unit(cohort.paired[rows], cohort.hu_range),
            cohort.mask[rows] > 0,
        )


def _filled(study: Study, plan: DrawPlan, filler: MiddleFiller) -> Source:
    cohort, rows = study.cohort, plan.backgrounds.ravel()
    hole = centred_disc(cohort.size_px, filler.hole_mm / 2 / filler.pixel_mm)
    for start in range(0, len(rows), _BATCH):
        at = np.arange(start, min(start + _BATCH, len(rows)))
        seen = cohort.image[rows[at]].astype(np.float32)
        made = to_unit(filler.fill(seen).composed_hu, cohort.hu_range)
        mask = np.broadcast_to(hole, made.shape)
        yield Made(at, made, to_unit(seen, cohort.hu_range), mask)


def _painted(study: Study, plan: DrawPlan, painter: Painter) -> Source:
    cohort = study.cohort
    genes = subject_metagenes(cohort, painter.metagenes, plan.subjects)
    canvas = Canvas(
        cohort,
        plan.backgrounds.ravel(),
        np.tile(np.arange(len(plan.subjects)), len(plan.backgrounds)),
        plan.noise.ravel(),
        _BATCH,
    )
    for at, seen, made in canvas.paint(painter, genes, lambda _count: None):
        yield Made(
            at,
            to_unit(made.image_hu, cohort.hu_range),
            to_unit(seen, cohort.hu_range),
            np.asarray(made.mask) > MASK_THRESHOLD,
        )
