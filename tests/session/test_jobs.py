import threading
import time

import pytest

from napari_radiogen.errors import Cancelled
from napari_radiogen.session import InlineRunner, ThreadRunner, jobs


class Log:
    def __init__(self):
        self.done, self.errors, self.partials, self.threads = [], [], [], []

    def on_done(self, value):
        self.done.append(value)
        self.threads.append(threading.current_thread())

    def callbacks(self):
        return {
            "on_done": self.on_done,
            "on_error": self.errors.append,
            "on_partial": self.partials.append,
        }


@pytest.fixture
def runner():
    runner = ThreadRunner()
    yield runner
    runner.close()


def pump_until(runner, condition, timeout=20.0):
    end = time.monotonic() + timeout
    while not condition() and time.monotonic() < end:
        runner.pump(0.02)
    return condition()


def test_answers_arrive_on_the_pumping_thread(runner):
    log = Log()
    runner.submit("a", lambda ctx: threading.current_thread(), **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    assert log.threads == [threading.main_thread()]
    assert log.done[0] is not threading.main_thread()


def test_nothing_is_delivered_before_the_owner_pumps(runner):
    log = Log()
    finished = threading.Event()
    runner.submit("a", lambda ctx: finished.set(), **log.callbacks())
    assert finished.wait(20)
    assert not log.done


def test_the_newest_request_wins_and_stops_the_running_one(runner):
    log, started, seen = Log(), threading.Event(), []

    def slow(ctx):
        started.set()
        while not ctx.cancelled():
            time.sleep(0.002)
        seen.append("stopped")
        return "old"

    runner.submit("a", slow, **log.callbacks())
    assert started.wait(20)
    runner.submit("a", lambda ctx: "middle", **log.callbacks())
    runner.submit("a", lambda ctx: "new", **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    assert log.done == ["new"]
    assert seen == ["stopped"]
    assert not log.errors


def test_an_answer_that_became_stale_on_its_way_is_dropped(runner):
    log, finished = Log(), threading.Event()

    def work(ctx):
        ctx.partial("stale")
        finished.set()
        return "stale"

    runner.submit("a", work, **log.callbacks())
    assert finished.wait(20)
    time.sleep(0.02)
    runner.submit("a", lambda ctx: "fresh", **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    assert (log.partials, log.done) == ([], ["fresh"])


def test_kinds_do_not_disturb_one_another(runner):
    log, gate = Log(), threading.Event()
    runner.submit("a", lambda ctx: gate.wait(20) and "a", **log.callbacks())
    runner.submit("b", lambda ctx: "b", **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    gate.set()
    assert pump_until(runner, lambda: len(log.done) == 2)
    assert log.done == ["b", "a"]


def test_cancel_silences_a_job_and_says_whether_there_was_one(runner):
    log, started = Log(), threading.Event()

    def slow(ctx):
        started.set()
        while not ctx.cancelled():
            time.sleep(0.002)
        raise Cancelled

    runner.submit("a", slow, **log.callbacks())
    assert started.wait(20)
    assert runner.cancel("a")
    assert not runner.cancel("a")
    assert not pump_until(runner, lambda: log.done or log.errors, timeout=0.1)


def test_one_thread_does_the_work_of_a_kind_and_leaves_when_idle(runner, monkeypatch):
    log = Log()
    for number in range(3):
        runner.submit("a", lambda ctx: threading.current_thread(), **log.callbacks())
        assert pump_until(runner, lambda n=number: len(log.done) > n)
    assert len(set(log.done)) == 1
    monkeypatch.setattr(jobs, "IDLE_S", 0.05)
    runner.submit("a", lambda ctx: "last", **log.callbacks())
    assert pump_until(runner, lambda: log.done[-1] == "last")
    log.done[0].join(20)
    assert not log.done[0].is_alive()
    runner.submit("a", lambda ctx: "anew", **log.callbacks())
    assert pump_until(runner, lambda: log.done[-1] == "anew")


def test_close_wakes_idle_threads_and_work_may_come_again(runner):
    log = Log()
    runner.submit("a", lambda ctx: threading.current_thread(), **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    start = time.monotonic()
    runner.close()
    assert not log.done[0].is_alive()
    assert time.monotonic() - start < 1.5
    runner.submit("a", lambda ctx: "a person stayed", **log.callbacks())
    assert pump_until(runner, lambda: log.done[-1] == "a person stayed")


def test_a_job_gives_way_to_the_window_and_a_newer_one_wakes_it(runner, monkeypatch):
    monkeypatch.setattr(jobs, "DRAWING_S", 0.2)
    log, waits = Log(), threading.Event()

    def patient(ctx):
        start = time.monotonic()
        waits.set()
        ctx.give_way()
        return time.monotonic() - start

    runner.submit("a", patient, **log.callbacks())
    assert pump_until(runner, lambda: log.done)
    assert log.done[0] >= 0.2
    monkeypatch.setattr(jobs, "DRAWING_S", 20.0)
    waits.clear()
    runner.submit("a", patient, **log.callbacks())
    assert waits.wait(20)
    runner.submit("a", lambda ctx: "newer", **log.callbacks())
    assert pump_until(runner, lambda: log.done[-1] == "newer", timeout=10)


def test_without_a_window_nobody_is_given_way():
    log = Log()
    start = time.monotonic()
    InlineRunner().submit("a", lambda ctx: ctx.give_way(), **log.callbacks())
    assert log.done == [None]
    assert time.monotonic() - start < 0.1


def test_errors_are_handed_over_and_the_lane_goes_on(runner):
    log = Log()
    runner.submit("a", lambda ctx: 1 / 0, **log.callbacks())
    assert pump_until(runner, lambda: log.errors)
    assert isinstance(log.errors[0], ZeroDivisionError)
    runner.submit("a", lambda ctx: "next", **log.callbacks())
    assert pump_until(runner, lambda: log.done)


def test_a_thousand_submissions_end_with_the_last(runner):
    log = Log()
    for number in range(1000):
        runner.submit("a", lambda ctx, n=number: n, **log.callbacks())
    assert pump_until(runner, lambda: log.done and log.done[-1] == 999)
    assert log.done == sorted(log.done)


def test_close_ends_the_threads():
    runner, started = ThreadRunner(), threading.Event()

    def slow(ctx):
        started.set()
        while not ctx.cancelled():
            time.sleep(0.002)

    runner.submit("closing", slow, lambda _: None, lambda _: None)
    assert started.wait(20)
    runner.close()
    assert not [t for t in threading.enumerate() if t.name == "radiogen-closing"]


def test_inline_runs_at_once_and_drops_a_superseded_outer_job():
    runner, log = InlineRunner(), Log()

    def outer(ctx):
        ctx.partial("look")
        runner.submit("a", lambda inner: "inner", **log.callbacks())
        return "outer"

    runner.submit("a", outer, **log.callbacks())
    assert (log.partials, log.done) == (["look"], ["inner"])
