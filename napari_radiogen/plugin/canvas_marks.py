"""Text on the axial canvas: orientation, read-out, synthetic and research marks.

They are napari overlays, so that napari's own screenshots carry them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components.overlays import TextOverlay

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.plugin.styles import CANVAS_COLOR, SYNTHETIC_COLOR

if TYPE_CHECKING:
    from napari.components import ViewerModel

LETTER_PLACES = {
    "A": "top_center",
    "P": "bottom_center",
    "R": "middle_left",
    "L": "middle_right",
}
FONT_SIZE = 6.5
SCALE_BAR_MM = 50.0
#: Half black under all text, so that white letters read on white tissue.
TEXT_COLOR = "#e8e8e8"
BOX_COLOR = (0.0, 0.0, 0.0, 0.45)


class CanvasMarks:
    """The marks of one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        # Grey values are judged against black, and white marks need it, in every theme.
        viewer.canvas.background_color_override = CANVAS_COLOR
        for letter, place in LETTER_PLACES.items():
            self._add(f"radiogen_{letter}", place, letter)
        self.header = self._add("radiogen_header", "top_left")
        self.synthetic = self._add("radiogen_synthetic", "top_right", colour=SYNTHETIC_COLOR)
        self.readout = self._add("radiogen_readout", "bottom_left")
        self.research = self._add("radiogen_research", "bottom_left", RESEARCH_USE.split(" - ")[0])
        viewer.canvas.overlay_tiling.bottom_left = "vertical"
        self._show_scale_bar()

    def _add(self, name: str, place: str, text: str = "", colour: str = TEXT_COLOR) -> TextOverlay:
        overlay = TextOverlay(
            text=text, position=place, visible=bool(text), box=True, font_size=FONT_SIZE
        )
        overlay.color = colour
        overlay.box_color = BOX_COLOR
        self._viewer.canvas.overlays[name] = overlay
        return overlay

    def _show_scale_bar(self) -> None:
        bar = self._viewer.canvas.overlays.scale_bar
        bar.box = True
        bar.box_color = BOX_COLOR
        bar.colored, bar.color = True, TEXT_COLOR
        bar.font_size = FONT_SIZE
        bar.length = SCALE_BAR_MM
        bar.visible = True

    @staticmethod
    def write(overlay: TextOverlay, text: str) -> None:
        """Show a text, or hide the overlay when there is none."""
        if overlay.text != text:
            overlay.text = text
        if overlay.visible != bool(text):
            overlay.visible = bool(text)
