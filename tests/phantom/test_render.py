"""A rendered chest is a chest, and its twin differs at the nodule only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import Cancelled, GeometryError
from napari_radiogen.phantom import PhantomScan, Scene, anatomy, lungs, render_scan, render_scene
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.render import DEMO_CENTRE, DEMO_NODULE


def deep_lung(scan: PhantomScan) -> np.ndarray:
    who = Scene.draw(3).who
    return lungs.lung_distance(Canvas(scan.ct.geometry, who.scale), who) < -4


def at(scan: PhantomScan, x: float, y: float, z: float) -> int:
    scale = Scene.draw(3).who.scale
    index = np.rint(scan.ct.geometry.lps_to_index(np.array([x, y, z]) * scale)).astype(int)
    return int(scan.ct.voxels[tuple(index)])


def test_scan_is_marked_as_synthetic_phantom(scan: PhantomScan) -> None:
    assert scan.ct.synthetic
    assert scan.ct.patient_id == "PHANTOM-0003"
    assert scan.ct.voxels.dtype == np.int16
    assert scan.nodules.geometry == scan.ct.geometry


def test_lungs_are_as_dense_as_lungs(twin: PhantomScan) -> None:
    mean = twin.ct.voxels[deep_lung(twin)].mean()
    assert -855 < mean < -830


def test_tissues_lie_where_anatomy_puts_them(scan: PhantomScan) -> None:
    assert at(scan, 1, 4, 95) < -900, "trachea"
    assert at(scan, 38, -28, -50) > 20, "left ventricle"
    assert at(scan, -66, -28, -50) < -500, "lung right of the heart"
    assert at(scan, -66, -6, -95) > 30, "liver under the right dome"
    assert at(scan, 0, 58, 16) > 100, "vertebral body"
    assert at(scan, -185, -110, 0) < -950, "air outside"


def test_right_dome_is_higher_than_left() -> None:
    who = anatomy.Physique()
    right = anatomy.diaphragm_height(np.array(-66.0), np.array(-6.0), who)
    left = anatomy.diaphragm_height(np.array(68.0), np.array(-4.0), who)
    assert right > left + 5


def test_twin_differs_near_the_nodule_only(scan: PhantomScan, twin: PhantomScan) -> None:
    changed = scan.ct.voxels != twin.ct.voxels
    mask = scan.nodules.labels > 0
    assert mask.any()
    assert not twin.nodules.labels.any()
    assert changed[mask].mean() > 0.9
    near = binary_dilation(mask, iterations=14)
    assert (np.abs(scan.ct.voxels.astype(int) - twin.ct.voxels)[~near] > 40).mean() < 1e-3


def test_nodule_lies_inside_the_lung(scan: PhantomScan) -> None:
    who = Scene.draw(3).who
    distance = lungs.lung_distance(Canvas(scan.ct.geometry, who.scale), who)
    assert (distance[scan.nodules.labels > 0] < 2).all()


def demo_voi(spacing: float, seed: int = 5) -> PhantomScan:
    scene = Scene.draw(seed)
    planted = replace(scene.nodule, morphology=DEMO_NODULE, centre=DEMO_CENTRE)
    scene = replace(scene, who=anatomy.Physique(), nodule=planted)
    count = round(36 / spacing)
    origin = tuple(c - 18 + spacing / 2 for c in DEMO_CENTRE)
    return render_scene(scene, VolumeGeometry((count,) * 3, (spacing,) * 3, origin))


def test_same_seed_gives_the_same_voxels_and_another_does_not() -> None:
    first, again, other = demo_voi(2.0), demo_voi(2.0), demo_voi(2.0, seed=6)
    assert np.array_equal(first.ct.voxels, again.ct.voxels)
    assert not np.array_equal(first.ct.voxels, other.ct.voxels)


def test_a_scene_looks_the_same_on_a_finer_grid() -> None:
    coarse, fine = demo_voi(2.0), demo_voi(1.0)
    blocks = fine.ct.voxels.reshape(18, 2, 18, 2, 18, 2).mean(axis=(1, 3, 5))
    assert np.corrcoef(blocks.ravel(), coarse.ct.voxels.ravel())[0, 1] > 0.97
    volume = [s.nodules.labels.sum() * s.ct.geometry.voxel_volume_mm3 for s in (coarse, fine)]
    assert volume[0] == pytest.approx(volume[1], rel=0.1)


def test_cancelling_stops_the_rendering() -> None:
    with pytest.raises(Cancelled):
        render_scan(1, spacing_mm=(20, 10, 10), cancelled=lambda: True)


def test_oblique_grid_is_refused() -> None:
    turned = VolumeGeometry((4, 4, 4), (2, 2, 2), direction=(0, 1, 0, 1, 0, 0, 0, 0, 1))
    with pytest.raises(GeometryError, match="axial"):
        render_scene(Scene.draw(1), turned)
