"""Label images onto a CT: by coordinates, never by index."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.labels import write_labels
from napari_radiogen.io.masks import mask_kind, read_mask
from tests.fixtures_masks import AXIAL_GRID, ct_on


def labelled(grid: VolumeGeometry) -> LabelVolume:
    labels = np.zeros(grid.shape, np.uint8)
    labels[1, 5:12, 7:20] = 1
    labels[2, 30:40, 40:44] = 3
    return LabelVolume(labels, grid)


def written(path: Path, labels: np.ndarray, grid: VolumeGeometry) -> Path:
    write_labels(LabelVolume(labels, grid), path)
    return path


def test_the_same_grid_keeps_every_voxel(tmp_path: Path) -> None:
    truth = labelled(AXIAL_GRID)
    path = written(tmp_path / "m.nrrd", truth.labels, AXIAL_GRID)
    assert mask_kind(path) == "labels"
    found = read_mask(path, ct_on())
    np.testing.assert_array_equal(found.sole_layer.labels, truth.labels)
    assert found.names == {1: "Label 1", 3: "Label 3"}
    assert found.same_frame is None
    assert len(found.warnings) == 1
    assert "cannot be known" in found.warnings[0]


def test_a_crop_stored_the_other_way_round_falls_on_its_voxels(tmp_path: Path) -> None:
    truth = labelled(AXIAL_GRID).labels
    box = (slice(1, 4), slice(4, 45), slice(3, 50))
    cut = AXIAL_GRID.crop((1, 4, 3), (3, 41, 47))
    far = cut.index_to_lps((0, 40, 46))
    turned = replace(cut, origin_mm=tuple(far), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    path = written(tmp_path / "m.nii.gz", truth[box][:, ::-1, ::-1], turned)
    found = read_mask(path, ct_on())
    np.testing.assert_array_equal(found.sole_layer.labels, truth)
    assert not any("nearest" in warning for warning in found.warnings)


def test_another_grid_takes_the_nearest_label_and_says_so(tmp_path: Path) -> None:
    fine = VolumeGeometry((10, 120, 140), (1.25, 0.35, 0.45), (-20.225, 29.825, -100.625))
    truth = labelled(AXIAL_GRID).labels
    path = written(tmp_path / "m.mha", truth.repeat(2, 0).repeat(2, 1).repeat(2, 2), fine)
    found = read_mask(path, ct_on())
    np.testing.assert_array_equal(found.sole_layer.labels, truth)
    assert any("nearest" in warning for warning in found.warnings)


def test_a_coarse_mask_is_never_strewn_over_single_voxels(tmp_path: Path) -> None:
    coarse = VolumeGeometry((5, 30, 35), (2.5, 1.4, 1.8), (-20.0, 30.0, -100.0))
    labels = np.zeros(coarse.shape, np.uint8)
    labels[2, 10:20, 10:20] = 1
    found = read_mask(written(tmp_path / "m.nrrd", labels, coarse), ct_on())
    assert 380 <= np.count_nonzero(found.sole_layer.labels) <= 420


def test_beside_the_scan_is_refused_and_a_part_is_told(tmp_path: Path) -> None:
    truth = labelled(AXIAL_GRID).labels
    away = replace(AXIAL_GRID, origin_mm=(500.0, 30.0, -100.0))
    with pytest.raises(InputError, match="wholly outside"):
        read_mask(written(tmp_path / "a.nrrd", truth, away), ct_on())
    lower = replace(AXIAL_GRID, origin_mm=(-20.0, 30.0, -105.0))
    found = read_mask(written(tmp_path / "b.nrrd", truth, lower), ct_on())
    lost = int(np.count_nonzero(truth[1]))
    assert any(f"{lost} of {np.count_nonzero(truth)} labelled" in w for w in found.warnings)
    np.testing.assert_array_equal(found.sole_layer.labels[0], truth[2])


def test_a_picture_is_no_mask_and_an_empty_one_is_told(tmp_path: Path) -> None:
    hu = np.random.default_rng(0).integers(0, 3000, AXIAL_GRID.shape).astype(np.uint16)
    assert mask_kind(written(tmp_path / "ct.nrrd", hu, AXIAL_GRID)) is None
    empty = written(tmp_path / "e.nrrd", np.zeros(AXIAL_GRID.shape, np.uint8), AXIAL_GRID)
    assert "holds no labelled voxel" in read_mask(empty).warnings
