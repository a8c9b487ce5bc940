import numpy as np
import pytest

from napari_radiogen.analysis.retrieval import nearest_ratio, retrieve


def test_identical_features_find_their_own_and_shuffled_ones_do_not():
    rng = np.random.default_rng(0)
    gallery = rng.normal(size=(50, 8))
    perfect = retrieve(gallery, gallery)
    assert (perfect.top1, perfect.top5, perfect.mrr) == (1, 1, 1)
    assert perfect.chance_top1 == 0.02
    assert retrieve(gallery[::-1], gallery).top1 < 0.1


def test_ranks_by_hand_and_a_tie_counts_against():
    gallery = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    queries = np.array([[1.0, 0.1], [0.1, 1.0], [0.0, 1.0]])
    found = retrieve(queries, gallery)
    assert found.top1 == pytest.approx(1 / 3)
    assert found.mrr == pytest.approx((1 / 2 + 1 + 1 / 3) / 3)


def test_an_unknown_query_ranks_last():
    gallery = np.eye(4)
    queries = np.eye(4)
    queries[2] = np.nan
    assert retrieve(queries, gallery).mrr == pytest.approx((3 + 1 / 4) / 4)


def test_copies_of_training_images_are_near_and_new_ones_are_not():
    rng = np.random.default_rng(0)
    train, test, new = (rng.normal(size=(40, 20)) for _ in range(3))
    assert nearest_ratio(train + 0.01, train, test) < 0.1
    assert nearest_ratio(new, train, test) == pytest.approx(1, abs=0.1)
