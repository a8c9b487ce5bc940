import numpy as np
import pytest
import torch

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.agreement import LEAST_SHARE, fit_agreements
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.slices import area_share, draw_batch, slice_set


@pytest.fixture(scope="module")
def store(cohort):
    return open_cohort(cohort)


@pytest.fixture(scope="module")
def data(store):
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    return slice_set(store, "train", scores), slice_set(store, "validation", scores)


@pytest.fixture(scope="module")
def components():
    rng = torch.Generator().manual_seed(0)
    return torch.randn(len(ATTRIBUTES), 10, generator=rng)


def fitted(data, components, store, which=0):
    return fit_agreements(*data, components, store.hu_range, store.pixel_mm)[which]


def test_moved_genes_say_what_the_slice_shows_and_nothing_else_changes(data, components, store):
    agreement = fitted(data, components, store)
    rows = torch.arange(12)
    genes = data[0].metagenes[data[0].subject[rows]]
    moved = agreement.move(genes, rows)
    assert moved @ components.T == pytest.approx(agreement.asked[rows], abs=1e-4)
    # The shortest way: nothing moves across the components.
    inside = torch.linalg.pinv(components) @ components
    moves = moved - genes
    assert moves @ inside.T == pytest.approx(moves, abs=1e-4)
    assert moves.abs().max() > 0.1


def test_components_that_foretell_nothing_move_nothing(data, components, store):
    genes = data[0].metagenes[:4]
    nothing = fitted(data, torch.zeros_like(components), store)
    assert torch.equal(nothing.move(genes, torch.arange(4)), genes)
    # One of three: the others stay where they are.
    single = components.clone()
    single[1:] = 0
    moved = fitted(data, single, store).move(genes, torch.arange(4))
    assert torch.linalg.matrix_rank(moved - genes) == 1


def test_size_is_the_nodule_s_and_density_the_slice_s_own(data, components, store):
    train, agreement = data[0], fitted(data, components, store)
    spread = (train.metagenes @ components.T).std(dim=0)
    shown = (agreement.asked / spread).numpy()
    share = area_share(train)
    of = train.subject.numpy()
    size = normal_scores(train.attributes[:, 0].numpy())[of]
    assert shown[:, 0] == pytest.approx(size, abs=1e-4)
    pole = (share < LEAST_SHARE).numpy()
    density = normal_scores(train.attributes[:, 1].numpy())[of]
    assert shown[pole, 1] == pytest.approx(density[pole], abs=1e-4)
    hu = unit_to_hu(train.image[:, 0].numpy(), store.hu_range)
    known = np.sort(train.attributes[:, 1].numpy())
    for row in np.flatnonzero(~pole)[:8]:
        own = slice_attributes(hu[row], train.mask[row, 0].numpy(), store.pixel_mm)["mean_hu"]
        told = np.interp(own, known, normal_scores(known))
        assert shown[row, 1] == pytest.approx(told, abs=1e-4)


def test_other_splits_are_measured_on_the_scale_of_training_patients(data, components, store):
    validation = fitted(data, components, store, which=1)
    assert validation.asked.shape == (len(data[1]), len(ATTRIBUTES))
    limit = (data[0].metagenes @ components.T).std(dim=0) * float(
        normal_scores(np.arange(len(data[0].subject_ids))).max()
    )
    assert bool((validation.asked.abs() <= limit + 1e-4).all())


def test_a_batch_holds_genes_moved_for_its_own_slices(data, components, store):
    train, agreement = data[0], fitted(data, components, store)
    seen = []

    def move(genes, rows):
        seen.append(rows)
        return agreement.move(genes, rows)

    rng = torch.Generator().manual_seed(3)
    batch = draw_batch(train, 6, 0.3, rng, move=move)
    assert batch.metagenes @ components.T == pytest.approx(agreement.asked[seen[0]], abs=1e-4)
    assert torch.equal(batch.dz_mm, train.dz_mm[seen[0]])
