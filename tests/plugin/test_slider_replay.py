"""Two seconds of the replay that `benchmarks/slider_latency.py` runs longer; nothing is timed."""

import math
import threading
import time

import pytest

from benchmarks.slider_latency import judge
from napari_radiogen.errors import Cancelled
from napari_radiogen.plugin.qt_jobs import QtRunner
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from tests.plugin.replay import MOVES_PER_SECOND, Record, Replay, Shown
from tests.session.fakes import CENTRE, FakeSynthesiser, make_engines, make_scan

SECONDS = 2.0


class Slow(FakeSynthesiser):
    """Takes time before the first look and after it; counts how many are at work at once."""

    def __init__(self, generator):
        super().__init__(generator)
        self.at_work = self.most_at_work = 0
        self.lock = threading.Lock()

    def synthesise(self, ct, request, *, lung=None, first_look=None, cancelled=None):
        with self.lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            self._wait(0.03, cancelled)

            def look(result):
                first_look(result)
                self._wait(0.06, cancelled)

            return super().synthesise(ct, request, lung=lung, first_look=look, cancelled=cancelled)
        finally:
            with self.lock:
                self.at_work -= 1

    def _wait(self, seconds, cancelled):
        time.sleep(seconds)
        if cancelled():
            raise Cancelled


@pytest.fixture
def replay(viewer, qtbot):
    session = Session(QtRunner(), engines=make_engines(make_synthesiser=Slow))
    bench = workbench_of(viewer, session)
    qtbot.waitUntil(lambda: session.generator is not None, timeout=60_000)
    session.open_scan(make_scan())
    qtbot.waitUntil(lambda: session.lung is not None, timeout=60_000)
    session.place(CENTRE)
    qtbot.waitUntil(lambda: bool(session.result and session.result.complete), timeout=60_000)
    panel = GenePanelWidget(viewer)
    qtbot.addWidget(panel)
    panel.resize(320, 760)
    panel.show()
    # A bare viewer model has no canvas: what its layer holds is what would be drawn.
    made = Replay(
        bench, panel.sliders, lambda hear: session.result_changed.connect(lambda _: hear())
    )
    yield made
    session.close()


@pytest.mark.parametrize("release", [True, False], ids=["let go", "held down"])
def test_moves_show_the_last_value_and_nothing_stale(replay, release):
    session = replay.session
    painter = session.models.synthesiser
    before = len(painter.requests)
    record = replay.run(SECONDS, release)
    assert record.stale() == []
    assert (record.shown[-1].score, record.shown[-1].complete) == (record.sent[-1][1], True)
    request = replay.presenter.nodule.metadata["request"]
    assert request.metagenes[replay.index] == session.vector[replay.index]
    assert any(not s.complete for s in record.shown[:-1])  # it shows on the way
    assert math.isfinite(record.late)
    # Not a queue: one at work, and values that came meanwhile were never painted.
    assert painter.most_at_work == 1
    assert len(painter.requests) - before <= len(record.sent) < SECONDS * MOVES_PER_SECOND
    session.undo()
    assert session.vector[replay.index] == pytest.approx(record.sent[0][1])  # one drag, one step


def test_the_judge_sees_what_is_stale_late_or_growing():
    sent = [(0.0, 1.0), (0.1, 2.0), (0.2, 3.0)]

    def told(*shown, late=0.2, held=(800.0, 900.0, 901.0)):
        return judge([Record(sent, list(shown), late)], [0.21], held)

    last = Shown(0.4, 3.0, True)
    assert told(Shown(0.15, 2.0, False), last) == []
    assert "out of turn" in told(Shown(0.15, 2.0, False), Shown(0.16, 1.0, True))[0]
    assert "out of turn" in told(Shown(0.15, 2.5, False))[0]  # nobody asked for it
    assert "out of turn" in told(Shown(0.05, 2.0, False))[0]  # nor for this one yet
    assert "out of turn" in told(last, Shown(0.5, 2.0, False))[0]
    assert "after 220 ms" in told(last, late=0.22)[0]
    assert "two inferences" in told(late=math.inf)[0]
    assert "memory" in told(last, held=(800.0, 900.0, 1300.0))[0]
    # Readings that go up and down are flat; a little more at each drag is not.
    assert told(last, held=(800.0, 900.0, 915.0, 895.0, 905.0, 893.0, 911.0)) == []
    assert "memory" in told(last, held=(800.0, *(900.0 + 2 * drag for drag in range(7))))[0]
