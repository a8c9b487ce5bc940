import numpy as np
import pytest
from torch import nn

from napari_radiogen.inference.measuring import MeasuringUNet, central_part
from napari_radiogen.inference.slice_reader import SliceReader


class Bright(nn.Module):
    def forward(self, unit):
        return 50 * (unit + 0.2)


@pytest.fixture
def measuring():
    return MeasuringUNet(SliceReader(Bright(), "bright", "digest"))


def _discs(size, radius_px):
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    hu = np.full((2, size, size), -850.0)
    hu[0][np.hypot(y, x) < radius_px] = 0
    hu[0][:4, :4] = 0
    return hu


def test_the_part_in_the_middle_is_kept(measuring) -> None:
    masks = measuring.masks(_discs(64, 8))
    assert masks.dtype == bool
    assert masks[0].sum() == pytest.approx(np.pi * 64, rel=0.05)
    assert not masks[0, :4, :4].any()
    assert not masks[1].any()


class Leaning(nn.Module):
    """Sees the nodule only where the slice's left half is."""

    def forward(self, unit):
        seen = unit.clone()
        seen[..., unit.shape[-1] // 2 :] = -1
        return 50 * (seen + 0.2)


@pytest.mark.parametrize("size", [64, (64, 96)])
def test_turns_average_a_network_s_leaning_away_and_come_back_in_place(size) -> None:
    slices = np.full((1, *np.broadcast_to(size, 2)), -850.0)
    slices[0, 20:40, 10:30] = 0
    one = MeasuringUNet(SliceReader(Bright(), "bright", "digest"), turns=8)
    assert (one.masks(slices)[0] == (slices[0] == 0)).all()
    leaning = SliceReader(Leaning(), "leaning", "digest")
    slices[0, 20:40, :] = 0
    once = MeasuringUNet(leaning).masks(slices)[0]
    assert once[:, : slices.shape[2] // 2].any()
    assert not once[:, slices.shape[2] // 2 :].any()
    turned = MeasuringUNet(leaning, turns=4).masks(slices)[0]
    assert (turned == turned[:, ::-1]).all()


@pytest.mark.parametrize("pixel_mm", [0.469, 1.0])
def test_other_pixels_are_resampled_and_come_back(measuring, pixel_mm) -> None:
    masks = measuring.masks(_discs(50, 8), pixel_mm)
    assert masks.shape == (2, 50, 50)
    assert masks[0].sum() == pytest.approx(np.pi * 64, rel=0.2)


def test_wrong_calls_are_refused(measuring) -> None:
    with pytest.raises(ValueError, match="B, H, W"):
        measuring.masks(np.zeros((64, 64)))
    with pytest.raises(ValueError, match="pixel_mm"):
        measuring.masks(np.zeros((1, 64, 64)), 0.0)


def test_central_part_of_nothing_is_nothing() -> None:
    assert not central_part(np.zeros((5, 5), bool)).any()
    diagonal = np.eye(5, dtype=bool)
    assert (central_part(diagonal) == diagonal).all()
