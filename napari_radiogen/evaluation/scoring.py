"""Numbers for the report: control, its limits, its null, and the network that measures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.bootstrap import cluster_bootstrap
from napari_radiogen.analysis.calibration import calibrate, ridge_ceiling
from napari_radiogen.analysis.correlation import gene_share, spearman, worst_case
from napari_radiogen.analysis.segmentation import dice
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.evaluation.interfaces import MeasuringNetwork, NoduleGenerator
from napari_radiogen.evaluation.measurement import (
    DrawMeasurements,
    Trial,
    measure_draws,
    measure_slices,
)
from napari_radiogen.evaluation.plan import subject_metagenes
from napari_radiogen.evaluation.report import (
    AttributeFidelity,
    Control,
    MeasuringCheck,
    PermutedRun,
)

FloatArray = npt.NDArray[np.float64]


def control(trial: Trial, measured: FloatArray, name: str) -> Control:
    """Correlate measured (D, N) with true values of an attribute across subjects."""
    truth = trial.plan.truth[name]
    filled = worst_case(truth, measured)

    def statistic(rows: npt.NDArray[np.intp]) -> float:
        return float(np.median(spearman(truth[rows], filled[:, rows])))

    interval = cluster_bootstrap(
        trial.plan.patients,
        statistic,
        resamples=trial.settings.resamples,
        rng=np.random.default_rng(trial.settings.seed),
    )
    return Control(
        spearman=statistic(np.arange(len(truth))),
        spearman_mean=float(spearman(truth, filled.mean(axis=0))),
        ci95=interval,
    )


def check_measuring(trial: Trial, network: MeasuringNetwork) -> MeasuringCheck:
    """Score the measuring network on the real central slices of test subjects."""
    cohort, plan = trial.cohort, trial.plan
    images = cohort.image[plan.central].astype(np.float32)
    found = network.masks(images, cohort.pixel_mm)
    truth = cohort.mask[plan.central] > 0
    scores = np.array([dice(a, b) for a, b in zip(truth, found, strict=True)])
    measured = measure_slices(images, found, cohort.pixel_mm)
    rng = np.random.default_rng(trial.settings.seed)
    return MeasuringCheck(
        name=network.name,
        digest=network.digest,
        dice=float(scores.mean()),
        dice_ci95=cluster_bootstrap(
            plan.patients,
            lambda rows: float(scores[rows].mean()),
            resamples=trial.settings.resamples,
            rng=rng,
        ),
        bias={name: _mean_difference(measured[name], plan.truth[name]) for name in ATTRIBUTES},
        spearman={
            name: float(spearman(plan.truth[name], worst_case(plan.truth[name], [values])[0]))
            for name, values in measured.items()
        },
        empty_masks=int((~found.any(axis=(1, 2))).sum()),
    )


def fidelity(
    trial: Trial, generator: NoduleGenerator, own: DrawMeasurements, name: str
) -> AttributeFidelity:
    """Judge one attribute of what was painted with the true genes."""
    truth = trial.plan.truth[name]
    filled = worst_case(truth, own.values[name])
    line = calibrate(truth, filled.mean(axis=0))
    return AttributeFidelity(
        control=control(trial, own.values[name], name),
        r2=line.r2,
        slope=line.slope,
        ceiling=ceiling(trial, generator, name),
        ceiling_of_factor=_ceiling_of_factor(trial, name),
        gene_share=_share(own.values[name]),
        bias=_mean_difference(own.values[name], truth),
    )


def ceiling(trial: Trial, generator: NoduleGenerator, name: str) -> float:
    """Return the test R² that a ridge regression from metagenes reaches on an attribute."""
    cohort = trial.cohort
    known = tuple(s for s in cohort.split.train if np.isfinite(s.attributes.get(name, np.nan)))
    return ridge_ceiling(
        subject_metagenes(cohort, generator.metagenes, known),
        np.array([s.attributes[name] for s in known]),
        subject_metagenes(cohort, generator.metagenes, trial.plan.subjects),
        trial.plan.truth[name],
    )


def permuted_run(trial: Trial, model: NoduleGenerator, network: MeasuringNetwork) -> PermutedRun:
    """Give a model that learned permuted genes the true ones."""
    genes = subject_metagenes(trial.cohort, model.metagenes, trial.plan.subjects)
    measured = measure_draws(trial, model, network, genes)
    medians = {}
    for name, values in measured.values.items():
        truth = trial.plan.truth[name]
        medians[name] = float(np.median(spearman(truth, worst_case(truth, values))))
    return PermutedRun(model.name, model.digest, medians, measured.empty)


def _ceiling_of_factor(trial: Trial, name: str) -> float | None:
    known = (trial.cohort.truth or {}).get("ceiling", {})
    return float(known[name]) if name in known else None


def _share(measured: FloatArray) -> float:
    complete = measured[:, np.isfinite(measured).all(axis=0)]
    return gene_share(complete) if min(complete.shape) > 1 else float("nan")


def _mean_difference(measured: FloatArray, truth: FloatArray) -> float:
    known = np.isfinite(measured)
    return float((measured - truth)[known].mean()) if known.any() else float("nan")
