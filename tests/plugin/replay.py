"""Drags a slider of the gene panel at 60 moves a second, and watches what the canvas shows."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QCoreApplication, QEvent, QEventLoop, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent

from napari_radiogen.plugin.widgets.metagene_row import x_of

MOVES_PER_SECOND = 60
#: The hand swings between these scores, and ends on one that it did not pass.
SWING_Z, END_Z = 2.0, 2.3
#: Longest wait for anything, s.
PATIENCE = 240.0
SAME_Z = 1e-5


@dataclass(frozen=True)
class Shown:
    """A nodule on the canvas: since when (s), of which score, and whether it is whole."""

    at: float
    score: float
    complete: bool


@dataclass
class Record:
    """What one drag sent, what showed, and how late (s)."""

    sent: list[tuple[float, float]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    late: float = math.inf
    queued: float = 0.0

    def stale(self) -> list[str]:
        """Say which nodules showed out of turn: older than before, or of no value sent yet."""
        newest, found = -1, []
        for number, shown in enumerate(self.shown):
            places = [
                i
                for i, (at, score) in enumerate(self.sent)
                if i >= newest and at <= shown.at and abs(score - shown.score) < SAME_Z
            ]
            if places:
                newest = places[0]
            else:
                found.append(f"nodule {number} of score {shown.score:+.3f} showed out of turn")
        return found


class Replay:
    """Drags the first slider of a gene panel and watches the canvas.

    Parameters
    ----------
    bench
        Workbench with a nodule in place.
    sliders
        The gene panel's, shown.
    after_draw
        Connects a function that is called whenever the canvas was drawn.
    """

    def __init__(
        self, bench: Any, sliders: Any, after_draw: Callable[[Callable[[], None]], None]
    ) -> None:
        self.presenter, self.session, self.sliders = bench.presenter, bench.session, sliders
        self.name = sliders.rows[0].name
        self.index = list(self.session.generator.metagenes.names).index(self.name)
        self.record = Record()
        self._posted: list[float] = []
        self._handled = 0
        self._drags = 0
        self.session.vector_changed.connect(self._on_vector)
        sliders.moved.connect(self._on_moved)
        after_draw(self._on_draw)

    @property
    def last(self) -> float:
        """The score asked for last."""
        return float(self.session.vector[self.index])

    def _on_vector(self, vector: Any) -> None:
        self.record.sent.append((time.perf_counter(), float(vector[self.index])))

    def _on_moved(self, *_: object) -> None:
        if 0 <= self._handled < len(self._posted):
            wait = time.perf_counter() - self._posted[self._handled]
            self.record.queued = max(self.record.queued, wait)
        self._handled += 1

    def _on_draw(self) -> None:
        # What the layer holds is what was drawn, whatever the session says.
        request = self.presenter.nodule.metadata["request"]
        now = float(request.metagenes[self.index]), bool(self.session.result.complete)
        before = self.record.shown[-1] if self.record.shown else None
        if before is None or now != (before.score, before.complete):
            self.record.shown.append(Shown(time.perf_counter(), *now))

    def run(self, seconds: float, release: bool) -> Record:
        """Drag for some seconds and wait for the last value's nodule.

        Parameters
        ----------
        release
            Let go with the last move; otherwise only when its nodule is there.
        """
        places = self._places(seconds)
        self.record = Record([(time.perf_counter(), self.last)])
        self._handled = -1  # the press moves the slider, too
        self._posted = []
        self._post("MouseButtonPress", places[0])
        hand = threading.Thread(target=self._move, args=(places, release))
        hand.start()
        done = wait_for(
            lambda: not hand.is_alive() and self._handled >= len(places) and self._there()
        )
        self.record.late = self._lateness() if done else math.inf
        if not release:
            self._post("MouseButtonRelease", places[-1])
        wait_for(lambda: not any(map(self.session.is_busy, ("synthesis", "measure", "others"))))
        wait_for(after(0.5))
        return self.record

    def _places(self, seconds: float) -> list[Any]:
        """Return where the mouse goes: to and fro, then to a value not passed before."""
        track = self.sliders.track([r.name for r in self.sliders.rows].index(self.name))
        count, phase = round(seconds * MOVES_PER_SECOND), 0.37 * self._drags
        swing = [SWING_Z * math.sin(2.3 * i / MOVES_PER_SECOND + phase) for i in range(count - 1)]
        side = 1 if self._drags % 2 else -1
        end = side * (END_Z + 0.25 * (self._drags // 2 % 8))
        self._drags += 1
        return [QPointF(round(x_of(z, track)), track.center().y()) for z in (*swing, end)]

    def _move(self, places: Sequence[Any], release: bool) -> None:
        """Post each move at its time; one that comes late shifts none of the others."""
        start = time.perf_counter()
        for i, place in enumerate(places):
            time.sleep(max(0.0, start + (i + 1) / MOVES_PER_SECOND - time.perf_counter()))
            self._posted.append(time.perf_counter())
            self._post("MouseMove", place)
        if release:
            self._post("MouseButtonRelease", places[-1])

    def _post(self, kind: str, place: Any) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        event = QMouseEvent(
            getattr(QEvent.Type, kind),
            QPointF(place),
            QPointF(place),
            none if kind == "MouseMove" else left,
            none if kind == "MouseButtonRelease" else left,
            Qt.KeyboardModifier.NoModifier,
        )
        QCoreApplication.postEvent(self.sliders.viewport(), event)

    def _is_last(self, shown: Shown) -> bool:
        return shown.complete and abs(shown.score - self.last) < SAME_Z

    def _there(self) -> bool:
        return bool(self.record.shown) and self._is_last(self.record.shown[-1])

    def _lateness(self) -> float:
        since = self._posted[-1]
        return next(s.at for s in self.record.shown if s.at >= since and self._is_last(s)) - since


def wait_for(ready: Callable[[], bool]) -> bool:
    """Run Qt's events until something is so; False when that takes too long."""
    start, loop, timer = time.perf_counter(), QEventLoop(), QTimer()
    timer.timeout.connect(
        lambda: loop.quit() if ready() or time.perf_counter() - start > PATIENCE else None
    )
    timer.start(5)
    loop.exec()
    timer.stop()
    return ready()


def after(seconds: float) -> Callable[[], bool]:
    """Return a question that is answered with yes once some seconds are over."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end
