import threading

import numpy as np
import pytest

from napari_radiogen.errors import SynthesisError
from napari_radiogen.session import Session, ThreadRunner
from napari_radiogen.session.sheets import POSITIONS
from tests.session.fakes import CENTRE, FakeMeasurer, FakeSynthesiser, make_engines, make_scan


@pytest.fixture
def session():
    made = Session(engines=make_engines(), seed=1)
    made.load_models()
    made.open_scan(make_scan())
    made.choose_subject("S-0001")
    made.place(CENTRE)
    made.set_seed(40)
    return made


@pytest.fixture
def sheets(session):
    found = []
    session.sheets.sheet_changed.connect(found.append)
    return found


@pytest.fixture
def sweeps(session):
    found = []
    session.sheets.sweep_changed.connect(found.append)
    return found


def test_a_sheet_grows_draw_by_draw_from_the_seed_on_screen(session, sheets):
    told = []
    session.progress.connect(lambda *words: told.append(words))
    session.sheets.draw(4)
    assert [len(s.draws) for s in sheets] == [1, 2, 3, 4, 4]
    assert [g.request.seed for g in sheets[-1].draws] == [40, 41, 42, 43]
    assert {g.request.metagenes for g in sheets[-1].draws} == {session.result.request.metagenes}
    images = [g.image_hu for g in sheets[-1].draws]
    assert images[0].shape == (64, 64)
    assert not np.array_equal(images[0], images[1])
    assert ("sheet", 0.25, "2 of 4") in told


def test_a_draw_shows_what_is_on_screen(session, sheets):
    session.sheets.draw(1)
    picture = sheets[-1].draws[0].image_hu
    middle = picture[30:34, 30:34]
    z, y, x = np.round(session.scan.geometry.lps_to_index(CENTRE)).astype(int)
    pasted = session.result.paste_into(session.scan.voxels)
    assert middle.mean() == pytest.approx(pasted[z, y - 1 : y + 2, x - 1 : x + 2].mean(), abs=25)
    assert picture[32, 3] < -700  # lung of the scan itself


def test_a_sheet_changes_neither_nodule_nor_seed(session):
    result, history = session.result, session.can_undo
    session.sheets.draw(3)
    assert session.result is result
    assert session.state.seed == 40
    assert session.can_undo is history


def test_a_sweep_moves_one_metagene_alone_and_measures_it(session, sweeps):
    session.sheets.sweep("M01", (2.0, -2.0, 0.0))
    found = sweeps[-1]
    assert found.positions == (-2.0, 0.0, 2.0)
    assert [s.request.metagenes[0] for s in found.steps] == [-2.0, 0.0, 2.0]
    assert len({s.request.metagenes[1:] for s in found.steps}) == 1
    assert {s.request.seed for s in found.steps} == {40}
    diameter = found.curve("diameter")
    assert (np.diff(diameter) > 4).all()  # the fake's radius follows M01
    assert found.now == pytest.approx(float(session.vector[0]))
    assert [len(s.steps) == len(s.positions) for s in sweeps] == [True] * len(sweeps)


def test_a_sweep_covers_the_range_of_cohorts_by_itself(session, sweeps):
    session.sheets.sweep("M02")
    assert sweeps[-1].positions == POSITIONS
    assert (POSITIONS[0], POSITIONS[-1]) == (-3.0, 3.0)


def test_an_unknown_metagene_and_no_nodule_are_refused(session, sweeps):
    said = []
    session.failed.connect(said.append)
    session.sheets.sweep("M99")
    assert "no such metagene" in said[-1]
    session.open_scan(make_scan(series_uid="9"))
    session.sheets.draw(2)
    assert "no nodule yet" in said[-1]
    assert sweeps == []


def test_a_draw_without_a_nodule_shows_the_scan(session):
    class Barren(FakeSynthesiser):
        def glimpse(self, ct, request, *, lung=None, cancelled=None):
            raise SynthesisError("these genes gave no nodule here")

    made = Session(engines=make_engines(make_synthesiser=Barren))
    found = []
    made.sheets.sheet_changed.connect(found.append)
    made.load_models()
    made.open_scan(make_scan())
    made.place(CENTRE)
    made.sheets.draw(1)
    draw = found[-1].draws[0]
    assert draw.image_hu[20:44, 20:44].max() < -700
    assert np.isnan(draw.measured["diameter"])


def test_a_cancelled_sheet_keeps_what_was_painted():
    runner, started, gate = ThreadRunner(), threading.Event(), threading.Event()

    class Slow(FakeSynthesiser):
        def glimpse(self, *args, **kwargs):
            if len(self.glimpsed) == 2:
                started.set()
                gate.wait(5)
            return super().glimpse(*args, **kwargs)

    session = Session(runner, engines=make_engines(make_synthesiser=Slow))
    found = []
    session.sheets.sheet_changed.connect(found.append)
    session.load_models()
    pump(runner, lambda: session.generator is not None)
    session.open_scan(make_scan())
    pump(runner, lambda: session.lung is not None)
    session.choose_subject("S-0001")
    session.place(CENTRE)
    session.sheets.draw(6)
    pump(runner, started.is_set)
    pump(runner, lambda: bool(found) and len(found[-1].draws) == 2)
    session.sheets.cancel("sheet")
    gate.set()
    for _ in range(10):
        runner.pump(0.02)
    assert len(found[-1].draws) == 2
    assert not session.is_busy("sheet")
    session.close()


def pump(runner, ready, tries=200):
    for _ in range(tries):
        if ready():
            return
        runner.pump(0.05)
    raise AssertionError("it did not come")


def test_the_spread_of_a_sheet_leaves_empty_draws_out(session, sheets):
    session.sheets.draw(3)
    mean, sd = sheets[-1].spread["diameter"]
    assert mean == pytest.approx(FakeMeasurer().measure_slice(
        sheets[-1].draws[0].image_hu, 0.75)["diameter"], rel=0.1)  # fmt: skip
    assert sd >= 0
