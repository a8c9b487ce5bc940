import dataclasses

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.soft_attributes import soft_attributes
from napari_radiogen.trainers.attribute_target import fit_target
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.slices import slice_set

PIXEL_MM = 0.75


@pytest.fixture(scope="module")
def data(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    return slice_set(store, "train", scores), slice_set(store, "validation", scores)


@pytest.fixture(scope="module")
def components():
    return torch.eye(10)[: len(ATTRIBUTES)]


def central(data):
    largest = [
        int(torch.where(data.subject == s, -data.dz_mm.abs(), -1e9).argmax())
        for s in range(len(data.subject_ids))
    ]
    return data.image[largest], data.mask[largest]


def test_scores_rise_with_the_attribute_and_are_normal(data, components):
    target = fit_target(*data, components, PIXEL_MM)
    measured = soft_attributes(*central(data[0]), PIXEL_MM)
    scores = target.normal_scores(measured)
    for k in range(len(ATTRIBUTES)):
        assert spearmanr(scores[:, k], measured[:, k]).statistic > 0.99
    assert scores.abs().median() < 1.5


def test_nothing_is_asked_that_genes_do_not_tell(data):
    none = torch.zeros(len(ATTRIBUTES), 10)
    target = fit_target(*data, none, PIXEL_MM)
    assert target.weight.tolist() == pytest.approx([0.0] * len(ATTRIBUTES), abs=0.05)


def test_only_central_slices_with_a_nodule_count(data, components):
    target = dataclasses.replace(
        fit_target(*data, components, PIXEL_MM), weight=torch.ones(len(ATTRIBUTES))
    )
    image, mask = (x[:2] for x in central(data[0]))
    genes = torch.full((2, 10), 3.0)
    at_centre = target.loss(image, mask, torch.zeros(2), genes)
    assert at_centre > 0
    assert target.loss(image, mask, torch.tensor([5.0, -5.0]), genes) == 0
    assert target.loss(image, torch.zeros_like(mask), torch.zeros(2), genes) == 0
    half = target.loss(image, mask, torch.tensor([0.0, 5.0]), genes)
    assert half != at_centre


def test_the_loss_is_least_where_genes_foretell_what_is_there(data, components):
    target = dataclasses.replace(
        fit_target(*data, components, PIXEL_MM), weight=torch.ones(len(ATTRIBUTES))
    )
    image, mask = central(data[0])
    genes = torch.zeros(len(image), 10)
    genes[:, : len(ATTRIBUTES)] = target.normal_scores(soft_attributes(image, mask, PIXEL_MM))
    dz = torch.zeros(len(image))
    assert target.loss(image, mask, dz, genes) == pytest.approx(0, abs=1e-8)
    dealt = genes[torch.from_numpy(np.roll(np.arange(len(genes)), 1))]
    assert target.loss(image, mask, dz, dealt) > 0.05
