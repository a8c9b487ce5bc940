import pytest
import torch

from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.segmenter import train_segmenter
from napari_radiogen.trainers.slices import slice_set


@pytest.fixture(scope="module")
def data(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    return slice_set(store, "train", scores)


def test_it_learns_the_outline_and_is_frozen(data):
    segmenter = train_segmenter(data, 60, seed=0)
    largest = int(data.mask.flatten(1).sum(dim=1).argmax())
    seen = torch.sigmoid(segmenter(data.image[largest : largest + 1]))
    inside = data.mask[largest : largest + 1] > 0
    assert seen[inside].mean() > seen[~inside].mean() + 0.2
    assert not any(p.requires_grad for p in segmenter.parameters())


def test_a_seed_decides_it_and_the_run_s_own_draws_go_on(data):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = (train_segmenter(data, 2, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert torch.equal(before, torch.random.get_rng_state())
