"""The one training loop: steps, validation, log, sheets, checkpoints, exact resume.

What a system supplies stands in ``trainers.system``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from napari_radiogen.errors import RadiogenError
from napari_radiogen.trainers.board import Board
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.pace import require_finite, settle_pace
from napari_radiogen.trainers.run import Clock, Progress, RunFolder, RunOptions, use_threads
from napari_radiogen.trainers.state import (
    Snapshot,
    capture,
    read_checkpoint,
    restore,
    write_checkpoint,
)
from napari_radiogen.trainers.system import System, Trained

if TYPE_CHECKING:
    from lightning.fabric import Fabric

#: Offset between the processes' own random states.
RANK_SEED = 7919


def train(
    system: System,
    config: TrainingConfig,
    fabric: Fabric,
    *,
    run: RunFolder | None = None,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train until the steps or the minutes are spent.

    Parameters
    ----------
    run
        Where log, sheets and checkpoints go; without one nothing is written.
    options
        Resume, threads and consent to a long run.

    Raises
    ------
    Cancelled
        When ``cancelled`` says so, asked once a step.
    RadiogenError
        When the run would take days, a loss is not finite, or a checkpoint
        does not fit.
    """
    options = options or RunOptions()
    return _Loop(system, config, fabric, run, options, progress, cancelled).run()


class _Loop:
    """The state of one call of :func:`train`."""

    def __init__(
        self,
        system: System,
        config: TrainingConfig,
        fabric: Fabric,
        run: RunFolder | None,
        options: RunOptions,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.system, self.config, self.fabric = system, config, fabric
        self.folder = run
        self.step, self.note = 0, ""
        self.best: Trained | None = None
        self.history: list[tuple[int, dict[str, float]]] = []
        spent = 0.0
        if run is not None and run.resume and run.checkpoint.is_file():
            spent = self._resume(run, options)
        else:
            if fabric.global_rank > 0:
                torch.manual_seed(config.seed + RANK_SEED * fabric.global_rank)
            self._settle(options)
        self.board = Board(run.path, self.step) if run and fabric.is_global_zero else None
        self.clock = Clock(
            config.steps,
            config.max_minutes,
            progress if fabric.is_global_zero else None,
            cancelled,
            spent=spent,
            agree=self._agree,
        )

    def run(self) -> Trained:
        going = self.step == 0 or self.clock.goes_on(self.step, "resumed")
        while going:
            losses = self.system.step(self.system.draw(), self.step, self.clock.reported)
            self.step += 1
            losses = self._mean(losses)
            first = next(iter(losses.items()))
            going = self.clock.goes_on(self.step, f"{first[0]} {first[1]:.3g}{self.note}")
            self._after(losses, last=not going)
        if self.board is not None:
            self.board.close()
        if self.best is None:
            raise RadiogenError("the checkpoint holds no weights that may be kept")
        self.best.steps, self.best.all_minutes = self.step, self.clock.reported
        self.best.history = self.history
        return self.best

    def _after(self, losses: dict[str, float], *, last: bool) -> None:
        """Do what is due after a step: validate, log, draw, save."""
        c, step = self.config, self.step
        validates = last or step % c.validate_every == 0
        scores = self._validate(last=last) if validates else {}
        if self.board is not None and self.folder is not None:
            if validates or step % c.log_every == 0:
                self.folder.log({"step": step, "minutes": self.clock.reported, **losses, **scores})
                self.board.scalars(step, {**losses, **scores})
            if c.sheet_every and (last or step % c.sheet_every == 0):
                pixels = self.system.sheet()
                if pixels is not None:
                    self.board.sheet(step, pixels)
        due = validates if c.checkpoint_every is None else last or step % c.checkpoint_every == 0
        if self.folder is not None and due:
            self._save(self.folder)

    def _validate(self, *, last: bool) -> dict[str, float]:
        scores = self.system.validate()
        self.history.append((self.step, scores))
        score = scores.get("score", math.nan)
        self.note = "" if math.isnan(score) else f", validation {score:.3f}"
        beaten = self.best is not None and score < self.best.scores.get("score", -math.inf)
        if (last or self.system.may_keep(self.step)) and not beaten:
            state = self.system.candidate().state_dict()
            kept = {k: v.detach().cpu().clone() for k, v in state.items()}
            self.best = Trained(kept, self.step, self.clock.reported, scores)
        return scores

    def _mean(self, losses: dict[str, float]) -> dict[str, float]:
        """Average losses over processes and stop at one that is no number."""
        if self.fabric.world_size > 1:
            values = torch.tensor(list(losses.values()), dtype=torch.float64)
            mean = torch.as_tensor(self.fabric.all_reduce(values, reduce_op="mean"))
            losses = dict(zip(losses, mean.tolist(), strict=True))
        require_finite(losses, self.step)
        return losses

    def _agree(self, minutes: float) -> float:
        """Return the first process's minutes."""
        if self.fabric.world_size == 1:
            return minutes
        return float(self.fabric.broadcast(torch.tensor(minutes, device=self.fabric.device)))

    def _settle(self, options: RunOptions) -> None:
        pace = settle_pace(self.system, self.config, self.fabric, options, self.config.steps)
        if self.folder is not None and self.fabric.is_global_zero:
            self.folder.note("pace", pace)

    def _save(self, run: RunFolder) -> None:
        shot = capture(self.system, self.fabric.device)
        shot.facts |= {
            "step": self.step,
            "minutes": self.clock.reported,
            "threads": torch.get_num_threads(),
            "history": self.history,
        }
        if self.best is not None:
            best = self.best
            shot.tensors |= {f"best.{k}": v for k, v in best.weights.items()}
            shot.facts["best"] = [best.step, best.minutes, best.scores]
        write_checkpoint(run.checkpoint, shot, self.fabric)

    def _resume(self, run: RunFolder, options: RunOptions) -> float:
        """Put the system where the checkpoint left it and return the minutes spent."""
        shot = read_checkpoint(run.checkpoint, self.fabric)
        use_threads(options.threads or int(shot.facts["threads"]))
        restore(self.system, shot, self.fabric.device)
        self.step = int(shot.facts["step"])
        self.history = [(int(s), dict(v)) for s, v in shot.facts["history"]]
        self.best = _kept(shot)
        run.take_up(self.step)
        options.say(f"resumed at step {self.step}, {torch.get_num_threads()} thread(s)")
        return float(shot.facts["minutes"])


def _kept(shot: Snapshot) -> Trained | None:
    if "best" not in shot.facts:
        return None
    step, minutes, scores = shot.facts["best"]
    weights = {k[5:]: v for k, v in shot.tensors.items() if k.startswith("best.")}
    return Trained(weights, int(step), float(minutes), dict(scores))
