"""Weights as data: safetensors bytes with a JSON description, nothing executed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from napari_radiogen.errors import ModelError

FORMAT = "radiogen-model"
VERSION = 1
_KEY = "radiogen"
#: Largest JSON header that is read, bytes (safetensors caps it at 100 MB).
MAX_HEADER = 16 * 2**20


def pack(
    tensors: dict[str, torch.Tensor], description: dict[str, Any], *, kind: str = FORMAT
) -> bytes:
    """Serialise tensors and their description.

    Parameters
    ----------
    kind
        What the bytes are: a model, or a checkpoint of a run.

    Raises
    ------
    ModelError
        When a tensor holds a number that is not finite.
    """
    _require_finite(tensors)
    text = json.dumps({**description, "format": kind, "version": VERSION}, sort_keys=True)
    whole = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    return bytes(save(whole, metadata={_KEY: text}))


def unpack(data: bytes, *, kind: str = FORMAT) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what :func:`pack` wrote, checking format, version and numbers.

    Raises
    ------
    ModelError
        When the bytes are not ours, cut short, or hold non-finite numbers.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        if not 2 <= size <= min(MAX_HEADER, len(data) - 8):
            raise ModelError("not a safetensors file, or cut short")
        header = json.loads(data[8 : 8 + size])
        description = json.loads(header["__metadata__"][_KEY])
        tensors = load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"not a {kind.replace('-', ' ')} ({type(error).__name__})") from error
    if not isinstance(description, dict):
        raise ModelError(f"not a {kind.replace('-', ' ')} (its description is no object)")
    if description.get("format") != kind or description.get("version") != VERSION:
        raise ModelError(f"expected {kind} version {VERSION}")
    _require_finite(tensors)
    return tensors, description


def digest(data: bytes) -> str:
    """Return the sha256 of a model file's bytes."""
    return hashlib.sha256(data).hexdigest()


def load_strictly(
    network: nn.Module, tensors: dict[str, torch.Tensor], *, prefix: str = "network."
) -> nn.Module:
    """Fill a network from the tensors under a prefix and put it in eval mode.

    Half-precision weights are computed in the network's own precision.

    Raises
    ------
    ModelError
        When a key is missing or left over, or a shape differs.
    """
    state = {k[len(prefix) :]: t for k, t in tensors.items() if k.startswith(prefix)}
    expected = network.state_dict()
    odd = sorted(set(state) ^ set(expected))
    if odd:
        raise ModelError(f"weights do not fit the network: {odd[0]} and {len(odd) - 1} more")
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            raise ModelError(f"{name} is {tuple(state[name].shape)}, not {tuple(tensor.shape)}")
    network.load_state_dict({k: t.to(expected[k].dtype) for k, t in state.items()})
    return network.eval()


def parameter_count(network: nn.Module) -> int:
    """Count trainable parameters."""
    return sum(p.numel() for p in network.parameters())


def _require_finite(tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{name} holds numbers that are not finite")
