"""What a person wants on the export figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Panel = Literal["planes", "close-ups", "measurements", "metagenes", "map"]
#: Every panel with its words, in the order of the page.
PANELS: dict[Panel, str] = {
    "planes": "Three planes",
    "close-ups": "Scan, synthetic, difference",
    "measurements": "Measurements",
    "metagenes": "Metagenes",
    "map": "Gene map",
}
DPI_CHOICES = (100, 150, 200, 300, 600)
#: Longest caption of one's own that fits under the page.
CAPTION_LIMIT = 160


@dataclass(frozen=True)
class FigureChoice:
    """Panels, outlines, resolution and caption of a figure.

    Parameters
    ----------
    panels
        At least one, each once.
    outlines
        Whether tumours and the synthetic nodule are outlined.
    dpi
        Of PNG files, and of pictures inside SVG and PDF.
    caption
        One line of one's own; the lines that name model, cohort and place stay.

    Raises
    ------
    ValueError
        For no panel, an unknown one, or a caption that does not fit.
    """

    panels: tuple[Panel, ...] = tuple(PANELS)
    outlines: bool = True
    dpi: int = 200
    caption: str = ""

    def __post_init__(self) -> None:
        if not self.panels or not set(self.panels) <= set(PANELS):
            raise ValueError(f"expected panels of {', '.join(PANELS)}, got {self.panels}")
        if not 50 <= self.dpi <= 1200:
            raise ValueError(f"expected 50 to 1200 dots per inch, got {self.dpi}")
        if len(self.caption) > CAPTION_LIMIT or not self.caption.isprintable():
            raise ValueError(f"expected one line of at most {CAPTION_LIMIT} characters")

    def with_panel(self, panel: Panel, shown: bool) -> FigureChoice:
        """Return the choice with one panel shown or not, in the order of the page."""
        kept = {*self.panels, panel} if shown else {*self.panels} - {panel}
        return replace(self, panels=tuple(p for p in PANELS if p in kept))
