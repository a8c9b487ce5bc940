import numpy as np
import pytest
from scipy import stats

from napari_radiogen.analysis.calibration import calibrate, ridge_ceiling


def test_line_equals_scipy(rng):
    truth = rng.normal(10, 3, size=60)
    measured = 0.7 * truth + 2 + rng.normal(size=60)
    line = calibrate(truth, measured)
    expected = stats.linregress(truth, measured)
    assert line.slope == pytest.approx(expected.slope)
    assert line.intercept == pytest.approx(expected.intercept)
    assert line.r2 == pytest.approx(expected.rvalue**2)


def test_exact_line_and_flat_answer():
    truth = np.arange(6.0)
    assert calibrate(truth, 2 * truth - 1).r2 == pytest.approx(1.0)
    flat = calibrate(truth, np.full(6, 4.0))
    assert (flat.slope, flat.r2) == (0.0, 0.0)
    with pytest.raises(ValueError, match="all the same"):
        calibrate(np.ones(6), truth)


def test_ceiling_finds_a_linear_relation_and_its_noise(rng):
    train, test = rng.normal(size=(400, 20)), rng.normal(size=(4000, 20))
    weights = rng.normal(size=20)
    variance = float(weights @ weights)

    def values(features):
        noise = rng.normal(scale=np.sqrt(variance), size=len(features))
        return features @ weights + noise

    assert ridge_ceiling(train, train @ weights, test, test @ weights) > 0.999
    assert ridge_ceiling(train, values(train), test, values(test)) == pytest.approx(0.5, abs=0.06)


def test_ceiling_of_unrelated_genes_is_none(rng):
    train, test = rng.normal(size=(200, 20)), rng.normal(size=(200, 20))
    assert ridge_ceiling(train, rng.normal(size=200), test, rng.normal(size=200)) < 0.05
