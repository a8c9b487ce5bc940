"""Frozen networks whose features an image must match (Li 2018, equation 6).

VGG16's weights are not ours to ship: they come from a file that the person
gives. Without one the encoder of a frozen U-Net takes their place, and the
run is labelled so.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

from napari_radiogen.domain import people_of
from napari_radiogen.errors import ModelError
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.checkpoint import digest, load_strictly, unpack
from napari_radiogen.models.unet import UNet
from napari_radiogen.models.vgg import VGG16Features

#: The U-Net whose encoder stands in for VGG16, in the package.
STAND_IN = "unet-planted.safetensors"


class UNetFeatures(nn.Module):
    """The deepest encoder block of a frozen U-Net."""

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.encoders, self.pool = network.encoders, network.pool
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> Tensor:
        """Grey images (B, 1, H, W) in [0, 1] -> (B, C, H/16, W/16)."""
        x = 2 * image - 1
        for i, encoder in enumerate(self.encoders):
            x = encoder(self.pool(x) if i else x)
        return x


def feature_network(
    vgg: Path | None, unet: Path | None, store: CohortStore
) -> tuple[nn.Module, str]:
    """Return the frozen network of the feature loss and its label.

    Parameters
    ----------
    vgg
        State dict of VGG16, safetensors or torch; None takes a U-Net.
    unet
        Model file of a U-Net; None takes the shipped one.
    store
        The cohort; its test patients must be unknown to the U-Net.

    Raises
    ------
    ModelError
        When the file cannot be read or does not fit, or the U-Net has seen
        test patients.
    """
    if vgg is not None:
        network = VGG16Features()
        network.fill(_state(vgg))
        return network, f"VGG16 block5_conv3 (file sha256 {digest(_read(vgg))[:16]})"
    file = unet or Path(str(files("napari_radiogen"))) / "weights" / STAND_IN
    data = _read(file)
    tensors, about = unpack(data)
    try:
        u = UNet(base=int(about["config"]["base"]), dropout=0.0)
        seen = people_of(store.split.test) & set(about["patients"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"is no U-Net of ours ({error})", subject=file.name) from error
    if seen:
        raise ModelError(
            f"has seen {len(seen)} of the cohort's test patients; give feature_vgg, or "
            "feature_unet trained on this cohort",
            subject=file.name,
        )
    load_strictly(u, tensors)
    label = f"frozen U-Net encoder in place of VGG16 ({about['name']}, sha256 {digest(data)[:16]})"
    return UNetFeatures(u), label


def _state(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        return dict(load(_read(file)))
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds; none of them is a fault of ours.
        raise ModelError(f"cannot be read as weights ({type(error).__name__})", file) from error
    if not isinstance(state, dict):
        raise ModelError("holds no state dict", file)
    return state


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=file) from error
