"""Genes without a window: mixtures, single genes, snapshots, going beyond the cohort."""

import numpy as np
import pytest

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.domain import Metagenes
from napari_radiogen.session import Session
from napari_radiogen.session.recipe import Recipe, make_recipe
from tests.session.fakes import CENTRE, NAMES, FakeGenerator, make_engines, make_scan

GENES = ("EGFR", "KRAS", "TP53", "ALK", "MET")


def two_members() -> FakeGenerator:
    """M01 of EGFR and, in the other sign, KRAS; one gene for each of the others."""
    weights = np.zeros((5, 4), np.float32)
    weights[0, 0], weights[1, 0] = 0.5, -0.5
    weights[2, 1] = weights[3, 2] = weights[4, 3] = 1.0
    zeros, ones = np.zeros(5, np.float32), np.ones(5, np.float32)
    sd = np.array([0.5, 1, 1, 2], np.float32)
    generator = FakeGenerator()
    generator.metagenes = Metagenes(NAMES, GENES, zeros, ones, weights, np.zeros(4, np.float32), sd)
    return generator


@pytest.fixture
def edited():
    made = Session(generator=two_members(), engines=make_engines(), seed=1)
    made.open_scan(make_scan())
    made.place(CENTRE)
    return made


def test_a_gene_moves_its_metagene_and_no_other(edited):
    start = edited.vector.copy()
    edited.set_gene("EGFR", 1.0)
    assert np.allclose(edited.vector - start, [1.0, 0, 0, 0])  # 0.5 / 0.5
    edited.set_gene("KRAS", 1.0)
    assert np.allclose(edited.vector - start, [0, 0, 0, 0], atol=1e-6)
    edited.set_gene("MET", -2.0)
    assert np.allclose(edited.vector - start, [0, 0, 0, -1.0], atol=1e-6)
    assert edited.code.source == "edited"
    assert edited.result.request.metagenes == tuple(map(float, edited.vector))


def test_a_slider_lands_where_it_is_put_whatever_its_genes_do(edited):
    edited.set_gene("EGFR", 1.0)
    edited.set_metagene("M01", 0.25)
    assert edited.vector[0] == pytest.approx(0.25)
    edited.set_gene("EGFR", 2.0)
    assert edited.vector[0] == pytest.approx(1.25)


def test_resets_of_a_gene_a_metagene_with_its_genes_and_all(edited):
    start = edited.vector.copy()
    edited.set_gene("EGFR", 1.0)
    edited.set_gene("TP53", 1.0)
    edited.set_metagene("M01", 2.0)
    edited.reset_gene("TP53")
    assert edited.vector[1] == start[1]
    edited.reset_metagene("M01")
    assert np.array_equal(edited.vector, start)
    assert not edited.state.intent.edited
    edited.set_gene("KRAS", 1.0)
    edited.reset_all()
    assert np.array_equal(edited.vector, start)


def test_a_gene_that_the_model_has_not_is_refused(edited):
    lines = []
    edited.failed.connect(lines.append)
    before = edited.state.intent
    edited.set_gene("BRAF", 1.0)
    edited.set_gene("EGFR", float("nan"))
    assert lines[0].startswith("BRAF: unknown gene")
    assert "finite" in lines[1]
    assert edited.state.intent == before
    edited.set_gene("EGFR", 99.0)
    assert edited.state.gene_edits == (("EGFR", METAGENE_Z_LIMIT),)


def test_the_smallest_change_of_genes_behind_a_metagene():
    metagenes = two_members().metagenes
    moved = metagenes.genes_moved(np.array([2.0, 0, 0, 1.0]))
    assert np.allclose(moved, [1.0, -1.0, 0, 0, 2.0], atol=1e-6)
    assert np.allclose(moved @ metagenes.weights / metagenes.sd, [2.0, 0, 0, 1.0], atol=1e-6)


def test_between_two_patients(session):
    known = session.generator.subject_metagenes
    session.interpolate("S-0001", "S-0004", 0.25)
    assert np.allclose(session.vector, 0.75 * known[1] + 0.25 * known[4], atol=1e-6)
    assert session.code.source == "interpolated"
    session.set_metagene("M02", 1.5)
    session.interpolate("S-0001", "S-0004", 1.0)
    assert session.vector[1] == 1.5  # the edit stays while the two are the same
    session.interpolate("S-0001", "S-0005", 7.0)
    assert np.array_equal(session.vector, known[5])
    assert session.state.intent.start_in_words == "a mixture of S-0001 0%, S-0005 100%"
    session.undo()
    session.undo()
    assert session.state.weights == (0.75, 0.25)


