"""The session on threads: the newest value wins, and one thread changes state."""

import threading
import time
from types import SimpleNamespace

import pytest

from napari_radiogen.errors import Cancelled
from napari_radiogen.session import Session, ThreadRunner
from napari_radiogen.session.live import LiveNodule
from tests.session.conftest import Recorder
from tests.session.fakes import CENTRE, FakeGenerator, FakeSynthesiser, make_engines, make_scan


def settle(session, timeout=20.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if not session.work.runner.pump(0.01) and not session.work.is_busy():
            return
    raise AssertionError("still busy")


@pytest.fixture
def gate():
    return threading.Event()


@pytest.fixture
def live(gate):
    def make(generator):
        return FakeSynthesiser(generator, gate)

    gate.set()
    session = Session(ThreadRunner(), FakeGenerator(), engines=make_engines(make_synthesiser=make))
    session.open_scan(make_scan())
    session.place(CENTRE)
    settle(session)
    yield session
    gate.set()
    session.close()


def test_a_place_asked_for_while_the_lung_is_outlined_is_kept(live):
    live.open_scan(make_scan(series_uid="5.6"))
    live.place(CENTRE)
    assert live.state.site is None
    settle(live)
    assert live.state.site.series_uid == "5.6"
    assert live.result.complete


def test_the_latest_value_wins_and_stale_ones_never_show(live, gate):
    gate.clear()
    told = Recorder(live)
    live.set_metagene("M01", 0.5)
    time.sleep(0.05)
    live.set_metagene("M01", 1.0)
    live.set_metagene("M01", 2.0)
    gate.set()
    settle(live)
    assert {r.request.metagenes[0] for r in told.results} == {2.0}
    assert live.result.complete


def test_during_a_drag_nodules_show_and_the_last_value_ends_it(live, gate):
    gate.clear()
    told = Recorder(live)
    live.begin_gesture()
    for z in (0.5, 0.75, 1.0):
        live.set_metagene("M01", z)
    while not told.results:
        live.work.runner.pump(0.05)
    assert told.results[0].request.metagenes[0] == 0.5
    live.set_metagene("M01", 2.0)
    live.end_gesture()
    gate.set()
    settle(live)
    shown = [r.request.metagenes[0] for r in told.results]
    assert shown == sorted(shown)
    assert (shown[-1], live.result.complete) == (2.0, True)


class Orders:
    """Stands for the work and for the window: notes what is started and drawn, in order."""

    def __init__(self):
        self.order, self.first_looks = [], []

    def start(self, kind, job, keep, first_look):
        self.order.append("start")
        self.first_looks.append(first_look)

    def is_busy(self, kind):
        return bool(self.first_looks)

    def draw(self, result):
        self.order.append("draw")


def test_what_waits_starts_before_the_one_that_came_is_drawn():
    orders = Orders()
    nodule = LiveNodule(orders, orders.draw)
    nodule.drag(True)
    nodule.ask("first", None)
    nodule.ask("second", None)
    assert orders.order == ["start"]
    orders.first_looks[0](SimpleNamespace(request=SimpleNamespace(site=None)))
    assert orders.order == ["start", "start", "draw"]


def test_cancel_stops_and_keeps_what_was_shown(live, gate):
    gate.clear()
    told, before = Recorder(live), live.result
    live.set_seed(8)
    live.cancel("synthesis")
    assert ("synthesis", False) in told.busy
    gate.set()
    settle(live)
    assert live.result is before
    assert told.failed == []


def test_signals_come_on_the_pumping_thread(live):
    threads = set()
    live.result_changed.connect(lambda _: threads.add(threading.current_thread()))
    live.set_seed(12)
    settle(live)
    assert threads == {threading.main_thread()}


def test_a_slider_move_returns_at_once(live, gate):
    gate.clear()
    times = []
    for z in range(20):
        start = time.perf_counter()
        live.set_metagene("M02", z / 10)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05
    gate.set()


def test_work_stops_after_its_first_look_when_another_value_waits(live, gate):
    gate.clear()
    asked = live.models.synthesiser.requests
    stopped = []
    synthesise = live.models.synthesiser.synthesise

    def watched(*args, **kwargs):
        try:
            return synthesise(*args, **kwargs)
        except Cancelled:
            stopped.append(args[1].metagenes[0])
            raise

    live.models.synthesiser.synthesise = watched
    live.begin_gesture()
    live.set_metagene("M01", 0.5)
    live.set_metagene("M01", 1.0)
    wait_until(lambda: stopped == [0.5])  # nobody pumps: the window has no time
    assert asked[-1].metagenes[0] == 0.5
    told = Recorder(live)
    gate.set()
    settle(live)
    assert [r.request.metagenes[0] for r in told.results] == [0.5, 1.0, 1.0]
    assert [r.complete for r in told.results] == [False, False, True]
    assert told.failed == []
    live.end_gesture()


def test_work_goes_on_after_its_first_look_while_the_hand_rests(live, gate):
    gate.clear()
    told = Recorder(live)
    live.begin_gesture()
    live.set_metagene("M01", 0.5)
    while not told.results:
        live.work.runner.pump(0.05)
    gate.set()
    settle(live)
    assert [r.complete for r in told.results] == [False, True]
    live.end_gesture()


def wait_until(condition, timeout=20.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_end_of_a_drag_is_told(live):
    told = []
    live.gesture_ended.connect(lambda: told.append(live.in_gesture))
    live.begin_gesture()
    assert live.in_gesture
    live.end_gesture()
    assert told == [False]
