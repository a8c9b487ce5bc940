"""Distances, tubes, noise and the scanner obey their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.phantom.acquisition import Scanner, add_noise, blur, quantise
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import (
    Lattice,
    ellipsoid,
    interpolate,
    smooth_min,
    superellipse,
)
from napari_radiogen.phantom.tubes import Tubes, tube_coverage, tube_distance


def canvas(spacing: tuple[float, float, float] = (1.5, 1.0, 1.0)) -> Canvas:
    shape = tuple(int(48 / s) for s in spacing)
    return Canvas(VolumeGeometry(shape, spacing, (-24, -24, -24)))


def test_sphere_distance_is_exact_along_the_axis() -> None:
    x = np.array([0.5, 5.0, 8.0])
    assert ellipsoid(x, 0.0, 0.0, (0, 0, 0), (5, 5, 5)) == pytest.approx(x - 5, abs=0.02)


def test_long_axis_turns_the_ellipsoid() -> None:
    inside = ellipsoid(0.0, 0.0, 8.0, (0, 0, 0), (10, 3, 3), (0, 0, 1))
    outside = ellipsoid(8.0, 0.0, 0.0, (0, 0, 0), (10, 3, 3), (0, 0, 1))
    assert inside < 0 < outside


def test_superellipse_is_zero_on_its_rim() -> None:
    assert superellipse(np.array(7.0), np.array(0.0), 7, 4, 2.3) == pytest.approx(0, abs=1e-5)


def test_smooth_min_is_below_both_near_the_seam_and_exact_far_away() -> None:
    assert smooth_min(1.0, 1.0, 4.0) < 1.0
    assert smooth_min(1.0, 20.0, 4.0) == 1.0


@pytest.mark.parametrize("radius", [0.3, 0.8, 4.0])
@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0, 1), (0.6, 0.5, 0.62)])
def test_tube_keeps_its_volume_however_thin(
    radius: float, direction: tuple[float, float, float]
) -> None:
    half = 12 * np.array(direction) / np.linalg.norm(direction)
    c = canvas()
    amount = tube_coverage(c, Tubes.along([-half + 0.3, half + 0.3], radius))
    volume = amount.sum() * np.prod(c.spacing)
    closed_form = np.pi * radius**2 * 24 + 4 / 3 * np.pi * radius**3
    assert volume == pytest.approx(closed_form, rel=0.3)


def test_tube_distance_is_signed_and_limited() -> None:
    c = canvas((1.0, 1.0, 1.0))
    field = tube_distance(c, Tubes.along([(-10, 0, 0), (10, 0, 0)], 4.0), reach_mm=3.0)
    assert field[24, 24, 24] == pytest.approx(-4, abs=1e-3)
    assert field[24, 30, 24] == pytest.approx(2, abs=1e-3)
    assert field[0, 0, 0] == 3.0


def test_tubes_beyond_the_grid_are_left_out() -> None:
    assert not tube_coverage(canvas(), Tubes.along([(100, 0, 0), (120, 0, 0)], 3.0)).any()


def test_interpolation_reproduces_a_plane() -> None:
    source = (np.arange(0, 10, 3.0), np.arange(0, 13, 3.0), np.arange(0, 16, 3.0))
    target = (np.arange(1, 8, 0.7), np.arange(1, 8, 1.1), np.arange(1, 8, 0.9))
    z, y, x = np.meshgrid(*source, indexing="ij")
    got = interpolate((x + 2 * y - z).astype(np.float32), source, target)
    z, y, x = np.meshgrid(*target, indexing="ij")
    assert got == pytest.approx(x + 2 * y - z, abs=1e-4)


def test_noise_is_tied_to_places_and_not_to_the_grid() -> None:
    axis = np.arange(-20, 20, 1.0)
    fine = Lattice.draw(np.random.default_rng(1), 7.0).at((axis, axis, axis))
    coarse = Lattice.draw(np.random.default_rng(1), 7.0).at((axis[::4],) * 3)
    assert fine[::4, ::4, ::4] == pytest.approx(coarse, abs=1e-4)


def test_scanner_noise_has_its_level_and_no_mean() -> None:
    rng = np.random.default_rng(0)
    hu = np.full((6, 128, 128), -450, dtype=np.float32)
    noisy = add_noise(hu, np.array([1.0, 0.8, 0.8]), Scanner(noise_hu=20), rng) + 450
    assert noisy.std() == pytest.approx(20, rel=0.05)
    assert abs(noisy.mean()) < 0.5


def test_soft_kernel_noise_is_coarser_than_sharp() -> None:
    def high_share(peak: float) -> float:
        hu = np.full((4, 128, 128), -450, dtype=np.float32)
        scanner = Scanner(noise_peak_per_mm=peak)
        noise = add_noise(hu, np.array([1.0, 0.6, 0.6]), scanner, np.random.default_rng(0))
        power = np.abs(np.fft.rfft2(noise - noise.mean())).sum(axis=0) ** 2
        frequency = np.hypot(np.fft.fftfreq(128, 0.6)[:, None], np.fft.rfftfreq(128, 0.6))
        return float(power[frequency > 0.5].sum() / power.sum())

    assert high_share(0.6) > 1.5 * high_share(0.42)


def test_blur_keeps_the_mean_and_leaves_coarse_grids_alone() -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(size=(8, 32, 32)).astype(np.float32)
    fine = blur(hu, np.array([0.5, 0.5, 0.5]), Scanner())
    assert fine.std() < 0.6 * hu.std()
    assert np.array_equal(blur(hu, np.array([9.0, 9.0, 9.0]), Scanner()), hu)


def test_quantise_keeps_what_twelve_bits_hold() -> None:
    values = np.array([-5000.0, 10.4, 10.6, 9000.0], dtype=np.float32)
    assert quantise(values).tolist() == [-1024, 10, 11, 3071]
