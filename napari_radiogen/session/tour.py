"""The short tour: its steps, where a person is in it, and whether it was offered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.json_file import read_json
from napari_radiogen.io.save import save_json


@dataclass(frozen=True)
class Step:
    """One sentence about one part of the window.

    Parameters
    ----------
    target
        The part, by a name that the front end knows.
    sentence
        What it does for a person.
    """

    target: str
    sentence: str


STEPS: tuple[Step, ...] = (
    Step("planes", "Click in any plane and all three follow; right-drag sets window and level."),
    Step("scan", "Open a scan here; Find tumours outlines and measures what is in it."),
    Step("genes", "Move a metagene, or find a gene by its symbol, and the nodule changes with it."),
    Step(
        "nodule", "Press place and click in the lung: a marked nodule goes there, on its own layer."
    ),
    Step("map", "Each point is a patient; a click takes their genes, and yours move among them."),
    Step("export", "Figure… writes what you see, with the recipe that makes it again."),
)


class Tour:
    """Goes through the steps, forth and back.

    Signals
    -------
    moved(Step | None): another step shows; None when the tour is over.
    """

    moved = Signal(object)

    def __init__(self, steps: tuple[Step, ...] = STEPS) -> None:
        self.steps = steps
        self._at: int | None = None

    @property
    def step(self) -> Step | None:
        """The step that shows, None before and after the tour."""
        return None if self._at is None else self.steps[self._at]

    @property
    def number(self) -> int:
        """Which step shows, from 1; 0 for none."""
        return 0 if self._at is None else self._at + 1

    @property
    def is_last(self) -> bool:
        """Whether the last step shows."""
        return self.number == len(self.steps)

    def start(self) -> None:
        """Show the first step."""
        self._go(0)

    def next(self) -> None:
        """Show the next step; after the last one the tour is over."""
        if self._at is not None:
            self._go(None if self.is_last else self._at + 1)

    def back(self) -> None:
        """Show the step before, if there is one."""
        if self._at:
            self._go(self._at - 1)

    def close(self) -> None:
        """End the tour where it is."""
        if self._at is not None:
            self._go(None)

    def _go(self, at: int | None) -> None:
        self._at = at
        self.moved.emit(self.step)


class TourMemory:
    """Whether the tour was offered before, in the user's state folder.

    Parameters
    ----------
    folder
        Made when there is something to remember.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "tour.json"

    @property
    def offered(self) -> bool:
        """Whether it was offered, or taken; False where nothing readable says so."""
        try:
            values = read_json(self._file, "whether the tour was offered")
        except RadiogenError:
            return False
        return isinstance(values, dict) and values.get("offered") is True

    def remember(self) -> None:
        """Offer it no more; a folder that cannot be written remembers nothing."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            save_json(self._file, {"offered": True})
        except (OSError, RadiogenError):
            return
