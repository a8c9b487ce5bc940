"""Jobs of a session: what is busy, and who hears of progress and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_radiogen.session.jobs import JobContext, JobRunner


class Work:
    """A job runner that keeps the books.

    Parameters
    ----------
    runner
        Runs the jobs.
    on_busy
        Called with (kind, busy) when a kind starts or ends.
    on_progress
        Called with (kind, fraction, message).
    on_error
        Called with (kind, exception) when a job raised.
    """

    def __init__(
        self,
        runner: JobRunner,
        on_busy: Callable[[str, bool], None],
        on_progress: Callable[[str, float, str], None],
        on_error: Callable[[str, Exception], None],
    ) -> None:
        self.runner = runner
        self._on_busy, self._on_progress, self._on_error = on_busy, on_progress, on_error
        self._busy: set[str] = set()

    def is_busy(self, kind: str | None = None) -> bool:
        """Whether work of a kind, or any, runs."""
        return bool(self._busy) if kind is None else kind in self._busy

    def start(
        self,
        kind: str,
        job: Callable[[JobContext], Any],
        done: Callable[[Any], None],
        partial: Callable[[Any], None] | None = None,
    ) -> None:
        """Start a job in place of an older one of its kind."""

        def finish(value: Any) -> None:
            self._set_busy(kind, False)
            done(value)

        def fail(error: Exception) -> None:
            self._set_busy(kind, False)
            self._on_error(kind, error)

        def progress(fraction: float, message: str) -> None:
            self._on_progress(kind, float(fraction), message)

        self._set_busy(kind, True)
        self.runner.submit(kind, job, finish, fail, progress, partial)

    def cancel(self, kind: str) -> None:
        """Stop the work of a kind."""
        if self.runner.cancel(kind):
            self._set_busy(kind, False)

    def _set_busy(self, kind: str, busy: bool) -> None:
        if (kind in self._busy) != busy:
            self._busy ^= {kind}
            self._on_busy(kind, busy)
