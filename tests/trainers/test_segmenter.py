import pytest
import torch

from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.segmenter import train_segmenter, undo
from napari_radiogen.trainers.slices import slice_set, symmetry


@pytest.fixture(scope="module")
def data(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    return slice_set(store, "train", scores)


@pytest.mark.parametrize("which", range(8))
def test_a_symmetry_is_taken_back(which):
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert torch.equal(undo(symmetry(x, which), which), x)


def test_it_learns_the_outline_and_tells_gradients(data):
    segmenter = train_segmenter(data, 60, seed=0)
    largest = int(data.mask.flatten(1).sum(dim=1).argmax())
    image = data.image[largest : largest + 1].requires_grad_()
    seen = segmenter(image)
    inside = data.mask[largest : largest + 1] > 0
    assert seen[inside].mean() > seen[~inside].mean() + 0.2
    (gradient,) = torch.autograd.grad(seen.sum(), image)
    assert gradient.abs().sum() > 0
    assert not any(p.requires_grad for p in segmenter.parameters())


def test_a_seed_decides_it_and_the_run_s_own_draws_go_on(data):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = (train_segmenter(data, 2, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert torch.equal(before, torch.random.get_rng_state())
