"""Work off the main thread where the newest request of a kind wins."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from napari_radiogen.errors import Cancelled

T = TypeVar("T")
Deliver = Callable[[Callable[[], None]], None]

#: A thread without work waits this long for more, s, longer than a drag lasts:
#: each new one has torch make its own threads, and a pool of memory grow.
IDLE_S = 60.0
#: A window draws what it was handed within this time, s.
DRAWING_S = 0.15


class JobContext(Protocol):
    """What a job can say and ask while it runs."""

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how far the work is, 0 to 1."""

    def cancelled(self) -> bool:
        """Whether to stop: a newer request came, or the person cancelled."""

    def partial(self, value: Any) -> None:
        """Hand over a first part of the answer."""

    def give_way(self) -> None:
        """Wait until a window has drawn what came last; not where there is none."""


class JobRunner(Protocol):
    """Runs one job a kind; a newer one replaces it."""

    def submit(
        self,
        kind: str,
        work: Callable[[JobContext], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
        on_progress: Callable[[float, str], None] | None = None,
        on_partial: Callable[[Any], None] | None = None,
    ) -> None:
        """Start work; its callbacks come on the delivering thread, if still wanted."""

    def cancel(self, kind: str) -> bool:
        """Stop the kind's work, if any; none of its callbacks comes any more."""

    def close(self) -> None:
        """Stop everything and wait a moment for it."""


def _ignore(*_: Any) -> None:
    """Callback of those who do not listen."""


@dataclass(eq=False)
class _Job:
    """One request with its callbacks; ``stop`` makes it stale for good."""

    kind: str
    work: Callable[[JobContext], Any]
    on_done: Callable[[Any], None]
    on_error: Callable[[Exception], None]
    on_progress: Callable[[float, str], None]
    on_partial: Callable[[Any], None]
    deliver: Deliver
    drawing_s: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, fraction: float, message: str = "") -> None:
        self._hand_over(lambda: self.on_progress(fraction, message))

    def cancelled(self) -> bool:
        return self.stop.is_set()

    def partial(self, value: Any) -> None:
        self._hand_over(lambda: self.on_partial(value))

    def give_way(self) -> None:
        self.stop.wait(self.drawing_s)

    def run(self) -> None:
        """Do the work and hand over its answer or its error."""
        try:
            answer = self.work(self)
        except Cancelled as stopped:
            self._hand_over(self._last(self.on_error, stopped))
        except Exception as error:
            self._hand_over(self._last(self.on_error, error))
        else:
            self._hand_over(self._last(self.on_done, answer))

    def _last(self, callback: Callable[[Any], None], value: Any) -> Callable[[], None]:
        def tell() -> None:
            self.stop.set()
            callback(value)

        return tell

    def _hand_over(self, tell: Callable[[], None]) -> None:
        # Asked again on the other side: the job may have become stale on the way.
        if not self.stop.is_set():
            self.deliver(lambda: None if self.stop.is_set() else tell())


class InlineRunner:
    """Runs each job at once, in the caller's thread: for tests and the command line."""

    def __init__(self) -> None:
        self._running: dict[str, _Job] = {}

    def submit(
        self,
        kind: str,
        work: Callable[[JobContext], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
        on_progress: Callable[[float, str], None] | None = None,
        on_partial: Callable[[Any], None] | None = None,
    ) -> None:
        """Run the work to its end, callbacks included."""
        self.cancel(kind)
        job = _Job(
            kind,
            work,
            on_done,
            on_error,
            on_progress or _ignore,
            on_partial or _ignore,
            lambda tell: tell(),
        )
        self._running[kind] = job
        job.run()

    def cancel(self, kind: str) -> bool:
        """Stop a job from within one of its own callbacks."""
        job = self._running.pop(kind, None)
        if job is None or job.stop.is_set():
            return False
        job.stop.set()
        return True

    def close(self) -> None:
        """Stop what runs."""
        for kind in tuple(self._running):
            self.cancel(kind)


@dataclass(eq=False)
class _Lane:
    """One kind: its newest request, wanted until its answer is told, and its thread.

    ``leave`` tells the thread not to wait for more work.
    """

    newest: _Job | None = None
    waiting: _Job | None = None
    thread: threading.Thread | None = None
    leave: bool = False


class ThreadRunner:
    """Runs one thread a kind; answers go through ``deliver``.

    Parameters
    ----------
    deliver
        Called from the worker threads with a function of no arguments that
        must run on the thread that owns the session. A GUI passes a queued
        signal; without one, the owner calls `pump`.
    """

    def __init__(self, deliver: Deliver | None = None) -> None:
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._deliver: Deliver = deliver or self._inbox.put
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def submit(
        self,
        kind: str,
        work: Callable[[JobContext], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None],
        on_progress: Callable[[float, str], None] | None = None,
        on_partial: Callable[[Any], None] | None = None,
    ) -> None:
        """Make this the kind's newest request; older ones are dropped."""
        job = _Job(
            kind,
            work,
            on_done,
            on_error,
            on_progress or _ignore,
            on_partial or _ignore,
            self._deliver,
            DRAWING_S,
        )
        self.cancel(kind)
        with self._lock:
            lane = self._lanes.setdefault(kind, _Lane())
            lane.newest = lane.waiting = job
            self._changed.notify_all()
            if lane.thread is None:
                lane.leave = False
                lane.thread = threading.Thread(
                    target=self._drain, args=(lane,), name=f"radiogen-{kind}", daemon=True
                )
                lane.thread.start()

    def cancel(self, kind: str) -> bool:
        """Stop the kind's newest job; older ones were stopped when it came."""
        with self._lock:
            lane = self._lanes.get(kind)
            newest = None if lane is None else lane.newest
            if newest is None or newest.stop.is_set():
                return False
            newest.stop.set()
            return True

    def close(self, timeout: float = 2.0) -> None:
        """Stop everything and wait up to a timeout (s) for each thread."""
        for kind in tuple(self._lanes):
            self.cancel(kind)
        with self._lock:
            for lane in self._lanes.values():
                lane.leave = True
            self._changed.notify_all()
        for lane in tuple(self._lanes.values()):
            thread = lane.thread
            if thread is not None and thread is not threading.current_thread():
                thread.join(timeout)

    def pump(self, timeout: float = 0.0) -> bool:
        """Run the next answer that waits, if one comes within a timeout (s)."""
        try:
            tell = self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait()
        except queue.Empty:
            return False
        tell()
        return True

    def _drain(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                self._changed.wait_for(lambda: lane.waiting is not None or lane.leave, IDLE_S)
                job, lane.waiting = lane.waiting, None
                if job is None:
                    lane.thread = None
                    return
            if not job.cancelled():
                job.run()
