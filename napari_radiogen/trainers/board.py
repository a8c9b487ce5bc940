"""Curves and image sheets of a run: PNG files, and TensorBoard's event files.

Event files are the one exception to the rule that only ``io.save`` opens files
for writing: TensorBoard's own library appends to them, and its reader skips a
record that was cut short.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.io.pictures import save_png

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

#: Grey between the tiles of a sheet, of 255.
GAP_GREY = 128
#: Tiles are enlarged this often, so that a pixel can be seen.
TILE_ZOOM = 2


class Board:
    """Where a run's curves and sheets go.

    Parameters
    ----------
    folder
        The run folder.
    step
        First step of this sitting; events after it are hidden.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._first = step
        self._open: SummaryWriter | None = None

    @property
    def _writer(self) -> SummaryWriter:
        if self._open is None:
            from torch.utils.tensorboard import SummaryWriter

            place = str(self._folder / "tensorboard")
            self._open = SummaryWriter(place, purge_step=self._first + 1)  # type: ignore[no-untyped-call]
        return self._open

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)  # type: ignore[no-untyped-call]

    def sheet(self, step: int, pixels: npt.NDArray[np.uint8]) -> None:
        """Save a sheet (H, W) as ``sheets/STEP.png`` and show it on the board."""
        place = self._folder / "sheets"
        place.mkdir(exist_ok=True)
        save_png(place / f"{step:06d}.png", pixels)
        self._writer.add_image("sheet", pixels, step, dataformats="HW")  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Flush the event file."""
        if self._open is not None:
            self._open.close()  # type: ignore[no-untyped-call]


def tile(rows: list[Tensor], low: float = -1.0, high: float = 1.0) -> npt.NDArray[np.uint8]:
    """Lay images out in a grid.

    Parameters
    ----------
    rows
        One (N, 1, H, W) or (N, H, W) tensor a row, of equal size.
    low, high
        Values shown as black and white.

    Returns
    -------
    ndarray
        (rows, columns) grey pixels.
    """
    lines = []
    for images in rows:
        flat = images.detach().float().cpu().reshape(len(images), *images.shape[-2:])
        grey = (255 * (flat - low) / (high - low)).clamp(0, 255)
        large = grey.repeat_interleave(TILE_ZOOM, -2).repeat_interleave(TILE_ZOOM, -1)
        framed = F.pad(large, (1, 1, 1, 1), value=GAP_GREY)
        lines.append(torch.cat(list(framed), dim=-1))
    return np.asarray(torch.cat(lines, dim=-2).round().to(torch.uint8).numpy())
