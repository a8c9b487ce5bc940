import numpy as np
import pytest

from napari_radiogen.constants import METAGENE_Z_LIMIT, UNDO_LIMIT
from napari_radiogen.errors import InputError, ModelError, SeveralSeriesError, SynthesisError
from napari_radiogen.session import Session
from tests.session.conftest import Recorder
from tests.session.fakes import (
    CENTRE,
    OUTSIDE,
    FakeGenerator,
    FakeSegmenter,
    FakeSynthesiser,
    make_engines,
    make_scan,
)

ELSEWHERE = (14.0, 26.0, -20.0)


def test_a_nodule_appears_first_rough_then_complete():
    session = Session(generator=FakeGenerator(), engines=make_engines())
    told = Recorder(session)
    session.open_scan(make_scan())
    session.place(CENTRE)
    assert [r.complete for r in told.results] == [False, True]
    assert session.result is told.results[-1]
    assert ("synthesis", True) in told.busy
    assert not session.is_busy("synthesis")


def test_a_slider_changes_vector_code_and_nodule(session, told):
    vectors, codes = [], []
    session.vector_changed.connect(vectors.append)
    session.code_changed.connect(codes.append)
    session.set_metagene("M01", 2.0)
    assert vectors[-1][0] == 2.0
    assert codes[-1].source == "edited"
    np.testing.assert_array_equal(codes[-1].vector, np.tanh(vectors[-1] / 3))
    assert told.results[-1].measurements["long_axis_mm"] == pytest.approx(24)


def test_scores_are_clipped_and_nonsense_is_refused(session, told):
    session.set_metagene("M01", 1e9)
    assert session.vector[0] == METAGENE_Z_LIMIT
    before = session.state.intent
    session.set_metagene("M02", float("nan"))
    session.set_metagene("M77", 1.0)
    assert session.state.intent == before
    assert len(told.failed) == 2
    assert "M77" in told.failed[1]


def test_choosing_a_subject_clears_edits_and_is_one_step(session):
    session.choose_subject("S-0002")
    session.set_metagene("M01", 2.0)
    session.choose_subject("S-0003")
    assert session.state.edits == ()
    np.testing.assert_array_equal(session.vector, session.generator.subject_metagenes[3])
    session.undo()
    assert (session.state.subject_id, session.state.edits) == ("S-0002", (("M01", 2.0),))


def test_unknown_subject_is_refused_with_its_name(session, told):
    before = session.state.intent
    session.choose_subject("nobody")
    assert session.state.intent == before
    assert "nobody" in told.failed[0]
    assert "\n" not in told.failed[0]


def test_undo_and_redo_go_over_edits_subject_place_and_seed(session):
    steps = [session.state.intent]
    for act in (
        lambda: session.choose_subject("S-0005"),
        lambda: session.set_metagene("M03", -1.0),
        lambda: session.place(ELSEWHERE),
        lambda: session.set_seed(9),
    ):
        act()
        steps.append(session.state.intent)
    for expected in reversed(steps[:-1]):
        session.undo()
        assert session.state.intent == expected
        assert session.result.request.seed == expected.seed
    for expected in steps[1:]:
        session.redo()
        assert session.state.intent == expected
    assert not session.can_redo
    session.undo()
    session.set_seed(11)
    assert not session.can_redo


def test_a_drag_is_one_step_and_separate_moves_are_two(session):
    session.set_metagene("M01", 0.1)
    session.begin_gesture()
    for z in np.linspace(0.2, 2, 30):
        session.set_metagene("M01", z)
    session.end_gesture()
    session.set_metagene("M01", 1.0)
    session.undo()
    assert session.state.edits == (("M01", 2.0),)
    session.undo()
    assert session.state.edits == (("M01", 0.1),)


def test_an_empty_drag_leaves_no_step(session):
    session.set_seed(3)
    session.begin_gesture()
    session.end_gesture()
    session.undo()
    assert session.state.seed == 0


def test_undo_is_bounded():
    session = Session(generator=FakeGenerator(), engines=make_engines())
    for seed in range(UNDO_LIMIT + 50):
        session.set_seed(seed + 1)
    while session.can_undo:
        session.undo()
    assert session.state.seed == 50


def test_undone_nodule_comes_from_the_cache(session):
    session.set_seed(5)
    made = len(session.models.synthesiser.requests)
    session.undo()
    session.redo()
    assert len(session.models.synthesiser.requests) == made
    assert session.result.request.seed == 5


