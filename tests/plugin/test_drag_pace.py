"""What a drag leaves time for: who follows it at a slower pace, and what is not made anew."""

import time
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest

from napari_radiogen.plugin.pace import FOLLOW_MS, Pace
from napari_radiogen.plugin.widgets import metagene_row
from napari_radiogen.plugin.widgets.gene_map import REST_MS, GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.metagene_row import x_of
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from napari_radiogen.session.map_spaces import LEARNED
from tests.session.fakes import CENTRE, FakeSynthesiser, make_engines, make_scan

LEFT = Qt.MouseButton.LeftButton
VALUES = [round(0.1 * i, 1) for i in range(1, 16)]
THERE = (14.0, 24.0, -34.0)


@pytest.fixture
def panel(ready, qtbot):
    made = GenePanelWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(320, 760)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def gene_map(ready, qtbot):
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def count(monkeypatch, owner, name):
    """Count the calls of a method."""
    calls, method = [], getattr(owner, name)

    def counted(*args, **kwargs):
        calls.append(args)
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def marker(gene_map):
    return np.ravel(gene_map.plots[LEARNED].marker.getData())


def test_calls_until_a_tick_are_one_and_a_flush_does_not_wait(qtbot, panel):
    told = []
    pace = Pace(lambda: told.append("shown"), panel)
    for _ in range(5):
        pace.ask()
    assert told == []
    qtbot.wait(3 * FOLLOW_MS)
    assert told == ["shown"]
    pace.flush()
    assert told == ["shown"]  # nothing waits
    pace.ask()
    pace.flush()
    assert told == ["shown"] * 2
    qtbot.wait(3 * FOLLOW_MS)
    assert told == ["shown"] * 2


