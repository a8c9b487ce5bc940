import numpy as np
import pytest

from napari_radiogen.imaging.shape import axes_mm, surface_of


def ball(radius_mm, spacing, centre_shift=0.0):
    half = [int(np.ceil(radius_mm / s)) + 1 for s in spacing]
    axes = [(np.arange(-h, h + 1) + centre_shift) * s for h, s in zip(half, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return z**2 + y**2 + x**2 <= radius_mm**2


def test_axes_of_a_turned_ellipse():
    y, x = np.mgrid[-40:41, -40:41] * 0.5
    c, s = np.cos(0.6), np.sin(0.6)
    mask = ((c * x + s * y) / 12) ** 2 + ((c * y - s * x) / 5) ** 2 <= 1
    long_axis, short_axis = axes_mm(mask, (0.5, 0.5))
    assert long_axis == pytest.approx(24, abs=0.8)
    assert short_axis == pytest.approx(10, abs=0.8)


def test_axes_know_the_pixel_size():
    mask = np.ones((4, 10), bool)
    wide = axes_mm(mask, (1.0, 0.5))
    assert wide[0] == pytest.approx(np.hypot(3, 4.5) + 0.75)


@pytest.mark.parametrize("way", [np.eye(9, dtype=bool), np.eye(9, dtype=bool)[::-1]])
def test_a_line_is_one_pixel_wide(way):
    assert axes_mm(way, (1.0, 1.0)) == pytest.approx((8 * np.sqrt(2) + 1, 1.0))


def test_one_pixel_and_none():
    mask = np.zeros((5, 5), bool)
    assert axes_mm(mask, (0.7, 0.7)) == (0.0, 0.0)
    mask[2, 2] = True
    assert axes_mm(mask, (0.7, 0.7)) == pytest.approx((0.7, 0.7))


def test_surface_of_a_ball_on_an_anisotropic_grid():
    spacing = (1.25, 0.7, 0.7)
    found = surface_of(ball(10.0, spacing), spacing)
    assert found.area_mm2 == pytest.approx(4 * np.pi * 10**2, rel=0.02)
    assert found.sphericity == pytest.approx(1.0, abs=0.02)


def test_a_flat_box_is_less_of_a_ball_than_a_cube():
    cube = surface_of(np.ones((12, 12, 12), bool), (1.0, 1.0, 1.0))
    flat = surface_of(np.ones((2, 30, 30), bool), (1.0, 1.0, 1.0))
    assert cube.area_mm2 == pytest.approx(6 * 12**2, rel=0.13)
    assert flat.sphericity < 0.5 < 0.85 < cube.sphericity < 0.95


def test_a_single_voxel_has_a_surface_and_nothing_has_none():
    assert surface_of(np.ones((1, 1, 1), bool), (1.0, 1.0, 1.0)).area_mm2 > 0
    with pytest.raises(ValueError, match="empty"):
        surface_of(np.zeros((3, 3, 3), bool), (1.0, 1.0, 1.0))
