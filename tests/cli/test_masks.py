"""``radiogen convert`` and ``radiogen inspect`` of masks."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.cli import main
from napari_radiogen.domain import LabelVolume
from napari_radiogen.io.labels import write_labels
from napari_radiogen.io.read import read_ct
from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, write_series
from tests.fixtures_masks import ring, write_foreign_seg, write_rtstruct

SHAPE = (SLICES, ROWS, COLUMNS)


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_series(tmp_path / "ct")


@pytest.fixture
def seg(folder: Path, tmp_path: Path) -> Path:
    pixels = np.zeros((*SHAPE, 2), np.uint8)
    pixels[1:3, 4:9, 5:20, 0] = 1
    pixels[2:4, 6:30, 5:8, 1] = 1
    return write_foreign_seg(folder, tmp_path / "in.dcm", pixels)


def voxels(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_overlaps_become_files_of_their_own(seg, folder, tmp_path: Path, capsys) -> None:
    out = tmp_path / "m.nii.gz"
    assert run("convert", seg, out, "--reference", folder) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        f"radiogen: {seg}: warning: overlapping segments 2 are in m-2.nii.gz"
    ]
    assert shown.out.splitlines() == ["1: Part 1", "2: Part 2"]
    assert voxels(out).shape == SHAPE
    assert np.unique(voxels(out)).tolist() == [0, 1]
    assert np.count_nonzero(voxels(tmp_path / "m-2.nii.gz") == 2) == 2 * 24 * 3


def validate(path: Path) -> list[str]:
    """Lines in which dicom3tools finds an error."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    assert "Segmentation" in lines
    return [line for line in lines if line.startswith(("Error", "Abort"))]


def test_seg_has_no_error_for_dciodvfy(seg, folder, tmp_path: Path, capsys) -> None:
    assert run("convert", seg, tmp_path / "two.dcm", "--reference", folder) == 0
    assert validate(tmp_path / "two.dcm") == []
    ct = read_ct(folder)
    labels = np.zeros(SHAPE, np.uint16)
    labels[2, 4:9, 5:9] = 300
    write_labels(LabelVolume(labels, ct.geometry), tmp_path / "one.nrrd")
    assert run("convert", tmp_path / "one.nrrd", tmp_path / "one.dcm", "--reference", folder) == 0
    assert validate(tmp_path / "one.dcm") == []
    structures = [("Tümor links \\ " + "x" * 80, [ring((0.0, 40.0), 6, -95.0)])]
    rt = write_rtstruct(
        tmp_path / "r.dcm", structures, frame_uid=ct.geometry.frame_of_reference_uid or ""
    )
    assert run("convert", rt, tmp_path / "rt.dcm", "--reference", folder) == 0
    assert "1: Tümor links / xxx" in capsys.readouterr().out
    assert validate(tmp_path / "rt.dcm") == []


def test_seg_carries_nothing_of_the_patient(seg, folder, tmp_path: Path) -> None:
    assert run("convert", seg, tmp_path / "out.dcm", "--reference", folder) == 0
    assert b"Doe" not in (tmp_path / "out.dcm").read_bytes()


@pytest.mark.parametrize(
    ("out", "reason"),
    [("m.dcm", "--reference"), ("m", "is a mask"), ("m.png", "expected a name")],
)
def test_what_cannot_be_written_is_one_line(seg, tmp_path: Path, capsys, out, reason) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())
    assert run("convert", seg, tmp_path / out) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert reason in shown
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_outlines_need_the_ct_and_another_ct_is_refused(folder, tmp_path: Path, capsys) -> None:
    rt = write_rtstruct(tmp_path / "r.dcm", [("a", [ring((0.0, 40.0), 6, -95.0)])])
    assert run("convert", rt, tmp_path / "m.nrrd") == 1
    assert "give the CT" in capsys.readouterr().err
    assert run("convert", rt, tmp_path / "m.nrrd", "--reference", folder) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"radiogen: {rt}: made in another frame of reference")
    assert not (tmp_path / "m.nrrd").exists()


def test_inspect_tells_the_segments(seg, capsys) -> None:
    assert run("inspect", seg, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "dicom-seg"
    assert found["layers"] == 2
    assert found["belongs"] is None
    assert [(s["number"], s["name"], s["voxels"]) for s in found["segments"]] == [
        (1, "Part 1", 150),
        (2, "Part 2", 144),
    ]
    assert found["segments"][0]["volume_mm3"] == pytest.approx(150 * 2.5 * 0.7 * 0.9)
    assert run("inspect", seg) == 0
    assert "1: Part 1, 150 voxels" in capsys.readouterr().out


def test_inspect_on_a_ct(seg, folder, tmp_path: Path, capsys) -> None:
    assert run("inspect", seg, "--on", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["belongs"] is True

    def elsewhere(_z: int, header) -> None:
        header.FrameOfReferenceUID = "1.2.3"

    other = write_series(tmp_path / "other", elsewhere)
    assert run("inspect", seg, "--on", other, "--json") == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["belongs"] is False
    assert shown.err.count("\n") == 1
    assert "another frame of reference" in shown.err
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(seg.read_bytes()[:-200])
    assert run("inspect", broken, "--on", folder, "--json") == 1
    assert json.loads(capsys.readouterr().out)["belongs"] is None


def test_inspect_of_outlines_needs_no_ct(tmp_path: Path, capsys) -> None:
    structures = [("Tumour", [ring((0.0, 40.0), 6, -95.0)]), ("none", [])]
    assert run("inspect", write_rtstruct(tmp_path / "r.dcm", structures)) == 0
    shown = capsys.readouterr().out
    assert "1: Tumour, 1 outlines" in shown
    assert "structure 2 has no closed outline" in shown
