"""Patients of the person's own beside the model's: who joins, where, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import ExpressionMatrix, Subject
from napari_radiogen.io.cohort_store import CohortContent, write_cohort
from napari_radiogen.session import Session, recipe
from napari_radiogen.session.patients import holds_genes
from napari_radiogen.session.reactions import NO_MODEL, OWN_LEFT
from napari_radiogen.session.work import Work
from tests.session.fakes import FakeGenerator, make_engines

#: Log2 values of the fake model's genes, which are its metagenes.
VALUES = {
    "MY-1": (1.5, 0.5, 1.25, 2.5),
    "MY-2": (0.25, 2.5, 3.5, 0.75),
    "MY-3": (2.25, 1.5, 0.5, 1.75),
}


@pytest.fixture
def joined(session):
    """What `patients_changed` told."""
    told = []
    session.patients_changed.connect(told.append)
    return told


def table(folder, values=VALUES, genes=4, name="own.csv"):
    path = folder / name
    lines = ["gene," + ",".join(values)]
    for g in range(genes):
        lines.append(f"PLT{g:05d}," + ",".join(str(v[g]) for v in values.values()))
    path.write_text("\n".join(lines) + "\n")
    return path


def cohort(folder, genes=4):
    ids = ("MY-1", "MY-2")
    subjects = tuple(
        Subject(s, f"P-{s}", "train", {"smoker": "yes"}, {"diameter": 9.0}) for s in ids
    )
    slices = {
        "subject_id": np.array(ids),
        "patient_id": np.array([f"P-{s}" for s in ids]),
        "split": np.array(["train"] * 2),
        "role": np.array(["nodule"] * 2),
        "plane": np.array(["axial"] * 2),
        "dz_mm": np.zeros(2, np.float32),
        "area_mm2": np.zeros(2, np.float32),
        "central": np.ones(2, np.int8),
    }
    names = tuple(f"PLT{g:05d}" for g in range(genes))
    values = np.array([VALUES[s][:genes] for s in ids], np.float32)
    image = np.full((2, 8, 8), -800, np.int16)
    content = CohortContent(
        "mine",
        "surrogate",
        subjects,
        ExpressionMatrix(values, ids, names, "log2"),
        slices,
        image,
        np.zeros((2, 8, 8), np.uint8),
        image,
        None,
        size_px=8,
    )
    write_cohort(folder / "mine", content)
    return folder / "mine"


def row(generator, subject):
    return generator.subject_metagenes[generator.subject_ids.index(subject)]


def test_patients_of_a_table_join_the_picker_and_paint(session, told, joined, tmp_path):
    session.open_genes(table(tmp_path))
    assert told.failed == []
    assert [s.subject_id for s in joined[0].subjects] == list(VALUES)
    assert session.generator.subject_ids[-3:] == tuple(VALUES)
    assert {s.split for s in session.generator.subjects[-3:]} == {"own"}
    assert joined[0].title == "3 patients of own.csv"
    assert any(line.startswith("log2: values lie") for line in joined[0].about)
    session.choose_subject("MY-2")
    np.testing.assert_allclose(session.vector, VALUES["MY-2"])
    assert session.result.request.metagenes == pytest.approx(VALUES["MY-2"])
    assert session.result.request.subject_id == "MY-2"


def test_the_map_keeps_its_places_and_puts_new_ones_by_the_rule(session, tmp_path):
    before = session.generator.codes
    session.open_genes(table(tmp_path))
    after, reference = session.generator.codes, session.models.reference
    assert after.subject_ids == (*before.subject_ids, *VALUES)
    np.testing.assert_array_equal(after.codes[:24], before.codes)
    for name, places in after.coordinates.items():
        np.testing.assert_array_equal(places[:24], before.coordinates[name])
        expected = [reference.map_position(c, name) for c in after.codes[24:]]
        np.testing.assert_allclose(places[24:], expected, rtol=1e-6)
    session.choose_subject("MY-1")
    np.testing.assert_allclose(session.code_position("PCA"), after.coordinates["PCA"][24], 1e-6)


def test_sliders_and_gauge_stay_those_of_the_training_subjects(session, tmp_path):
    rows, known = session.distribution("M01").copy(), FakeGenerator().subject_metagenes
    values = {**VALUES, "S-0004": (3.0, 3.0, 3.0, 3.0)}
    session.open_genes(table(tmp_path, values))
    np.testing.assert_array_equal(session.distribution("M01"), rows)
    session.choose_subject("MY-3")
    assert set(session.gauge().nearest) <= {f"S-{i:04d}" for i in range(20)}
    np.testing.assert_array_equal(session.distribution("M02"), known[:20, 1])


def test_the_persons_values_win_over_the_models_and_it_is_said(session, told, joined, tmp_path):
    session.choose_subject("S-0002")
    paints = len(told.results)
    session.open_genes(table(tmp_path, {"S-0002": (1.5, 0.5, 1.25, 2.5), "MY-2": VALUES["MY-2"]}))
    assert joined[0].replaced == ("S-0002",)
    assert "1 id was known before" in joined[0].notices[0]
    assert session.generator.subject_ids[2] == "S-0002"
    assert len(session.generator.subjects) == 25
    np.testing.assert_allclose(row(session.generator, "S-0002"), (1.5, 0.5, 1.25, 2.5))
    np.testing.assert_allclose(session.vector, (1.5, 0.5, 1.25, 2.5))
    assert len(told.results) > paints
    assert session.result.request.metagenes == pytest.approx((1.5, 0.5, 1.25, 2.5))


def test_a_second_table_adds_and_the_same_one_is_taken_anew(session, joined, tmp_path):
    first = table(tmp_path)
    session.open_genes(first)
    session.open_genes(table(tmp_path, {"MY-9": (0.5, 0.5, 1.5, 1.5)}, name="more.csv"))
    assert session.generator.subject_ids[-4:] == (*VALUES, "MY-9")
    session.open_genes(first)
    assert len(session.generator.subject_ids) == 28
    assert [o.path.name for o in session.models.own] == ["more.csv", "own.csv"]


def test_a_table_without_a_gene_is_refused_in_one_line(session, told, joined, tmp_path):
    before = session.generator
    session.open_genes(table(tmp_path, genes=3))
    assert len(told.failed) == 1
    assert "lacks 1 of the 4 genes of the model (PLT00003)" in told.failed[0]
    assert "never filled in" in told.failed[0]
    assert (session.generator, joined, session.models.own) == (before, [], ())


def test_patients_that_lack_a_value_are_left_out_and_counted(session, told, joined, tmp_path):
    values = {**VALUES, "MY-2": (0.25, "NA", 3.5, 0.75)}
    session.open_genes(table(tmp_path, values))
    assert session.generator.subject_ids[-2:] == ("MY-1", "MY-3")
    assert joined[0].notices[0] == (
        "1 of 3 patients left out for lack of a value that the model needs: MY-2"
    )
    assert told.failed == []


def test_a_table_that_leaves_nobody_is_refused(session, told, joined, tmp_path):
    session.open_genes(table(tmp_path, {"MY-1": (0.5, "NA", 1.5, 2.5), "MY-2": ("NA", 1, 2.5, 1)}))
    assert joined == []
    assert "in each of its 2 patients" in told.failed[0]


def test_a_cohort_brings_its_kind_clinical_columns_and_attributes(session, joined, tmp_path):
    folder = cohort(tmp_path)
    session.open_genes(folder / "cohort.json")
    assert joined[0].title == "2 patients of mine (surrogate: others' genes)"
    mine = session.generator.subjects[-1]
    assert (mine.subject_id, mine.patient_id, mine.split) == ("MY-2", "P-MY-2", "own")
    assert (mine.clinical, mine.attributes) == ({"smoker": "yes"}, {"diameter": 9.0})
    assert "clinical columns: smoker" in joined[0].about
    np.testing.assert_allclose(row(session.generator, "MY-2"), VALUES["MY-2"])


def test_an_altered_cohort_and_a_stranger_are_one_line_each(session, told, joined, tmp_path):
    folder = cohort(tmp_path)
    text = (folder / "expression.csv").read_text()
    (folder / "expression.csv").write_text(text.replace("1.50000", "9.50000", 1))
    session.open_genes(folder)
    (tmp_path / "words.csv").write_text("a,b\nc,d\n")
    session.open_genes(tmp_path / "words.csv")
    assert [line.count("\n") for line in told.failed] == [0, 0]
    assert "altered" in told.failed[0]
    assert "words.csv" in told.failed[1]
    assert joined == []


def test_undo_of_a_choice_goes_back_across_the_opening(session, tmp_path):
    session.choose_subject("S-0003")
    session.open_genes(table(tmp_path))
    session.choose_subject("MY-1")
    session.set_metagene("M01", 2.0)
    session.undo()
    np.testing.assert_allclose(session.vector, VALUES["MY-1"])
    session.undo()
    np.testing.assert_array_equal(session.vector, row(session.generator, "S-0003"))
    session.redo()
    assert session.state.subject_id == "MY-1"


def test_a_recipe_replays_without_the_table(session, told, tmp_path):
    source = table(tmp_path)
    session.open_genes(source)
    session.choose_subject("MY-3")
    session.save_recipe(tmp_path / "r.json")
    source.unlink()
    assert told.failed == []
    read = recipe.load(tmp_path / "r.json")
    assert read.request.subject_id == "MY-3"
    again = recipe.replay(read, session.scan, make_engines())
    assert recipe.result_digest(again) == read.result_digest


def test_a_drop_is_told_apart(session, joined, tmp_path):
    folder = cohort(tmp_path)
    session.open_any(table(tmp_path))
    session.open_any(folder)
    assert [o.kind for o in joined] == ["", "surrogate"]
    assert holds_genes(folder)
    assert not holds_genes(tmp_path)
    assert not holds_genes(tmp_path / "missing.csv")
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    assert not holds_genes(tmp_path / "points.csv")
    (tmp_path / "scan.nii.gz").write_bytes(b"")
    assert not holds_genes(tmp_path / "scan.nii.gz")


def test_without_a_model_it_is_refused_or_waits_for_one(tmp_path, monkeypatch):
    session, lines = Session(engines=make_engines()), []
    session.failed.connect(lines.append)
    session.open_genes(table(tmp_path))
    assert lines == [NO_MODEL]
    monkeypatch.setattr(Work, "is_busy", lambda self, kind=None: kind == "models")
    session.open_genes(table(tmp_path))
    monkeypatch.undo()
    session.load_models()
    assert session.generator.subject_ids[-3:] == tuple(VALUES)
    assert lines == [NO_MODEL]


def test_another_model_starts_without_them_and_says_so(session, told, tmp_path):
    session.open_genes(table(tmp_path))
    session.choose_subject("MY-1")
    session.load_models("other")
    assert told.failed == [OWN_LEFT]
    assert session.models.own == ()
    assert session.state.subject_id == "S-0000"
    assert session.result.request.subject_id == "S-0000"


def test_a_model_that_comes_while_a_table_is_read_meets_the_table(session, told, tmp_path):
    path, late = table(tmp_path), FakeGenerator(name="late")
    jobs = []
    session.work.runner.submit = lambda kind, job, done, *rest: jobs.append((job, done))
    session.open_genes(path)
    job, done = jobs.pop()
    found = job(None)
    session.models = replace(session.models, generator=late)
    done(found)
    assert session.generator is late
    job, done = jobs.pop()
    done(job(None))
    assert session.generator.name == "late"
    assert session.generator.subject_ids[-3:] == tuple(VALUES)


def test_scores_that_do_not_fit_are_a_callers_error(session):
    place = session.models.reference.map_position
    twice = [Subject("A", "A", "own")] * 2
    with pytest.raises(ValueError, match="distinct"):
        session.generator.with_patients(twice, np.zeros((2, 4), np.float32), place)
