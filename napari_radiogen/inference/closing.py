"""Where a slice lies in a nodule, for a network that closes its nodules too late."""

from __future__ import annotations

import torch
from torch import Tensor


def rounded(dz_mm: Tensor, radius_mm: Tensor, closing_radii: float) -> Tensor:
    """Turn offsets in a nodule into offsets for a network that closes late and straight.

    The network's nodules narrow in proportion to the offset and close at
    ``closing_radii`` radii; the answer makes them narrow as a ball does and
    close at one. The centre stays the centre.

    Parameters
    ----------
    dz_mm, radius_mm
        (B,) offset, and radius of the nodule's central slice; 0 where there is none.
    closing_radii
        As `Generator` holds it.
    """
    share = dz_mm.abs() / radius_mm.clamp(min=1e-6)
    ball = 1 - torch.sqrt((1 - share**2).clamp(min=0))
    far = closing_radii * radius_mm * torch.where(share < 1, ball, share)
    return torch.where(radius_mm > 0, torch.sign(dz_mm) * far, dz_mm)
