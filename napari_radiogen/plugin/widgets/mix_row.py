"""Between two patients: A at the left end of a slider, B at the right."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSlider, QVBoxLayout, QWidget
from superqt import QSearchableComboBox
from superqt.utils import qthrottled, signals_blocked

from napari_radiogen.plugin.widgets.parts import note, row
from napari_radiogen.session.controller import Session

#: The slider asks for a nodule at most this often, ms.
THROTTLE_MS = 30
STEPS = 100


class MixRow(QWidget):
    """A slider from the patient of now to another one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._from = ""
        self.first = note()
        self.share = note()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setToolTip("from the genes of A at the left to those of B at the right")
        self.second = QSearchableComboBox()
        self.second.setToolTip("B: the other patient; type to search")
        self.second.setFixedWidth(96)
        self.share.setFixedWidth(30)
        line = row(self.first, self.slider, self.share, self.second)
        line.setStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        self._send = qthrottled(self._mix, timeout=THROTTLE_MS)
        self.slider.valueChanged.connect(self._on_moved)
        self.slider.sliderPressed.connect(session.begin_gesture)
        self.slider.sliderReleased.connect(self._end)
        self.second.activated.connect(lambda _: self._mix(self.slider.value()))

    def set_subjects(self, ids: tuple[str, ...]) -> None:
        """Offer the patients that B may be; the one chosen stays."""
        before = self.second.currentText()
        with signals_blocked(self.second):
            self.second.clear()
            self.second.addItems(ids)
            self.second.setCurrentIndex(self.second.findText(before))

    def refresh(self, *_: object) -> None:
        """Show the two and the share of now; another start is the new A.

        The slider is never disabled: Qt would take it out of the hand.
        """
        state = self.session.state
        between = len(state.averaged) == 2 and len(state.weights) == 2
        self._from, other = state.averaged if between else (state.subject_id, "")
        share = state.weights[1] if between else 0.0
        self.first.setText(self._from)
        if other:
            self._offer(other)
        elif self.second.currentText() in ("", self._from):
            self._offer(self._nearest())
        if not self.slider.isSliderDown():
            with signals_blocked(self.slider):
                self.slider.setValue(round(share * STEPS))
        self.share.setText(f"{share:.0%}")

    def _offer(self, subject: str) -> None:
        with signals_blocked(self.second):
            self.second.setCurrentIndex(self.second.findText(subject))

    def _nearest(self) -> str:
        """Return the patient most like A: the first that B is offered."""
        gauge = self.session.gauge()
        near = () if gauge is None else gauge.nearest
        return next((s for s in near if s != self._from), "")

    def _on_moved(self, value: int) -> None:
        self.share.setText(f"{value / STEPS:.0%}")
        self._send(value)

    def _mix(self, value: int) -> None:
        other = self.second.currentText()
        if self._from and other:
            self.session.interpolate(self._from, other, value / STEPS)

    def _end(self) -> None:
        self._send.flush()
        self.session.end_gesture()
