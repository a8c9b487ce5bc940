import numpy as np
import pytest
from scipy.stats import spearmanr

from napari_radiogen.analysis.cluster_map import cluster_map, patient_means, spearman_p


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(40, 5))
    features = rng.normal(size=(40, 6))
    features[:, 2] = np.exp(genes[:, 1]) + 0.1 * rng.normal(size=40)
    features[:, 3] = -features[:, 2]
    return features, genes


def test_correlations_and_p_values_are_scipy_s(data):
    features, genes = data
    told = cluster_map(features, genes)
    asked = spearmanr(features, genes)
    assert told.rho == pytest.approx(asked.statistic[:6, 6:])
    assert told.p == pytest.approx(asked.pvalue[:6, 6:])
    assert told.patients == 40


def test_the_adjustment_is_that_of_benjamini_and_hochberg(data):
    told = cluster_map(*data)
    p = told.p.ravel()
    order = np.argsort(p)
    # q of the i-th smallest is the least p_j m / j over j >= i.
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    q = np.empty(p.size)
    q[order] = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    assert told.q.ravel() == pytest.approx(q)
    assert told.discoveries(0.05) == (q <= 0.05).sum() >= 2
    assert told.discoveries(0.0) == 0


def test_linkage_merges_at_one_minus_absolute_correlation():
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    y = np.array([2.0, 1, 4, 3, 6, 5, 8, 7])
    z = np.array([1.0, 8, 2, 7, 3, 6, 4, 5])
    told = cluster_map(np.stack([x, z, -y], axis=1), np.stack([x, z], axis=1))
    xy, xz, yz = (abs(spearmanr(*pair).statistic) for pair in ((x, y), (x, z), (y, z)))
    # x and -y join first, whatever the sign; z joins at the mean of its two distances.
    assert sorted(told.feature_tree[0, :2]) == [0, 2]
    assert told.feature_tree[:, 2] == pytest.approx([1 - xy, 1 - (xz + yz) / 2])
    order = told.feature_order.tolist()
    assert sorted(order) == [0, 1, 2]
    assert order[1] != 1
    assert told.metagene_tree[0, 2] == pytest.approx(1 - xz)


def test_nothing_is_found_in_noise_or_in_what_does_not_vary():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(30, 8))
    features[:, 0] = 0.0
    told = cluster_map(features, rng.normal(size=(30, 7)))
    assert told.discoveries(0.05) == 0
    assert (told.rho[0] == 0).all()
    assert (told.p[0] == 1).all()


def test_p_values_of_perfect_and_of_no_correlation():
    assert spearman_p(np.array([1.0, -1.0, 0.0]), 10) == pytest.approx([0, 0, 1])


def test_means_are_of_patients_in_alphabetical_order():
    features = np.array([[1.0, 2.0], [3.0, 0.0], [5.0, 7.0]])
    means, names = patient_means(features, ["b", "b", "a"])
    assert names == ("a", "b")
    assert means.tolist() == [[5.0, 7.0], [2.0, 1.0]]
    with pytest.raises(ValueError, match="3 rows of features, 2 patients"):
        patient_means(features, ["a", "b"])


@pytest.mark.parametrize(
    ("features", "genes", "reason"),
    [
        (np.zeros((3, 2)), np.zeros((3, 2)), "P >= 4"),
        (np.zeros((5, 2)), np.zeros((4, 2)), "P >= 4"),
        (np.zeros((5, 1)), np.zeros((5, 2)), "at least 2"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "finite"),
    ],
)
def test_what_does_not_fit_is_refused(features, genes, reason):
    with pytest.raises(ValueError, match=reason):
        cluster_map(features, genes)
