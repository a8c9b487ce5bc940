"""How things show: settings that change no pixel of a nodule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psygnal import evented

from napari_radiogen.constants import WINDOWS_HU

Convention = Literal["radiological", "neurological"]
#: Narrowest window of a drag, HU.
LEAST_WIDTH_HU = 1.0


@evented
@dataclass
class ViewState:
    """Mutable view; ``view.events.<field>`` tells of changes, widgets may set all fields.

    Parameters
    ----------
    by_hand
        (level, width) in HU set by a drag; None shows the preset of ``state.window``.
    convention
        Radiological: the patient's right at the left of the screen.
    boxes
        Whether each tumour stands in a box.
    probability
        Whether the finder's probability shows.
    difference, difference_to
        Whether the difference of the nodule shows: to the ``scan``, or to the
        nodule of the ``genes`` that changes are counted from.
    weight
        Whether the generator's weight map shows.
    seed_locked
        Whether another patient or place keeps the noise; else it is drawn anew.
    """

    by_hand: tuple[float, float] | None = None
    convention: Convention = "radiological"
    boxes: bool = False
    probability: bool = False
    difference: bool = False
    difference_to: Literal["scan", "genes"] = "scan"
    weight: bool = False
    seed_locked: bool = True

    def level_width(self, window: str) -> tuple[float, float]:
        """Return (level, width) in HU of what shows: set by hand, or a preset.

        Raises
        ------
        KeyError
            When there is no such preset.
        """
        return self.by_hand or WINDOWS_HU[window]

    def limits(self, window: str) -> tuple[float, float]:
        """Return the darkest and the brightest HU of what shows."""
        level, width = self.level_width(window)
        return level - width / 2, level + width / 2

    def set_by_hand(self, level: float, width: float) -> None:
        """Set level and width in HU, in whole numbers."""
        self.by_hand = float(round(level)), float(round(max(width, LEAST_WIDTH_HU)))
