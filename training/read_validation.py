"""Compare recipes on validation patients, before any model is judged on test patients.

    python training/read_validation.py --cohort COHORT [--model mcgan --model RUN ...]

Prints what metagenes foretell of each attribute (lasso, folds by patient; and
with the true loadings where the cohort states them: nobody can foretell more),
what the measuring network reads off real validation slices, and for each model
what it reads off synthetic ones, with all genes at the mean beside it. Models and
the measuring network were chosen on these patients: such numbers choose a
recipe, `radiogen evaluate control` judges it.
"""

from __future__ import annotations

import argparse
import sys
from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import GroupKFold

from napari_radiogen.analysis.bootstrap import cluster_bootstrap
from napari_radiogen.analysis.correlation import spearman
from napari_radiogen.constants import ATTRIBUTES, METAGENE_COUNT, RESEARCH_USE
from napari_radiogen.domain import Subject
from napari_radiogen.errors import RadiogenError
from napari_radiogen.evaluation.interfaces import MeasuringNetwork
from napari_radiogen.evaluation.measurement import Trial, measure_draws
from napari_radiogen.evaluation.plan import plan_draws, require_fit, subject_metagenes
from napari_radiogen.evaluation.scoring import check_measuring, control
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.swaps import gene_leakage
from napari_radiogen.genomics.components import fit_components
from napari_radiogen.genomics.metagenes import Weighting, fit_metagenes
from napari_radiogen.inference.gene_painter import load_painter
from napari_radiogen.inference.measuring import load_measuring_unet
from napari_radiogen.io.cohort_store import CohortStore, open_cohort

FOLDS = 5
FloatArray = npt.NDArray[np.float64]


def main() -> None:
    """Read the arguments and print."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--cohort", required=True)
    words.add_argument("--model", action="append", default=[], help="name or run folder; repeat")
    words.add_argument("--measuring", help="the measuring U-Net; default: the shipped one")
    words.add_argument("--draws", type=int, default=8, help="of noise and background")
    given = words.parse_args()

    cohort, network = open_cohort(given.cohort), load_measuring_unet(given.measuring)
    settings = ControlSettings(draws=given.draws)
    trial = Trial(cohort, plan_draws(cohort, settings, "validation"), settings, lambda count: None)
    print(f"{cohort.name} ({cohort.kind}): Spearman with the truth and 95 % interval by patient")
    foretold(cohort)
    check = check_measuring(trial, network)
    rows = {a: f"{check.spearman[a]:.2f}" for a in ATTRIBUTES}
    line("measuring network, real validation slices", rows, f"Dice {check.dice:.2f}")
    with torch.inference_mode():
        for name in given.model:
            read(trial, network, name)
    print(RESEARCH_USE)


def foretold(cohort: CohortStore) -> None:
    """Print what genes foretell, patients of training and validation left out in turn."""
    people = (*cohort.split.train, *cohort.split.validation)
    patients = [s.patient_id for s in people]
    values = cohort.expression.rows(tuple(s.subject_id for s in people))
    truth = attributes(people)
    for weighting in get_args(Weighting):
        told = np.zeros_like(truth)
        for rest, out in GroupKFold(FOLDS).split(values, groups=patients):
            fitted = fit_metagenes(
                values[rest], cohort.expression.gene_symbols, k=METAGENE_COUNT, weighting=weighting
            )
            weights = fit_components(fitted.transform(values[rest]), truth[rest])
            told[out] = fitted.transform(values[out]) @ weights.T
        show(f"lasso on metagenes by {weighting}", patients, told, truth)
    genes = (cohort.truth or {}).get("genes")
    if genes:
        z = (values - values.mean(axis=0)) / values.std(axis=0)
        told = np.stack([z @ loadings(cohort, genes, a) for a in ATTRIBUTES], axis=1)
        show("true loadings", patients, told, truth)


def loadings(cohort: CohortStore, genes: dict[str, dict[str, float]], name: str) -> FloatArray:
    """Return (G,) the true loadings of the genes of one factor, 0 for all others."""
    rows = (genes[g] for g in cohort.expression.gene_symbols)
    return np.array([r["loading"] if r["module"] == name else 0.0 for r in rows])


def read(trial: Trial, network: MeasuringNetwork, name: str) -> None:
    """Print what the measuring network reads off a model's slices."""
    painter = load_painter(name)
    require_fit(painter, trial.cohort)
    genes = subject_metagenes(trial.cohort, painter.metagenes, trial.plan.subjects)
    for what, given in (("own genes", genes), ("genes at the mean", np.zeros_like(genes))):
        drawn = measure_draws(trial, painter, network, given)
        found = {a: control(trial, drawn.values[a], a) for a in ATTRIBUTES}
        rest = f"mask Dice {drawn.mask_dice.mean():.2f}, {drawn.empty} of {drawn.mask_dice.size} "
        rows = {a: with_interval(c.spearman, c.ci95) for a, c in found.items()}
        line(f"{name}, {what}", rows, rest + "without a mask")
    print(f"{'':44s}leakage {gene_leakage(trial, painter, genes):.4f}")


def attributes(people: tuple[Subject, ...]) -> FloatArray:
    """Return (N, A) attributes of the real nodules."""
    return np.array([[s.attributes[a] for a in ATTRIBUTES] for s in people])


def show(what: str, patients: list[str], told: FloatArray, truth: FloatArray) -> None:
    """Print how well (N, A) told values rank the true ones."""
    rows = {}
    for i, name in enumerate(ATTRIBUTES):
        x, y = told[:, i], truth[:, i]
        interval = cluster_bootstrap(
            patients,
            lambda at, x=x, y=y: float(spearman(y[at], x[at])),
            resamples=ControlSettings().resamples,
            rng=np.random.default_rng(0),
        )
        rows[name] = with_interval(float(spearman(y, x)), interval)
    line(what, rows)


def with_interval(value: float, interval: tuple[float, float]) -> str:
    """Return a value and its interval."""
    return f"{value:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"


def line(what: str, rows: dict[str, str], rest: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:44s}" + "  ".join(f"{a} {rows[a]:22s}" for a in ATTRIBUTES) + f"  {rest}")


if __name__ == "__main__":
    try:
        main()
    except RadiogenError as error:
        sys.exit(str(error))
