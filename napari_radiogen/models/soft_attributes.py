"""Attributes of synthetic slices as differentiable functions of image and mask.

:mod:`napari_radiogen.imaging.attributes` measures real and synthetic nodules;
what stands here ranks nodules as it does, which is enough to be asked of a
generator.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.constants import SPICULATION_BAND_MM, SPICULATION_OPENING_MM

#: Blur of the mask whose gradient is the outward normal, and of the image, pixels.
NORMAL_BLUR_PX, IMAGE_BLUR_PX = 2.0, 0.7
#: A gradient shorter than this has no direction.
LEAST_GRADIENT = 1e-6


def soft_attributes(image: Tensor, mask: Tensor, pixel_mm: float) -> Tensor:
    """Measure diameter, mean intensity and spiculation with gradients.

    Parameters
    ----------
    image
        (B, 1, H, W) in [-1, 1].
    mask
        (B, 1, H, W) probabilities.
    pixel_mm
        Side of a square pixel.

    Returns
    -------
    Tensor
        (B, 3) in the order of ``ATTRIBUTES``: mm, image units, unitless.
        Gradients of the intensity reach the image alone, so that a nodule
        does not shrink to its brightest part.
    """
    area = mask.flatten(1).sum(dim=1).clamp(min=1.0)
    diameter = 2 * pixel_mm * torch.sqrt(area / math.pi)
    fixed = mask.detach()
    mean = (image * fixed).flatten(1).sum(dim=1) / fixed.flatten(1).sum(dim=1).clamp(min=1.0)
    lost = 1 - _opened(mask, pixel_mm).flatten(1).sum(dim=1) / area
    return torch.stack((diameter, mean, lost + _dispersion(image, fixed, pixel_mm)), dim=1)


def _opened(mask: Tensor, pixel_mm: float) -> Tensor:
    """Return the grey opening of a mask by a disk of the opening's radius."""
    radius = max(1, round(SPICULATION_OPENING_MM / pixel_mm))
    eroded = -_dilated(-mask, radius)
    return _dilated(eroded, radius)


def _dilated(x: Tensor, radius: int) -> Tensor:
    side = 2 * radius + 1
    steps = torch.arange(side, device=x.device) - radius
    disk = (steps[:, None] ** 2 + steps[None] ** 2 <= radius**2).flatten()
    padded = F.pad(x, (radius,) * 4, mode="replicate")
    near = F.unfold(padded, side).view(len(x), side**2, *x.shape[-2:])
    return torch.as_tensor(near[:, disk].amax(dim=1, keepdim=True))


def _dispersion(image: Tensor, mask: Tensor, pixel_mm: float) -> Tensor:
    """Return (B,) how far the margin's gradients stray from the radial direction."""
    outward = -_gradient(_blurred(mask, NORMAL_BLUR_PX))
    normal = outward / outward.norm(dim=1, keepdim=True).clamp(min=LEAST_GRADIENT)
    reach = max(1, round(SPICULATION_BAND_MM / pixel_mm) - 1)
    hard = (mask > 0.5).to(mask.dtype)
    band = ((_dilated(hard, reach) + _dilated(-hard, reach)) > 0.5).to(mask.dtype)
    downhill = -_gradient(_blurred(image, IMAGE_BLUR_PX))
    length = torch.sqrt((downhill**2).sum(dim=1, keepdim=True) + LEAST_GRADIENT**2)
    radial = (downhill * normal).sum(dim=1, keepdim=True)
    along = (radial * band).flatten(1).sum(dim=1)
    in_all = (length * band).flatten(1).sum(dim=1).clamp(min=LEAST_GRADIENT)
    return torch.as_tensor(1 - along / in_all)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    reach = int(4 * sigma + 0.5)
    steps = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-(steps**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), kernel.view(1, 1, -1, 1))


def _gradient(x: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, 2, H, W), central differences along y and x."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    dy = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    dx = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    return torch.cat((dy, dx), dim=1) / 2