def test_a_place_outside_the_lung_is_refused_and_changes_nothing(session, told):
    before, shown = session.state.intent, session.result
    session.place(OUTSIDE)
    session.place((1e4, 0, 0))
    assert session.state.intent == before
    assert session.result is shown
    assert len(told.failed) == 2
    assert all("outside the" in line and "\n" not in line for line in told.failed)
    assert told.results == []


def test_a_place_that_the_synthesiser_refuses_is_taken_back():
    class Strict(FakeSynthesiser):
        def synthesise(self, ct, request, **kwargs):
            if request.site.centre_lps_mm == ELSEWHERE:
                raise SynthesisError("the place touches the wall")
            return super().synthesise(ct, request, **kwargs)

    session = Session(generator=FakeGenerator(), engines=make_engines(make_synthesiser=Strict))
    session.open_scan(make_scan())
    session.place(CENTRE)
    told, before = Recorder(session), session.state.intent
    session.place(ELSEWHERE)
    assert told.failed == ["the place touches the wall"]
    assert session.state.intent == before
    assert session.result.request.site.centre_lps_mm == CENTRE
    session.set_seed(4)
    assert session.result.request.seed == 4
    session.undo()
    assert session.state.intent == before


class Picky(FakeSynthesiser):
    """Shows a first look of every nodule, then refuses those with M01 below -2."""

    def synthesise(self, ct, request, *, first_look=None, **kwargs):
        result = super().synthesise(ct, request, first_look=first_look, **kwargs)
        if request.metagenes[0] < -2:
            raise SynthesisError("these genes gave no nodule here")
        return result


@pytest.mark.parametrize("dragging", [False, True])
def test_genes_without_a_nodule_take_the_old_one_off_the_screen(dragging):
    session = Session(generator=FakeGenerator(), engines=make_engines(make_synthesiser=Picky))
    session.open_scan(make_scan())
    session.place(CENTRE)
    told, site = Recorder(session), session.state.site
    if dragging:
        session.begin_gesture()
    for z in (-2.5, -2.6):
        session.set_metagene("M01", z)
        assert session.result is None
        assert told.results[-1] is None
        assert told.failed[-1] == "these genes gave no nodule here"
        assert session.state.site == site
        assert session.vector[0] == pytest.approx(z)
    session.place(ELSEWHERE)
    session.set_metagene("M01", 1.0)
    assert session.result.request.metagenes[0] == 1.0


def test_an_unexpected_failure_leaves_no_old_nodule_either(session, told, monkeypatch):
    def run_out(*_, **__):
        raise MemoryError

    monkeypatch.setattr(session.models.synthesiser, "synthesise", run_out)
    session.reroll()
    assert session.result is None
    assert told.results == [None]


def test_another_job_that_fails_leaves_the_nodule(session, told):
    def refuse(path, series_uid):
        raise SynthesisError("nothing to do with the nodule")

    shown = session.result
    session.engines = make_engines(read_ct=refuse)
    session.open_path("bad.nii")
    assert session.result is shown
    assert told.results == []


def test_without_models_every_action_says_so_in_one_line():
    session = Session(engines=make_engines())
    told = Recorder(session)
    session.open_scan(make_scan())
    for act in (
        lambda: session.choose_subject("S-0001"),
        lambda: session.set_metagene("M01", 1.0),
        lambda: session.place(CENTRE),
        session.find_tumours,
        session.reroll,
        session.reset_all,
        lambda: session.export_figure("x.png"),
    ):
        count = len(told.failed)
        act()
        assert len(told.failed) == count + 1
        assert "\n" not in told.failed[-1]
    assert session.gauge() is None
    assert session.code_position() is None
    assert session.distribution("M01").size == 0
    session.undo()
    session.redo()


def test_a_missing_model_is_a_line_and_the_other_still_loads():
    def refuse(name):
        raise ModelError("no generator is installed")

    session = Session(engines=make_engines(load_generator=refuse))
    told = Recorder(session)
    session.load_models()
    assert told.failed == ["no generator is installed"]
    assert session.generator is None
    session.open_scan(make_scan())
    session.find_tumours()
    assert len(session.tumours.nodules) == 1


def test_loading_another_model_keeps_what_it_knows(session):
    session.choose_subject("S-0004")
    session.set_metagene("M04", 1.0)
    session.engines = make_engines(
        load_generator=lambda name: FakeGenerator(names=("M01", "M02"), digest="e" * 64)
    )
    session.load_models("other")
    assert session.state.subject_id == "S-0004"
    assert session.state.edits == ()
    assert session.result.request.model_digest == "e" * 64


