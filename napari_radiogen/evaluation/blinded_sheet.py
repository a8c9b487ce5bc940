"""A sheet for a blinded reader: real and synthetic nodules in shuffled order, and its key."""

from __future__ import annotations

import csv
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.evaluation.realism import Sheet

#: Nodules in a row, and inches of a tile.
COLUMNS, TILE_IN = 8, 1.1
#: Grey levels run over this lung window, HU.
WINDOW_HU = (-1350.0, 150.0)


def draw_blinded(sheet: Sheet, count: int = 32, seed: int = 0) -> tuple[bytes, str]:
    """Draw half real, half synthetic nodules of different subjects, numbered.

    Parameters
    ----------
    sheet
        Slices to draw from.
    count
        Tiles; fewer where there are fewer subjects.
    seed
        Of choice and order.

    Returns
    -------
    png, key
        The picture, and a CSV ``number,kind,patient`` that belongs in a drawer
        until the reader is done.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(sheet.patients))[: min(count, len(sheet.patients))]
    kinds = rng.permutation(np.arange(len(chosen)) % 2)
    rows = -(-len(chosen) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * TILE_IN, rows * TILE_IN * 1.15 + 0.3), dpi=150)
    FigureCanvasAgg(figure)
    table = io.StringIO()
    key = csv.writer(table, lineterminator="\n")
    key.writerow(["number", "kind", "patient"])
    for number, (subject, kind) in enumerate(zip(chosen, kinds, strict=True), 1):
        axes = figure.add_subplot(rows, COLUMNS, number)
        image = (sheet.synthetic if kind else sheet.real)[subject]
        low, high = WINDOW_HU
        axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="bilinear")
        axes.set_title(str(number), fontsize=7, pad=2)
        axes.axis("off")
        key.writerow([number, "synthetic" if kind else "real", sheet.patients[subject]])
    figure.text(0.5, 0.01, f"Some of these are SYNTHETIC. {RESEARCH_USE}.", ha="center", fontsize=7)
    figure.subplots_adjust(0.01, 0.05, 0.99, 0.96, 0.05, 0.15)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue(), table.getvalue()
