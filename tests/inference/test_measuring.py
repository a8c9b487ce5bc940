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


@pytest.mark.parametrize("pixel_mm", [0.469, 1.0])
def test_other_pixels_are_resampled_and_come_back(measuring, pixel_mm) -> None:
    masks = measuring.masks(_discs(50, 8), pixel_mm)
    assert masks.shape == (2, 50, 50)
    assert masks[0].sum() == pytest.approx(np.pi * 64, rel=0.15)


def test_wrong_calls_are_refused(measuring) -> None:
    with pytest.raises(ValueError, match="B, H, W"):
        measuring.masks(np.zeros((64, 64)))
    with pytest.raises(ValueError, match="pixel_mm"):
        measuring.masks(np.zeros((1, 64, 64)), 0.0)


def test_central_part_of_nothing_is_nothing() -> None:
    assert not central_part(np.zeros((5, 5), bool)).any()
    diagonal = np.eye(5, dtype=bool)
    assert (central_part(diagonal) == diagonal).all()
