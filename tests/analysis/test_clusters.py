"""Clusters by silhouette in code space, fitted on training subjects alone."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from napari_radiogen.analysis.clusters import find_clusters


@pytest.fixture
def three():
    rng = np.random.default_rng(1)
    centres = np.repeat(np.eye(3) * 10, (20, 12, 8), axis=0)
    return centres + rng.normal(size=centres.shape)


def test_three_groups_are_found_and_the_largest_is_first(three):
    found = find_clusters(three, np.ones(40, bool))
    assert found.count == 3
    assert np.bincount(found.labels).tolist() == [20, 12, 8]
    assert found.silhouette == pytest.approx(silhouette_score(three, found.labels))


def test_others_follow_the_training_subjects_and_do_not_count(three):
    fitted = np.ones(40, bool)
    fitted[[0, 25]] = False
    moved = three.copy()
    moved[0] = [50, 0, 0]  # an outlier that must not found a cluster
    found = find_clusters(moved, fitted)
    assert found.count == 3
    assert found.labels[0] == found.labels[1]
    assert found.labels[25] == found.labels[26]
    assert found.silhouette == pytest.approx(silhouette_score(moved[fitted], found.labels[fitted]))


def test_noise_has_a_low_silhouette():
    noise = np.random.default_rng(0).normal(size=(80, 30))
    assert find_clusters(noise, np.ones(80, bool)).silhouette < 0.1


def test_too_few_are_refused(three):
    with pytest.raises(ValueError, match="at least 4"):
        find_clusters(three[:3], np.ones(3, bool))