def test_a_model_that_does_not_load_leaves_the_one_in_use(session, told):
    def refuse(*_):
        raise ModelError("no such model")

    session.set_seed(5)
    generator, segmenter, shown = session.generator, session.segmenter, session.result
    session.engines = make_engines(load_generator=refuse, load_segmenter=refuse)
    session.load_models("other")
    assert told.failed == ["no such model"] * 2
    assert (session.generator, session.segmenter) == (generator, segmenter)
    assert session.result is shown
    assert session.can_undo
    session.set_seed(6)
    assert session.result.request.seed == 6


def test_a_segmenter_that_does_not_load_leaves_the_one_in_use(session):
    def refuse():
        raise ModelError("no segmenter")

    segmenter = session.segmenter
    other = FakeGenerator(digest="e" * 64)
    session.engines = make_engines(load_generator=lambda name: other, load_segmenter=refuse)
    session.load_models("other")
    assert session.generator is other
    assert session.segmenter is segmenter


def test_a_place_that_nobody_chose_is_no_step(session):
    session.place(ELSEWHERE, record=False)
    assert session.result.request.site.centre_lps_mm == ELSEWHERE
    session.undo()
    assert session.state.site is None


def test_one_series_of_a_folder_can_be_opened(session):
    asked = []

    def read(path, series_uid):
        asked.append(series_uid)
        return make_scan()

    session.engines = make_engines(read_ct=read)
    session.open_path("folder")
    session.open_path("folder", "1.2.3")
    assert asked == [None, "1.2.3"]


def test_a_new_scan_clears_nodule_tumours_and_steps(session, told):
    session.find_tumours()
    session.set_seed(3)
    session.open_scan(make_scan(series_uid="9.9"))
    assert session.result is None
    assert told.results[-1] is None
    assert session.tumours is None
    assert session.state.site is None
    assert not session.can_undo
    assert session.lung is not None


def test_a_file_that_cannot_be_read_leaves_the_open_scan(session, told):
    def refuse(path, series_uid):
        raise InputError("expected a CT", path)

    session.engines = make_engines(read_ct=refuse)
    scan = session.scan
    session.open_path("bad.nii")
    assert told.failed == ["bad.nii: expected a CT"]
    assert session.scan is scan
    assert not session.is_busy("scan")


def test_an_unexpected_error_is_one_line_too(session, told):
    def break_down(path, series_uid):
        raise RuntimeError("first\nsecond")

    session.engines = make_engines(read_ct=break_down)
    session.open_path("bad.nii")
    (line,) = told.failed
    assert line.startswith("unexpected error RuntimeError in test_controller.py:")
    assert line.endswith("try again, and report it if it comes back")
    assert "second" not in line  # it may quote patient data


def test_the_mean_of_a_group_is_the_mean_of_their_metagenes(session, told):
    session.select(["S-0001", "S-0006"])
    session.synthesise_mean_of(session.state.selected)
    expected = session.generator.subject_metagenes[[1, 6]].mean(axis=0)
    np.testing.assert_allclose(session.vector, expected, rtol=1e-6)
    assert session.code.source == "mean"
    assert session.result.request.subject_id == ""
    session.synthesise_mean_of([])
    assert "select" in told.failed[-1]


def test_reroll_changes_the_seed_and_the_pixels(session):
    before = session.result
    session.reroll()
    assert session.state.seed != before.request.seed
    assert not np.array_equal(session.result.composed.voxels, before.composed.voxels)


def test_view_fields_make_no_nodule(session, told):
    session.state.window = "Bone"
    session.state.show_synthetic = False
    session.select(["S-0001"])
    assert told.results == []


def test_resets(session):
    start = session.vector.copy()
    session.set_metagene("M01", 2.0)
    session.set_metagene("M02", 2.0)
    session.reset_metagene("M01")
    assert session.vector[0] == start[0]
    assert session.vector[1] == 2.0
    session.reset_all()
    np.testing.assert_array_equal(session.vector, start)


def test_find_tumours_reports_progress(session):
    seen = []
    session.progress.connect(lambda *a: seen.append(a))
    session.find_tumours()
    assert seen == [("tumours", 0.5, "half")]
    assert isinstance(session.segmenter, FakeSegmenter)


def test_without_anybody_to_ask_several_series_are_one_line():
    def read(path, uid):
        raise SeveralSeriesError("2 CT series; choose one", path)

    session = Session(engines=make_engines(read_ct=read))
    told = Recorder(session)
    session.open_path("study")
    assert told.failed == ["study: 2 CT series; choose one"]
