"""``radiogen convert``."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.cli import main
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.expression_tables import read_expression_table
from napari_radiogen.io.read import read_ct
from tests.fixtures_dicom import ORIGIN, SLICES, stored_pixels, write_series


def convert(*words: object) -> int:
    return main(["convert", *map(str, words)])


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_series_keeps_voxels_and_place(tmp_path: Path, capsys, suffix: str) -> None:
    out = tmp_path / f"a{suffix}"
    assert convert(write_series(tmp_path / "ct"), out) == 0
    assert capsys.readouterr().err == ""
    image = sitk.ReadImage(str(out))
    expected = np.stack([stored_pixels(z).astype(np.int16) - 1024 for z in range(SLICES)])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), expected)
    np.testing.assert_allclose(image.GetOrigin(), ORIGIN, atol=1e-4)
    np.testing.assert_allclose(image.GetSpacing(), (0.9, 0.7, 2.5), atol=1e-4)


def test_each_warning_is_a_line_and_the_file_is_written(tmp_path: Path, capsys) -> None:
    folder = write_series(tmp_path / "ct")
    (folder / "notes.txt").write_text("x")
    assert convert(folder, tmp_path / "a.nrrd") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"radiogen: {folder}: warning: 1 files that are not DICOM")
    assert (tmp_path / "a.nrrd").is_file()


def test_broken_series_is_one_line_and_leaves_no_file(tmp_path: Path, capsys) -> None:
    folder = write_series(tmp_path / "ct", skip=(2,))
    assert convert(folder, tmp_path / "a.nii.gz") == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "gap" in shown.err
    assert [p.name for p in tmp_path.iterdir()] == ["ct"]


def test_series_is_chosen(tmp_path: Path, capsys) -> None:
    write_series(tmp_path / "ct")
    write_series(tmp_path / "ct", series="b")
    assert convert(tmp_path / "ct", tmp_path / "a.mha") == 1
    assert "choose one by --series" in capsys.readouterr().err
    uid = read_ct(write_series(tmp_path / "one")).series_uid
    assert convert(tmp_path / "ct", tmp_path / "a.mha", "--series", uid) == 0


def test_dicom_folder_is_for_synthetic_scans(tmp_path: Path, capsys) -> None:
    real = write_series(tmp_path / "ct")
    assert convert(real, tmp_path / "new") == 1
    assert "synthetic scans only" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    geometry = VolumeGeometry((3, 4, 5), (2.0, 1.0, 1.0))
    made = CTVolume(np.full(geometry.shape, -900, np.int16), geometry, synthetic=True)
    write_ct_series(made, tmp_path / "made", patient_id="PH-001")
    assert convert(tmp_path / "made", tmp_path / "new") == 0
    back = read_ct(tmp_path / "new")
    assert back.synthetic
    np.testing.assert_array_equal(back.voxels, made.voxels)


@pytest.mark.parametrize("name", ["a.png", "none/a.nii.gz"])
def test_unknown_suffix_or_folder_is_refused(tmp_path: Path, capsys, name: str) -> None:
    assert convert(write_series(tmp_path / "ct"), tmp_path / name) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_source_is_not_overwritten(tmp_path: Path) -> None:
    first = tmp_path / "a.nrrd"
    assert convert(write_series(tmp_path / "ct"), first) == 0
    before = first.read_bytes()
    assert convert(first, first) == 1
    assert first.read_bytes() == before


def test_table_to_csv(tmp_path: Path, capsys) -> None:
    table = tmp_path / "a.tsv"
    table.write_text("subject_id\tNA\t1e5\n001\t0.5\tNA\n")
    assert convert(table, tmp_path / "b.csv") == 0
    assert (tmp_path / "b.csv").read_text().splitlines()[0] == "subject_id,NA,1e5"
    noted = capsys.readouterr().err
    assert "scale inferred as log2" in noted
    assert noted.count("\n") == 1
    assert convert(table, tmp_path / "b.h5ad", "--scale", "fpkm") == 0
    assert capsys.readouterr().err == ""
    back = read_expression_table(tmp_path / "b.h5ad")
    assert (back.patient_ids, back.gene_symbols) == (("001",), ("NA", "1e5"))
    assert (back.scale.scale, back.scale.stated) == ("fpkm", True)
    np.testing.assert_array_equal(back.values, np.array([[0.5, np.nan]], np.float32))


def test_table_that_does_not_say_where_its_genes_are(tmp_path: Path, capsys) -> None:
    table = tmp_path / "a.csv"
    table.write_text("x,u,v\na,0.5,1\n")
    assert convert(table, tmp_path / "b.csv") == 1
    assert "--genes rows or --genes columns" in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()
    assert convert(table, tmp_path / "b.csv", "--genes", "rows", "--scale", "log2") == 0
    assert (tmp_path / "b.csv").read_text() == "subject_id,a\nu,0.5\nv,1\n"
