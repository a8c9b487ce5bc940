"""A training run's folder, its clock, and its log."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from napari_radiogen import __version__
from napari_radiogen.errors import Cancelled, RadiogenError
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.io.save import save_bytes, save_json, save_text
from napari_radiogen.trainers.config import Config, TrainingConfig, check_config
from napari_radiogen.trainers.devices import require_extra

Progress = Callable[[float, str], None]
MODEL_FILE = "model.safetensors"
RUN_FILE = "run.json"


@dataclass(frozen=True)
class RunOptions:
    """What a person may say of a run beside its config.

    Parameters
    ----------
    resume
        Go on with the run in the folder.
    yes
        Start even where the estimate is longer than a day.
    threads
        Processor threads; None times a step and takes the faster.
    say
        Told what a person should read, a line at a time.
    """

    resume: bool = False
    yes: bool = False
    threads: int | None = None
    say: Callable[[str], None] = lambda line: None


@dataclass
class RunFolder:
    """Where a run leaves its config, log, checkpoint, weights and card.

    Parameters
    ----------
    path
        The folder; must be absent or empty, unless ``resume``.
    resume
        Go on with what lies there.
    """

    path: Path
    resume: bool = False
    rows: list[dict[str, float]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_extra()
        if self.resume:
            self.about = read_run(self.path)
            return
        if not first_process():
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise RadiogenError("the run folder is not empty; choose another", subject=self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RadiogenError(str(error.strerror), subject=self.path) from error

    @property
    def checkpoint(self) -> Path:
        """The file that a run is resumed from."""
        return self.path / "checkpoint.safetensors"

    def begin(self, system: str, config: TrainingConfig, cohort: CohortStore) -> None:
        """Save what decides the run, and where it ran.

        Raises
        ------
        RadiogenError
            When a resumed run was of another system or cohort.
        """
        origin = cohort_facts(cohort)
        if self.resume:
            if self.about.get("system") != system:
                raise RadiogenError(f"is a run of {self.about.get('system')}", self.path)
            if self.about.get("cohort") != origin:
                raise RadiogenError("was trained on another cohort or split", self.path)
        self.about |= {
            "system": system,
            "config": config.model_dump(mode="json"),
            "cohort": origin,
            "environment": environment(),
        }
        self._save()

    def note(self, name: str, facts: dict[str, Any]) -> None:
        """Add what was found out at the start to ``run.json``."""
        self.about[name] = facts
        self._save()

    def _save(self) -> None:
        if first_process():
            save_json(self.path / RUN_FILE, self.about)

    def take_up(self, step: int) -> None:
        """Read the log back and forget rows after a step."""
        file = self.path / "log.csv"
        if file.is_file():
            with file.open(newline="", encoding="utf-8") as stream:
                read = [{k: float(v) for k, v in r.items() if v} for r in csv.DictReader(stream)]
            self.rows = [row for row in read if row["step"] <= step]

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


def first_process() -> bool:
    """Return whether this process is the one that writes, as launchers say it."""
    rank = os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or "0"
    return rank == "0" and os.environ.get("NODE_RANK", "0") == "0"


def read_run(path: Path) -> dict[str, Any]:
    """Read what a run says of itself.

    Raises
    ------
    RadiogenError
        When the folder holds no run.
    """
    try:
        about = json.loads((path / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RadiogenError(f"holds no run to resume ({RUN_FILE} cannot be read)", path) from error
    if not isinstance(about, dict):
        raise RadiogenError(f"holds no run to resume ({RUN_FILE} is not of ours)", path)
    return about


def saved_config(kind: type[Config], path: Path, changes: dict[str, Any]) -> Config:
    """Return the config that a run began with, with changes.

    Raises
    ------
    RadiogenError
        When there is no run, or its config does not fit.
    """
    values = read_run(path).get("config")
    return check_config(kind, {**(values or {}), **changes}, path / RUN_FILE)


def cohort_facts(cohort: CohortStore) -> dict[str, Any]:
    """Return the name, kind, digest and split digest of a cohort."""
    return {
        "name": cohort.name,
        "kind": cohort.kind,
        "digest": cohort.digest,
        "split_digest": cohort.split_digest,
    }


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
    spent
        Minutes of an earlier sitting.
    agree
        Turns this process's minutes into those of the first process.
    """

    def __init__(
        self,
        steps: int,
        max_minutes: float | None,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
        *,
        spent: float = 0.0,
        agree: Callable[[float], float] = lambda minutes: minutes,
    ) -> None:
        self.steps, self.max_minutes = steps, max_minutes
        self._progress, self._cancelled, self._agree = progress, cancelled, agree
        self._start = time.monotonic() - 60 * spent
        self.reported = spent

    @property
    def minutes(self) -> float:
        """Time since the run began, sittings added."""
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
        self.reported = minutes = self._agree(self.minutes)
        done = step / self.steps
        if self.max_minutes is not None:
            done = max(done, minutes / self.max_minutes)
        left = minutes * (1 - done) / done if done > 0 else math.nan
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
