import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio
from skimage.morphology import dilation, disk

from napari_radiogen.analysis.fidelity import dilate, equal_outside, leakage, mean_psnr, psnr


def test_dilate_equals_skimage_and_keeps_the_empty_empty(rng):
    masks = rng.random((3, 40, 40)) > 0.99
    masks[2] = False
    expected = [dilation(mask, disk(5)) for mask in masks]
    np.testing.assert_array_equal(dilate(masks, 5), expected)


def test_leakage_is_the_ratio_of_means():
    change = np.full((2, 8, 8), -1.0)
    inside = np.zeros((2, 8, 8), dtype=bool)
    inside[0, :4] = True
    change[inside] = 50.0
    assert leakage(change, inside, ~inside) == pytest.approx(1 / 50)


def test_leakage_of_a_deaf_generator_is_undefined_not_perfect():
    inside = np.zeros((1, 4, 4), dtype=bool)
    inside[0, 0] = True
    assert np.isnan(leakage(np.zeros((1, 4, 4)), inside, ~inside))


def test_psnr_equals_skimage_on_whole_images(rng):
    a, b = rng.random((2, 3, 16, 16))
    everywhere = np.ones(a.shape, dtype=bool)
    expected = [peak_signal_noise_ratio(x, y, data_range=1) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(psnr(a, b, everywhere), expected)


def test_psnr_reads_only_where_it_is_told():
    a, b = np.zeros((2, 1, 4, 4))
    a[0, 0, 0] = 1.0
    a[0, 3, 3] = 0.1
    where = np.ones((1, 4, 4), dtype=bool)
    where[0, 0, 0] = False
    assert psnr(a, b, where)[0] == pytest.approx(-10 * np.log10(0.01 / 15))
    assert np.isnan(psnr(a, b, np.zeros_like(where))[0])


def test_an_infinite_psnr_does_not_hide_finite_ones():
    assert mean_psnr(np.array([np.inf, 40.0, 50.0, np.nan])) == 45.0
    assert mean_psnr(np.array([np.inf, np.inf])) == np.inf
    assert np.isnan(mean_psnr(np.array([np.nan])))


def test_exactness_is_of_every_pixel_and_never_empty(rng):
    background = rng.normal(size=(2, 6, 6)).astype(np.float32)
    region = np.zeros((2, 6, 6), dtype=bool)
    region[:, 2:4, 2:4] = True
    painted = np.where(region, np.float32(99), background)
    assert equal_outside(painted, background, region)
    painted[1, 0, 0] = np.nextafter(painted[1, 0, 0], np.float32(9))
    assert not equal_outside(painted, background, region)
    assert not equal_outside(background, background, np.ones_like(region))
