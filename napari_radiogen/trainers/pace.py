"""How long a step takes: the thread probe, and refusal of a run of days."""

from __future__ import annotations

import math
import statistics
import time
from typing import TYPE_CHECKING, Any

import torch

from napari_radiogen.errors import RadiogenError
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import free_cores
from napari_radiogen.trainers.run import RunOptions, use_threads
from napari_radiogen.trainers.state import capture, restore

if TYPE_CHECKING:
    from lightning.fabric import Fabric

    from napari_radiogen.trainers.system import System

#: A longer run is started only when the person says so, hours.
LONGEST_HOURS = 24.0
#: Steps timed after one that warms up.
TIMED_STEPS = 2
#: A step as slow as this is timed once, seconds.
SLOW_STEP_S = 2.0


def settle_pace(
    system: System, config: TrainingConfig, fabric: Fabric, options: RunOptions, left: int
) -> dict[str, Any]:
    """Choose the threads, estimate the run and refuse one that takes days.

    The steps taken for timing leave no trace: weights, optimisers and random
    states are put back.

    Parameters
    ----------
    left
        Steps that remain.

    Returns
    -------
    dict
        ``seconds_per_step``, ``threads`` and ``estimated_minutes``.

    Raises
    ------
    RadiogenError
        When the estimate is longer than a day and ``options.yes`` was not given.
    """
    before = capture(system, fabric.device)
    seconds = {}
    for threads in _candidates(fabric, options):
        use_threads(threads)
        seconds[threads] = _agreed(fabric, time_step(system, config, fabric))
        restore(system, before, fabric.device)
    best = min(seconds, key=lambda threads: seconds[threads])
    use_threads(best)
    minutes = seconds[best] * left / 60
    if config.max_minutes is not None:
        minutes = min(minutes, config.max_minutes)
    tried = ", ".join(f"{t} thread(s) {s:.3g} s a step" for t, s in seconds.items())
    if fabric.is_global_zero:
        options.say(f"{fabric.device.type}: {tried}; {best} used, about {_span(minutes)} in all")
    if minutes > 60 * LONGEST_HOURS and not options.yes:
        raise RadiogenError(
            f"would take about {_span(minutes)} on this device ({seconds[best]:.3g} s a step); "
            "take a smaller config, give --max-minutes, or --yes to start all the same",
            subject=config.name,
        )
    return {
        "seconds_per_step": seconds[best],
        "threads": best,
        "estimated_minutes": minutes,
    }


def time_step(system: System, config: TrainingConfig, fabric: Fabric) -> float:
    """Return the median seconds of a real step, one of the last and heaviest kind."""
    times: list[float] = []
    for i in range(1 + TIMED_STEPS):
        start = time.perf_counter()
        losses = system.step(system.draw(), max(0, config.steps - 1 - i), 0.0)
        require_finite(losses, i)
        if fabric.device.type == "cuda":
            torch.cuda.synchronize(fabric.device)
        times.append(time.perf_counter() - start)
        if _agreed(fabric, times[-1]) > SLOW_STEP_S:
            break
    return statistics.median(times[1:] or times)


def require_finite(losses: dict[str, float], step: int) -> None:
    """Check that every loss is a number.

    Raises
    ------
    RadiogenError
        When one is not: from there on the run would learn nothing.
    """
    for name, value in losses.items():
        if not math.isfinite(value):
            raise RadiogenError(f"{name} is {value} at step {step}; lower the learning rates")


def _candidates(fabric: Fabric, options: RunOptions) -> list[int]:
    if options.threads is not None:
        return [max(1, options.threads)]
    if fabric.device.type != "cpu":
        return [torch.get_num_threads()]
    return sorted({1, free_cores()})


def _agreed(fabric: Fabric, seconds: float) -> float:
    """Return the slowest process's time: the others wait for it."""
    if fabric.world_size == 1:
        return seconds
    every = fabric.all_gather(torch.tensor(seconds))
    return float(torch.as_tensor(every).max())


def _span(minutes: float) -> str:
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} days"
