"""The convolutions of VGG16 up to block5_conv3 (Simonyan 2014), for feature losses.

The weights are not ours and not shipped: a file the user has fills them. The
names are torchvision's ``features``, so that its state dict fits as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from napari_radiogen.errors import ModelError

#: Widths of the thirteen convolutions; 0 is a pool.
_PLAN = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512)
#: Mean and s.d. of ImageNet's colours, which the weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SD = (0.229, 0.224, 0.225)


class VGG16Features(nn.Module):
    """block5_conv3 with its ReLU: torchvision's ``features[:30]``, frozen."""

    mean: Tensor
    sd: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for wide in _PLAN:
            if wide == 0:
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(width, wide, 3, padding=1), nn.ReLU()]
                width = wide
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(IMAGENET_SD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> Tensor:
        """Grey images (B, 1, H, W) in [0, 1] -> (B, 512, H/16, W/16)."""
        coloured = (image.expand(-1, 3, -1, -1) - self.mean) / self.sd
        return torch.as_tensor(self.features(coloured))

    def fill(self, state: Mapping[str, Tensor]) -> None:
        """Take the convolutions out of a state dict of VGG16, with or without its head.

        Raises
        ------
        ModelError
            When one is missing or has another shape.
        """
        own = self.state_dict()
        for name, tensor in own.items():
            if name not in state:
                raise ModelError(f"no weights of VGG16: {name} is missing")
            if state[name].shape != tensor.shape:
                raise ModelError(f"{name} is {tuple(state[name].shape)}, not {tuple(tensor.shape)}")
        self.load_state_dict({name: state[name].to(own[name].dtype) for name in own})
