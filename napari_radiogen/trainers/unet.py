"""Train a U-Net on the slices of a cohort (METHODS 1.1, plus mode)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.errors import InputError
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.models.unet import UNet, dice_loss
from napari_radiogen.trainers.run import Clock, Progress
from napari_radiogen.trainers.unet_data import (
    AugmentConfig,
    LabelledSlices,
    Plane,
    SliceSampler,
    augment,
)

#: Share of a run by which the clock may be ahead of the steps before it sets the rate.
PACE_SLACK = 0.1


class UNetConfig(BaseModel):
    """Everything that decides a U-Net's training.

    Whichever comes first ends it: ``steps`` or ``max_minutes``. The learning
    rate falls as a cosine of the share that is over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "unet-planted"
    role: Literal["finder", "measuring"] = "finder"
    base: int = Field(default=16, ge=1, description="width of the first block")
    dropout: float = Field(default=0.3, ge=0, lt=1)
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    negative_share: float = Field(default=0.5, ge=0, lt=1, description="slices without a nodule")
    phantom_seeds: tuple[int, ...] = Field(default=(), description="phantom scans to add")
    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    batch_size: int = Field(default=16, ge=2)
    steps: int = Field(default=6000, ge=1)
    max_minutes: float = Field(default=18.0, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    validate_every: int = Field(default=400, ge=1)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class TrainedUNet:
    """The network of the best checkpoint on validation, and how it came about.

    Parameters
    ----------
    network
        In eval mode.
    dice
        Mean Dice per validation case.
    history
        (step, validation Dice) of each checkpoint.
    """

    network: UNet
    dice: float
    history: tuple[tuple[int, float], ...]
    steps: int
    minutes: float


def read_config(path: Path | None, changes: dict[str, Any]) -> UNetConfig:
    """Read a YAML config and apply changes from the command line.

    Raises
    ------
    InputError
        When the file is not YAML, or a field is unknown or out of range.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8") if path else "") or {}
        return UNetConfig.model_validate({**values, **changes})
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise InputError(str(error), subject=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", path) from error


def build_unet(config: UNetConfig) -> UNet:
    """Return the untrained network of a config, in the faster memory format."""
    network = UNet(base=config.base, dropout=config.dropout)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def train_unet(
    config: UNetConfig,
    train: LabelledSlices,
    validation: LabelledSlices,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainedUNet:
    """Train until the steps or the minutes are spent; keep the best checkpoint.

    Raises
    ------
    Cancelled
        When ``cancelled`` says so, asked once a step.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network = build_unet(config)
    sampler = SliceSampler(train, config.negative_share, rng)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    clock = Clock(config.steps, config.max_minutes, progress, cancelled)
    history: list[tuple[int, float]] = []
    best, state, step, note = -1.0, copy.deepcopy(network.state_dict()), 0, ""
    going = True
    while going:
        rate = _rate(_done(step / config.steps, clock.minutes / config.max_minutes))
        loss = _step(network, optimizer, sampler, config, rate, rng)
        step += 1
        going = clock.goes_on(step, f"loss {loss:.3f}{note}")
        if step % config.validate_every == 0 or not going:
            score = float(np.mean(list(case_dice(network, validation).values())))
            history.append((step, score))
            note = f", validation Dice {score:.3f}"
            if score > best:
                best, state = score, copy.deepcopy(network.state_dict())
    network.load_state_dict(state)
    return TrainedUNet(network.eval(), best, tuple(history), step, clock.minutes)


def _step(
    network: UNet,
    optimizer: torch.optim.Optimizer,
    sampler: SliceSampler,
    config: UNetConfig,
    rate: float,
    rng: np.random.Generator,
) -> float:
    """Take one step on BCE + Dice and tell the sampler how hard its slices were."""
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * rate
    rows = sampler.draw(config.batch_size)
    image, mask = augment(*sampler.tensors(rows), config.augment, rng)
    network.train()
    logits = network(_network_input(image))
    loss = F.binary_cross_entropy_with_logits(logits, mask) + dice_loss(logits, mask)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    sampler.report(rows, torch.sigmoid(logits.detach()).amax(dim=(1, 2, 3)).numpy())
    return float(loss.detach())


def _done(steps: float, minutes: float) -> float:
    """Return the share of the run that is over, by steps unless time runs out first.

    Where the machine keeps pace only steps count, and a seed gives the same weights.
    """
    return steps if minutes <= steps + PACE_SLACK else minutes


def _rate(done: float) -> float:
    """Return the learning rate's factor: a short warm-up, then a cosine to a hundredth."""
    warm = min(1.0, (done + 1e-3) / 0.02)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def _network_input(image_hu: Tensor) -> Tensor:
    unit = torch.from_numpy(hu_to_unit(image_hu.numpy()))
    return unit.contiguous(memory_format=torch.channels_last)


def case_dice(network: UNet, slices: LabelledSlices, batch: int = 64) -> dict[str, float]:
    """Return Dice of each case, pooled over all its slices, empty ones included.

    Cases whose masks are all empty have no Dice and are left out.
    """
    overlap, total = slice_counts(network, slices, batch)
    scores: dict[str, float] = {}
    positive = slices.positive
    for case in np.unique(slices.cases):
        rows = slices.cases == case
        if positive[rows].any():
            scores[str(case)] = float(2 * overlap[rows].sum() / total[rows].sum())
    return scores


def slice_counts(
    network: UNet, slices: LabelledSlices, batch: int = 64
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return |found and true| and |found| + |true| in pixels of each slice, both (N,)."""
    network.eval()
    overlap, total = [], []
    with torch.inference_mode():
        for start in range(0, len(slices.image), batch):
            image = torch.from_numpy(slices.image[start : start + batch].astype(np.float32))
            found = (network(_network_input(image[:, None])) > 0)[:, 0].numpy()
            truth = slices.mask[start : start + batch] > 0
            overlap.append((found & truth).sum(axis=(1, 2)))
            total.append(found.sum(axis=(1, 2)) + truth.sum(axis=(1, 2)))
    return np.concatenate(overlap), np.concatenate(total)
