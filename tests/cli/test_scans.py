"""``radiogen inspect``."""

import json
from pathlib import Path

import pytest

from napari_radiogen.cli import main
from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, write_series

KEYS = {
    "uid",
    "modality",
    "shape",
    "spacing_mm",
    "origin_mm",
    "direction",
    "hu_min",
    "hu_max",
    "warnings",
}


def test_json_of_a_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(write_series(tmp_path)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"kind", "series", "problems"}
    assert found["kind"] == "dicom-series"
    assert found["problems"] == []
    (series,) = found["series"]
    assert set(series) == KEYS
    assert series["shape"] == [SLICES, ROWS, COLUMNS]
    assert series["spacing_mm"] == [2.5, 0.7, 0.9]
    assert series["direction"] == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert series["warnings"] == []


def test_text_names_the_axes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(write_series(tmp_path))]) == 0
    assert "voxels (z, y, x)   5 34 40" in capsys.readouterr().out


def test_gap_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(write_series(tmp_path, skip=(2,))), "--json"]) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert "gap" in output.err
    found = json.loads(output.out)
    assert found["series"][0]["shape"] is None
    assert len(found["problems"]) == 1


def test_mixed_series_are_listed_and_one_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path)
    write_series(tmp_path, series="b")
    assert main(["inspect", str(tmp_path), "--json"]) == 1
    output = capsys.readouterr()
    assert "choose one" in output.err
    listed = json.loads(output.out)["series"]
    assert [series["shape"] for series in listed] == [[SLICES, ROWS, COLUMNS]] * 2
    assert main(["inspect", str(tmp_path), "--series", listed[0]["uid"]]) == 0


def test_nothing_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
