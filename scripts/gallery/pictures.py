"""From a picture of the screen to a small PNG."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from qtpy.QtGui import QPixmap

Colours = npt.NDArray[np.uint8]

COLOURS = 256
#: Greys of a palette: CT comes through within one level of 255.
GREYS = 100
#: Share of the other colours that are the most frequent ones, kept as they are.
EXACT = 1 / 3
#: Levels that one pixel in a thousand may be off, before true colour is kept.
TOLERANCE = 12


def png_of(pixmap: QPixmap) -> bytes:
    """Return a picture as a small PNG."""
    from qtpy.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap.toImage().save(buffer, "PNG")
    return smaller(bytes(buffer.data()))


def smaller(data: bytes) -> bytes:
    """Return a PNG of the same look: with a palette where that is not seen."""
    image = Image.open(BytesIO(data)).convert("RGB")
    few = with_palette(image)
    off = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(image, np.int16)).max(axis=2)
    out = BytesIO()
    kept = few if np.percentile(off, 99.9) <= TOLERANCE else image
    kept.save(out, "PNG", optimize=True)
    return out.getvalue()


def with_palette(image: Image.Image) -> Image.Image:
    """Return an RGB image with a palette, each pixel in the nearest colour of it."""
    pixels = np.asarray(image)
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    there, place, count = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([there >> 16, there >> 8 & 255, there & 255], axis=1).astype(np.uint8)
    made = colours if len(colours) <= COLOURS else _palette(colours, count)
    nearest = cKDTree(made.astype(float)).query(colours.astype(float))[1].astype(np.uint8)
    out = Image.fromarray(nearest[place].reshape(codes.shape), "P")
    out.putpalette(made.tobytes())
    return out


def _palette(colours: Colours, count: npt.NDArray[np.int_]) -> Colours:
    """Return 256 colours for some that are counted: even greys, the usual ones, the rest."""
    grey = np.ptp(colours.astype(int), axis=1) == 0
    levels = colours[grey, 0]
    if len(levels) > GREYS:
        levels = np.round(np.linspace(levels.min(), levels.max(), GREYS)).astype(np.uint8)
    others = colours[~grey][np.argsort(-count[~grey], kind="stable")]
    room = COLOURS - len(levels)
    usual = others[: int(EXACT * room)]
    rest = _covering(others[len(usual) :], room - len(usual))
    return np.concatenate([np.repeat(levels[:, None], 3, axis=1), usual, rest])


def _covering(colours: Colours, number: int) -> Colours:
    """Return a few colours that are near to all of many, however rare."""
    if len(colours) <= number:
        return colours
    method = Image.Quantize.MAXCOVERAGE
    few = Image.fromarray(colours[None]).quantize(number, method=method, dither=Image.Dither.NONE)
    return np.array(few.getpalette()[: 3 * number], np.uint8).reshape(-1, 3)
