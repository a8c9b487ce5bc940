"""All that a run must remember to go on exactly: captured, restored, kept in a file.

A checkpoint is one safetensors file whose header holds the JSON: one file, so
that a replacement is whole or absent. Nothing in it is executed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from napari_radiogen.errors import ModelError, RadiogenError
from napari_radiogen.io.save import save_bytes
from napari_radiogen.models.checkpoint import pack, unpack

if TYPE_CHECKING:
    from lightning.fabric import Fabric

FORMAT = "radiogen-checkpoint"
Random = torch.Generator | np.random.Generator


class Remembered(Protocol):
    """What a system in training shows of its state."""

    networks: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    random: dict[str, Random]

    def memory(self) -> dict[str, Tensor]:
        """Return whatever else changes from step to step."""

    def recall(self, memory: dict[str, Tensor]) -> None:
        """Take back what :meth:`memory` returned."""


@dataclass
class Snapshot:
    """Tensors, and facts that JSON can hold."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def capture(system: Remembered, device: torch.device) -> Snapshot:
    """Copy weights, optimisers, random states and memory of a system."""
    shot = Snapshot()
    for name, network in system.networks.items():
        for key, value in network.state_dict().items():
            shot.tensors[f"network.{name}.{key}"] = _copy(value)
    shot.facts["optimisers"] = {n: _capture_optimiser(n, o, shot) for n, o in _plain(system)}
    shot.facts["random"] = {}
    for name, source in system.random.items():
        if isinstance(source, torch.Generator):
            shot.tensors[f"random.{name}"] = source.get_state()
        else:
            shot.facts["random"][name] = source.bit_generator.state
    shot.tensors["global.torch"] = torch.get_rng_state()
    if device.type == "cuda":
        shot.tensors["global.cuda"] = torch.cuda.get_rng_state(device)
    for name, value in system.memory().items():
        shot.tensors[f"memory.{name}"] = _copy(value)
    return shot


def restore(system: Remembered, shot: Snapshot, device: torch.device) -> None:
    """Put back what :func:`capture` copied.

    Raises
    ------
    RadiogenError
        When the snapshot is of another system.
    """
    try:
        for name, network in system.networks.items():
            network.load_state_dict(_under(shot.tensors, f"network.{name}."))
        for name, optimiser in _plain(system):
            _restore_optimiser(name, optimiser, shot)
        for name, source in system.random.items():
            if isinstance(source, torch.Generator):
                source.set_state(shot.tensors[f"random.{name}"])
            else:
                source.bit_generator.state = shot.facts["random"][name]
        system.recall(_under(shot.tensors, "memory."))
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise RadiogenError(f"the checkpoint does not fit this run ({error})") from error
    if device.type == "cuda" and "global.cuda" in shot.tensors:
        torch.cuda.set_rng_state(shot.tensors["global.cuda"], device)
    torch.set_rng_state(shot.tensors["global.torch"])


def write_checkpoint(path: Path, shot: Snapshot, fabric: Fabric) -> None:
    """Save a snapshot; each process calls, the first writes.

    Raises
    ------
    ModelError
        When a weight is not finite; an older checkpoint stays.
    """
    tensors = dict(shot.tensors)
    for name in [n for n in tensors if n.startswith("global.")]:
        every = fabric.all_gather(tensors[name].to(fabric.device))
        tensors[name] = torch.as_tensor(every).cpu().view(fabric.world_size, -1)
    if fabric.is_global_zero:
        save_bytes(path, pack(tensors, shot.facts, kind=FORMAT))
    fabric.barrier()


def read_checkpoint(path: Path, fabric: Fabric) -> Snapshot:
    """Read a checkpoint for this process.

    Raises
    ------
    RadiogenError
        When it cannot be read, or was made by another number of processes.
    """
    try:
        tensors, facts = unpack(path.read_bytes(), kind=FORMAT)
    except OSError as error:
        raise RadiogenError(f"cannot be read ({error.strerror})", path) from error
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    for name in [n for n in tensors if n.startswith("global.")]:
        if len(tensors[name]) != fabric.world_size:
            count = len(tensors[name])
            raise RadiogenError(f"is of {count} processes, not {fabric.world_size}", path)
        tensors[name] = tensors[name][fabric.global_rank].clone()
    return Snapshot(tensors, facts)


def _copy(value: Tensor) -> Tensor:
    return value.detach().cpu().clone()


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _plain(system: Remembered) -> list[tuple[str, torch.optim.Optimizer]]:
    """Return the optimisers without Fabric's wrapping."""
    return [(n, getattr(o, "optimizer", o)) for n, o in system.optimisers.items()]


def _capture_optimiser(name: str, optimiser: torch.optim.Optimizer, shot: Snapshot) -> Any:
    state = optimiser.state_dict()
    values: dict[str, dict[str, Any]] = {}
    for row, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                shot.tensors[f"optimiser.{name}.{row}.{key}"] = _copy(value)
            else:
                values.setdefault(str(row), {})[key] = value
    return {"groups": state["param_groups"], "values": values}


def _restore_optimiser(name: str, optimiser: torch.optim.Optimizer, shot: Snapshot) -> None:
    facts = shot.facts["optimisers"][name]
    state: dict[int, dict[str, Any]] = {int(r): dict(v) for r, v in facts["values"].items()}
    for place, value in _under(shot.tensors, f"optimiser.{name}.").items():
        row, _, key = place.partition(".")
        state.setdefault(int(row), {})[key] = value.clone()
    groups = [
        {k: tuple(v) if k == "betas" else v for k, v in group.items()} for group in facts["groups"]
    ]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    # The order in memory decides which kernel runs, hence the last bit of a sum.
    for parameter, entries in optimiser.state.items():
        for key, value in entries.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                entries[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
