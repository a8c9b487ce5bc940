import threading

import numpy as np
import pytest

from napari_radiogen.session import Session, ThreadRunner
from napari_radiogen.session.jobs import _Job
from tests.session.fakes import (
    CENTRE,
    FakeMeasurer,
    FakeSynthesiser,
    make_engines,
    make_scan,
)

THERE = (14.0, 24.0, -34.0)


class Rig:
    """A session that knows its own judge and painter."""

    def __init__(self):
        self.judge = FakeMeasurer()
        self.painters = []

        def paint(generator):
            self.painters.append(FakeSynthesiser(generator))
            return self.painters[-1]

        engines = make_engines(load_measurer=lambda: self.judge, make_synthesiser=paint)
        self.session = Session(engines=engines, seed=1)
        self.session.load_models()
        self.session.open_scan(make_scan())
        self.session.choose_subject("S-0001")
        self.session.place(CENTRE)

    @property
    def asked(self):
        return self.painters[-1].requests


@pytest.fixture
def rig():
    return Rig()


def test_without_an_edit_the_nodule_is_its_own_reference(rig):
    found = rig.session.comparing.measured
    assert found.reference is found.result is rig.session.result
    assert found.before is found.now
    assert found.since == "start"
    assert len(rig.asked) == 1


def test_a_nodule_is_measured_once_the_window_has_drawn_it(rig, monkeypatch):
    order, measure = [], rig.judge.measure
    monkeypatch.setattr(_Job, "give_way", lambda job: order.append("give way"))
    monkeypatch.setattr(rig.judge, "measure", lambda r: order.append("measure") or measure(r))
    rig.session.set_seed(9)
    assert order[:2] == ["give way", "measure"]


def test_changes_are_counted_from_the_genes_before_any_edit(rig):
    rig.session.set_metagene("M01", 2.0)
    found = rig.session.comparing.measured
    start = rig.session.generator.subject_metagenes[1]
    assert found.result.request.metagenes[0] == pytest.approx(2.0)
    assert found.reference.request.metagenes == pytest.approx(tuple(map(float, start)))
    assert found.now.long_axis_mm - found.before.long_axis_mm == pytest.approx(
        4 * (2.0 - start[0]), abs=2.5
    )


def test_a_kept_a_is_what_changes_are_counted_from_at_the_same_place_with_the_same_noise(rig):
    session = rig.session
    session.set_metagene("M02", 1.0)
    session.keep_snapshot("A")
    assert session.comparing.measured.since == "A"
    assert session.comparing.measured.before is session.comparing.measured.now
    session.choose_subject("S-0007")
    session.place(THERE)
    session.set_seed(5)
    reference = session.comparing.measured.reference.request
    assert reference.site.centre_lps_mm == THERE
    assert reference.seed == 5
    assert reference.metagenes[1] == pytest.approx(1.0)
    assert reference.subject_id == "S-0001"


def test_each_nodule_is_measured_and_each_reference_painted_once(rig):
    session = rig.session
    session.set_metagene("M01", 1.0)
    session.set_metagene("M01", 2.0)
    session.undo()
    session.redo()
    starts = [r for r in rig.asked if r.metagenes[0] not in (1.0, 2.0)]
    assert len(starts) == 2  # on screen at first, then as the reference
    assert len(rig.judge.measured) == len(set(rig.judge.measured)) == 3


def test_the_difference_to_the_scan_is_what_the_nodule_adds(rig):
    session = rig.session
    hu = session.comparing.difference("scan")
    result = session.result
    assert hu.shape == result.composed.voxels.shape
    assert not hu[result.region.labels == 0].any()
    assert hu[result.mask.labels > 0].mean() > 500


def test_the_difference_to_the_genes_has_the_same_background_and_noise(rig):
    session = rig.session
    assert not session.comparing.difference("genes").any()
    session.set_metagene("M02", session.vector[1] + 3.0)
    hu = session.comparing.difference("genes")
    inside = session.result.mask.labels > 0
    # The fake's HU rise by 20 for a unit; noise and lung cancel to within rounding.
    assert np.abs(hu[inside] - 60).max() <= 1
    assert not hu[~inside].any()


def test_while_a_new_nodule_is_painted_nothing_stale_is_told():
    gate, runner = threading.Event(), ThreadRunner()
    gate.set()
    session = Session(
        runner,
        engines=make_engines(make_synthesiser=lambda g: FakeSynthesiser(g, gate)),
    )
    session.load_models()
    wait(runner, lambda: session.generator is not None)
    session.open_scan(make_scan())
    wait(runner, lambda: session.lung is not None)
    session.choose_subject("S-0001")
    session.place(CENTRE)
    wait(runner, lambda: session.comparing.measured is not None)
    told = []
    session.comparing.changed.connect(told.append)
    gate.clear()
    session.set_metagene("M01", 1.5)
    wait(runner, lambda: not session.result.complete)
    assert told[0] is None
    assert session.comparing.measured is None
    gate.set()
    wait(runner, lambda: session.comparing.measured is not None)
    assert session.comparing.measured.result is session.result
    assert all(m is None or m.result.request.metagenes[0] == 1.5 for m in told)
    session.close()


def wait(runner, ready, tries=200):
    for _ in range(tries):
        if ready():
            return
        runner.pump(0.05)
    raise AssertionError("it did not come")


def test_without_the_measuring_network_nothing_is_measured():
    def missing():
        from napari_radiogen.errors import ModelError

        raise ModelError("no measuring network")

    session = Session(engines=make_engines(load_measurer=missing))
    said = []
    session.failed.connect(said.append)
    session.load_models()
    session.open_scan(make_scan())
    session.place(CENTRE)
    assert session.result.complete
    assert session.comparing.measured is None
    assert "no measuring network" in said[0]


def test_another_scan_forgets_what_was_measured(rig):
    rig.session.open_scan(make_scan(series_uid="9.9"))
    assert rig.session.comparing.measured is None
    assert rig.session.comparing.difference("scan") is None
