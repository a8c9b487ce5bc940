"""The export figure: scan, nodule, genes, map and measurements on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_radiogen.constants import COHORT_NOTES, RESEARCH_USE, SYNTHETIC, WINDOWS_HU
from napari_radiogen.evaluation.figures.page import DPI, TEXT, write_figure
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.figure_choice import FigureChoice
from napari_radiogen.session.figure_genes import draw_map, draw_metagenes, draw_table
from napari_radiogen.session.figure_images import ACCENT, draw_close_ups, draw_overviews

#: A4 landscape, inches; a page with one row of panels is lower.
WIDTH_INCHES, HEIGHT_INCHES, LOW_INCHES = 11.69, 8.27, 5.4
#: Heights of the lines above and below the panels, inches.
HEAD_INCHES, FOOT_INCHES = 0.7, 1.12


def compose_figure(what: Exportable, choice: FigureChoice | None = None) -> Figure:
    """Draw a finished nodule; nothing is written and no window opens."""
    choice = choice or FigureChoice()
    planes = "planes" in choice.panels
    pictures = [p for p in ("close-ups", "measurements") if p in choice.panels]
    plots = [p for p in ("metagenes", "map") if p in choice.panels]
    rows = [planes, bool(pictures or plots)]
    height = HEIGHT_INCHES if all(rows) else LOW_INCHES
    with rc_context(TEXT):
        figure = Figure(figsize=(WIDTH_INCHES, height), facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            sum(rows), 1, left=0.03, right=0.975, top=1 - HEAD_INCHES / height,
            bottom=FOOT_INCHES / height, hspace=0.16,
        )  # fmt: skip
        pasted = what.result.paste_into(what.scan.voxels)
        if planes:
            draw_overviews(figure, grid[0], what, pasted, choice.outlines)
        if rows[1]:
            halves = [(1.0, pictures), (0.46 * len(plots), plots)]
            widths = [width for width, panels in halves if panels]
            lower = grid[sum(rows) - 1].subgridspec(1, len(widths), width_ratios=widths, wspace=0.2)
            if pictures:
                _draw_pictures(figure, lower[0], what, pasted, choice, pictures)
            if plots:
                _draw_plots(figure, lower[len(widths) - 1], what, plots)
        _draw_words(figure, what, choice.caption)
    return figure


def _draw_pictures(
    figure: Figure, place: Any, what: Exportable, pasted: Any, choice: FigureChoice,
    panels: Sequence[str],
) -> None:  # fmt: skip
    heights = {"close-ups": 1.0, "measurements": 0.62}
    cells = place.subgridspec(
        len(panels), 1, height_ratios=[heights[p] for p in panels], hspace=0.12
    )
    for cell, panel in zip(cells, panels, strict=True):
        if panel == "close-ups":
            draw_close_ups(figure, cell, what, pasted, choice.outlines)
        else:
            draw_table(figure.add_subplot(cell), what)


def _draw_plots(figure: Figure, place: Any, what: Exportable, panels: Sequence[str]) -> None:
    shares = {"metagenes": 1.15, "map": 1.0}
    cells = place.subgridspec(1, len(panels), width_ratios=[shares[p] for p in panels], wspace=0.22)
    for cell, panel in zip(cells, panels, strict=True):
        draw = draw_metagenes if panel == "metagenes" else draw_map
        draw(figure.add_subplot(cell), what)


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure as PNG, SVG or PDF by its suffix; text stays text in the latter two.

    Raises
    ------
    RadiogenError
        When the file cannot be written.
    """
    write_figure(figure, path, f"{SYNTHETIC} nodule - {RESEARCH_USE}", dpi)


def draw_pixels(figure: Figure, dpi: int) -> npt.NDArray[np.uint8]:
    """Return a figure's pixels (H, W, 4)."""
    with rc_context(TEXT):
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba()).copy()


def cohort_note(cohort: str) -> str:
    """Say what the kind that a cohort's name starts with means."""
    notes = (note for kind, note in COHORT_NOTES.items() if cohort.startswith(kind))
    return next(notes, f"cohort {cohort}")


def _draw_words(figure: Figure, what: Exportable, caption: str) -> None:
    request, origin = what.result.request, what.result.provenance
    height = figure.get_figheight()
    top = 1 - HEAD_INCHES * 0.45 / height
    figure.text(0.03, top, f"{SYNTHETIC} nodule", fontsize=14, fontweight="bold", color=ACCENT)
    figure.text(0.975, top, RESEARCH_USE, fontsize=10, ha="right", color=ACCENT)
    x, y, z = request.site.centre_lps_mm
    genes, moved = what.intent.start_in_words, what.intent.edits_in_words
    edits = ", ".join(moved[:8])
    more = "" if len(moved) <= 8 else f" and {len(moved) - 8} more"
    level, width = WINDOWS_HU["Lung"]
    strength = "" if request.strength == 1 else f" Blend strength {request.strength:g}."
    lines = (
        *([caption] if caption else []),
        f"Genes of {genes}, {f'edited: {edits}{more}' if edits else 'not edited'}. "
        f"Seed {request.seed}. Placed at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS).{strength}",
        f"Model {origin.model} (weights {origin.weights_digest[:12]}), "
        f"{cohort_note(origin.cohort)}. "
        "Every voxel outside the nodule's region is the scan's own.",
        f"Lung window {level:g}/{width:g} HU; yellow box: the close-ups. "
        "The recipe beside this file makes the same voxels again (radiogen replay).",
    )
    foot = FOOT_INCHES * 0.62 / height
    figure.text(0.03, foot, "\n".join(lines), fontsize=7.5, va="top", linespacing=1.5)
