"""From request to nodule: cached, newest first, shown during a drag."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from napari_radiogen.constants import RESULT_CACHE_SIZE
from napari_radiogen.domain import NoduleSite, SynthesisRequest, SynthesisResult
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.work import Work

KIND = "synthesis"
Make = Callable[[SynthesisRequest, JobContext], SynthesisResult]


class _Looking:
    """A job's context that tells it to stop after its first look when another waits.

    The window hears of the first look when it has time; until then the rest
    of a nodule that nobody wants any more would take a core from that of the next.
    """

    def __init__(self, ctx: JobContext, waits: Callable[[], bool]) -> None:
        self._ctx, self._waits, self._looked = ctx, waits, False
        self.progress, self.give_way = ctx.progress, ctx.give_way

    def cancelled(self) -> bool:
        return self._ctx.cancelled() or (self._looked and self._waits())

    def partial(self, value: Any) -> None:
        self._looked = True
        self._ctx.partial(value)


class LiveNodule:
    """The nodule on screen and the one on its way.

    A new request stops the running one. Only during a drag does it wait for
    the running one's first look: otherwise nothing would show before the
    hand rests. Work that has given its first look stops by itself where
    another request waits. What shows is never older than what showed before.

    Parameters
    ----------
    work
        Runs the jobs.
    on_result
        Called when `result` changes.

    Attributes
    ----------
    site
        Where the last nodule showed; it outlives a nodule that `clear` took
        off the screen.
    """

    def __init__(self, work: Work, on_result: Callable[[SynthesisResult | None], None]) -> None:
        self.result: SynthesisResult | None = None
        self.site: NoduleSite | None = None
        self._work, self._on_result = work, on_result
        self._cache: OrderedDict[SynthesisRequest, SynthesisResult] = OrderedDict()
        self._dragging = False
        self._looked = False
        self._held: tuple[SynthesisRequest, Make] | None = None

    def ask(self, request: SynthesisRequest | None, make: Make) -> None:
        """Show the nodule of a request as soon as there is one; None clears."""
        self._held = None
        if request is None:
            self.site = None
        if request is None or request in self._cache:
            self._work.cancel(KIND)
            self._show(None if request is None else self._cache[request])
        elif self._dragging and self._work.is_busy(KIND) and not self._looked:
            self._held = request, make
        else:
            self._looked = False
            self._work.start(
                KIND,
                lambda ctx: make(request, _Looking(ctx, self._waits)),
                self._keep,
                self._show_first_look,
            )

    def find(self, request: SynthesisRequest) -> SynthesisResult | None:
        """Return the finished nodule of a request, if it is remembered."""
        return self._cache.get(request)

    def remember(self, result: SynthesisResult) -> None:
        """Keep a finished nodule; the oldest one goes when there are too many."""
        self._cache[result.request] = result
        while len(self._cache) > RESULT_CACHE_SIZE:
            self._cache.popitem(last=False)

    def forget(self) -> None:
        """Stop, and drop all finished nodules: scan or model changed."""
        self.cancel()
        self._cache.clear()

    def clear(self) -> None:
        """Show nothing: the newest request has no nodule. A waiting one is asked."""
        self._show(None)
        self._ask_held()

    def cancel(self) -> None:
        """Stop; what shows stays."""
        self._held = None
        self._work.cancel(KIND)

    def drag(self, dragging: bool) -> None:
        """Start or end a drag; the end asks for the last value at once."""
        self._dragging = dragging
        if not dragging:
            self._ask_held()

    def _show_first_look(self, result: SynthesisResult) -> None:
        self._looked = True
        self._ask_held_and_show(result)

    def _keep(self, result: SynthesisResult) -> None:
        self.remember(result)
        self._ask_held_and_show(result)

    def _ask_held_and_show(self, result: SynthesisResult) -> None:
        """Start what waits before drawing, which takes a window longer than starting work."""
        before = self.result
        self._ask_held()
        # A runner that works at once has shown a newer one by now.
        if self.result is before:
            self._show(result)

    def _waits(self) -> bool:
        """Whether a request waits for a first look; any thread may ask."""
        return self._held is not None

    def _ask_held(self) -> None:
        if self._held is not None:
            self.ask(*self._held)

    def _show(self, result: SynthesisResult | None) -> None:
        if result is not self.result:
            self.result = result
            self.site = self.site if result is None else result.request.site
            self._on_result(result)
