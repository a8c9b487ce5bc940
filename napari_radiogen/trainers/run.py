"""A training run's folder, its clock, and its log."""

from __future__ import annotations

import csv
import io
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from napari_radiogen import __version__
from napari_radiogen.errors import Cancelled, RadiogenError
from napari_radiogen.io.save import save_bytes, save_json, save_text

Progress = Callable[[float, str], None]
MODEL_FILE = "model.safetensors"


@dataclass
class RunFolder:
    """Where a run leaves its config, log, weights and card.

    Parameters
    ----------
    path
        The folder; must be absent or empty.
    """

    path: Path
    rows: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path.exists() and any(self.path.iterdir()):
            raise RadiogenError("the run folder is not empty; choose another", subject=self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RadiogenError(str(error.strerror), subject=self.path) from error

    def write_config(self, config: dict[str, Any], cohort: dict[str, Any]) -> None:
        """Save what decides the run, and where it ran."""
        save_json(
            self.path / "run.json",
            {"config": config, "cohort": cohort, "environment": environment()},
        )

    def log(self, row: dict[str, float]) -> None:
        """Add a row to ``log.csv``."""
        self.rows.append(row)
        names = list(dict.fromkeys(k for r in self.rows for k in r))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" for k, v in r.items()} for r in self.rows)
        save_text(self.path / "log.csv", text.getvalue())

    def write_model(self, data: bytes, card: str) -> Path:
        """Save the weights and then their card."""
        file = self.path / MODEL_FILE
        save_bytes(file, data)
        save_text(self.path / "model.md", card)
        return file


class Clock:
    """Time used, time left, and when to stop.

    Parameters
    ----------
    steps
        Planned number of steps.
    max_minutes
        Stop after this long, or None.
    progress
        Told the fraction done and a line with the time left.
    cancelled
        Asked before each step.
    """

    def __init__(
        self,
        steps: int,
        max_minutes: float | None,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.steps, self.max_minutes = steps, max_minutes
        self._progress, self._cancelled = progress, cancelled
        self._start = time.monotonic()

    @property
    def minutes(self) -> float:
        """Time since the run began."""
        return (time.monotonic() - self._start) / 60

    def goes_on(self, step: int, note: str) -> bool:
        """Report a step and say whether another may follow.

        Raises
        ------
        Cancelled
            When the person asked to stop.
        """
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        done = step / self.steps
        if self.max_minutes is not None:
            done = max(done, self.minutes / self.max_minutes)
        left = self.minutes * (1 - done) / done if done > 0 else float("nan")
        if self._progress is not None:
            self._progress(min(done, 1.0), f"step {step}/{self.steps}, {left:.0f} min left, {note}")
        return done < 1


def environment() -> dict[str, str]:
    """Return versions, processor and threads of this machine."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()
    return {
        "napari-radiogen": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": device,
        "threads": str(torch.get_num_threads()),
    }


def use_threads(count: int) -> None:
    """Set torch's threads; more than free cores makes a step far slower."""
    torch.set_num_threads(max(1, count))
