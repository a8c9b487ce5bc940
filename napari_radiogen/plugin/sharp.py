"""Pictures for screens of any density.

Qt's sizes are in points; a fine screen has two pixels or more to a point, and
a picture that is scaled to points alone is blurred there.
"""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPixmap


def fitted(image: QImage, size: QSize, ratio: float) -> QPixmap:
    """Scale a picture to fill a size, its aspect kept.

    Parameters
    ----------
    size
        Points.
    ratio
        Pixels a point, ``devicePixelRatioF`` of the widget that shows it.
    """
    drawn = QPixmap.fromImage(image).scaled(
        size * ratio,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    drawn.setDevicePixelRatio(ratio)
    return drawn
