"""A sweep of one metagene as a strip with its curves, and frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_radiogen.constants import RESEARCH_USE, SYNTHETIC, WINDOWS_HU
from napari_radiogen.evaluation.figures.page import TEXT
from napari_radiogen.session.figure import cohort_note, draw_pixels
from napari_radiogen.session.figure_images import ACCENT
from napari_radiogen.session.sheets import Sweep

#: Attribute and the words on its axis.
CURVES = (("diameter", "Diameter, mm"), ("mean_hu", "Mean, HU"))
LINE = "#475569"
#: Inches: width of the strip's page, its pictures' row and its curves' row.
WIDTH, PICTURES, PLOTS, WORDS = 11.0, 1.4, 1.9, 0.95
#: Inches and dots per inch of a frame: 960 x 540 pixels.
FRAME_INCHES, FRAME_DPI = (8.0, 4.5), 120


def compose_strip(sweep: Sweep, model: str, cohort: str) -> Figure:
    """Draw all nodules of a sweep side by side above the curves of what was measured.

    Parameters
    ----------
    model, cohort
        Name of the generator, and kind and name of its cohort, for the caption.
    """
    height = PICTURES + PLOTS + WORDS + 0.85
    with rc_context(TEXT):
        figure = Figure(figsize=(WIDTH, height), facecolor="white")
        FigureCanvasAgg(figure)
        rows = figure.add_gridspec(
            2, 1, height_ratios=(PICTURES, PLOTS), left=0.06, right=0.985, hspace=0.28,
            top=1 - 0.62 / height, bottom=(WORDS + 0.1) / height,
        )  # fmt: skip
        pictures = rows[0].subgridspec(1, len(sweep.steps), wspace=0.04)
        for index, (z, step) in enumerate(zip(sweep.positions, sweep.steps, strict=True)):
            axes = figure.add_subplot(pictures[index])
            _show(axes, step.image_hu)
            axes.set_title(f"{z:+.2f}", fontsize=7.5, color=_colour(z, sweep.now))
        plots = rows[1].subgridspec(1, len(CURVES))
        for index, (attribute, words) in enumerate(CURVES):
            _curve(figure.add_subplot(plots[index]), sweep, attribute, words)
        _write(figure, sweep, model, cohort, height)
    return figure


def frames(sweep: Sweep, model: str, cohort: str) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield one RGB frame (H, W, 3) for each position, rising, then back."""
    order = [*range(len(sweep.steps)), *range(len(sweep.steps) - 2, 0, -1)]
    drawn: dict[int, npt.NDArray[np.uint8]] = {}
    for index in order:
        if index not in drawn:
            drawn[index] = draw_pixels(_frame(sweep, model, cohort, index), FRAME_DPI)[..., :3]
        yield drawn[index]


def _frame(sweep: Sweep, model: str, cohort: str, index: int) -> Figure:
    with rc_context(TEXT):
        figure = Figure(figsize=FRAME_INCHES, facecolor="white")
        halves = figure.add_gridspec(
            1, 2, left=0.02, right=0.975, top=0.86, bottom=0.18, wspace=0.26,
            width_ratios=(1.0, 0.9),
        )  # fmt: skip
        axes = figure.add_subplot(halves[0])
        _show(axes, sweep.steps[index].image_hu)
        z = sweep.positions[index]
        axes.set_title(f"{sweep.metagene} z = {z:+.2f}", fontsize=9)
        plots = halves[1].subgridspec(2, 1, hspace=0.55)
        for row, (attribute, words) in enumerate(CURVES):
            plot = figure.add_subplot(plots[row])
            _curve(plot, sweep, attribute, words)
            plot.plot(z, sweep.curve(attribute)[index], "o", color=ACCENT, ms=7)
        _write(figure, sweep, model, cohort, FRAME_INCHES[1])
    return figure


def _colour(z: float, now: float) -> str:
    return ACCENT if abs(z - now) < 1e-3 else "black"


def _show(axes: Any, image_hu: npt.NDArray[Any]) -> None:
    level, width = WINDOWS_HU["Lung"]
    axes.imshow(
        image_hu, cmap="gray", vmin=level - width / 2, vmax=level + width / 2,
        interpolation="bilinear",
    )  # fmt: skip
    axes.set_axis_off()


def _curve(axes: Any, sweep: Sweep, attribute: str, words: str) -> None:
    axes.plot(sweep.positions, sweep.curve(attribute), "o-", color=LINE, lw=1.3, ms=3.5)
    axes.axvline(sweep.now, color=ACCENT, lw=0.9, ls=":")
    axes.set_title(words, fontsize=8)
    axes.set_xlabel(f"{sweep.metagene}, z-score (dotted: the nodule on screen)", fontsize=7)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def _write(figure: Figure, sweep: Sweep, model: str, cohort: str, height: float) -> None:
    request = sweep.steps[0].request
    x, y, z = request.site.centre_lps_mm
    genes = f"genes of {request.subject_id}" if request.subject_id else "mixed genes"
    lines = (
        f"Sweep of {sweep.metagene}; {genes}, seed {request.seed}, x {x:.1f}, y {y:.1f}, "
        f"z {z:.1f} mm (LPS); lung window; one draw of noise.",
        f"Measured by an independent network. Model {model} (weights {request.model_digest[:12]}), "
        f"{cohort_note(cohort)}.",
    )
    size = 6.5 if height > FRAME_INCHES[1] else 5.0
    figure.text(0.02, 1 - 0.16 / height, f"{SYNTHETIC} nodules", fontsize=11, color=ACCENT,
                va="top", fontweight="bold")  # fmt: skip
    figure.text(0.98, 1 - 0.18 / height, RESEARCH_USE, fontsize=7.5, color=ACCENT, va="top",
                ha="right")  # fmt: skip
    figure.text(0.02, 0.1 / height, "\n".join(lines), fontsize=size, va="bottom", linespacing=1.4)
