"""What a system gives the training loop, and what the loop gives back.

A system subclasses :class:`System`: it builds its networks and optimisers in
``__init__`` (through ``fabric.setup``), names them in ``networks`` and
``optimisers``, and says what a step, a validation and an image sheet are.
A ``run_*`` function then reads as four paragraphs (``trainers.loop`` has ``train``)::

    # Data
    run = RunFolder(folder, options.resume)
    run.begin("cgan", config, cohort)
    # System
    fabric = make_fabric(config)
    system = CGANSystem(data, config, fabric)
    # Training
    trained = train(system, config, fabric, run=run, options=options, progress=progress)
    # Model: only the first process writes.
    if fabric.is_global_zero:
        run.write_model(data, card)

What resume needs of a system:

- Everything random is drawn from ``random`` or from torch's global state (on
  a new run the system's builder calls ``torch.manual_seed(config.seed)``).
- Learning rates are computed from ``step`` (or ``minutes``) and set in
  ``step()``; where a scheduler sets them, its count goes through ``memory()``.
- Anything else that changes goes through ``memory()`` and ``recall()``.
- An average of weights (``update_average`` in ``trainers.devices``) and a
  frozen helper network stand in ``networks`` like any other.

On several processes ``draw()`` returns the whole batch, the same everywhere;
``step()`` takes its rows with ``share`` and may put outputs ``together``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from napari_radiogen.trainers.state import Random


class System(ABC):
    """One system in training; a subclass fills it.

    Attributes
    ----------
    networks
        Every network to remember by a name without dots, averages and frozen
        ones included; as built or as ``fabric.setup`` returned it.
    optimisers, random
        Optimisers, and generators (torch or NumPy), by name.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    random: dict[str, Random]

    @abstractmethod
    def draw(self) -> Any:
        """Return the next whole batch, the same on every process."""

    @abstractmethod
    def step(self, batch: Any, step: int, minutes: float) -> dict[str, float]:
        """Take one step and return its losses by name.

        Parameters
        ----------
        step
            Steps taken before this one.
        minutes
            Of the run so far; only where the schedule follows the clock.
        """

    @abstractmethod
    def candidate(self) -> nn.Module:
        """Return the network whose weights are kept when they are the best."""

    def validate(self) -> dict[str, float]:
        """Return scores; the highest ``score`` wins, and without one the last weights.

        It must draw from generators of its own, seeded anew each time.
        """
        return {}

    def may_keep(self, step: int) -> bool:
        """Say whether the weights after ``step`` steps may be kept; the last always are."""
        return True

    def sheet(self) -> npt.NDArray[np.uint8] | None:
        """Return a picture (rows, columns) of how it goes; see ``board.tile``."""
        return None

    def memory(self) -> dict[str, Tensor]:
        """Return what else a resumed run needs."""
        return {}

    def recall(self, memory: dict[str, Tensor]) -> None:  # noqa: B027 - most have none
        """Take back what :meth:`memory` returned."""


@dataclass
class Trained:
    """The weights that were kept, and how it came about.

    Parameters
    ----------
    weights
        State of ``System.candidate()``, on the CPU.
    step, minutes, scores
        Of the kept weights.
    steps, all_minutes
        Of the whole run.
    history
        (step, scores) of every validation of this run.
    """

    weights: dict[str, Tensor]
    step: int
    minutes: float
    scores: dict[str, float]
    steps: int = 0
    all_minutes: float = 0.0
    history: list[tuple[int, dict[str, float]]] = field(default_factory=list)
