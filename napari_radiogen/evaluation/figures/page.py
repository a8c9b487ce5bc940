"""A figure with its title and caption: what every remade figure carries, and its files."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_radiogen.constants import COHORT_NOTES, RESEARCH_USE, SYNTHETIC
from napari_radiogen.io.save import atomic_write

if TYPE_CHECKING:
    from napari_radiogen.io.cohort_store import CohortStore

#: Text stays text in SVG and PDF.
TEXT = {"svg.fonttype": "none", "pdf.fonttype": 42, "font.size": 8, "font.family": "DejaVu Sans"}
FORMATS = ("png", "svg", "pdf")
DPI = 200
#: What is synthetic, and the words that say so.
ACCENT = "#c2410c"
#: Inches: page margin, band of the title, line of the caption.
MARGIN, HEADER, LINE = 0.15, 0.38, 0.155
#: Inches that the longest title needs.
NARROWEST = 5.6
#: Points of the caption, and letters of it that fit into an inch.
CAPTION_PT, LETTERS_PER_INCH = 7.5, 18.0


class Model(Protocol):
    """What a caption says of a model."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def digest(self) -> str:
        """sha256 of the weights."""


@dataclass(frozen=True, eq=False)
class Page:
    """A drawn figure.

    Parameters
    ----------
    key
        Name of its files, such as ``li-2018-figure-7``.
    title, caption
        As drawn.
    figure
        With its canvas.
    subjects
        Test subjects that it shows.
    """

    key: str
    title: str
    caption: str
    figure: Figure
    subjects: tuple[str, ...] = field(default=())


def blank(
    title: str, caption: str, width: float, height: float
) -> tuple[Figure, tuple[float, float]]:
    """Return an empty figure with title and caption around a body of width x height inches.

    A body too narrow for the title gets empty space beside it.

    Returns
    -------
    figure, (left, bottom)
        The body's lower left corner, inches.
    """
    width = max(width, NARROWEST)
    whole = width + 2 * MARGIN
    lines = textwrap.wrap(
        caption, int(width * LETTERS_PER_INCH), break_on_hyphens=False, break_long_words=False
    )
    foot = LINE * (len(lines) + 0.5) + MARGIN
    total = HEADER + height + foot
    with rc_context(TEXT):
        figure = Figure(figsize=(whole, total), facecolor="white")
        FigureCanvasAgg(figure)
        figure.text(MARGIN / whole, 1 - 0.13 / total, title, fontsize=10, fontweight="bold",
                    va="top")  # fmt: skip
        figure.text(MARGIN / whole, (foot - 0.5 * LINE) / total, "\n".join(lines), va="top",
                    fontsize=CAPTION_PT, linespacing=1.35)  # fmt: skip
    return figure, (MARGIN, foot)


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Any:
    """Add axes at a place in inches."""
    whole, total = figure.get_size_inches()
    return figure.add_axes((left / whole, bottom / total, width / whole, height / total))


def caption(text: str, models: Sequence[Model], cohort: CohortStore) -> str:
    """Append what every caption must say: synthetic, models, cohort, its kind, research use."""
    made = ", ".join(f"{m.name} (weights {m.digest[:12]})" for m in models)
    plural = "s" if len(models) != 1 else ""
    return (
        f"{text} Test patients only. Model{plural}: {made}. Cohort {cohort.name}, "
        f"{COHORT_NOTES[cohort.kind]}. {RESEARCH_USE}."
    )


def save_page(page: Page, folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a page as ``key.png``, ``key.svg`` and ``key.pdf``, each whole or not at all.

    Raises
    ------
    RadiogenError
        When the system refuses.
    """
    mark = f"{page.title} - {SYNTHETIC} - {RESEARCH_USE}"
    paths = [folder / f"{page.key}.{kind}" for kind in formats]
    for path in paths:
        write_figure(page.figure, path, mark)
    return paths


def write_figure(figure: Figure, path: Path, title: str, dpi: int = DPI) -> None:
    """Write a figure as PNG, SVG or PDF by its suffix; text stays text in the latter two.

    Raises
    ------
    RadiogenError
        When the file cannot be written.
    """
    kind = path.suffix.lower().lstrip(".")
    metadata: dict[str, Any] = {"Title": title}
    if kind in ("svg", "pdf"):
        # Without a date the same figure gives the same file.
        metadata["Date" if kind == "svg" else "CreationDate"] = None

    def write(temporary: Path) -> None:
        with rc_context(TEXT | {"svg.hashsalt": title}):
            figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata)

    atomic_write(path, write)
