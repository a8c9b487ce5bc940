"""Slices side by side: rows of tiles under the lung window, with outlines, boxes and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from napari_radiogen.constants import WINDOWS_HU
from napari_radiogen.evaluation.figures.page import ACCENT, HEADER, TEXT, panel

Kind = Literal["real", "synthetic", "weight", "mask"]
#: Rows and columns of pixels: first, last, first, last, the last one included.
Box = tuple[int, int, int, int]

#: Inches between tiles, and of the line under a tile that has a note.
GAP, NOTE = 0.04, 0.16
#: Inches of the rows' words and of the columns' heads.
LABELS, HEADS = 1.12, 0.2
#: Colours of Li 2018: the mask in blue, its box in red; the readers' outline is ours.
MASK_COLOUR, BOX_COLOUR, OUTLINE_COLOUR = "#3b82f6", "#ef4444", "#facc15"
BAR_MM = 10.0
SHADOW = [withStroke(linewidth=1.8, foreground="#0f172a")]
BAR_SHADOW = [withStroke(linewidth=4.0, foreground="#0f172a")]


@dataclass(frozen=True, eq=False)
class Tile:
    """One slice.

    Parameters
    ----------
    image
        (H, W) HU, or in [0, 1] for weights and masks.
    subject_id
        Whose image it is; of a synthetic one, whose genes made it.
    filled, contour, outline
        (H, W) masks: the model's filled in blue, or as a blue line; the
        readers' as a yellow line.
    box
        Drawn in red.
    view
        The part that is shown; None shows all.
    note
        A few words below.
    frame
        Colour of a frame around the tile.
    """

    image: npt.NDArray[Any]
    subject_id: str
    kind: Kind = "real"
    filled: npt.NDArray[np.bool_] | None = None
    contour: npt.NDArray[np.bool_] | None = None
    outline: npt.NDArray[np.bool_] | None = None
    box: Box | None = None
    view: Box | None = None
    note: str = ""
    frame: str = ""


@dataclass(frozen=True, eq=False)
class TileRow:
    """Tiles of one kind under the words that say what they are."""

    label: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, eq=False)
class TileSheet:
    """Rows of equally many tiles.

    Parameters
    ----------
    heads
        Words above the columns; () for none.
    pixel_mm
        Side of a pixel.
    tile_in
        Side of a tile, inches.
    """

    rows: tuple[TileRow, ...]
    heads: tuple[str, ...]
    pixel_mm: float
    tile_in: float = 0.95

    @property
    def labels_in(self) -> float:
        """Inches of the rows' words."""
        return LABELS if any(row.label for row in self.rows) else 0.0

    @property
    def size_in(self) -> tuple[float, float]:
        """Width and height."""
        columns = len(self.rows[0].tiles)
        width = self.labels_in + columns * (self.tile_in + GAP) - GAP
        heads = HEADS if self.heads else 0.0
        return width, heads + sum(self._height(row) for row in self.rows) - GAP

    def draw(self, figure: Figure, left: float, bottom: float) -> None:
        """Draw into a figure, the lower left corner given in inches."""
        top = bottom + self.size_in[1]
        with rc_context(TEXT):
            for i, head in enumerate(self.heads):
                place = self._left(left, i) + self.tile_in / 2
                colour = _colour([row.tiles[i] for row in self.rows])
                _words(figure, place, top - 0.04, head, ha="center", va="top", color=colour)
            top -= HEADS if self.heads else 0.0
            for number, row in enumerate(self.rows):
                self._draw_row(figure, row, left, top, number == 0)
                top -= self._height(row)

    def _draw_row(self, figure: Figure, row: TileRow, left: float, top: float, bar: bool) -> None:
        low = top - self.tile_in
        _words(figure, left, low + self.tile_in / 2, row.label, va="center",
               color=_colour(row.tiles))  # fmt: skip
        for i, tile in enumerate(row.tiles):
            axes = panel(figure, self._left(left, i), low, self.tile_in, self.tile_in)
            axes.set_gid(f"{tile.kind} {tile.subject_id}")
            draw_tile(axes, tile, self.pixel_mm)
            if (bar and i == 0) or tile.view is not None:
                draw_bar(axes, self.pixel_mm, BAR_MM)
            if tile.note:
                axes.text(0.5, -0.03, tile.note, fontsize=7, ha="center", va="top",
                          transform=axes.transAxes)  # fmt: skip

    def bottom_in(self, figure: Figure) -> float:
        """Return the height of the sheet's foot in a page that it fills, inches."""
        return float(figure.get_size_inches()[1]) - HEADER - self.size_in[1]

    def _left(self, left: float, column: int) -> float:
        return left + self.labels_in + column * (self.tile_in + GAP)

    def _height(self, row: TileRow) -> float:
        return self.tile_in + GAP + (NOTE if any(tile.note for tile in row.tiles) else 0.0)


