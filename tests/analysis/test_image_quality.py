import numpy as np
import pytest
import torch
from monai.metrics import PSNRMetric, SSIMMetric
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from napari_radiogen.analysis.image_quality import centred_disc, image_quality


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    base = rng.uniform(0, 1, (3, 40, 40))
    base = (base + np.roll(base, 1, 1) + np.roll(base, 1, 2)) / 3
    return np.clip(base + rng.normal(0, 0.1, base.shape), 0, 1), base


def test_whole_images_are_those_of_scikit_image(images):
    made, real = images
    found = image_quality(made, real)
    for i in range(3):
        assert found["mse"][i] == pytest.approx(mean_squared_error(real[i], made[i]))
        psnr = peak_signal_noise_ratio(real[i], made[i], data_range=1)
        assert found["psnr"][i] == pytest.approx(psnr)
        ssim = structural_similarity(
            real[i],
            made[i],
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert found["ssim"][i] == pytest.approx(ssim)


def test_whole_images_are_those_of_monai(images):
    made, real = (torch.from_numpy(v)[:, None].float() for v in images)
    found = image_quality(*images)
    ssim = SSIMMetric(spatial_dims=2, data_range=1.0, win_size=11, kernel_sigma=1.5)
    assert found["ssim"] == pytest.approx(ssim(made, real).flatten().numpy(), abs=1e-4)
    psnr = PSNRMetric(max_val=1.0)(made, real).flatten().numpy()
    assert found["psnr"] == pytest.approx(psnr, abs=1e-3)


def test_two_flat_images_have_a_closed_form():
    a, b = 0.5, 0.7
    found = image_quality(np.full((1, 32, 32), a), np.full((1, 32, 32), b))
    c1 = 0.01**2
    assert found["mse"] == pytest.approx(0.04)
    assert found["psnr"] == pytest.approx(-10 * np.log10(0.04))
    assert found["ssim"] == pytest.approx((2 * a * b + c1) / (a**2 + b**2 + c1))


def test_a_part_counts_only_its_own_pixels():
    real = np.random.default_rng(1).uniform(0, 1, (1, 48, 48))
    made = real.copy()
    made[0, 20:28, 20:28] = 0
    far = ~centred_disc(48, 16)[None]
    outside = image_quality(made, real, far)
    assert outside["mse"] == 0
    assert outside["ssim"] == pytest.approx(1)
    assert np.isinf(outside["psnr"])
    inside = image_quality(made, real, centred_disc(48, 6)[None])
    assert inside["mse"] > image_quality(made, real)["mse"]
    assert inside["ssim"] < 0.5
    nothing = image_quality(made, real, np.zeros((1, 48, 48), dtype=bool))
    assert all(np.isnan(v).all() for v in nothing.values())


def test_a_disc_is_centred_and_as_large_as_asked():
    disc = centred_disc(33, 10)
    assert np.array_equal(disc, disc[::-1, ::-1])
    assert np.array_equal(disc, disc.T)
    assert disc.sum() == pytest.approx(np.pi * 100, rel=0.03)
