import csv
import io

import numpy as np
import pytest

from napari_radiogen.evaluation.figures.radiomics import NAMES, radiomics_page
from napari_radiogen.evaluation.realism import evaluate_realism, features, radiomics_csv
from tests.evaluation.doubles import Ball, ThresholdNetwork
from tests.evaluation.figures.reading import assert_says_what_it_is, words


@pytest.fixture(scope="module")
def judged(cohort):
    return evaluate_realism(Ball(), ThresholdNetwork(), cohort)


def test_every_feature_has_a_panel_with_both_distributions_and_its_distance(judged, cohort):
    report, sheet = judged
    page = radiomics_page(report, sheet, Ball(), cohort)
    assert set(NAMES) < set(report.radiomics)
    assert len(page.figure.axes) == len(report.radiomics) > 10
    for axes, (name, distance) in zip(page.figure.axes, report.radiomics.items(), strict=True):
        assert axes.get_title() == NAMES.get(name, name.replace("_", " "))
        chance = report.radiomics_chance[name]
        assert axes.get_xlabel() == f"distance {distance:.2f} ({chance:.2f})"
    real = features(sheet.real, sheet.real_masks, cohort.pixel_mm)["diameter"]
    bars = page.figure.axes[0].containers[0]
    drawn = sum(bar.get_height() * bar.get_width() for bar in bars)
    assert drawn == pytest.approx(1.0)
    edges = [bars[0].get_x(), bars[-1].get_x() + bars[-1].get_width()]
    assert edges[0] <= real.min() < real.max() <= edges[1] + 1e-9
    assert f"AUC of {report.auc:.2f}" in words(page)
    assert "SYNTHETIC" in page.caption
    assert_says_what_it_is(page, Ball())


def test_the_table_of_distances_reads_back(judged):
    report, _ = judged
    rows = list(csv.DictReader(io.StringIO(radiomics_csv(report))))
    assert [row["feature"] for row in rows] == list(report.radiomics)
    np.testing.assert_allclose(
        [float(row["distance"]) for row in rows], list(report.radiomics.values()), atol=1e-4
    )
