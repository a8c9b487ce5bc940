"""One metagene after the other is turned: what moves, and is it the right thing?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.correlation import spearman
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.evaluation.interfaces import FloatArray, MeasuringNetwork, NoduleGenerator
from napari_radiogen.evaluation.measurement import Canvas, Trial, measure_slices
from napari_radiogen.evaluation.slopes import reference_slopes

#: Positions of a sweep, z-scores.
POSITIONS = np.linspace(-2, 2, 9).astype(np.float32)
#: Of a generator that reads more than this, as single genes, those are swept
#: that tell most of any attribute in the reference.
MOST_SWEPT = 100
#: Metagenes of each attribute whose sweeps count for monotonicity.
STRONGEST = 3


@dataclass(frozen=True)
class SweepReport:
    """What sweeps of single metagenes show, attribute by attribute.

    Parameters
    ----------
    monotonicity
        Mean Spearman of sweep position and attribute, signed as in the
        reference, over the metagenes that tell most of the attribute there.
    slope_cosine
        Cosine between measured slopes over all metagenes and the reference.
    reference
        What that is: the slopes that the cohort's truth states, or those of
        its nodules.
    """

    monotonicity: dict[str, float]
    slope_cosine: dict[str, float]
    reference: str


def sweep(trial: Trial, generator: NoduleGenerator, network: MeasuringNetwork) -> SweepReport:
    """Sweep every metagene over nine positions, the others at the mean.

    Background and noise stay fixed along a sweep; its curve is the mean over
    ``settings.sweep_draws`` of both.
    """
    reference, source = reference_slopes(trial.cohort, generator.metagenes)
    chosen = _swept(reference)
    reference = reference[:, chosen]
    curves = _curves(trial, generator, network, chosen)
    monotone, cosine = {}, {}
    for row, name in enumerate(ATTRIBUTES):
        slopes = np.polyfit(POSITIONS, curves[name].T, 1)[0]
        cosine[name] = _cosine(slopes, reference[row])
        told = np.argsort(-np.abs(reference[row]))[:STRONGEST]
        signs = np.sign(reference[row][told])
        rises = [float(spearman(POSITIONS, curves[name][k])) for k in told]
        monotone[name] = float(np.mean(signs * rises))
    return SweepReport(monotone, cosine, source)


def _swept(reference: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    strongest = np.argsort(-np.abs(reference).max(axis=0), kind="stable")[:MOST_SWEPT]
    return np.sort(strongest)


def _curves(
    trial: Trial,
    generator: NoduleGenerator,
    network: MeasuringNetwork,
    chosen: npt.NDArray[np.intp],
) -> dict[str, npt.NDArray[np.float64]]:
    """Return attribute to the curve (K, 9) of each chosen metagene; empty masks carry the mean."""
    total, steps, draws = len(generator.metagenes.names), len(POSITIONS), trial.settings.sweep_draws
    count = len(chosen)
    genes = np.zeros((count, steps, total), dtype=np.float32)
    genes[np.arange(count), :, chosen] = POSITIONS
    plan, cohort = trial.plan, trial.cohort
    values = {name: np.full((draws, count * steps), np.nan) for name in ATTRIBUTES}
    for draw in range(draws):
        canvas = Canvas(
            cohort,
            rows=np.full(count * steps, plan.backgrounds.ravel()[draw]),
            subjects=np.arange(count * steps),
            noise=np.full(count * steps, plan.noise.ravel()[draw]),
            batch=trial.settings.batch,
        )
        flat: FloatArray = genes.reshape(-1, total)
        for at, _, painted in canvas.paint(generator, flat, trial.advance):
            found = network.masks(painted.composed_hu, cohort.pixel_mm)
            for name, measured in measure_slices(
                painted.composed_hu, found, cohort.pixel_mm
            ).items():
                values[name][draw, at] = measured
    return {name: _filled(v).mean(axis=0).reshape(count, steps) for name, v in values.items()}


def _filled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = np.isfinite(values)
    return np.where(known, values, values[known].mean() if known.any() else 0.0)


def _cosine(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length > 0 else float("nan")
