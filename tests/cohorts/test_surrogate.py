"""Real genes and other people's nodules: matched by words, dealt without leaks, named surrogate."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen import cli
from napari_radiogen.cohorts.check import check_cohort
from napari_radiogen.cohorts.matching import MatchConfig, Scored, distance, match
from napari_radiogen.cohorts.semantics import (
    ATTENUATION,
    MARGIN_FIRST,
    MARGIN_SECOND,
    Semantics,
    read_semantics,
)
from napari_radiogen.cohorts.splits import deal
from napari_radiogen.cohorts.surrogate import SurrogateSources, surrogate_cohort
from napari_radiogen.constants import DATA_VARIABLE
from napari_radiogen.errors import Cancelled, CohortError, InputError
from napari_radiogen.io.cohort_store import open_cohort
from tests.nodule_folder import write_nodules

WEIGHTS = MatchConfig().weights
PATIENTS = 10
MARGINS = ("smooth", "lobulated", "spiculated", "irregular", "poorly defined")


def _write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def sources(folder: Path) -> SurrogateSources:
    """Write a miniature: scored nodules, genes with gaps, semantics, a few sizes."""
    folder.mkdir()
    nodules = write_nodules(folder / "nodules", patients=30)
    rng = np.random.default_rng(0)
    rows = list(csv.DictReader((nodules / "index.csv").open()))
    for i, row in enumerate(rows):
        scores = {s: f"{rng.uniform(1, 5):.2f}" for s in ("texture", "spiculation", "lobulation")}
        # Pairs of nodules share a patient.
        row |= {**scores, "margin": "3.0", "pid": f"LIDC-{i // 2:04d}", "eq_diam_mm": "12.5"}
        row |= {"attr_ok": str(i != 5)}
    _write(nodules / "index.csv", list(rows[0]), [list(r.values()) for r in rows])
    ids = [f"R-{i:02d}" for i in range(PATIENTS + 1)]
    values = rng.normal(size=(len(ids), 30))
    table = [[i, *(f"{v:.4f}" for v in row)] for i, row in zip(ids, values, strict=True)]
    table[3][7] = "nan"
    _write(folder / "genes.csv", ["case_id", *(f"G{i}" for i in range(30))], table)
    words = [
        [i, "solid", MARGINS[n % 5], MARGINS[(n + 1) % 5]] for n, i in enumerate(ids[:PATIENTS])
    ]
    _write(
        folder / "words.csv",
        ["case_id", ATTENUATION, MARGIN_FIRST, MARGIN_SECOND],
        [*words, ["R-99", "solid", "smooth", ""]],
    )
    _write(folder / "sizes.csv", ["case_id", "diameter_mm"], [["R-00", 14], ["R-01", "NA"]])
    return SurrogateSources(
        folder / "genes.csv", folder / "words.csv", nodules, folder / "sizes.csv"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("surrogate")
    given = sources(folder / "in")
    report = surrogate_cohort(given, folder / "out", MatchConfig(nodules_a_patient=2))
    return given, report, open_cohort(folder / "out")


def test_it_is_called_surrogate_everywhere(made) -> None:
    _, report, store = made
    assert report["kind"] == store.kind == "surrogate"
    assert store.name.startswith("surrogate")
    assert "surrogate" in store.manifest["provenance"]["warning"]
    assert check_cohort(store.path).faults == ()


def test_every_patient_has_the_same_number_of_nodules_and_none_is_used_twice(made) -> None:
    _, report, store = made
    lent = defaultdict(int)
    for subject in store.subjects:
        lent[subject.patient_id] += 1
    assert set(lent) == {f"R-{i:02d}" for i in range(PATIENTS)}
    assert set(lent.values()) == {2}
    assert report["subjects"] == 20
    nodules = {s.subject_id: tuple(sorted(s.attributes.items())) for s in store.subjects}
    assert len(set(nodules.values())) == 20


def test_neither_gene_nor_nodule_patients_stand_in_two_splits(made) -> None:
    _, _, store = made
    homes = defaultdict(set)
    for subject in store.subjects:
        homes[subject.patient_id].add(subject.split)
        homes[subject.clinical["nodule_patient"]].add(subject.split)
    assert all(len(splits) == 1 for splits in homes.values())
    assert {s.split for s in store.subjects} == {"train", "validation", "test"}


def test_genes_with_a_gap_are_dropped_and_counted_and_the_rest_are_the_patient_s(made) -> None:
    given, report, store = made
    assert report["genes"] == {"kept": 29, "dropped_for_missing_values": 1}
    assert "G6" not in store.expression.gene_symbols
    rows = {r["case_id"]: r for r in csv.DictReader(given.genes.open())}
    for subject, values in zip(store.subjects, store.expression.values, strict=True):
        assert values[0] == pytest.approx(float(rows[subject.patient_id]["G0"]), abs=1e-4)


def test_provenance_holds_the_matching_with_its_distances(made) -> None:
    _, _, store = made
    about = store.manifest["provenance"]["matching"]
    assert about["weights"] == dict(WEIGHTS)
    assert len(about["pairs"]) == 20
    for pair, subject in zip(about["pairs"], store.subjects, strict=True):
        assert pair[:3] == [
            subject.subject_id,
            subject.patient_id,
            subject.clinical["nodule_patient"],
        ]
        assert 0 <= pair[3] <= 1


def test_nodules_without_sure_scores_and_at_the_border_are_not_used(made) -> None:
    given, _, store = made
    rows = list(csv.DictReader((given.nodules / "index.csv").open()))
    assert sum(s.clinical["nodule_patient"] == rows[0]["pid"] for s in store.subjects) <= 1
    assert sum(s.clinical["nodule_patient"] == rows[5]["pid"] for s in store.subjects) <= 1


def test_the_same_seed_gives_the_same_cohort_and_another_other_splits(made, tmp_path) -> None:
    given, report, _ = made
    config = MatchConfig(nodules_a_patient=2)
    assert surrogate_cohort(given, tmp_path / "a", config)["digest"] == report["digest"]
    other = surrogate_cohort(given, tmp_path / "b", MatchConfig(seed=1, nodules_a_patient=2))
    assert other["digest"] != report["digest"]


def test_the_command_says_that_people_differ(made, tmp_path, capsys) -> None:
    given, _, _ = made
    said = ["--genes", str(given.genes), "--semantics", str(given.semantics)]
    said += ["--nodules", str(given.nodules), "--out", str(tmp_path / "out"), "--seed", "0"]
    assert cli.main(["cohort", "surrogate", *said]) == 0
    assert "surrogate cohort (genes and nodules of different people)" in capsys.readouterr().out


def test_a_stop_leaves_nothing_behind(made, tmp_path) -> None:
    given, _, _ = made
    with pytest.raises(Cancelled):
        surrogate_cohort(given, tmp_path / "out", MatchConfig(), cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_tables_that_share_no_patients_are_refused(made, tmp_path) -> None:
    given, _, _ = made
    words = _write(
        tmp_path / "w.csv", ["case_id", ATTENUATION, MARGIN_FIRST], [["Z-1", "solid", "smooth"]]
    )
    other = SurrogateSources(given.genes, words, given.nodules)
    with pytest.raises(CohortError, match="0 patients have both"):
        surrogate_cohort(other, tmp_path / "out", MatchConfig())


def _person(name: str, diameter: float | None = None, **scores: float) -> Semantics:
    return Semantics(name, scores, diameter, {})


def test_distance_counts_what_both_have() -> None:
    patient = _person("p", texture=5.0, spiculation=1.0)
    same = Scored(0, "n", {"texture": 5.0, "spiculation": 1.0}, 10.0)
    far = Scored(1, "n", {"texture": 1.0, "spiculation": 1.0}, None)
    assert distance(patient, same, WEIGHTS) == 0
    assert distance(patient, far, WEIGHTS) == pytest.approx(np.sqrt(0.5))
    assert distance(_person("p", 10.0), same, WEIGHTS) == 0
    assert distance(_person("p", 40.0), same, WEIGHTS) == pytest.approx(1)
    assert distance(_person("p"), same, WEIGHTS) == 1


def test_the_assignment_is_the_best_there_is() -> None:
    people = [_person(f"p{i}", texture=t) for i, t in enumerate((1.0, 1.5, 5.0, 1.2, 3.0))]
    nodules = [
        Scored(i, f"n{i}", {"texture": t}, None)
        for i, t in enumerate(np.random.default_rng(3).uniform(1, 5, 15))
    ]
    lenders = deal([n.nodule_patient for n in nodules], np.random.default_rng(0))
    found = match(people, nodules, lenders, MatchConfig(nodules_a_patient=1))
    train = [m for m in found if m.split == "train"]
    chosen = [next(p for p in people if p.patient_id == m.patient_id) for m in train]
    offered = [nodules[m.place] for m in train]
    total = sum(m.distance for m in train)
    for order in ((0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        swapped = sum(distance(p, offered[o], WEIGHTS) for p, o in zip(chosen, order, strict=True))
        assert total <= swapped + 1e-5


def test_words_become_scores_and_unknown_words_none(tmp_path) -> None:
    header = ["case_id", ATTENUATION, MARGIN_FIRST, MARGIN_SECOND, "original_shape_MeshVolume"]
    rows = [
        ["a", "Solid greaterThan 5mm", "spiculated", "", "523.6"],
        ["b", "solid", "smooth", "spiculated", ""],
        ["c", "", "", "", "100"],
        ["d", "like a cloud", "smooth", "", ""],
    ]
    found = read_semantics(_write(tmp_path / "w.csv", header, rows))
    assert set(found) == {"a", "b", "d"}
    assert found["a"].scores["texture"] == 4
    assert found["a"].scores["spiculation"] == 5
    assert found["a"].diameter_mm == pytest.approx(10, abs=0.01)
    assert found["b"].scores["spiculation"] == pytest.approx(2 / 3 * 1 + 1 / 3 * 5)
    assert "texture" not in found["d"].scores


def test_a_table_without_the_words_is_refused(tmp_path) -> None:
    table = _write(tmp_path / "w.csv", ["case_id", "x"], [["a", "b"]])
    with pytest.raises(InputError, match="Attenuation"):
        read_semantics(table)


@pytest.mark.skipif(DATA_VARIABLE not in os.environ, reason=f"{DATA_VARIABLE} names no data")
def test_the_public_tables_share_ninety_patients_with_words_and_sizes() -> None:
    folder = Path(os.environ[DATA_VARIABLE]) / "nsclc_radiogenomics"
    said = read_semantics(
        folder / "aim_semantics_190pts.csv", folder / "pyradiomics_features_60pts.csv"
    )
    from napari_radiogen.cohorts.gene_table import read_genes

    genes = read_genes(folder / "rnaseq_zlog10_130pts_x_1000genes.csv", None, said)
    both = genes.patients & set(said)
    assert len(both) == 90
    assert len(genes.matrix.gene_symbols) == 487
    assert genes.dropped == 513
    assert genes.matrix.scale == "zscore"
    sizes = [said[p].diameter_mm for p in both if said[p].diameter_mm]
    assert min(sizes) > 5
    assert max(sizes) < 120


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("4.", "four ", "no number"),
        ("3.0", "inf", "not finite"),
        ("\n", ",more\n", "row 2 has not as many cells"),
    ],
)
def test_an_index_that_is_no_table_of_scores_is_refused(tmp_path, old, new, reason) -> None:
    given = sources(tmp_path / "in")
    index = given.nodules / "index.csv"
    head, _, rows = index.read_text().partition("\n")
    index.write_text(f"{head}\n{rows.replace(old, new)}")
    with pytest.raises(InputError, match=reason):
        surrogate_cohort(given, tmp_path / "out", MatchConfig())


def test_an_index_that_is_not_utf_8_is_refused(tmp_path) -> None:
    given = sources(tmp_path / "in")
    index = given.nodules / "index.csv"
    index.write_bytes(index.read_bytes() + b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        surrogate_cohort(given, tmp_path / "out", MatchConfig())
