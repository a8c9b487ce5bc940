import numpy as np
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError
from napari_radiogen.imaging.measure import find_nodules, long_axis_mm, measure_nodule

GEOMETRY = VolumeGeometry((30, 60, 50), (1.5, 0.7, 0.8), (-20, 10, -5))


def ball(radius_mm: float, centre: tuple[int, int, int] = (15, 30, 25)) -> np.ndarray:
    index = np.moveaxis(np.indices(GEOMETRY.shape), 0, -1) - np.array(centre)
    return np.linalg.norm(index * np.array(GEOMETRY.spacing_mm), axis=-1) <= radius_mm


def scan(mask: np.ndarray, geometry: VolumeGeometry = GEOMETRY) -> CTVolume:
    return CTVolume(np.where(mask, 40, -850).astype(np.int16), geometry)


def test_ball() -> None:
    mask = ball(8.0)
    nodule = measure_nodule(scan(mask), mask, 3)
    assert nodule.label == 3
    assert nodule.volume_mm3 == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.02)
    assert nodule.long_axis_mm == pytest.approx(16, abs=0.8)
    assert nodule.mean_hu == 40
    np.testing.assert_allclose(nodule.centroid_lps_mm, GEOMETRY.index_to_lps((15, 30, 25)))
    assert nodule.bounding_box is not None
    (z, y, x), stop = nodule.bounding_box
    assert mask[z : stop[0], y : stop[1], x : stop[2]].sum() == mask.sum()


def test_long_axis_of_lines_and_points() -> None:
    mask = np.zeros((9, 9), bool)
    assert long_axis_mm(mask, (0.5, 0.5)) == 0
    mask[4, 4] = True
    assert long_axis_mm(mask, (0.5, 0.5)) == 0.5
    mask[4, 2:8] = True
    assert long_axis_mm(mask, (0.5, 0.5)) == 3.0
    diagonal = np.eye(9, dtype=bool)[::-1]
    assert long_axis_mm(diagonal, (1.0, 1.0)) == pytest.approx(8 * np.sqrt(2) + 1)


def test_axial_plane_is_found_in_a_sagittal_stack() -> None:
    mask = np.zeros((10, 20, 20), bool)
    mask[2:8, 3:18, 9:11] = True
    sagittal = VolumeGeometry((10, 20, 20), (1, 1, 1), (0, 0, 0), (0, 0, 1, 1, 0, 0, 0, -1, 0))
    nodule = measure_nodule(scan(mask, sagittal), mask, 1)
    assert nodule.long_axis_mm == pytest.approx(np.hypot(5, 1) + 1)


def test_every_label_is_measured() -> None:
    labels = ball(5, (8, 20, 12)) * 2 + ball(4, (22, 40, 35)) * 5
    found = find_nodules(scan(labels > 0), LabelVolume(labels.astype(np.uint8), GEOMETRY))
    assert [nodule.label for nodule in found] == [2, 5]
    assert found[0].volume_mm3 > found[1].volume_mm3


def test_empty_and_misplaced_masks_are_refused() -> None:
    with pytest.raises(GeometryError, match="empty"):
        measure_nodule(scan(ball(3)), np.zeros(GEOMETRY.shape, bool), 1)
    with pytest.raises(GeometryError, match="shape"):
        measure_nodule(scan(ball(3)), np.ones((2, 2, 2), bool), 1)
    moved = VolumeGeometry(GEOMETRY.shape, GEOMETRY.spacing_mm)
    with pytest.raises(GeometryError, match="different grids"):
        find_nodules(scan(ball(3)), LabelVolume(ball(3).astype(np.uint8), moved))


def test_shape_and_density_of_a_ball_half_of_ground_glass() -> None:
    mask = ball(8.0)
    voxels = np.where(mask, 40, -850).astype(np.int16)
    index = np.indices(GEOMETRY.shape)[1]
    voxels[mask & (index < 30)] = -500
    nodule = measure_nodule(CTVolume(voxels, GEOMETRY), mask, 1)
    assert nodule.short_axis_mm == pytest.approx(16, abs=1.2)
    assert nodule.solid_fraction == pytest.approx(0.5, abs=0.06)
    assert nodule.surface_mm2 == pytest.approx(4 * np.pi * 8**2, rel=0.02)
    assert nodule.sphericity == pytest.approx(1.0, abs=0.02)


def test_spicules_raise_spiculation_and_a_mask_at_the_edge_is_measured() -> None:
    smooth = ball(8.0)
    spiky = smooth.copy()
    spiky[:, 29:31, 5:45] |= ball(16.0)[:, 29:31, 5:45]
    plain, rough = (measure_nodule(scan(m), m, 1) for m in (smooth, spiky))
    assert rough.spiculation is not None
    assert plain.spiculation is not None
    assert rough.spiculation > plain.spiculation + 0.1
    corner = np.zeros(GEOMETRY.shape, bool)
    corner[:3, :6, :6] = True
    assert np.isfinite(measure_nodule(scan(corner), corner, 1).spiculation)
