"""Were such genes ever seen? A bar from common to unseen."""

from __future__ import annotations

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.styles import GOOD, UNSEEN, UNUSUAL
from napari_radiogen.plugin.widgets.parts import note
from napari_radiogen.session.reference import OutOfCohort

#: Percentiles where the bar turns from common to unusual to unseen.
UNUSUAL_FROM = 90.0
UNSEEN_FROM = 99.0
#: Share of the bar's width for each of the three.
SHARES = ((UNUSUAL_FROM, 0.6), (UNSEEN_FROM, 0.85), (100.0, 1.0))


def bar_share(percentile: float) -> float:
    """Return the place (0 to 1) of a percentile on the bar, its rare end stretched."""
    low, start = 0.0, 0.0
    for high, end in SHARES:
        if percentile <= high:
            return start + (percentile - low) / (high - low) * (end - start)
        low, start = high, end
    return 1.0


def verdict(percentile: float) -> str:
    """Say in words what a percentile means."""
    if percentile < UNUSUAL_FROM:
        return "as in the cohort"
    return "unusual" if percentile < UNSEEN_FROM else "never seen"


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.percentile: float | None = None
        self.setFixedHeight(13)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        left = 0.0
        for (_, end), colour in zip(SHARES, (GOOD, UNUSUAL, UNSEEN), strict=True):
            right = end * self.width()
            painter.setBrush(QColor(colour))
            painter.drawRect(QRectF(left, 4, right - left, 6))
            left = right
        if self.percentile is not None:
            x = bar_share(self.percentile) * (self.width() - 4)
            painter.setBrush(QColor(palette().text))
            painter.drawRoundedRect(QRectF(x, 0, 4, 13), 1, 1)
        painter.end()


class Gauge(QWidget):
    """The bar and one line under it."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = _Bar()
        self.words = note()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)

    def show_value(self, value: OutOfCohort | None) -> None:
        """Show a gauge, or an empty bar."""
        self.bar.percentile = None if value is None else value.percentile
        if value is None:
            self.words.setText("choose a patient to see whether such genes were seen")
        else:
            near = ", ".join(value.nearest[:3])
            self.words.setText(
                f"{verdict(value.percentile)} · {value.percentile:.0f}th percentile · near {near}"
            )
        self.bar.update()
