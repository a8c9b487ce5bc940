"""From a picture of the screen to a small PNG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from qtpy.QtCore import QBuffer, QIODevice
from qtpy.QtGui import QPixmap

#: Levels (of 255) that a channel may be off in a palette, before true colour is kept.
#: Greys of CT come through a picture of few other colours; where they would not, they stay.
TOLERANCE = 6


def png_of(pixmap: QPixmap) -> bytes:
    """Return a picture as PNG: with a palette where that is not seen, else in true colour."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap.toImage().save(buffer, "PNG")
    return smaller(bytes(buffer.data()))


def smaller(data: bytes) -> bytes:
    """Return a PNG as a smaller one of the same look."""
    image = Image.open(BytesIO(data)).convert("RGB")
    few = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(image, np.int16)).max()
    out = BytesIO()
    (few if off <= TOLERANCE else image).save(out, "PNG", optimize=True)
    return out.getvalue()