def draw_tile(axes: Any, tile: Tile, pixel_mm: float) -> None:
    """Draw a slice and what lies on it; axes count pixels."""
    level, width = WINDOWS_HU["Lung"]
    grey = {"cmap": "gray", "vmin": level - width / 2, "vmax": level + width / 2}
    scales: dict[str, dict[str, Any]] = {
        "weight": {"cmap": "magma", "vmin": 0.0, "vmax": 1.0},
        "mask": {"cmap": "gray", "vmin": 0.0, "vmax": 1.0},
    }
    axes.imshow(tile.image, interpolation="bilinear", **scales.get(tile.kind, grey))
    if tile.filled is not None and tile.filled.any():
        shown = np.ma.masked_where(~tile.filled, tile.filled.astype(float))
        axes.imshow(shown, cmap=_one_colour(MASK_COLOUR), alpha=0.45, interpolation="nearest")
    for mask, colour in ((tile.outline, OUTLINE_COLOUR), (tile.contour, MASK_COLOUR)):
        if mask is not None and mask.any():
            axes.contour(mask.astype(float), levels=[0.5], colors=colour, linewidths=1.2)
    if tile.box is not None:
        top, bottom, left, right = tile.box
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), right - left + 1, bottom - top + 1,
                                 fill=False, edgecolor=BOX_COLOUR, lw=1.2))  # fmt: skip
    top, bottom, left, right = tile.view or (0, len(tile.image) - 1, 0, len(tile.image[0]) - 1)
    axes.set_xlim(left - 0.5, right + 0.5)
    axes.set_ylim(bottom + 0.5, top - 0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(bool(tile.frame))
    if tile.frame:
        axes.spines[:].set(color=tile.frame, linewidth=1.6)


def draw_bar(axes: Any, pixel_mm: float, length_mm: float) -> None:
    """Draw a scale bar into the lower left corner."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x, y = left + 0.06 * (right - left), bottom + 0.08 * (top - bottom)
    axes.plot([x, x + length_mm / pixel_mm], [y, y], color="white", lw=1.6,
              solid_capstyle="butt", path_effects=BAR_SHADOW)  # fmt: skip
    axes.text(x, y + 0.04 * (top - bottom), f"{length_mm:g} mm", color="white", fontsize=6,
              path_effects=SHADOW)  # fmt: skip


def box_around(mask: npt.NDArray[np.bool_]) -> Box | None:
    """Return the tight box of a mask, or None where it is empty."""
    if not mask.any():
        return None
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def square_around(box: Box, margin: int, size: int) -> Box:
    """Return the square view around a box, moved where it would leave the slice."""
    side = min(max(box[1] - box[0], box[3] - box[2]) + 1 + 2 * margin, size)
    top, left = (
        int(np.clip((a + b + 1 - side) // 2, 0, size - side)) for a, b in (box[:2], box[2:])
    )
    return top, top + side - 1, left, left + side - 1


def _colour(tiles: Sequence[Tile]) -> str:
    """Return the colour of the words beside tiles: another one where all were made up."""
    return ACCENT if all(tile.kind == "synthetic" for tile in tiles) else "black"


def _one_colour(colour: str) -> Any:
    return ListedColormap([colour])


def _words(figure: Figure, x: float, y: float, text: str, **style: Any) -> None:
    whole, total = figure.get_size_inches()
    figure.text(x / whole, y / total, text, fontsize=style.pop("fontsize", 7.5), **style)
