"""The cohort folder: whole, unaltered, and no patient in two splits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import ExpressionMatrix, Subject
from napari_radiogen.errors import Cancelled, CohortError
from napari_radiogen.io.cohort_store import CohortContent, open_cohort, write_cohort
from napari_radiogen.io.cohort_work import work_folder

SIDE = 8


@pytest.fixture
def content() -> CohortContent:
    patches = np.random.default_rng(0).integers(-1000, 500, (4, SIDE, SIDE)).astype(np.int16)
    subjects = tuple(
        Subject(f"S{i}", f"P{i}", split, attributes={"diameter": 9.0})
        for i, split in enumerate(("train", "validation", "test"))
    )
    slices = {
        "subject_id": np.array(["S0", "S1", "S2", ""]),
        "patient_id": np.array(["P0", "P1", "P2", "P9"]),
        "split": np.array(["train", "validation", "test", "test"]),
        "role": np.array(["nodule"] * 3 + ["background"]),
        "plane": np.array(["axial"] * 4),
        "dz_mm": np.zeros(4, np.float32),
        "area_mm2": np.zeros(4, np.float32),
        "central": np.array([1, 1, 1, 0], np.int8),
    }
    genes = ExpressionMatrix(
        np.eye(3, dtype=np.float32), ("S0", "S1", "S2"), ("A", "B", "C"), "log2"
    )
    mask = (patches > 0).astype(np.uint8)
    return CohortContent(
        "small", "phantom", subjects, genes, slices, patches, mask, patches, {"a": 1}, size_px=SIDE
    )


@pytest.fixture
def cohort(content: CohortContent, tmp_path: Path) -> Path:
    write_cohort(tmp_path / "cohort", content)
    return tmp_path / "cohort"


def test_round_trip(cohort: Path, content: CohortContent) -> None:
    store = open_cohort(cohort)
    assert store.subjects == content.subjects
    assert store.truth == {"a": 1}
    np.testing.assert_array_equal(store.image, content.image)


@pytest.mark.parametrize("name", ["truth.json", "cohort.json"])
@pytest.mark.parametrize("damage", [b'{"a": ', b"", b"[1]", b'{"a": "\xff"}'])
def test_damaged_json_is_one_line_that_names_it(cohort: Path, name: str, damage: bytes) -> None:
    (cohort / name).write_bytes(damage)
    with pytest.raises(CohortError, match=name) as caught:
        open_cohort(cohort)
    assert "\n" not in str(caught.value)


def test_changed_truth_is_refused(cohort: Path) -> None:
    (cohort / "truth.json").write_text('{"a": 2}')
    with pytest.raises(CohortError, match="altered"):
        open_cohort(cohort)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("S2,P2,test", "S2,P2,train"),
        (",P9,test,background,axial,0.0,0.0,0\n", ",P9,test,a,b,0,0,0\n,P9,train,a,b,0,0,0\n"),
    ],
)
def test_a_slice_in_another_split_than_its_patient_is_refused(
    cohort: Path, old: str, new: str
) -> None:
    table = cohort / "slices.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new))
    with pytest.raises(CohortError, match=r"slices\.csv puts patient P"):
        open_cohort(cohort, verify=False)


def test_a_leaking_cohort_is_not_written(content: CohortContent, tmp_path: Path) -> None:
    slices = {**content.slices, "split": np.array(["test", "validation", "test", "test"])}
    with pytest.raises(CohortError, match="patient P0"):
        write_cohort(tmp_path / "out", replace(content, slices=slices))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("slices.csv", "S1,P1", "S1"),
        ("slices.csv", "0.0", "much"),
        ("attributes.csv", "S1,9", "S1,wide"),
        ("attributes.csv", "subject_id", "person"),
        ("expression.csv", "S1,", "S1,2,"),
        ("subjects.csv", "split", "part"),
        ("cohort.json", '"size_px": 8', '"size_px": "eight"'),
        ("cohort.json", '"digest"', '"digets"'),
        ("cohort.json", '"kind": "phantom"', '"kind": "other"'),
    ],
)
def test_damaged_tables_are_one_line_even_unverified(
    cohort: Path, name: str, old: str, new: str
) -> None:
    text = (cohort / name).read_text()
    assert old in text
    (cohort / name).write_text(text.replace(old, new, 1))
    with pytest.raises(CohortError) as refused:
        open_cohort(cohort, verify=False)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["NaN", "[]", '"x"', "{", ""])
@pytest.mark.parametrize("name", ["zarr.json", "image/zarr.json"])
def test_damaged_descriptions_of_arrays_are_one_line(cohort: Path, name: str, text: str) -> None:
    (cohort / "patches.zarr" / name).write_text(text)
    with pytest.raises(CohortError, match=r"patches\.zarr"):
        _ = open_cohort(cohort, verify=False).image


def test_a_damaged_array_is_one_line(cohort: Path) -> None:
    for chunk in (cohort / "patches.zarr" / "image" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"no such stream")
    with pytest.raises(CohortError, match="damaged"):
        _ = open_cohort(cohort, verify=False).image


def test_what_a_kill_left_goes_with_the_next_success(tmp_path, content):
    work = work_folder(tmp_path / "cohort")
    (work / ".radiogen-old" / "cohort" / "patches.zarr").mkdir(parents=True)
    write_cohort(tmp_path / "cohort", content)
    assert [p.name for p in tmp_path.iterdir()] == ["cohort"]


def test_a_stop_keeps_what_a_build_has_finished(tmp_path, content):
    work = work_folder(tmp_path / "cohort")
    work.mkdir()
    (work / "patient.npz").touch()
    with pytest.raises(Cancelled):
        write_cohort(tmp_path / "cohort", content, cancelled=lambda: True)
    assert [p.name for p in work.iterdir()] == ["patient.npz"]
    assert [p.name for p in tmp_path.iterdir()] == [work.name]