def test_all_paces_tick_at_the_same_time(panel, monkeypatch):
    tick_ms, due = 1000 * FOLLOW_MS, []
    for early_ms in (FOLLOW_MS - 2, FOLLOW_MS // 2, 1):
        now_s = (tick_ms - early_ms) / 1000 + 1e-6
        monkeypatch.setattr(time, "monotonic", lambda now=now_s: now)
        pace = Pace(lambda: None, panel)
        pace.ask()
        due.append(tick_ms - early_ms + pace.findChild(QTimer).interval())
    assert due == [tick_ms] * 3


# --- who follows -----------------------------------------------------------------


def test_the_gauge_follows_a_drag_at_its_own_pace_and_shows_the_last_value(
    panel, ready, qtbot, monkeypatch
):
    session, shown = ready.session, count(monkeypatch, panel.gauge, "show_value")
    qtbot.wait(2 * FOLLOW_MS)  # what the nodule of the start brought is over
    session.begin_gesture()
    for z in VALUES:
        session.set_metagene("M01", z)
    assert len(shown) == 0
    qtbot.waitUntil(lambda: len(shown) == 1)  # the hand rests, the button is down
    assert shown[-1][0] == session.gauge()
    assert next(r for r in panel.sliders.rows if r.name == "M01").z == pytest.approx(VALUES[-1])
    session.end_gesture()
    assert len(shown) == 1


def test_the_end_of_a_drag_shows_all_at_once(panel, gene_map, ready):
    session = ready.session
    session.begin_gesture()
    for z in VALUES:
        session.set_metagene("M01", z)
    assert panel.sliders.rows[0].name == "M01"
    session.end_gesture()
    assert panel.sliders.rows[0].z == pytest.approx(VALUES[-1])
    assert np.allclose(marker(gene_map), session.marker(LEARNED, "t-SNE"))
    assert panel.tools.undo.isEnabled()


def test_the_marker_and_its_trail_move_during_a_drag(gene_map, ready, qtbot):
    session, places = ready.session, []
    session.begin_gesture()
    for z in VALUES[:4]:
        session.set_metagene("M01", z)
        qtbot.wait(2 * FOLLOW_MS)
        places.append(tuple(marker(gene_map)))
    assert len(set(places)) == 4
    assert len(gene_map.plots[LEARNED].trail.getData()[0]) >= 4
    session.end_gesture()


def test_without_a_drag_everything_follows_at_once(panel, gene_map, ready, monkeypatch):
    shown = count(monkeypatch, panel.gauge, "show_value")
    for number, z in enumerate(VALUES[:3], start=1):
        ready.session.set_metagene("M01", z)
        assert len(shown) == number
        assert np.allclose(marker(gene_map), ready.session.marker(LEARNED, "t-SNE"))


def test_what_waits_does_not_take_the_question_away(panel, ready, qtbot):
    session, gauge = ready.session, panel.gauge
    session.asks_beyond = True
    session.begin_gesture()
    for z in (0.1, 0.2, 4.9):  # the second waits for its turn when the third asks
        session.set_metagene("M03", z)
    assert gauge.question.isVisible()
    qtbot.wait(3 * FOLLOW_MS)
    assert gauge.question.isVisible()
    session.end_gesture()
    assert gauge.question.isVisible()


def test_exact_places_wait_for_the_nodule(gene_map, ready, qtbot, monkeypatch):
    session = ready.session
    qtbot.wait(2 * REST_MS)
    asked = count(monkeypatch, session, "place_exactly")
    monkeypatch.setattr(session, "is_busy", lambda kind: kind == "synthesis")
    session.set_metagene("M01", 1.5)
    qtbot.wait(2 * REST_MS)
    assert not asked
    monkeypatch.undo()
    asked = count(monkeypatch, session, "place_exactly")
    session.busy_changed.emit("synthesis", False)
    qtbot.waitUntil(lambda: len(asked) == 1)
    session.busy_changed.emit("synthesis", False)  # the same genes, other noise
    qtbot.wait(2 * REST_MS)
    assert len(asked) == 1


def test_a_move_paints_its_row_alone_and_at_its_own_pace(panel, qtbot, monkeypatch):
    sliders = panel.sliders
    track = sliders.track(2)
    y = track.center().y()
    QTest.mousePress(sliders.viewport(), LEFT, pos=QPoint(round(x_of(0.0, track)), y))
    qtbot.wait(3 * FOLLOW_MS)
    monkeypatch.setattr(panel.session, "set_metagene", lambda name, z: None)  # no one follows
    painted = count(monkeypatch, metagene_row, "paint")
    for z in VALUES:
        QTest.mouseMove(sliders.viewport(), QPoint(round(x_of(z, track)), y))
    qtbot.wait(4 * FOLLOW_MS)
    assert {args[1].name for args in painted} == {sliders.rows[2].name}
    assert len(painted) < len(VALUES) / 2
    assert painted[-1][1].z == pytest.approx(VALUES[-1], abs=0.06)
    QTest.mouseRelease(sliders.viewport(), LEFT, pos=QPoint(round(x_of(1.5, track)), y))


# --- what is not made anew -------------------------------------------------------


class Narrow(FakeSynthesiser):
    """Its first look holds three slices, as a real one holds few."""

    def _result(self, ct, request, complete):
        whole = super()._result(ct, request, complete)
        if complete:
            return whole
        part = slice(7, 10)
        z, y, x = whole.start_zyx
        shape = whole.composed.voxels[part].shape
        geometry = whole.composed.geometry.crop((7, 0, 0), shape)
        return replace(
            whole,
            composed=replace(whole.composed, voxels=whole.composed.voxels[part], geometry=geometry),
            region=replace(whole.region, labels=whole.region.labels[part], geometry=geometry),
            mask=replace(whole.mask, labels=whole.mask.labels[part], geometry=geometry),
            weight=whole.weight[part],
            start_zyx=(z + 7, y, x),
        )


@pytest.fixture
def narrow(viewer):
    session = Session(InlineRunner(), engines=make_engines(make_synthesiser=Narrow), seed=1)
    bench = workbench_of(viewer, session)
    session.open_scan(make_scan())
    session.place(CENTRE)
    yield bench
    session.close()


def test_a_drag_repaints_the_layers_that_are_there(ready):
    session, presenter = ready.session, ready.presenter
    first = session.result
    kept = first.composed.voxels.copy(), first.mask.labels.copy()
    arrays, events = (presenter.nodule.data, presenter.outline.data), []
    presenter.nodule.events.set_data.connect(lambda e: events.append("image"))
    presenter.outline.events.set_data.connect(lambda e: events.append("outline"))
    for z in VALUES[:3]:
        session.set_metagene("M01", z)
        assert np.array_equal(presenter.nodule.data, session.result.composed.voxels)
        assert np.array_equal(presenter.outline.data, session.result.mask.labels)
        assert presenter.nodule.metadata["request"] == session.result.request
    assert presenter.nodule.data is arrays[0]
    assert presenter.outline.data is arrays[1]
    assert set(events) == {"image", "outline"}  # napari draws them anew
    # What the session remembers is not what is painted over.
    assert np.array_equal(first.composed.voxels, kept[0])
    assert np.array_equal(first.mask.labels, kept[1])


def test_another_place_moves_the_layers(ready):
    session, presenter = ready.session, ready.presenter
    session.place(THERE)
    assert np.array_equal(presenter.nodule.data, session.result.composed.voxels)
    origin = session.result.composed.geometry.origin_mm[::-1]
    assert np.allclose(presenter.nodule.translate, origin)
    assert np.allclose(presenter.outline.translate, origin)


def test_a_first_look_shows_in_the_box_of_the_nodule_before_it(narrow):
    session, presenter = narrow.session, narrow.presenter
    shown, scan = [], session.scan.voxels
    session.result_changed.connect(
        lambda r: shown.append((r, presenter.nodule.data.copy(), presenter.outline.data.copy()))
    )
    before, place = presenter.nodule.data, tuple(presenter.nodule.translate)
    session.set_metagene("M01", 1.0)
    (look, hu, outline), (whole, last, _) = shown
    assert (look.complete, whole.complete) == (False, True)
    assert presenter.nodule.data is before
    assert tuple(presenter.nodule.translate) == place
    assert np.array_equal(hu[7:10], look.composed.voxels)
    assert np.array_equal(outline[7:10], look.mask.labels)
    z, y, x = whole.start_zyx
    bare = scan[z : z + hu.shape[0], y : y + hu.shape[1], x : x + hu.shape[2]]
    for around in (slice(0, 7), slice(10, None)):
        assert np.array_equal(hu[around], bare[around])
        assert not outline[around].any()
    assert np.array_equal(last, whole.composed.voxels)


def test_a_first_look_at_another_place_has_its_own_box(narrow):
    session, presenter, shown = narrow.session, narrow.presenter, []
    session.result_changed.connect(lambda r: shown.append(presenter.nodule.data.shape))
    session.place(THERE)
    assert shown[0][0] == 3
    assert shown[1] == session.result.composed.voxels.shape


def test_only_a_nodule_that_stays_has_a_thumbnail(narrow):
    session, presenter = narrow.session, narrow.presenter
    order = []
    presenter.nodule.events.thumbnail.connect(lambda e: order.append("thumbnail"))
    session.result_changed.connect(lambda r: order.append("whole" if r.complete else "look"))
    session.set_metagene("M01", 1.0)
    assert order.index("look") < order.index("thumbnail") < order.index("whole")
