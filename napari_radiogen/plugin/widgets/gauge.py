"""Were such genes ever seen? A bar from common to unseen."""

from __future__ import annotations

from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_radiogen.constants import GAUGE_BEYOND, GAUGE_UNUSUAL
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.styles import GOOD, UNSEEN, UNUSUAL
from napari_radiogen.plugin.widgets.parts import button, note, row, set_role
from napari_radiogen.session.reference import OutOfCohort

#: Percentiles up to which the bar is common, unusual and unseen, and the share
#: of its width where each ends.
SHARES = ((GAUGE_UNUSUAL, 0.6), (GAUGE_BEYOND, 0.85), (100.0, 1.0))
NOBODY = "choose a patient to see whether such genes were seen"
#: Room for two lines, so that the sliders keep their place while one is dragged.
WORDS_HEIGHT = 27


def bar_share(percentile: float) -> float:
    """Return the place (0 to 1) of a percentile on the bar, its rare end stretched."""
    low, start = 0.0, 0.0
    for high, end in SHARES:
        if percentile <= high:
            return start + (percentile - low) / (high - low) * (end - start)
        low, start = high, end
    return 1.0


def verdict(value: OutOfCohort) -> str:
    """Say in words what a gauge shows."""
    if value.beyond:
        return "beyond the cohort"
    return "unusual" if value.unusual else "as in the cohort"


def nearest_in_words(value: OutOfCohort) -> str:
    """Name the nearest patients, the first with its distance."""
    first, *others = value.nearest
    away = f" ({value.away[0]:.2f} SD)" if value.away else ""
    return ", ".join([f"nearest {first}{away}", *others])


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
    """The bar, what it means, and the question before genes leave the cohort.

    Signals
    -------
    answered(go): whether to go beyond the cohort.
    """

    answered = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.bar = _Bar()
        self.words = note()
        self.words.setMinimumHeight(WORDS_HEIGHT)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.words.setToolTip(
            "how far these metagenes lie from the nearest training patient, among the distances\n"
            "of all training patients from theirs; SD: root mean square over the metagenes"
        )
        self.go = button("go beyond", lambda: self.answered.emit(True), "show it all the same")
        self.stay = button("stay within", lambda: self.answered.emit(False), "leave it as it was")
        self.question = QWidget()
        buttons = row(self.go, self.stay)
        buttons.setContentsMargins(0, 0, 0, 0)
        self.question.setLayout(buttons)
        self.question.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        line = row(note("seen in the cohort?"), self.bar)
        line.setStretch(1, 1)
        layout.addLayout(line)
        for part in (self.words, self.question):
            layout.addWidget(part)

    def show_value(self, value: OutOfCohort | None) -> None:
        """Show a gauge, or an empty bar; a question goes."""
        self.question.hide()
        self._show(value)
        if value is not None:
            mark = "⚠ " if value.unusual else ""
            self.words.setText(
                f"{mark}{verdict(value)} · percentile {value.percentile:.0f} · "
                f"{nearest_in_words(value)}"
            )

    def ask(self, value: OutOfCohort) -> None:
        """Ask whether to go where a gauge points, beyond the cohort."""
        self._show(value)
        self.words.setText(
            "⚠ Such genes lie beyond the cohort; what the model paints of them is a guess "
            f"({nearest_in_words(value).split(',')[0]})."
        )
        self.question.show()

    def _show(self, value: OutOfCohort | None) -> None:
        self.bar.percentile = None if value is None else value.percentile
        self.words.setText(NOBODY)
        set_role(self.words, "warning" if value is not None and value.unusual else "note")
        self.bar.update()
