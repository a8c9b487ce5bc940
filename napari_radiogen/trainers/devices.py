"""Device, precision and machines by Lightning Fabric; one batch over many processes.

Every process draws the *whole* batch from the same random state, keeps its
share (:func:`share`) and gives its outputs back (:func:`together`), so that a
run on several processes follows the run on one.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from napari_radiogen.errors import RadiogenError
from napari_radiogen.trainers.config import TrainingConfig

if TYPE_CHECKING:
    from lightning.fabric import Fabric

Network = TypeVar("Network", bound=nn.Module)
#: What training needs beyond the base installation.
EXTRA = ("lightning", "tensorboard")


def require_extra(*modules: str) -> None:
    """Check that the extra ``train`` is installed.

    Raises
    ------
    RadiogenError
        When a module is missing, naming it and how to install it.
    """
    missing = [name for name in modules or EXTRA if find_spec(name) is None]
    if missing:
        raise RadiogenError(
            f"training needs {', '.join(missing)}: pip install 'napari-radiogen[train]'"
        )


def make_fabric(config: TrainingConfig) -> Fabric:
    """Return a launched Fabric for a config.

    Under ``torchrun`` the numbers of processes and machines are torchrun's.

    Raises
    ------
    RadiogenError
        Without the extra ``train``, or when the machine has no such device.
    """
    require_extra()
    from lightning.fabric import Fabric

    local = int(os.environ.get("LOCAL_WORLD_SIZE", "0"))
    devices = local or config.devices
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // local if local else config.num_nodes
    try:
        fabric = Fabric(
            accelerator=config.accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=config.precision,
        )
    except Exception as error:  # Lightning raises a kind of its own for each refusal.
        raise RadiogenError(f"{devices} x {config.accelerator}: {error}") from error
    fabric.launch()
    return fabric


def share(fabric: Fabric, batch: Tensor) -> Tensor:
    """Return this process's rows of a whole batch (B, ...), on its device.

    Rows i and i + k stay together where k is divisible by the number of processes.

    Raises
    ------
    RadiogenError
        When the rows cannot be dealt out evenly.
    """
    if len(batch) % fabric.world_size:
        raise RadiogenError(
            f"a batch of {len(batch)} cannot be dealt evenly to {fabric.world_size} processes"
        )
    return torch.as_tensor(fabric.to_device(batch[fabric.global_rank :: fabric.world_size]))


def together(fabric: Fabric, part: Tensor) -> Tensor:
    """Gather what :func:`share` dealt out, (B / processes, ...) to (B, ...), with gradients."""
    if fabric.world_size == 1:
        return part
    parts = fabric.all_gather(part.contiguous(), sync_grads=True)
    return torch.as_tensor(parts).transpose(0, 1).flatten(0, 1)


def shared_statistics(fabric: Fabric, network: Network) -> Network:
    """Let batch normalisation see the whole batch where several processes share it."""
    if fabric.world_size == 1:
        return network
    if fabric.device.type == "cuda":
        return cast(Network, nn.SyncBatchNorm.convert_sync_batchnorm(network))  # type: ignore[no-untyped-call]
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d | nn.BatchNorm1d):
            cast(Any, module).__class__ = _SharedBatchNorm
    return network


class _SharedBatchNorm(_BatchNorm):
    """Batch normalisation over all processes; torch's own knows graphics cards only."""

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.momentum is None or self.running_mean is None:
            return super().forward(input)
        axes = [a for a in range(input.dim()) if a != 1]
        processes = torch.distributed.get_world_size()
        mean = _sum(input.mean(axes)) / processes
        view = (1, -1, *[1] * (input.dim() - 2))
        variance = _sum(((input - mean.view(view)) ** 2).mean(axes)) / processes
        count = processes * input.numel() / input.shape[1]
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            unbiased = variance * count / (count - 1)
            self.running_var.lerp_(unbiased, self.momentum)  # type: ignore[union-attr]
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        out = (input - mean.view(view)) * torch.rsqrt(variance + self.eps).view(view)
        if self.affine:
            out = out * self.weight.view(view) + self.bias.view(view)
        return out


def _sum(part: Tensor) -> Tensor:
    """Add over all processes, with gradients."""
    from torch.distributed.nn.functional import all_reduce

    return torch.as_tensor(all_reduce(part))  # type: ignore[no-untyped-call]


def free_cores() -> int:
    """Return the processor cores that one process of this machine may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an exponential moving average towards a network; buffers are copied."""
    source = getattr(network, "module", network)
    for mean, new in zip(average.parameters(), source.parameters(), strict=True):
        mean.lerp_(new, 1 - decay)
    for old, now in zip(average.buffers(), source.buffers(), strict=True):
        old.copy_(now)
