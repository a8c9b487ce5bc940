import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from napari_radiogen.analysis.separability import (
    group_codes,
    shuffled_columns,
    silhouettes,
    thirds,
)


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 0], [0, 10]])
    labels = np.repeat([0, 1, 2], 20)
    return centres[labels] + rng.normal(0, 0.5, (60, 2)), labels


def test_groups_are_found_and_numbered_by_size(blobs):
    codes, labels = blobs[0][8:], blobs[1][8:]
    found = group_codes(codes, 3, seed=0)
    for one in range(3):
        assert len(set(found.labels[labels == one])) == 1
    assert np.bincount(found.labels).tolist() == [20, 20, 12]
    assert found.silhouette.min() > 0.7


def test_silhouettes_have_a_closed_form_and_are_scikit_learn_s(blobs):
    # Two pairs a distance of 1 apart, 10 from each other.
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    expected = [(b - 1) / b for b in (10.5, 9.5, 9.5, 10.5)]
    assert silhouettes(points, np.array([0, 0, 1, 1])) == pytest.approx(expected)
    codes, labels = blobs
    assert silhouettes(codes, labels).mean() == pytest.approx(silhouette_score(codes, labels))


def test_without_groups_there_is_no_silhouette(blobs):
    codes = blobs[0]
    assert np.isnan(silhouettes(codes, np.zeros(60, dtype=int))).all()
    assert np.isnan(silhouettes(codes, np.arange(60))).all()


def test_shuffling_keeps_each_column_and_breaks_the_groups(blobs):
    codes, labels = blobs
    dealt = shuffled_columns(codes, np.random.default_rng(0))
    assert np.sort(dealt, axis=0) == pytest.approx(np.sort(codes, axis=0))
    assert silhouettes(dealt, labels).mean() < 0.1


def test_thirds_are_cut_on_training_values():
    assert thirds(np.arange(9.0), [0.0, 4.0, 8.0, 100.0]).tolist() == [0, 1, 2, 2]
