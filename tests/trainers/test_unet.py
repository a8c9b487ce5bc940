import numpy as np
import pytest
import torch
from torch import nn

from napari_radiogen.errors import Cancelled, InputError
from napari_radiogen.trainers.config import read_config
from napari_radiogen.trainers.run import RunOptions
from napari_radiogen.trainers.unet import UNetConfig, case_dice, train_unet
from napari_radiogen.trainers.unet_data import (
    AugmentConfig,
    LabelledSlices,
    SliceSampler,
    augment,
    nodule_cases,
)
from tests.trainers.tiny import disc_slices

ONE = RunOptions(threads=1)
TINY = {"name": "tiny", "base": 4, "batch_size": 6, "validate_every": 10, "max_minutes": 1}


def test_training_learns_and_keeps_the_best_checkpoint() -> None:
    gentle = AugmentConfig(shift_px=2, zoom=(0.9, 1.1), offset_hu=0, noise_hu=5, blur_px=0)
    config = UNetConfig(steps=40, learning_rate=3e-3, dropout=0.0, augment=gentle, **TINY)
    trained = train_unet(config, disc_slices(), disc_slices(seed=1), options=ONE)
    assert trained.steps == 40
    assert trained.dice == max(dice for _, dice in trained.history)
    assert trained.dice > 0.8
    scores = case_dice(trained.network, disc_slices(seed=1))
    assert np.mean(list(scores.values())) == pytest.approx(trained.dice)


def test_the_same_seed_gives_the_same_weights() -> None:
    def weights(seed):
        config = UNetConfig(steps=3, seed=seed, **TINY)
        return train_unet(
            config, disc_slices(), disc_slices(seed=1), options=ONE
        ).network.state_dict()

    first, again, other = weights(0), weights(0), weights(1)
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_training_stops_when_asked_or_when_time_is_up() -> None:
    config = UNetConfig(steps=1000, **TINY)
    with pytest.raises(Cancelled):
        train_unet(config, disc_slices(), disc_slices(), options=ONE, cancelled=lambda: True)
    hurried = config.model_copy(update={"max_minutes": 1e-4})
    assert train_unet(hurried, disc_slices(), disc_slices(), options=ONE).steps < 10


def test_dice_is_pooled_over_a_case_and_counts_falsedisc_slices() -> None:
    class Known(nn.Module):
        def forward(self, unit):
            return unit + 0.5

    slices = disc_slices(3)
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
    slices = disc_slices(12)
    sampler = SliceSampler(slices, 0.0, np.random.default_rng(0))
    image, mask = sampler.tensors(sampler.draw(64))
    quiet = AugmentConfig(offset_hu=0, noise_hu=0, blur_px=0)
    moved, moved_mask = augment(image, mask, quiet, np.random.default_rng(1))
    assert (((moved > -400).float() != moved_mask).float().mean()) < 0.02
    assert not torch.equal(moved_mask, mask)


def test_a_batch_holds_the_share_without_nodule_and_hard_ones_come_more_often() -> None:
    slices = disc_slices(30)
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


def test_each_nodule_is_a_case_with_or_without_a_name() -> None:
    rows = [
        ("P-1", "a", "axial"),
        ("P-1", "a", "sagittal"),
        ("", "a", "axial"),
        ("", "a", "coronal"),
        ("", "a", "axial"),
        ("", "b", "axial"),
        ("", "b", "sagittal"),
        ("P-2", "b", "axial"),
        ("", "b", "sagittal"),
    ]
    subject, patient, plane = (np.array(column) for column in zip(*rows, strict=True))
    columns = {"subject_id": subject, "patient_id": patient, "plane": plane}
    cases = nodule_cases(columns).tolist()
    assert cases[:2] + cases[7:8] == ["P-1", "P-1", "P-2"]
    unnamed = cases[2:7] + cases[8:]
    assert [unnamed.index(c) for c in unnamed] == [0, 0, 2, 3, 3, 5]
