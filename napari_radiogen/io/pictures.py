"""Plain pictures: grey pixels to PNG, marked as research material."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.io.save import atomic_write


def save_png(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write grey pixels (rows, columns) as PNG, whole or not at all.

    The file's text says that it may hold synthetic pixels and is for research
    use only.

    Raises
    ------
    ValueError
        When the pixels are not (rows, columns) of uint8.
    RadiogenError
        When the system refuses.
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError(f"expected (rows, columns) of uint8, got {pixels.shape} {pixels.dtype}")
    text = PngInfo()
    text.add_text("Description", f"May hold SYNTHETIC pixels. {RESEARCH_USE}.")
    atomic_write(path, lambda temporary: Image.fromarray(pixels).save(temporary, pnginfo=text))
