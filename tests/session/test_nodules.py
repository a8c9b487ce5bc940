"""Several nodules in one scan, each with its own genes."""

import json

import numpy as np
import pytest

from napari_radiogen.constants import NODULE_LIMIT
from napari_radiogen.domain import NoduleSite
from napari_radiogen.errors import InputError
from napari_radiogen.io.images import read_array
from napari_radiogen.session import nodules, recipe_file
from napari_radiogen.session.recipe import result_digest
from napari_radiogen.session.state import Intent
from tests.session.conftest import Recorder
from tests.session.fakes import CENTRE, FakeGenerator, make_engines, make_scan

#: 10 mm to the left of the centre: the balls meet.
BESIDE = (CENTRE[0] + 10.0, CENTRE[1], CENTRE[2])


@pytest.fixture
def two(session):
    """Two nodules of different genes, the second in hand."""
    session.choose_subject("S-0001")
    session.add_nodule()
    session.choose_subject("S-0002")
    session.place(BESIDE)
    return session


def test_each_nodule_keeps_its_own_genes(two):
    genes = [(n.subject_id, n.site.centre_lps_mm) for n in two.state.intent.nodules]
    assert genes == [("S-0001", CENTRE), ("S-0002", BESIDE)]
    two.set_metagene("M01", 2.0)
    first, second = two.state.intent.nodules
    assert first.edits == ()
    assert second.edits == (("M01", 2.0),)
    vectors = [r.request.metagenes for r in two.results]
    np.testing.assert_array_equal(vectors[0], two.generator.subject_metagenes[1])
    assert vectors[1][0] == 2.0


def test_the_nodule_taken_in_hand_is_the_one_that_genes_change(two):
    pictures = [r.composed.voxels.copy() for r in two.results]
    two.select_nodule(0)
    assert two.state.active == 0
    assert two.state.subject_id == "S-0001"
    assert two.result.request.site.centre_lps_mm == CENTRE
    np.testing.assert_array_equal(two.results[0].composed.voxels, pictures[0])
    two.set_metagene("M01", 1.5)
    np.testing.assert_array_equal(two.results[1].composed.voxels, pictures[1])
    assert two.results[0].request.metagenes[0] == 1.5


def test_taking_another_in_hand_paints_nothing_anew(two):
    painted = len(two.models.synthesiser.requests)
    two.select_nodule(0)
    two.select_nodule(1)
    assert len(two.models.synthesiser.requests) == painted


def test_a_new_nodule_has_no_place_and_other_noise(session):
    before = session.state.intent
    session.add_nodule()
    assert session.state.site is None
    assert session.result is None
    assert session.state.seed != before.seed
    assert [r.request.site.centre_lps_mm for r in session.others.results] == [CENTRE]


def test_a_second_one_needs_the_first_one_placed(session, told):
    session.add_nodule()
    session.add_nodule()
    assert len(session.state.intent.nodules) == 2
    assert "place this nodule" in told.failed[-1]


def test_a_nodule_without_a_place_goes_when_another_is_taken(session):
    session.add_nodule()
    session.select_nodule(0)
    assert len(session.state.intent.nodules) == 1
    assert session.result.request.site.centre_lps_mm == CENTRE


def test_removing_leaves_the_others_where_they_are(two):
    two.remove_nodule(0)
    assert [n.subject_id for n in two.state.intent.nodules] == ["S-0002"]
    assert two.result.request.site.centre_lps_mm == BESIDE
    assert two.others.results == ()
    two.remove_nodule(0)
    assert two.state.site is None
    assert two.result is None


def test_add_and_remove_are_undo_steps(two):
    full = two.state.intent
    two.remove_nodule(1)
    assert len(two.state.intent.nodules) == 1
    two.undo()
    assert two.state.intent == full
    assert len(two.results) == 2


def test_undo_goes_back_to_the_nodule_that_was_changed(two):
    two.set_metagene("M02", 1.0)
    two.select_nodule(0)
    two.undo()
    assert two.state.active == 1
    assert two.state.edits == ()
    assert two.state.intent.nodules[0].subject_id == "S-0001"


def test_numbers_out_of_range_change_nothing(two):
    before = two.state.intent
    for index in (-1, 2, 99):
        two.select_nodule(index)
        two.remove_nodule(index)
    assert two.state.intent == before


