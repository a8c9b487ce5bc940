"""Outlines by brightness: what is tested is everything around the network."""

import numpy as np
import pytest
from torch import nn

from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    NoduleSite,
    Provenance,
    SynthesisRequest,
    SynthesisResult,
    VolumeGeometry,
)
from napari_radiogen.inference.measuring import MeasuringUNet
from napari_radiogen.inference.remeasure import Remeasurer
from napari_radiogen.inference.slice_reader import SliceReader

RADIUS_MM = 8.0


class Bright(nn.Module):
    def forward(self, unit):
        return 50 * (unit + 0.2)


@pytest.fixture
def judge():
    return Remeasurer(MeasuringUNet(SliceReader(Bright(), "bright", "digest")))


def painted(spacing, direction=(1, 0, 0, 0, 1, 0, 0, 0, 1), shift=0.0, beside=True, ball=True):
    """A ball of 40 HU in a 48 mm box; a rod beside it, a mask that lies (the whole box)."""
    shape = tuple(int(48 / s) for s in spacing)
    geometry = VolumeGeometry(shape, spacing, (0.0, 0.0, 0.0), direction)
    points = geometry.index_to_lps(np.moveaxis(np.indices(shape), 0, -1))
    centre = geometry.index_to_lps((np.array(shape) - 1) / 2) + np.array((0, 0, shift))
    voxels = np.full(shape, -850, np.int16)
    if ball:
        voxels[np.linalg.norm(points - centre, axis=-1) < RADIUS_MM] = 40
    if beside:
        voxels[np.linalg.norm((points - centre)[..., :2] - (18, 0), axis=-1) < 2] = 40
    request = SynthesisRequest(NoduleSite("1", tuple(map(float, centre))), (0.0,), 1, "f" * 64)
    ones = LabelVolume(np.ones(shape, np.uint8), geometry)
    return SynthesisResult(
        request,
        CTVolume(voxels, geometry),
        ones,
        ones,
        (0, 0, 0),
        {},
        Provenance("f" * 64, "fake", "planted:x", 1),
    )


@pytest.mark.parametrize(
    ("spacing", "direction"),
    [
        ((1.0, 0.75, 0.75), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
        ((2.5, 0.6, 0.6), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
        ((1.0, 0.75, 0.75), (-1, 0, 0, 0, 1, 0, 0, 0, -1)),
    ],
    ids=["as the network", "thick and fine", "flipped"],
)
def test_the_ball_is_measured_and_not_the_generator_s_mask(judge, spacing, direction):
    nodule = judge.measure(painted(spacing, direction))
    assert nodule.volume_mm3 == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3, rel=0.13)
    assert nodule.long_axis_mm == pytest.approx(2 * RADIUS_MM, abs=1.2)
    assert nodule.mean_hu == pytest.approx(0, abs=60)
    assert nodule.sphericity > 0.9


def test_a_site_between_two_slices_is_read_on_a_slice(judge):
    nodule = judge.measure(painted((2.0, 0.75, 0.75), shift=0.9))
    assert nodule.volume_mm3 == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3, rel=0.15)


def test_nothing_there_is_nothing_seen(judge):
    assert judge.measure(painted((1.0, 0.75, 0.75), beside=False, ball=False)) is None


def test_a_slice_gives_the_attributes_of_its_middle(judge):
    result = painted((1.0, 0.75, 0.75))
    middle = result.composed.voxels[24].astype(np.float32)
    values = judge.measure_slice(middle, 0.75)
    assert values["diameter"] == pytest.approx(2 * RADIUS_MM, abs=0.8)
    empty = judge.measure_slice(np.full((64, 64), -850.0, np.float32), 0.75)
    assert np.isnan(empty["diameter"])
