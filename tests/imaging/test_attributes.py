import numpy as np
import pytest

from napari_radiogen.imaging.attributes import opening_loss, slice_attributes

PIXEL = 0.75


def _scene(radius_mm, hu=0.0, spikes=0, seed=0):
    offset = (np.arange(64) - 31.5) * PIXEL
    y, x = np.meshgrid(offset, offset, indexing="ij")
    angle = np.arctan2(y, x)
    edge = radius_mm + (3.0 * np.cos(spikes * angle) if spikes else 0.0)
    inside = np.hypot(y, x) <= edge
    noise = np.random.default_rng(seed).normal(0, 5, inside.shape)
    return np.where(inside, hu, -850) + noise, inside


@pytest.mark.parametrize("radius_mm", [4.0, 8.0, 14.0])
def test_diameter_of_a_disc_is_its_own(radius_mm):
    image, mask = _scene(radius_mm)
    assert slice_attributes(image, mask, PIXEL)["diameter"] == pytest.approx(
        2 * radius_mm, abs=PIXEL / 2
    )


def test_diameter_scales_with_the_pixel():
    image, mask = _scene(8.0)
    one, two = (slice_attributes(image, mask, p)["diameter"] for p in (0.5, 1.0))
    assert two == pytest.approx(2 * one)


def test_mean_hu_is_taken_inside_only():
    image, mask = _scene(6.0, hu=-120.0)
    assert slice_attributes(image, mask, PIXEL)["mean_hu"] == pytest.approx(-120, abs=2)


def test_spikes_raise_spiculation_at_equal_size():
    smooth = slice_attributes(*_scene(8.0), PIXEL)["spiculation"]
    spiked = slice_attributes(*_scene(8.0, spikes=14), PIXEL)["spiculation"]
    assert spiked > smooth + 0.15


def test_a_large_disc_survives_the_opening_and_a_line_does_not():
    _, disc = _scene(8.0)
    line = np.zeros((64, 64), dtype=bool)
    line[32, 10:50] = True
    assert opening_loss(disc, PIXEL) < 0.05
    assert opening_loss(line, PIXEL) == 1.0


def test_an_empty_mask_measures_as_unknown():
    values = slice_attributes(np.zeros((64, 64)), np.zeros((64, 64)), PIXEL)
    assert all(np.isnan(v) for v in values.values())
