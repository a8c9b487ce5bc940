"""A sheet of noise draws as a figure to keep."""

from __future__ import annotations

from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_radiogen.constants import RESEARCH_USE, SYNTHETIC, WINDOWS_HU
from napari_radiogen.evaluation.figures.page import TEXT
from napari_radiogen.session.figure_images import ACCENT
from napari_radiogen.session.glimpses import Glimpse
from napari_radiogen.session.sheets import NoiseSheet

COLUMNS = 4
#: Side of a picture and height of the words, inches.
SIDE, MARGIN = 1.7, 0.75


def compose_sheet(sheet: NoiseSheet, model: str) -> Figure:
    """Draw all draws in rows, each with its seed and what was measured.

    Parameters
    ----------
    model
        Name of the generator, for the caption.
    """
    rows = -(-len(sheet.draws) // COLUMNS)
    size = COLUMNS * SIDE, rows * (SIDE + 0.28) + 2 * MARGIN
    with rc_context(TEXT):
        figure = Figure(figsize=size, facecolor="white")
        FigureCanvasAgg(figure)
        edge = MARGIN / size[1]
        grid = figure.add_gridspec(
            rows, COLUMNS, left=0.01, right=0.99, top=1 - edge, bottom=edge, hspace=0.22,
            wspace=0.04,
        )  # fmt: skip
        for index, draw in enumerate(sheet.draws):
            _draw(figure.add_subplot(grid[index // COLUMNS, index % COLUMNS]), draw)
        _write(figure, sheet, model)
    return figure


def _draw(axes: Any, draw: Glimpse) -> None:
    level, width = WINDOWS_HU["Lung"]
    axes.imshow(
        draw.image_hu, cmap="gray", vmin=level - width / 2, vmax=level + width / 2,
        interpolation="bilinear",
    )  # fmt: skip
    axes.set_axis_off()
    size, hu = draw.measured["diameter"], draw.measured["mean_hu"]
    words = f"{size:.1f} mm, {hu:.0f} HU" if size == size else "no nodule seen"
    axes.set_title(f"seed {draw.request.seed}\n{words}", fontsize=6.5, pad=2)


def _write(figure: Figure, sheet: NoiseSheet, model: str) -> None:
    request, draw = sheet.draws[0].request, sheet.draws[0]
    x, y, z = request.site.centre_lps_mm
    (size, size_sd), (hu, hu_sd) = (sheet.spread[name] for name in ("diameter", "mean_hu"))
    genes = f"genes of {request.subject_id}" if request.subject_id else "mixed genes"
    side = draw.image_hu.shape[0] * draw.pixel_mm
    lines = (
        f"{len(sheet.draws)} draws of the noise, {genes}, x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS),"
        f" {side:.0f} mm wide, lung window.",
        f"Diameter {size:.1f} ± {size_sd:.1f} mm, mean {hu:.0f} ± {hu_sd:.0f} HU (mean ± SD).",
        f"Model {model} (weights {request.model_digest[:12]}).",
    )
    figure.text(0.01, 0.985, f"{SYNTHETIC} nodules", fontsize=11, color=ACCENT, va="top",
                fontweight="bold")  # fmt: skip
    figure.text(0.99, 0.985, RESEARCH_USE, fontsize=7, color=ACCENT, va="top", ha="right")
    figure.text(0.01, 0.012, "\n".join(lines), fontsize=6.5, va="bottom", linespacing=1.4)
