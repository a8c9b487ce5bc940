"""A cohort folder's faults, each in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_radiogen import cli
from napari_radiogen.cohorts.check import check_cohort
from napari_radiogen.domain import ExpressionMatrix, Subject
from napari_radiogen.io.cohort_content import CohortContent
from napari_radiogen.io.cohort_store import open_cohort, write_cohort

SIDE = 8
SUBJECTS = tuple(
    Subject(f"S{i}", f"P{i}", split, {"nodule_patient": f"N{i}"}, {"diameter": 9.0})
    for i, split in enumerate(("train", "validation", "test"))
)


def content(**changes: object) -> CohortContent:
    image = np.random.default_rng(0).integers(-1000, 500, (4, SIDE, SIDE)).astype(np.int16)
    mask = np.zeros(image.shape, np.uint8)
    mask[:3, 2:5, 2:6] = 1
    area = 12 * (48.0 / SIDE) ** 2
    slices = {
        "subject_id": np.array(["S0", "S1", "S2", "S2"]),
        "patient_id": np.array(["P0", "P1", "P2", "P2"]),
        "split": np.array(["train", "validation", "test", "test"]),
        "role": np.array(["nodule"] * 3 + ["background"]),
        "plane": np.array(["axial"] * 4),
        "dz_mm": np.zeros(4, np.float32),
        "area_mm2": np.array([area] * 3 + [0.0]),
        "central": np.array([1, 1, 1, 0], np.int8),
    }
    genes = ExpressionMatrix(np.eye(3, dtype=np.float32), ("S0", "S1", "S2"), tuple("ABC"), "log2")
    whole = CohortContent(
        "small",
        "surrogate",
        SUBJECTS,
        genes,
        slices,
        image,
        mask,
        image,
        provenance={"source": "test"},
        size_px=SIDE,
        regions={"ltr": image[:3], "ttr": image[:3]},
        extras={"rejected.csv": "patient_id,reason\n"},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    write_cohort(tmp_path / "cohort", content())
    return tmp_path / "cohort"


def test_a_whole_cohort_has_no_fault_and_ends_with_0(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["cohort", "check", str(cohort), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert said["faults"] == []
    assert (said["subjects"], said["slices"], said["kind"]) == (3, 4, "surrogate")


def _manifest(path: Path, **changes: object) -> None:
    file = path / "cohort.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _pixel(path: Path, name: str, value: int) -> None:
    zarr.open_group(path / "patches.zarr", mode="r+")[name][3, 0, 0] = value


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda p: (p / "cohort.json").unlink(), "cohort.json is missing"),
        (lambda p: (p / "slices.csv").unlink(), "slices.csv is missing"),
        (lambda p: _manifest(p, kind="magic"), "unknown kind"),
        (lambda p: _manifest(p, version=9), "version 1"),
        (lambda p: _manifest(p, subjects=7), "says 7 subjects"),
        (lambda p: _manifest(p, hu_range=[5, 5]), "range of HU"),
        (lambda p: _manifest(p, provenance={}), "no provenance"),
        (lambda p: _manifest(p, extras={"../x": "0"}), "outside of its folder"),
        (lambda p: _manifest(p, digest="0"), "does not match its digest"),
        (lambda p: (p / "rejected.csv").unlink(), "rejected.csv is missing"),
        (lambda p: (p / "rejected.csv").write_text("x"), "rejected.csv does not match"),
        (lambda p: _replace(p / "subjects.csv", "S1,P1,validation", "S1,P0,validation"), "splits"),
        (lambda p: _replace(p / "subjects.csv", "N1", "N0"), "nodules of N0 stand in two splits"),
        (lambda p: _replace(p / "slices.csv", "axial", "askew"), "unknown plane 'askew'"),
        (lambda p: _replace(p / "slices.csv", "background", "wall"), "unknown role 'wall'"),
        (lambda p: _replace(p / "slices.csv", "S2,P2", "S9,P2"), "central"),
        (lambda p: _replace(p / "attributes.csv", "9", "nan"), "not finite"),
        (lambda p: _replace(p / "expression.csv", "0.00000", "nan"), "missing or infinite"),
        (lambda p: _pixel(p, "image", 9000), "outside of what a CT stores"),
        (lambda p: _pixel(p, "mask", 7), "other values than 0 and 1"),
        (lambda p: _pixel(p, "mask", 1), "a background shows a nodule"),
    ],
)
def test_each_fault_is_named_and_ends_with_1(
    cohort: Path,
    damage: Callable[[Path], object],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(cohort)
    assert cli.main(["cohort", "check", str(cohort)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(named in line for line in lines), lines
    assert all(line.startswith(f"{cohort}: ") for line in lines)


def test_regions_are_sealed_by_the_digest(cohort: Path) -> None:
    zarr.open_group(cohort / "patches.zarr", mode="r+")["ltr"][0, 0, 0] = 7
    assert any("digest" in fault for fault in check_cohort(cohort).faults)


def test_cells_that_a_spreadsheet_would_run_are_escaped_and_come_back(tmp_path: Path) -> None:
    hostile = tuple(replace(s, clinical={**s.clinical, "=c": "=1+1", "n": "-5"}) for s in SUBJECTS)
    write_cohort(tmp_path / "out", content(subjects=hostile))
    text = (tmp_path / "out" / "subjects.csv").read_text()
    assert "'=1+1" in text
    assert ",=1+1" not in text
    assert open_cohort(tmp_path / "out").subjects == hostile
