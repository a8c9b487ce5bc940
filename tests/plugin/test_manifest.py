from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest

import napari_radiogen
from napari_radiogen.domain import LabelVolume
from napari_radiogen.io.read import read_ct
from napari_radiogen.plugin import layers, readers
from tests.session.fakes import make_scan

PACKAGE = Path(napari_radiogen.__file__).parent
MANIFEST = PACKAGE / "napari.yaml"


def test_npe2_validates_the_manifest_and_finds_what_it_names():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert len(manifest.contributions.widgets) == 4
    assert {w.display_name for w in manifest.contributions.widgets} == {
        "CT & Tumour",
        "Gene Panel",
        "Gene Map",
        "Export",
    }


def test_the_manifest_at_the_top_is_the_same_file():
    top = PACKAGE.parent / "napari.yaml"
    if not (PACKAGE.parent / "pyproject.toml").exists():
        pytest.skip("installed without its checkout")
    assert top.is_symlink()
    assert top.samefile(MANIFEST)


def test_readers_sniff_before_they_claim(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    assert readers.get_reader(str(tmp_path)) is None
    assert readers.get_reader(str(tmp_path / "notes.txt")) is None
    assert readers.get_reader(str(tmp_path / "missing.nii.gz")) is None
    (tmp_path / "scan.dcm").write_bytes(b"\0" * 128 + b"DICM")
    assert readers.get_reader(str(tmp_path)) is not None
    assert readers.get_reader([str(tmp_path), str(tmp_path)]) is None


def test_a_dicom_folder_two_levels_down_is_claimed(tmp_path):
    series = tmp_path / "patient" / "study" / "series"
    series.mkdir(parents=True)
    (series / "notes.txt").write_text("hello")
    assert readers.get_reader(str(tmp_path / "patient")) is None
    (series / "1").write_bytes(b"\0" * 128 + b"DICM")
    assert readers.get_reader(str(tmp_path / "patient")) is not None


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_written_layer_reads_back_in_place(tmp_path, suffix):
    scan = make_scan()
    path = tmp_path / f"scan{suffix}"
    data, arguments, _ = layers.ct_layer(scan)
    assert readers.write_image_layer(str(path), data, arguments) == [str(path)]
    back = read_ct(path)
    assert back.geometry.is_close(scan.geometry)
    assert np.array_equal(back.voxels, scan.voxels)
    shown = readers.get_reader(str(path))(str(path))
    assert shown[0][2] == "image"
    assert np.allclose(shown[0][1]["translate"], arguments["translate"], atol=1e-3)


def test_labels_are_written_on_their_grid(tmp_path):
    scan = make_scan()
    labels = LabelVolume((scan.voxels > 0).astype(np.uint8), scan.geometry)
    path = tmp_path / "labels.nii.gz"
    data, arguments, _ = layers.labels_layer(labels)
    readers.write_labels_layer(str(path), data, arguments)
    from napari_radiogen.io.labels import read_labels

    back = read_labels(path)
    assert back.geometry.is_close(scan.geometry)
    assert np.array_equal(back.labels, labels.labels)


def test_a_scan_that_napari_opened_becomes_the_sessions(bench, qtbot, tmp_path):
    path = tmp_path / "scan.nii.gz"
    data, arguments, _ = layers.ct_layer(make_scan())
    readers.write_image_layer(str(path), data, arguments)
    voxels, arguments, _ = readers.get_reader(str(path))(str(path))[0]
    bench.viewer.add_image(voxels, **arguments)
    qtbot.waitUntil(lambda: bench.session.scan is not None)
    assert bench.session.scan_path == path
    assert sum(layer.name.startswith("CT") for layer in bench.viewer.layers) == 1
