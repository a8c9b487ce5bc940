"""Losses of the published systems against values worked out by hand."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from napari_radiogen.models.losses_autoencoder import autoencoder_loss, feature_error, l1_l2
from napari_radiogen.models.losses_baselines import (
    bce_discriminator,
    bce_generator,
    conditioning_divergence,
    multi_mask_l1,
    published_loss,
    table_loss,
    weighted_generator_loss,
)
from napari_radiogen.models.mcgan import Verdict


def _verdict(image, pair, genes):
    return Verdict(*(torch.full((2, 1), float(v)) for v in (image, pair, genes)))


REAL = _verdict(1, 1, 1)
WRONG_PAIR = _verdict(1, 1, 0)
WRONG_MASK = _verdict(1, 0, 0)
FAKE = _verdict(0, 0, 0)


def test_the_table_is_met_at_no_loss():
    assert table_loss(REAL, WRONG_PAIR, WRONG_MASK, FAKE) == 0
    assert published_loss(REAL, _verdict(7, 7, 0), _verdict(7, 0, 0), FAKE) == 0


@pytest.mark.parametrize(
    ("tuples", "table", "published"),
    [
        # real scored 0.5 by all: table 1/4 (1/3 + 1/2 + 1), published 1/4 three times
        ((_verdict(0.5, 0.5, 0.5), WRONG_PAIR, WRONG_MASK, FAKE), 0.25 * 11 / 6, 0.75),
        # another patient's pair taken with these genes: one of three refusals of D_ISG
        ((REAL, _verdict(1, 1, 1), WRONG_MASK, FAKE), 1 / 3, 1.0),
        # a wrong mask accepted as pair and with genes
        ((REAL, WRONG_PAIR, _verdict(1, 1, 1), FAKE), 1 / 2 + 1 / 3, 2.0),
        # a synthetic tuple accepted by all
        ((REAL, WRONG_PAIR, WRONG_MASK, _verdict(1, 1, 1)), 1 + 1 / 2 + 1 / 3, 3.0),
        # D_I refuses another patient's real image: only the table minds
        ((REAL, _verdict(0, 1, 0), WRONG_MASK, FAKE), 1 / 3, 0.0),
    ],
)
def test_discriminator_losses_by_hand(tuples, table, published):
    assert table_loss(*tuples) == pytest.approx(table)
    assert published_loss(*tuples) == pytest.approx(published)


def test_the_generator_s_weights_are_isg_i_is():
    fake = _verdict(0.5, 0, 0.8)
    expected = 10 * 0.2**2 + 8 * 0.5**2 + 1 * 1
    assert weighted_generator_loss(fake, (10, 8, 1)) == pytest.approx(expected)


def test_the_divergence_is_that_of_two_normal_distributions():
    mean, log_variance = torch.randn(3, 4), torch.randn(3, 4)
    told = conditioning_divergence(mean, log_variance)
    asked = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).mean()
    assert told == pytest.approx(asked.item(), rel=1e-5)
    assert conditioning_divergence(torch.zeros(1, 2), torch.zeros(1, 2)) == 0


def test_multi_mask_weighs_hole_and_shell_and_nothing_else():
    hole = torch.zeros(1, 1, 32, 32)
    hole[..., 16, 16] = 1
    black = torch.zeros(1, 1, 32, 32)
    for x, weight in ((16, 5), (19, 5), (20, 1)):
        image = black.clone()
        image[..., 16, x] = 2.0
        assert multi_mask_l1(image, black, hole, 5.0) == pytest.approx(weight * 2 / 32**2)
    cube = torch.zeros(1, 1, 8, 8, 8)
    assert multi_mask_l1(cube + 1, cube, cube, 5.0) == 1


def test_adversarial_entropy_by_hand_and_against_torch():
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.0, 1.0])
    asked = F.binary_cross_entropy_with_logits(
        real, torch.ones(2)
    ) + F.binary_cross_entropy_with_logits(fake, torch.zeros(2))
    assert bce_discriminator(real, fake) == pytest.approx(asked.item())
    assert bce_generator(torch.zeros(3)) == pytest.approx(math.log(2))


def test_equations_6_to_9_by_hand():
    told, asked = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5, 1.0]])
    assert l1_l2(told, asked) == pytest.approx(0.5 * 0.25 + 0.5 * 0.125)
    assert feature_error(told, asked) == pytest.approx(0.125)
    loss = autoencoder_loss(torch.tensor(4.0), torch.tensor(8.0), torch.tensor(2.0))
    assert loss.total == pytest.approx(1 + 2 + 1)
