"""A patient on a stage: nodules come and go, and other grids show the same interior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.phantom import Scene, lungs
from napari_radiogen.phantom.fields import Lattice
from napari_radiogen.phantom.nodule import Morphology
from napari_radiogen.phantom.stage import NOISE_SCALES_MM, SLICE_HU, Interior, Stage

SCENE = Scene.draw(4, Morphology(radius_mm=6.0))


@pytest.fixture(scope="module")
def inside() -> Interior:
    rng = np.random.default_rng(0)
    textures = {name: Lattice.draw(rng, 3 * mm) for name, mm in NOISE_SCALES_MM.items()}
    return Interior(textures, *lungs.grow_trees(rng, SCENE.who, per_cm3=0.2))


def around(side_mm: float, pixel_mm: float) -> VolumeGeometry:
    count = round(side_mm / pixel_mm)
    centre = np.array(SCENE.nodule.centre) * SCENE.who.scale
    x, y, z = (centre - (count - 1) / 2 * pixel_mm).tolist()
    return VolumeGeometry((count,) * 3, (pixel_mm,) * 3, (x, y, z))


@pytest.fixture(scope="module")
def stage(inside: Interior) -> Stage:
    return Stage(SCENE, around(60, 1.5), interior=inside)


def test_a_nodule_leaves_no_trace_on_the_stage(stage: Stage) -> None:
    before = stage.shoot(None)
    shown = stage.shoot(SCENE.nodule)
    after = stage.shoot(None)
    assert np.array_equal(before.ct.voxels, after.ct.voxels)
    assert shown.nodules.labels.any()
    assert not after.nodules.labels.any()
    larger = replace(SCENE.nodule, morphology=Morphology(radius_mm=9.0))
    grown = stage.shoot(larger)
    assert grown.nodules.labels.sum() > 2 * shown.nodules.labels.sum()
    assert grown.parameters["nodule"]["morphology"]["radius_mm"] == 9


def test_another_take_has_other_noise_of_the_same_strength(stage: Stage) -> None:
    first, again, other = (stage.shoot(None, take=t).ct.voxels.astype(float) for t in (0, 0, 1))
    assert np.array_equal(first, again)
    assert 5 < (first - other).std() < 60


def test_a_small_grid_can_have_the_noise_of_its_whole_slice(stage: Stage) -> None:
    def spread(slice_hu: float | None) -> float:
        scans = [stage.shoot(None, take=t, slice_hu=slice_hu).ct.voxels for t in (1, 2)]
        return float((scans[0].astype(float) - scans[1]).std())

    assert spread(SLICE_HU) > 1.2 * spread(-1000.0)


def test_a_smaller_grid_shows_the_same_lung(inside: Interior, stage: Stage) -> None:
    whole = stage.shoot(SCENE.nodule).ct.voxels.astype(float)
    part = Stage(SCENE, around(30, 1.5), interior=inside).shoot(SCENE.nodule).ct.voxels
    middle = whole[10:30, 10:30, 10:30]
    assert np.corrcoef(middle.ravel(), part.ravel())[0, 1] > 0.95
