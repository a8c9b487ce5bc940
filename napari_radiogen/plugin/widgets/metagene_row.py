"""One row of the metagene list: what it holds, and how it is painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.plugin.palette import palette

HEIGHT = 31
NAME_WIDTH = 76
VALUE_WIDTH = 46
HISTOGRAM_BINS = 33
#: Genes stand this far to the right of their metagene.
INDENT = 5


@dataclass(eq=False)
class MetageneRow:
    """What one row shows.

    Parameters
    ----------
    name, note
        Title and the small line under it, e.g. the number of genes.
    z, start
        Value now, and the patient's own.
    percentile
        Of ``z`` in the training cohort, 0 to 100; nan where nobody knows.
    scores
        (N,) of the training cohort, drawn behind the slider; may be empty.
    tip
        Shown on hover.
    gene
        Whether it is a single gene, under its metagene.
    """

    name: str
    note: str
    z: float
    start: float
    percentile: float
    scores: npt.NDArray[np.float32]
    tip: str = ""
    gene: bool = False
    outline: QPolygonF | None = None

    @property
    def edited(self) -> bool:
        """Whether the value differs from the patient's own."""
        return abs(self.z - self.start) > 1e-6


def x_of(z: float, track: QRect) -> float:
    """Return the x of a z-score on a track."""
    share = (np.clip(z, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT) + METAGENE_Z_LIMIT) / (
        2 * METAGENE_Z_LIMIT
    )
    return float(track.left() + share * track.width())


def z_at(x: float, track: QRect) -> float:
    """Return the z-score (two decimals) under an x."""
    share = float(np.clip((x - track.left()) / track.width(), 0, 1))
    return round(2 * METAGENE_Z_LIMIT * share - METAGENE_Z_LIMIT, 2)


def paint(painter: QPainter, shown: MetageneRow, track: QRect, font: QFont, active: bool) -> None:
    """Paint a row around its track."""
    if active:
        width = track.right() + VALUE_WIDTH + 8
        painter.fillRect(0, track.top() - 2, width, HEIGHT, QColor(palette().active_row))
    base = track.bottom()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(palette().histogram))
    painter.drawPolygon(_outline(shown, track).translated(track.left(), base))
    painter.setPen(QPen(QColor(palette().track), 1.5))
    painter.drawLine(QPointF(track.left(), base), QPointF(track.right(), base))
    _paint_handle(painter, shown, track, base)
    _paint_words(painter, shown, track, font)


def _paint_handle(painter: QPainter, shown: MetageneRow, track: QRect, base: float) -> None:
    x, home = x_of(shown.z, track), x_of(shown.start, track)
    if shown.edited:
        painter.setPen(QPen(QColor(palette().accent), 2))
        painter.drawLine(QPointF(home, base), QPointF(x, base))
    painter.setPen(QPen(QColor(palette().muted), 1))
    painter.drawLine(QPointF(home, base - 4), QPointF(home, base + 3))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(palette().synthetic if shown.edited else palette().handle))
    if shown.gene:
        painter.drawRect(QRectF(x - 4, base - 4, 8, 8))
    else:
        painter.drawEllipse(QPointF(x, base), 5, 5)


def _paint_words(painter: QPainter, shown: MetageneRow, track: QRect, font: QFont) -> None:
    bold, small = QFont(font), QFont(font)
    bold.setPixelSize(11)
    bold.setBold(True)
    small.setPixelSize(10)
    indent = INDENT if shown.gene else 0
    left = QRectF(4 + indent, track.top() - 1, NAME_WIDTH - 6 - indent, 14)
    right = QRectF(track.right() + 6, track.top() - 1, VALUE_WIDTH - 4, 14)
    percent = "" if math.isnan(shown.percentile) else f"{shown.percentile:.0f}%"
    for rect, side, top, bottom in (
        (left, Qt.AlignmentFlag.AlignLeft, shown.name, shown.note),
        (right, Qt.AlignmentFlag.AlignRight, f"{shown.z:+.2f}", percent),
    ):
        for words, face, colour, down in (
            (top, bold, palette().text, 0),
            (bottom, small, palette().muted, 12),
        ):
            painter.setFont(face)
            painter.setPen(QColor(colour))
            fitting = QFontMetrics(face).elidedText(
                words, Qt.TextElideMode.ElideRight, int(rect.width())
            )
            place = rect.translated(0, down)
            painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, fitting)


def _outline(shown: MetageneRow, track: QRect) -> QPolygonF:
    if shown.outline is None:
        limit = METAGENE_Z_LIMIT
        heights, edges = np.histogram(shown.scores, HISTOGRAM_BINS, (-limit, limit))
        scale = (track.height() - 2) / max(int(heights.max()), 1)
        points = [QPointF(0, 0)]
        for z, height in zip((edges[:-1] + edges[1:]) / 2, heights, strict=True):
            points.append(QPointF(x_of(z, track) - track.left(), -float(height) * scale))
        points.append(QPointF(track.width(), 0))
        shown.outline = QPolygonF(points)
    return shown.outline
