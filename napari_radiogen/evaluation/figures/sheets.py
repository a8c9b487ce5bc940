"""Pages made of a sheet of tiles: what the figures of both publications share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.figures.bench import Bench
from napari_radiogen.evaluation.figures.page import Model, Page, blank, caption
from napari_radiogen.evaluation.figures.tiles import Kind, Tile, TileRow, TileSheet

#: What every caption of slices says of them.
SHOWN = "Lung window -600/1500 HU; bars: 10\u00a0mm."
#: How the columns were chosen.
CHOSEN = "test subjects at even steps of nodule size, not chosen by result"

_Given = TypeVar("_Given")


def required(models: Sequence[_Given], system: str) -> _Given:
    """Return the first model of a system, or say that it is missing.

    Raises
    ------
    ModelError
    """
    if not models:
        raise ModelError(f"needs a model of system {system}; name one with --model")
    return models[0]


def row_of(
    label: str, images: npt.NDArray[np.float32], names: Iterable[str], kind: Kind = "real"
) -> TileRow:
    """Return slices (n, H, W) as a row of tiles, one subject each."""
    pairs = zip(images, names, strict=True)
    return TileRow(label, tuple(Tile(image, name, kind) for image, name in pairs))


def sheet_page(
    key: str,
    title: str,
    text: str,
    *,
    models: Sequence[Model],
    bench: Bench,
    rows: Sequence[int],
    sheet: TileSheet,
) -> Page:
    """Draw a sheet on a page of its own.

    Parameters
    ----------
    text
        What is to be seen; the rest of the caption is added.
    rows
        Of the bench's plan, the subjects that are shown.
    """
    words = caption(f"{text} {SHOWN}", models, bench.cohort)
    figure, corner = blank(title, words, *sheet.size_in)
    sheet.draw(figure, *corner)
    return Page(key, title, words, figure, bench.ids(rows))