def test_a_stranger_cannot_be_mixed_in(session, told):
    before = session.state.intent
    session.interpolate("S-0001", "nobody", 0.5)
    assert session.state.intent == before
    assert told.failed[0].startswith("nobody: unknown patient")


def test_random_genes_are_of_the_cohort_and_repeat_with_the_seed():
    made = []
    for _ in range(2):
        session = Session(generator=FakeGenerator(), engines=make_engines(), seed=5)
        for _ in range(4):
            session.randomise()
            assert not session.gauge().unusual
            assert set(session.state.averaged) <= set(session.models.reference.training_ids)
            assert sum(session.state.weights) == pytest.approx(1)
        made.append(session.vector)
    assert np.array_equal(*made)
    session.undo()
    assert not np.array_equal(*made[:1], session.vector)


def test_snapshots_hold_genes_and_leave_place_and_seed(session, told):
    session.show_snapshot("A")
    assert told.failed == ["A is empty; press set A first"]
    session.set_metagene("M01", 1.0)
    session.keep_snapshot("A")
    session.choose_subject("S-0007")
    session.keep_snapshot("B")
    session.set_seed(9)
    session.show_snapshot("A")
    assert (session.state.subject_id, session.state.edits) == ("S-0000", (("M01", 1.0),))
    assert session.state.seed == 9
    session.show_snapshot("B")
    assert session.state.subject_id == "S-0007"
    session.undo()
    assert session.state.edits == (("M01", 1.0),)


def test_another_model_drops_snapshots_and_named_edits():
    engines = make_engines(load_generator=lambda name: two_members())
    session = Session(generator=FakeGenerator(), engines=engines)
    session.set_metagene("M01", 1.0)
    session.keep_snapshot("A")
    session.name_edit("larger")
    session.load_models()
    assert session.snapshots == {}
    assert session.named == ()


@pytest.fixture
def asked(session):
    session.asks_beyond = True
    heard = []
    session.beyond_asked.connect(heard.append)
    return heard


def test_beyond_the_cohort_waits_for_an_answer(session, asked):
    before = session.vector.copy()
    session.set_metagene("M01", 5.0)
    assert np.array_equal(session.vector, before)
    assert asked[0].beyond
    session.go_beyond(False)
    assert asked[1] is None
    assert np.array_equal(session.vector, before)
    session.set_metagene("M03", -5.0)
    session.go_beyond(True)
    assert session.vector[2] == -5.0
    session.set_metagene("M02", 5.0)
    assert session.vector[1] == 5.0  # who agreed is not asked again
    session.undo()
    session.undo()
    assert np.array_equal(session.vector, before)


def test_another_start_is_asked_again_and_real_patients_are_not(session, asked):
    session.set_metagene("M01", 5.0)
    session.go_beyond(True)
    session.choose_subject("S-0003")
    held = session.vector.copy()
    session.set_metagene("M01", 5.0)
    assert np.array_equal(session.vector, held)
    session.generator.subject_metagenes[7] = 4.5
    session.choose_subject("S-0007")
    assert session.vector[0] == 4.5
    assert asked[-1] is None  # the question that waited is off the table


def test_coming_back_within_takes_the_question_away(session, asked):
    start = float(session.vector[0])
    session.set_metagene("M01", 5.0)
    session.set_metagene("M01", start)
    assert asked[-1] is None
    session.go_beyond(True)  # nothing waits
    assert session.vector[0] == start


def test_scripts_are_not_asked(session):
    session.set_metagene("M01", 5.0)
    assert session.vector[0] == 5.0


def test_a_recipe_tells_of_mixtures_and_genes(edited):
    edited.interpolate("S-0001", "S-0004", 0.25)
    edited.set_gene("EGFR", 0.5)
    record = make_recipe(edited.result, edited.state.intent, edited.scan, None)
    assert Recipe.from_json(record.to_json()) == record
    assert (record.weights, record.gene_edits) == ((0.75, 0.25), (("EGFR", 0.5),))
    older = record.to_json()
    del older["genes"]["weights"], older["genes"]["gene_edits"]
    assert Recipe.from_json(older).weights == ()
