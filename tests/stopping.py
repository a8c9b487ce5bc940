"""Stop a job at many moments and look at what it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from napari_radiogen.errors import Cancelled, Stop


class Asked:
    """Says to stop from one question on, and counts the questions."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.count, self.stop_at = 0, stop_at

    def __call__(self) -> bool:
        self.count += 1
        return self.stop_at is not None and self.count >= self.stop_at


def stop_at_many_moments(
    job: Callable[[Path, Stop], object], folder: Path, kept: Iterable[str] = (), tried: int = 6
) -> int:
    """Run a job to its end, then stop it at moments from first to last question.

    Each stop must raise `Cancelled` at the very question, leave no target and
    nothing else in the folder but names that ``kept`` allows; about ``tried``
    stops. Returns how often the whole job asked.
    """
    whole = Asked()
    job(folder / "whole", whole)
    before = {p.name for p in folder.iterdir()}
    assert whole.count, "the job never asks"
    step = max(1, (whole.count - 1) // (tried - 1))
    for stop_at in sorted({*range(1, whole.count + 1, step), whole.count}):
        asked = Asked(stop_at)
        with pytest.raises(Cancelled):
            job(folder / "stopped", asked)
        assert asked.count == stop_at, "it went on after the stop"
        assert {p.name for p in folder.iterdir()} - before <= set(kept), stop_at
    return whole.count
