"""A U-Net that reads slices: HU in, probability out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from torch import Tensor

from napari_radiogen.errors import ModelError
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.inference.library import find_model, load_model
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.unet import UNet

FloatArray = npt.NDArray[np.float32]

#: Slices that go through the network at once.
BATCH = 16
#: A network is as wide as its description says before its weights are looked at.
MAX_BASE = 256


@dataclass(frozen=True, eq=False)
class SliceReader:
    """A trained U-Net with its name and digest.

    ``patients`` are those that it was trained or chosen on.
    """

    network: UNet
    name: str
    digest: str
    patients: frozenset[str] = frozenset()

    def logits(self, images_hu: npt.NDArray[Any]) -> FloatArray:
        """Return the log-odds of nodule (B, H, W) of slices in HU.

        Slices are 0.75 mm a pixel, their sides divisible by 32.
        """
        if not len(images_hu):
            return np.zeros(images_hu.shape, dtype=np.float32)
        unit = torch.from_numpy(hu_to_unit(images_hu))[:, None]
        unit = unit.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            parts: list[Tensor] = [self.network(part) for part in torch.split(unit, BATCH)]
        return np.asarray(torch.cat(parts)[:, 0].numpy())

    def probability(self, images_hu: npt.NDArray[Any]) -> FloatArray:
        """Return the probability of nodule (B, H, W): see :meth:`logits`."""
        return np.asarray(expit(self.logits(images_hu)))


def load_reader(name: str) -> SliceReader:
    """Load a U-Net by the name of a shipped model or the path of a run.

    Raises
    ------
    ModelError
        When there is no such model, or it is not a U-Net.
    """
    model = load_model(find_model(name, system="unet"))
    try:
        base = int(model.description["config"]["base"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("the description does not say the network's base width", name) from error
    if not 1 <= base <= MAX_BASE:
        raise ModelError(f"expected a base width of 1 to {MAX_BASE}, got {base}", name)
    network = UNet(base=base)
    load_strictly(network, model.tensors)
    fast = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    seen = frozenset(map(str, model.description.get("patients", ())))
    return SliceReader(fast, model.name, model.digest, seen)
