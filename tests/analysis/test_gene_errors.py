import numpy as np
import pytest
from scipy.stats import entropy, pearsonr
from sklearn.metrics import mean_absolute_error, mean_squared_error, root_mean_squared_error

from napari_radiogen.analysis.gene_errors import gene_errors, gene_pearson, pearson_p


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    asked = rng.uniform(0, 1, (12, 9))
    return np.clip(asked + rng.normal(0, 0.2, asked.shape), 0, 1), asked


def test_errors_are_those_of_scikit_learn(data):
    told, asked = data
    found = gene_errors(told, asked)
    for i in range(len(told)):
        assert found["mae"][i] == pytest.approx(mean_absolute_error(asked[i], told[i]))
        assert found["mse"][i] == pytest.approx(mean_squared_error(asked[i], told[i]))
        assert found["rmse"][i] == pytest.approx(root_mean_squared_error(asked[i], told[i]))
    p, q = told[0] / told[0].sum(), asked[0] / asked[0].sum()
    assert found["share_mae"][0] == pytest.approx(np.abs(p - q).mean())
    assert found["share_rmse"][0] == pytest.approx(np.sqrt(((p - q) ** 2).mean()))


def test_jensen_shannon_is_scipy_s_mean_of_two_entropies_in_nats(data):
    told, asked = data
    p, q = told[3] / told[3].sum(), asked[3] / asked[3].sum()
    middle = (p + q) / 2
    expected = (entropy(p, middle) + entropy(q, middle)) / 2
    assert gene_errors(told, asked)["jensen_shannon"][3] == pytest.approx(expected)


def test_equal_genes_are_no_error_and_disjoint_ones_the_largest():
    same = gene_errors([[0.2, 0.4]], [[0.4, 0.8]])
    assert same["mae"] == pytest.approx(0.3)
    for name in ("share_mae", "share_rmse", "jensen_shannon", "hellinger", "bhattacharyya"):
        assert same[name] == pytest.approx(0, abs=1e-7)
    apart = gene_errors([[1.0, 0.0]], [[0.0, 1.0]])
    assert apart["jensen_shannon"] == pytest.approx(np.log(2))
    assert apart["hellinger"] == pytest.approx(1)
    assert np.isinf(apart["bhattacharyya"])
    half = gene_errors([[0.5, 0.5]], [[1.0, 0.0]])
    assert half["hellinger"] == pytest.approx(np.sqrt(1 - np.sqrt(0.5)))
    assert half["bhattacharyya"] == pytest.approx(np.log(2) / 2)


def test_the_printed_values_of_li_fit_one_another_in_nats():
    # Hellinger .121 and Bhattacharyya .015 are of the same overlap only in natural logarithms.
    assert -np.log(1 - 0.121**2) == pytest.approx(0.015, abs=5e-4)
    assert -np.log2(1 - 0.121**2) > 0.02


def test_correlations_across_subjects_are_scipy_s(data):
    told, asked = data
    r = gene_pearson(told, asked)
    expected = [pearsonr(told[:, g], asked[:, g]) for g in range(9)]
    assert r == pytest.approx([e.statistic for e in expected])
    assert pearson_p(r, 12) == pytest.approx([e.pvalue for e in expected])
    assert gene_pearson(asked, asked).max() <= 1
    assert gene_pearson(np.repeat(told[:1], 12, axis=0), asked) == pytest.approx(np.zeros(9))


@pytest.mark.parametrize("told", [[[0.1]], [[-0.1, 0.2]], [[0.0, 0.0]]])
def test_what_is_no_vector_of_genes_is_refused(told):
    with pytest.raises(ValueError, match=r"expected|genes must"):
        gene_errors(told, [[0.5, 0.5]])
