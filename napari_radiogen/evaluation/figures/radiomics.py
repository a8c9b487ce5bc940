"""Radiomics of synthetic nodules beside real ones, feature by feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.evaluation.figures.page import (
    ACCENT,
    TEXT,
    Model,
    Page,
    blank,
    caption,
    panel,
)
from napari_radiogen.evaluation.realism import RealismReport, Sheet, features
from napari_radiogen.io.cohort_store import CohortStore

#: Panels in a row; inches of a panel, between panels, and of the words under one.
COLUMNS, SIZE, BETWEEN, WORDS = 5, (1.3, 0.85), 0.2, 0.58
BINS = 14
REAL_COLOUR = "#94a3b8"
#: Names that are not clear by themselves; the rest are words already.
NAMES = {
    "diameter": "diameter, mm",
    "mean_hu": "mean, HU",
    "hu_sd": "SD, HU",
    "hu_10": "10th percentile, HU",
    "hu_90": "90th percentile, HU",
    "rim_step_hu": "step at the rim, HU",
}


def radiomics_page(
    report: RealismReport, sheet: Sheet, generator: Model, cohort: CohortStore
) -> Page:
    """Draw the distribution of every feature, real and synthetic, with its distance.

    Parameters
    ----------
    report, sheet
        What ``evaluate_realism`` returned.
    """
    real = features(sheet.real, sheet.real_masks, cohort.pixel_mm)
    made = features(sheet.synthetic, sheet.synthetic_masks, cohort.pixel_mm)
    rows = -(-len(real) // COLUMNS)
    width = COLUMNS * (SIZE[0] + BETWEEN) - BETWEEN
    cell = SIZE[1] + WORDS
    low, high = report.ci95
    text = (
        f"Central slices of {report.subjects} test subjects; grey: real nodules, orange line: one "
        f"nodule painted from each subject's genes, {SYNTHETIC}. Both were outlined by the same "
        "measuring network. Distance: Wasserstein, in standard deviations of the real nodules; "
        "in brackets that of two random halves of the real ones. A classifier tells real from "
        f"synthetic with an AUC of {report.auc:.2f} ({low:.2f} to {high:.2f}; 0.5 cannot tell)."
    )
    title = "Radiomics of synthetic and real nodules"
    words = caption(text, [generator], cohort)
    figure, (left, bottom) = blank(title, words, width, rows * cell)
    with rc_context(TEXT):
        for i, name in enumerate(real):
            row, column = divmod(i, COLUMNS)
            axes = panel(
                figure,
                left + column * (SIZE[0] + BETWEEN),
                bottom + (rows - row) * cell - SIZE[1] - 0.16,
                *SIZE,
            )
            distance, chance = report.radiomics[name], report.radiomics_chance[name]
            _draw(axes, name, real[name], made[name])
            axes.set_xlabel(f"distance {distance:.2f} ({chance:.2f})", fontsize=7, labelpad=1.5)
    return Page("radiomics", title, words, figure)


def _draw(
    axes: Any, name: str, real: npt.NDArray[np.float64], made: npt.NDArray[np.float64]
) -> None:
    edges = np.histogram_bin_edges(np.concatenate([real, made]), BINS)
    axes.hist(real, edges, density=True, color=REAL_COLOUR)
    axes.hist(made, edges, density=True, histtype="step", color=ACCENT, lw=1.4)
    axes.set_title(NAMES.get(name, name.replace("_", " ")), fontsize=7.5, pad=2.5)
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=6, length=2, pad=1.5)
    axes.locator_params(axis="x", nbins=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
