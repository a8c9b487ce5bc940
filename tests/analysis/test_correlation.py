import numpy as np
import pytest
from scipy import stats

from napari_radiogen.analysis.correlation import gene_share, pearson, spearman, worst_case


def test_spearman_equals_scipy_with_ties(rng):
    truth = np.round(rng.normal(size=50), 1)
    measured = np.round(truth + rng.normal(size=(4, 50)), 1)
    expected = [stats.spearmanr(truth, row).statistic for row in measured]
    np.testing.assert_allclose(spearman(truth, measured), expected, atol=1e-12)


def test_pearson_equals_scipy(rng):
    x, y = rng.normal(size=30), rng.normal(size=30)
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic)


def test_spearman_sees_order_only_and_its_direction():
    truth = np.arange(10.0)
    np.testing.assert_allclose(spearman(truth, [np.exp(truth), -truth]), [1.0, -1.0])


def test_constant_measurement_has_no_control():
    assert spearman(np.arange(5.0), np.full(5, 3.3)) == 0.0


def test_missing_values_are_refused_not_dropped():
    with pytest.raises(ValueError, match="worst_case"):
        spearman(np.arange(3.0), np.array([1.0, np.nan, 2.0]))
    with pytest.raises(ValueError, match="subjects must match"):
        spearman(np.arange(3.0), np.arange(4.0))


@pytest.mark.parametrize("lost", range(20))
def test_worst_case_never_beats_zero_nor_dropping(lost, rng):
    truth = np.arange(20.0)
    measured = truth + rng.normal(size=20)
    measured[lost] = np.nan
    kept = np.arange(20) != lost
    filled = float(spearman(truth, worst_case(truth, measured[None]))[0])
    assert filled <= stats.spearmanr(truth[kept], measured[kept]).statistic
    assert filled <= stats.spearmanr(truth, np.nan_to_num(measured)).statistic + 1e-12


def test_worst_case_keeps_what_was_measured_and_survives_an_empty_draw():
    truth = np.arange(4.0)
    filled = worst_case(truth, [[1.0, 2.0, 3.0, np.nan], [np.nan] * 4])
    np.testing.assert_array_equal(filled, [[1.0, 2.0, 3.0, 1.0], [0.0] * 4])


def test_gene_share_is_the_ratio_of_variances(rng):
    genes, noise = rng.normal(size=2000), rng.normal(size=(16, 2000))
    assert gene_share(genes + noise) == pytest.approx(0.5, abs=0.03)
    assert gene_share(noise) == pytest.approx(0.0, abs=0.02)
    assert gene_share(np.tile(genes, (4, 1))) == pytest.approx(1.0)
    assert gene_share(np.ones((4, 5))) == 0.0