def test_there_is_a_limit(session, told):
    for _ in range(NODULE_LIMIT + 2):
        session.add_nodule()
        session.place(CENTRE)
    assert len(session.state.intent.nodules) == NODULE_LIMIT
    assert str(NODULE_LIMIT) in told.failed[-1]


def test_another_scan_starts_without_nodules(two):
    two.open_scan(make_scan(series_uid="9.9"))
    assert two.state.intent.nodules[0].site is None
    assert two.results == ()


def test_another_model_paints_all_of_them(two):
    two._adopt_models(type(two.models).of(FakeGenerator(digest="e" * 64), None, two.engines))
    assert [r.request.model_digest for r in two.results] == ["e" * 64] * 2


def test_the_scan_on_screen_holds_both_where_their_boxes_meet(two):
    voxels = nodules.whole_scan(two.scan, two.results)
    for result in two.results:
        shown = two.on_screen(result).composed.voxels
        box = tuple(slice(a, a + n) for a, n in zip(result.start_zyx, shown.shape, strict=True))
        np.testing.assert_array_equal(shown, voxels[box])
    first = two.results[0]
    assert not np.array_equal(two.on_screen(first).composed.voxels, first.composed.voxels)


def test_the_order_decides_only_where_weights_are_equal(two):
    forth = nodules.whole_scan(two.scan, two.results)
    back = nodules.whole_scan(two.scan, two.results[::-1])
    both = np.ones(two.scan.voxels.shape, bool)
    for result in two.results:
        inside = np.zeros_like(both)
        here = tuple(
            slice(a, a + n)
            for a, n in zip(result.start_zyx, result.region.labels.shape, strict=True)
        )
        inside[here] = result.region.labels > 0
        both &= inside
    assert both.any()
    np.testing.assert_array_equal(forth[~both], back[~both])


def test_the_volume_and_its_recipe_hold_every_nodule(two, tmp_path):
    two.export_volume(tmp_path / "both.nii.gz")
    written = read_array(tmp_path / "both.nii.gz")[0]
    np.testing.assert_array_equal(written, nodules.whole_scan(two.scan, two.results))
    records = recipe_file.load_all(tmp_path / "both.recipe.json")
    assert [r.request.subject_id for r in records] == ["S-0001", "S-0002"]
    again = recipe_file.replay_all(records, two.scan, make_engines())
    assert [result_digest(r) for r in again] == [r.result_digest for r in records]


def test_a_figure_is_of_the_nodule_in_hand_alone(two, tmp_path):
    two.export_figure(tmp_path / "one.png")
    (record,) = recipe_file.load_all(tmp_path / "one.recipe.json")
    assert record.request.subject_id == "S-0002"


def test_recipes_of_different_scans_are_refused(two, tmp_path):
    two.save_recipe(tmp_path / "r.json")
    values = json.loads((tmp_path / "r.json").read_text())
    values["nodules"][1]["background"]["digest"] = "0" * 64
    (tmp_path / "r.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="different scans"):
        recipe_file.load_all(tmp_path / "r.json")


def test_an_unfinished_neighbour_holds_an_export_back(two, tmp_path):
    told = Recorder(two)
    two.others.forget()
    two.live.forget()
    two.models.synthesiser.synthesise = _refuse
    two.live.remember(two.result)
    two._request()
    assert told.failed == ["cannot be painted"]
    two.export_volume(tmp_path / "x.nii.gz")
    assert "another nodule" in told.failed[-1]
    assert list(tmp_path.iterdir()) == []


def _refuse(ct, request, **how):
    raise InputError("cannot be painted")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_positions_follow_the_order_of_adding(count):
    intent = Intent("S-0", site=None)
    made = [nodules.NoduleIntent(f"S-{i}", site=nodules_site(i)) for i in range(count)]
    for active in range(count):
        intent = nodules.from_nodules(made, active)
        assert intent.nodules == tuple(made)
        assert intent.in_hand == made[active]
        for index in range(count):
            assert nodules.with_selected(intent, index).nodules == tuple(made)
            rest = nodules.without(intent, index).nodules
            if count > 1:
                assert rest == tuple(n for i, n in enumerate(made) if i != index)


def nodules_site(index):
    return NoduleSite("1.2", (float(index), 0.0, 0.0))
