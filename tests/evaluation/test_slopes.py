"""Sweeps are compared with the truth where a cohort states it, else with its nodules."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.control import evaluate_control
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.slopes import NODULES, TRUTH, reference_slopes, true_slopes
from tests.evaluation.doubles import GENES, DiscGenerator, ThresholdNetwork, identity_metagenes

QUICK = ControlSettings(draws=2, resamples=20, leakage_draws=1, diversity_draws=2)


def stating(cohort, **slopes):
    """A cohort whose truth states three numbers for each attribute."""
    flat = dict.fromkeys(ATTRIBUTES, (0.0, 0.0, 0.0)) | slopes
    genes = {name: dict(zip(GENES, row, strict=True)) for name, row in flat.items()}
    return dataclasses.replace(cohort, truth={"slopes": {"genes": genes}})


def cosines(cohort):
    report = evaluate_control(DiscGenerator(), ThresholdNetwork(), cohort, settings=QUICK)
    return report.sweeps, report.to_json()


def test_without_a_truth_the_nodules_are_the_reference(cohort):
    slopes, source = reference_slopes(cohort, identity_metagenes())
    assert source == NODULES
    assert np.abs(slopes[0]).argmax() == 0
    assert np.abs(slopes[1]).argmax() == 1


def test_sweeps_agree_with_a_true_truth_and_not_with_a_false_one(cohort):
    # The discs grow by 4 mm with the first gene, and are denser by 80 HU with the second.
    true, said = cosines(stating(cohort, diameter=(4, 0, 0), mean_hu=(0, 80, 0)))
    assert said["slope_reference"] == true.reference == TRUTH
    assert true.slope_cosine["diameter"] > 0.95
    assert true.slope_cosine["mean_hu"] > 0.95
    assert np.isnan(true.slope_cosine["spiculation"])
    assert true.monotonicity["diameter"] > 0
    false, _ = cosines(stating(cohort, diameter=(-4, 0, 0), mean_hu=(0, 0, 80)))
    assert false.slope_cosine["diameter"] < -0.95
    assert abs(false.slope_cosine["mean_hu"]) < 0.3


def test_a_metagene_rises_when_its_members_move_together(cohort):
    weights = np.array([[0.5, 0], [-0.5, 0], [0, 1]], dtype=np.float32)
    one, two = np.ones(3, np.float32), np.array([0.8, 1.0], np.float32)
    metagenes = Metagenes(("M01", "M02"), GENES, one, one, weights, two, two)
    stated = stating(cohort, diameter=(3.0, 1.0, 7.0)).truth["slopes"]
    slopes = true_slopes(stated, metagenes, cohort)
    assert slopes[0] == pytest.approx([0.8 * (3 - 1), 7.0])
    # The same rise, put into genes, moves the score by one.
    moved = np.array([[0.8, -0.8, 0.0]]) + metagenes.gene_mean
    assert (metagenes.transform(moved) - metagenes.transform(metagenes.gene_mean[None]))[
        0
    ] == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("gap", ["spiculation", "PHG2"])
def test_a_truth_with_gaps_is_refused(cohort, gap):
    truth = stating(cohort).truth
    truth["slopes"]["genes"].pop(gap, None)
    for row in truth["slopes"]["genes"].values():
        row.pop(gap, None)
    with pytest.raises(CohortError, match="every attribute and gene"):
        reference_slopes(dataclasses.replace(cohort, truth=truth), identity_metagenes())
