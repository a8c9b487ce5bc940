"""Train a U-Net on the slices of a cohort (METHODS 1.1, plus mode)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.models.unet import UNet, dice_loss
from napari_radiogen.trainers import loop
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import make_fabric, share, shared_statistics, together
from napari_radiogen.trainers.run import Progress, RunFolder, RunOptions
from napari_radiogen.trainers.system import System
from napari_radiogen.trainers.unet_data import (
    AugmentConfig,
    LabelledSlices,
    Plane,
    SliceSampler,
    augment,
)

if TYPE_CHECKING:
    from lightning.fabric import Fabric

#: Validation slices on an image sheet.
SHEET_TILES = 12
#: Share of a run by which the clock may be ahead of the steps before it sets the rate.
PACE_SLACK = 0.1


class UNetConfig(TrainingConfig):
    """Everything that decides a U-Net's training.

    Whichever comes first ends it: ``steps`` or ``max_minutes``. The learning
    rate falls as a cosine of the share that is over.
    """

    systems: ClassVar[tuple[str, ...]] = ("unet",)

    name: str = "unet-planted"
    role: Literal["finder", "measuring"] = "finder"
    base: int = Field(default=16, ge=1, description="width of the first block")
    mode: Literal["paper", "plus"] = Field(
        default="plus", description="paper: Dice alone (Li 2018, eq. 4); plus: with cross-entropy"
    )
    dropout: float = Field(default=0.3, ge=0, lt=1)
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    negative_share: float = Field(default=0.5, ge=0, lt=1, description="slices without a nodule")
    phantom_seeds: tuple[int, ...] = Field(default=(), description="phantom scans to add")
    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    batch_size: int = Field(default=16, ge=2)
    steps: int = Field(default=6000, ge=1)
    max_minutes: float | None = Field(default=18.0, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)


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
    first_process
        Whether this process is the one that writes.
    """

    network: UNet
    dice: float
    history: tuple[tuple[int, float], ...]
    steps: int
    minutes: float
    first_process: bool = True


def build_unet(config: UNetConfig) -> UNet:
    """Return the untrained network of a config, in the faster memory format."""
    network = UNet(base=config.base, dropout=config.dropout)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def train_unet(
    config: UNetConfig,
    train: LabelledSlices,
    validation: LabelledSlices,
    *,
    run: RunFolder | None = None,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainedUNet:
    """Train until the steps or the minutes are spent; keep the best checkpoint.

    Parameters
    ----------
    run
        Where log, sheets and checkpoints go, if anywhere.
    options
        Resume, threads and consent to a long run.

    Raises
    ------
    Cancelled
        When ``cancelled`` says so, asked once a step.
    """
    system = UNetSystem(config, train, validation, make_fabric(config))
    result = loop.train(
        system,
        config,
        system.fabric,
        run=run,
        options=options,
        progress=progress,
        cancelled=cancelled,
    )
    network = build_unet(config)
    network.load_state_dict(result.weights)
    history = tuple((step, scores["score"]) for step, scores in result.history)
    best = result.scores["score"]
    minutes = result.all_minutes
    first = system.fabric.is_global_zero
    return TrainedUNet(network.eval(), best, history, result.steps, minutes, first)


class UNetSystem(System):
    """A U-Net on slices of a cohort: BCE + Dice on varied batches."""

    def __init__(
        self,
        config: UNetConfig,
        train: LabelledSlices,
        validation: LabelledSlices,
        fabric: Fabric,
    ) -> None:
        self.config, self.fabric, self.validation = config, fabric, validation
        torch.manual_seed(config.seed)
        self.rng = np.random.default_rng(config.seed)
        self.sampler = SliceSampler(train, config.negative_share, self.rng)
        plain = shared_statistics(fabric, build_unet(config))
        adam = torch.optim.AdamW(
            plain.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.network, self.optimiser = fabric.setup(plain, adam)
        self.networks = {"unet": self.network}
        self.optimisers = {"adam": self.optimiser}
        self.random = {"batches": self.rng}

    def draw(self) -> tuple[npt.NDArray[np.intp], Tensor, Tensor]:
        """Return rows, and images in HU and masks (B, 1, H, W), varied."""
        rows = self.sampler.draw(self.config.batch_size)
        return rows, *augment(*self.sampler.tensors(rows), self.config.augment, self.rng)

    def step(
        self, batch: tuple[npt.NDArray[np.intp], Tensor, Tensor], step: int, minutes: float
    ) -> dict[str, float]:
        """Take one step on BCE + Dice and tell the sampler how hard its slices were."""
        c, (rows, image, mask) = self.config, batch
        over = minutes / c.max_minutes if c.max_minutes else 0.0
        for group in self.optimiser.param_groups:
            group["lr"] = c.learning_rate * _rate(_done(step / c.steps, over))
        self.network.train()
        logits = self.network(share(self.fabric, _network_input(image)))
        logits = together(self.fabric, logits)
        mask = self.fabric.to_device(mask)
        loss = dice_loss(logits, mask)
        if self.config.mode == "plus":
            loss = F.binary_cross_entropy_with_logits(logits, mask) + loss
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.optimiser.step()
        highest = torch.sigmoid(logits.detach()).float().amax(dim=(1, 2, 3))
        self.sampler.report(rows, highest.cpu().numpy())
        return {"loss": float(loss.detach())}

    def candidate(self) -> UNet:
        """Return the network itself."""
        return cast(UNet, self.network.module if hasattr(self.network, "module") else self.network)

    def validate(self) -> dict[str, float]:
        """Return the mean Dice per validation case."""
        score = float(np.mean(list(case_dice(self.candidate(), self.validation).values())))
        return {"score": score}

    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show validation slices, their masks and what the network finds."""
        rows = np.flatnonzero(self.validation.positive)
        rows = rows[:: max(1, len(rows) // SHEET_TILES)][:SHEET_TILES]
        image = torch.from_numpy(self.validation.image[rows].astype(np.float32))
        unit = _network_input(image[:, None])
        network = self.candidate().eval()
        with torch.inference_mode():
            found = torch.sigmoid(network(self.fabric.to_device(unit)).float()).cpu()
        mask = torch.from_numpy(self.validation.mask[rows].astype(np.float32))
        return tile([unit, 2 * mask - 1, 2 * found - 1])

    def memory(self) -> dict[str, Tensor]:
        """Return how hard each nodule-free slice was."""
        return {"hardness": torch.from_numpy(self.sampler.hardness)}

    def recall(self, memory: dict[str, Tensor]) -> None:
        """Take the hardness back."""
        self.sampler.hardness[:] = memory["hardness"].numpy()


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
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    overlap, total = [], []
    with torch.inference_mode():
        for start in range(0, len(slices.image), batch):
            image = torch.from_numpy(slices.image[start : start + batch].astype(np.float32))
            unit = _network_input(image[:, None]).to(device)
            found = (network(unit) > 0)[:, 0].cpu().numpy()
            truth = slices.mask[start : start + batch] > 0
            overlap.append((found & truth).sum(axis=(1, 2)))
            total.append(found.sum(axis=(1, 2)) + truth.sum(axis=(1, 2)))
    return np.concatenate(overlap), np.concatenate(total)
