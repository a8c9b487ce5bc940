import numpy as np
import pytest
import torch
from torch import nn

from napari_radiogen.errors import Cancelled, InputError
from napari_radiogen.trainers.config import read_config
from napari_radiogen.trainers.unet import UNetConfig, case_dice, train_unet
from napari_radiogen.trainers.unet_data import (
    AugmentConfig,
    LabelledSlices,
    SliceSampler,
    augment,
)

TINY = {"name": "tiny", "base": 4, "batch_size": 6, "validate_every": 10, "max_minutes": 1}


def _slices(n=12, size=32, seed=0):
    """Bright discs on dark ground; every third slice is empty."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    mask = np.zeros((n, size, size), np.uint8)
    for i in range(n):
        if i % 3:
            cy, cx = rng.uniform(10, 22, 2)
            mask[i] = np.hypot(y - cy, x - cx) < 6
    image = (mask * 900.0 - 850 + rng.normal(0, 20, mask.shape)).astype(np.int16)
    cases = np.array([f"case-{i // 3}" for i in range(n)])
    return LabelledSlices(image, mask, cases, cases)


def test_training_learns_and_keeps_the_best_checkpoint() -> None:
    gentle = AugmentConfig(shift_px=2, zoom=(0.9, 1.1), offset_hu=0, noise_hu=5, blur_px=0)
    config = UNetConfig(steps=40, learning_rate=3e-3, dropout=0.0, augment=gentle, **TINY)
    trained = train_unet(config, _slices(), _slices(seed=1))
    assert trained.steps == 40
    assert trained.dice == max(dice for _, dice in trained.history)
    assert trained.dice > 0.8
    scores = case_dice(trained.network, _slices(seed=1))
    assert np.mean(list(scores.values())) == pytest.approx(trained.dice)


def test_the_same_seed_gives_the_same_weights() -> None:
    def weights(seed):
        config = UNetConfig(steps=3, seed=seed, **TINY)
        return train_unet(config, _slices(), _slices(seed=1)).network.state_dict()

    first, again, other = weights(0), weights(0), weights(1)
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_training_stops_when_asked_or_when_time_is_up() -> None:
    config = UNetConfig(steps=1000, **TINY)
    with pytest.raises(Cancelled):
        train_unet(config, _slices(), _slices(), cancelled=lambda: True)
    hurried = config.model_copy(update={"max_minutes": 1e-4})
    assert train_unet(hurried, _slices(), _slices()).steps < 10


def test_dice_is_pooled_over_a_case_and_counts_false_slices() -> None:
    class Known(nn.Module):
        def forward(self, unit):
            return unit + 0.5

    slices = _slices(3)
    assert case_dice(Known(), slices) == {"case-0": 1.0}
    image = slices.image.copy()
    image[0] = 0
    wrong = LabelledSlices(image, slices.mask, slices.cases, slices.patients)
    truth = int(slices.mask.sum())
    expected = 2 * truth / (2 * truth + image[0].size)
    assert case_dice(Known(), wrong)["case-0"] == pytest.approx(expected)
    empty = LabelledSlices(image[:1], slices.mask[:1], slices.cases[:1], slices.patients[:1])
    assert case_dice(Known(), empty) == {}


def test_image_and_mask_are_moved_together() -> None:
    slices = _slices(12)
    sampler = SliceSampler(slices, 0.0, np.random.default_rng(0))
    image, mask = sampler.tensors(sampler.draw(64))
    quiet = AugmentConfig(offset_hu=0, noise_hu=0, blur_px=0)
    moved, moved_mask = augment(image, mask, quiet, np.random.default_rng(1))
    assert (((moved > -400).float() != moved_mask).float().mean()) < 0.02
    assert not torch.equal(moved_mask, mask)


def test_a_batch_holds_the_share_without_nodule_and_hard_ones_come_more_often() -> None:
    slices = _slices(30)
    sampler = SliceSampler(slices, 0.5, np.random.default_rng(0))
    empty = np.flatnonzero(~slices.positive)
    rows = sampler.draw(16)
    assert np.isin(rows, empty).sum() == 8
    sampler.report(empty, np.where(empty == empty[0], 1.0, 0.0))
    drawn = np.concatenate([sampler.draw(16) for _ in range(50)])
    drawn = drawn[np.isin(drawn, empty)]
    assert (drawn == empty[0]).mean() > 0.4


def test_a_config_with_an_unknown_field_is_refused(tmp_path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("name: x\nbase: 4\n")
    assert read_config(UNetConfig, file, {"steps": 7}).steps == 7
    file.write_text("name: x\nwidth: 4\n")
    with pytest.raises(InputError, match="width"):
        read_config(UNetConfig, file, {})
