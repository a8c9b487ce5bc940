import json

import numpy as np
import pytest

from napari_radiogen import cli
from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, VolumeGeometry
from napari_radiogen.inference import segmenter
from napari_radiogen.io.labels import read_labels, write_volume


class OneNodule:
    def segment(self, ct, **_):
        labels = np.zeros(ct.geometry.shape, np.uint8)
        labels[2:4, 3:6, 3:6] = 1
        nodule = Nodule(1, (1.0, 2.0, 3.0), 18.0, 4.2, -10.0)
        return segmenter.Segmentation(LabelVolume(labels, ct.geometry), (nodule,), "fake", 0.1)


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.setattr(segmenter, "load_segmenter", lambda name: OneNodule())
    file = tmp_path / "ct.nii.gz"
    geometry = VolumeGeometry((6, 8, 9), (2.0, 1.0, 0.5), (-3.0, 4.0, 5.0))
    write_volume(CTVolume(np.zeros((6, 8, 9), np.int16), geometry), file)
    return file, geometry


def test_mask_and_report_are_written(scan, tmp_path, capsys) -> None:
    file, geometry = scan
    mask = tmp_path / "mask.nii.gz"
    assert cli.main(["segment", str(file), "-o", str(mask), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["lesions"] == [
        {"centroid_lps_mm": [1, 2, 3], "volume_mm3": 18, "long_axis_mm": 4.2, "mean_hu": -10}
    ]
    assert report["model"] == "fake"
    labels = read_labels(mask)
    assert labels.geometry.is_close(geometry)
    assert (labels.labels > 0).sum() == 18


def test_without_json_a_person_reads_it(scan, tmp_path, capsys) -> None:
    assert cli.main(["segment", str(scan[0]), "-o", str(tmp_path / "m.nii.gz")]) == 0
    assert "1 lesions" in capsys.readouterr().out


def test_a_missing_scan_is_one_line_and_no_file(scan, tmp_path, capsys) -> None:
    mask = tmp_path / "m.nii.gz"
    assert cli.main(["segment", str(tmp_path / "none"), "-o", str(mask)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not mask.exists()


@pytest.mark.parametrize("name", ["m.png", "absent/m.nii.gz", "ct.nii.gz", ".nii.gz"])
def test_a_bad_target_is_refused_before_any_work(scan, tmp_path, monkeypatch, capsys, name) -> None:
    loaded = []
    monkeypatch.setattr(segmenter, "load_segmenter", loaded.append)
    before = scan[0].read_bytes()
    assert cli.main(["segment", str(scan[0]), "-o", str(tmp_path / name)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert loaded == []
    assert scan[0].read_bytes() == before
    assert list(tmp_path.iterdir()) == [scan[0]]
