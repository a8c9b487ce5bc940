"""Text on the axial canvas: orientation, read-out, synthetic and research marks.

They are napari overlays, so that napari's own screenshots carry them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari.components.overlays import TextOverlay

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.plugin.styles import (
    CANVAS_COLOR,
    MARK_COLOR,
    MARK_SHADE,
    SYNTHETIC_COLOR,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel

LETTER_PLACES = {
    "left": "middle_left",
    "right": "middle_right",
    "top": "top_center",
    "bottom": "bottom_center",
}
#: Where world axes (z, y, x) point: towards rising and towards falling LPS coordinates.
AXIS_LETTERS = (("S", "I"), ("P", "A"), ("L", "R"))
#: Name of the plane that a world axis (z, y, x) cuts, and the name of its coordinate.
PLANE_NAMES = (("Axial", "z"), ("Coronal", "y"), ("Sagittal", "x"))
#: Whole points: napari measures the box behind the text for these only.
FONT_SIZE = 7
#: Lengths of the scale bar; the longest that takes at most this share of the canvas shows.
SCALE_BARS_MM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
SCALE_BAR_SHARE = 0.25
BOX_COLOR = (0.0, 0.0, 0.0, MARK_SHADE)


class CanvasMarks:
    """The marks of one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        # Grey values are judged against black, and white marks need it, in every theme.
        viewer.canvas.background_color_override = CANVAS_COLOR
        self.letters = {
            side: self._add(f"radiogen_{side}", place) for side, place in LETTER_PLACES.items()
        }
        self.header = self._add("radiogen_header", "top_left")
        self.synthetic = self._add("radiogen_synthetic", "top_right", colour=SYNTHETIC_COLOR)
        self.readout = self._add("radiogen_readout", "bottom_left")
        self.research = self._add("radiogen_research", "bottom_left", RESEARCH_USE.split(" - ")[0])
        viewer.canvas.overlay_tiling.bottom_left = "vertical"
        self._show_scale_bar()
        viewer.dims.events.order.connect(self.show_letters)
        viewer.dims.events.ndisplay.connect(self.show_letters)
        viewer.scene.camera.events.orientation.connect(self.show_letters)
        self.show_letters()

    def show_letters(self, *_: object) -> None:
        """Write the letters of the sides that the canvas shows now, or none in 3-D."""
        flat = self._viewer.dims.ndisplay == 2 and self._viewer.dims.ndim == 3
        letters = dict.fromkeys(LETTER_PLACES, "")
        if flat:
            letters = side_letters(
                self._viewer.dims.displayed, self._viewer.scene.camera.orientation2d
            )
        for side, letter in letters.items():
            self.write(self.letters[side], letter)

    def _add(self, name: str, place: str, text: str = "", colour: str = MARK_COLOR) -> TextOverlay:
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
        bar.colored, bar.color = True, MARK_COLOR
        bar.font_size = FONT_SIZE
        bar.visible = True
        self._viewer.scene.camera.events.zoom.connect(self._fit_scale_bar)
        self._fit_scale_bar()

    def _fit_scale_bar(self, *_: object) -> None:
        """Keep the bar off the letters when a person zooms in."""
        width_mm = max(self._viewer.canvas.size[1], 1) / self._viewer.scene.camera.zoom
        fitting = [mm for mm in SCALE_BARS_MM if mm <= SCALE_BAR_SHARE * width_mm]
        bar, length = self._viewer.canvas.overlays.scale_bar, max(fitting, default=SCALE_BARS_MM[0])
        if bar.length != length:
            bar.length = length
            # napari draws another length with the next zoom only, another font at once.
            bar.events.font_size.emit(bar.font_size)

    @staticmethod
    def write(overlay: TextOverlay, text: str) -> None:
        """Show a text, or hide the overlay when there is none."""
        if overlay.text != text:
            overlay.text = text
        if overlay.visible != bool(text):
            overlay.visible = bool(text)


def side_letters(displayed: Sequence[int], orientation: Sequence[Any]) -> dict[str, str]:
    """Return the letters at the four sides of a flat canvas.

    Parameters
    ----------
    displayed
        World axes (of z, y, x) that run down and across.
    orientation
        napari's ``orientation2d``: where these two axes point, such as
        ``("down", "right")``.
    """
    down, across = (AXIS_LETTERS[axis] for axis in displayed)
    vertical, horizontal = (str(getattr(way, "value", way)) for way in orientation)
    bottom, top = down if vertical == "down" else down[::-1]
    right, left = across if horizontal == "right" else across[::-1]
    return {"left": left, "right": right, "top": top, "bottom": bottom}
