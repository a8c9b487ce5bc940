import numpy as np
import pytest

from napari_radiogen.imaging.radiomics import slice_radiomics


def _disc(radius_px, hu=0.0, size=64):
    y, x = np.indices((size, size)) - (size - 1) / 2
    mask = np.hypot(y, x) <= radius_px
    return np.where(mask, hu, -850.0), mask


def test_a_smooth_disc_by_its_closed_form():
    image, mask = _disc(10)
    found = slice_radiomics(image, mask, 0.75)
    assert found["diameter"] == pytest.approx(15, rel=0.02)
    assert found["eccentricity"] < 0.05
    assert found["solidity"] > 0.95
    assert found["roundness"] == pytest.approx(1, abs=0.1)
    assert (found["mean_hu"], found["hu_sd"], found["contrast"]) == (0, 0, 0)
    assert found["homogeneity"] == 1
    assert found["solid_fraction"] == 1
    assert found["rim_step_hu"] == 850


def test_an_ellipse_a_faint_and_a_grainy_nodule_differ_where_they_should():
    image, mask = _disc(10)
    plain = slice_radiomics(image, mask, 0.75)
    long = slice_radiomics(image, mask & (np.abs(np.indices((64, 64))[0] - 31.5) < 4), 0.75)
    assert long["eccentricity"] > 0.8 > plain["eccentricity"]
    assert slice_radiomics(image - 700 * mask, mask, 0.75)["solid_fraction"] == 0
    grain = image + mask * np.random.default_rng(0).normal(0, 100, image.shape)
    grainy = slice_radiomics(grain, mask, 0.75)
    assert grainy["contrast"] > 1
    assert grainy["hu_90"] - grainy["hu_10"] > 150


def test_texture_reads_the_nodule_only_and_one_pixel_has_none():
    image, mask = _disc(10)
    elsewhere = image + ~mask * np.random.default_rng(0).normal(0, 100, image.shape)
    assert slice_radiomics(elsewhere, mask, 0.75)["contrast"] == 0
    dot = np.zeros((64, 64), bool)
    dot[30, 30] = True
    assert slice_radiomics(image, dot, 0.75)["homogeneity"] == 1
    with pytest.raises(ValueError, match="empty"):
        slice_radiomics(image, np.zeros((64, 64)), 0.75)
