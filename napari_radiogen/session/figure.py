"""The export figure: scan, nodule, genes, map and measurements on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from napari_radiogen.constants import FIELD_OF_VIEW_MM, RESEARCH_USE, SYNTHETIC, WINDOWS_HU
from napari_radiogen.io.save import atomic_write
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.figure_genes import draw_map, draw_metagenes, draw_table
from napari_radiogen.session.sections import (
    LETTERS,
    Plane,
    Section,
    section_around,
    section_through,
)

#: A4 landscape, inches.
SIZE_INCHES = (11.69, 8.27)
DPI = 200
#: Pixels of whole sections and of close-ups, mm.
OVERVIEW_PIXEL_MM, CLOSE_UP_PIXEL_MM = 0.8, 0.25
OVERVIEW_BAR_MM, CLOSE_UP_BAR_MM = 50.0, 10.0
#: Ends of the difference scale, HU.
DIFFERENCE_HU = 800.0
ACCENT = "#c2410c"
#: Keeps white marks legible on white tissue.
OUTLINE = [withStroke(linewidth=1.8, foreground="#1e293b")]
BAR_OUTLINE = [withStroke(linewidth=3.2, foreground="#1e293b")]
#: What a cohort's kind means for the reader of a figure.
COHORT_NOTES = {
    "planted": "planted cohort: real nodules with invented expression - the genes mean nothing",
    "phantom": "phantom cohort: procedural nodules with invented expression",
    "surrogate": "surrogate cohort: real genes paired with nodules of other patients",
    "real": "real cohort",
}
TEXT = {"svg.fonttype": "none", "pdf.fonttype": 42, "font.size": 8, "font.family": "DejaVu Sans"}


def compose_figure(what: Exportable) -> Figure:
    """Draw a finished nodule; nothing is written and no window opens."""
    with rc_context(TEXT):
        figure = Figure(figsize=SIZE_INCHES, facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            2, 1, left=0.03, right=0.975, top=0.915, bottom=0.135, hspace=0.16,
            height_ratios=(1.0, 1.0),
        )  # fmt: skip
        pasted = what.result.paste_into(what.scan.voxels)
        _draw_overviews(figure, grid[0], what, pasted)
        lower = grid[1].subgridspec(1, 2, width_ratios=(1.0, 0.92), wspace=0.2)
        left = lower[0].subgridspec(2, 1, height_ratios=(1.0, 0.62), hspace=0.12)
        _draw_close_ups(figure, left[0], what, pasted)
        draw_table(figure.add_subplot(left[1]), what)
        right = lower[1].subgridspec(1, 2, width_ratios=(1.15, 1.0), wspace=0.22)
        draw_metagenes(figure.add_subplot(right[0]), what)
        draw_map(figure.add_subplot(right[1]), what)
        _draw_words(figure, what)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF by its suffix; text stays text in the latter two.

    Raises
    ------
    RadiogenError
        When the file cannot be written.
    """
    kind = path.suffix.lower().lstrip(".")
    metadata: dict[str, Any] = {"Title": f"{SYNTHETIC} nodule - {RESEARCH_USE}"}
    if kind in ("svg", "pdf"):
        metadata["Date" if kind == "svg" else "CreationDate"] = None

    def write(temporary: Path) -> None:
        with rc_context(TEXT):
            figure.savefig(temporary, format=kind, dpi=DPI, metadata=metadata)

    atomic_write(path, write)


def cohort_note(cohort: str) -> str:
    """Say what the kind that a cohort's name starts with means."""
    notes = (note for kind, note in COHORT_NOTES.items() if cohort.startswith(kind))
    return next(notes, f"cohort {cohort}")


def _draw_overviews(figure: Figure, place: Any, what: Exportable, pasted: Any) -> None:
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    centre = what.result.request.site.centre_lps_mm
    sections = [
        section_through(what.scan.geometry, centre, plane, OVERVIEW_PIXEL_MM) for plane in planes
    ]
    widths = [s.extent_mm[1] - s.extent_mm[0] for s in sections]
    cells = place.subgridspec(1, 3, width_ratios=widths, wspace=0.03)
    for cell, section in zip(cells, sections, strict=True):
        axes = figure.add_subplot(cell)
        _show(axes, section, section.sample(pasted, what.scan.geometry))
        half = FIELD_OF_VIEW_MM / 2
        axes.add_patch(
            Rectangle((-half, -half), 2 * half, 2 * half, fill=False, color="#facc15", lw=0.9)
        )
        _draw_letters(axes, section)
        _draw_bar(axes, section, OVERVIEW_BAR_MM)
        axis = {"axial": 2, "coronal": 1, "sagittal": 0}[section.plane]
        name = "xyz"[axis]
        axes.set_title(f"{section.plane.capitalize()}, {name} {centre[axis]:.1f} mm", fontsize=8)


def _draw_close_ups(figure: Figure, place: Any, what: Exportable, pasted: Any) -> None:
    centre, geometry = what.result.request.site.centre_lps_mm, what.scan.geometry
    section = section_around(centre, "axial", FIELD_OF_VIEW_MM / 2, CLOSE_UP_PIXEL_MM)
    before = section.sample(what.scan.voxels, geometry)
    after = section.sample(pasted, geometry)
    cells = place.subgridspec(1, 3, wspace=0.04)
    for cell, image, title in zip(cells, (before, after), ("Scan", SYNTHETIC), strict=False):
        axes = figure.add_subplot(cell)
        _show(axes, section, image)
        _draw_bar(axes, section, CLOSE_UP_BAR_MM)
        synthetic = title == SYNTHETIC
        axes.set_title(title, fontsize=8, color=ACCENT if synthetic else "black",
                       fontweight="bold" if synthetic else "normal")  # fmt: skip
    axes = figure.add_subplot(cells[2])
    shown = axes.imshow(
        after - before, cmap="RdBu_r", vmin=-DIFFERENCE_HU, vmax=DIFFERENCE_HU,
        extent=section.extent_mm,
    )  # fmt: skip
    axes.set_axis_off()
    axes.set_title("Difference, HU", fontsize=8)
    _draw_bar(axes, section, CLOSE_UP_BAR_MM, color="black")
    scale = figure.colorbar(shown, cax=axes.inset_axes((1.04, 0.0, 0.05, 1.0)))
    scale.ax.tick_params(labelsize=6)


def _show(axes: Any, section: Section, image: Any) -> None:
    level, width = WINDOWS_HU["Lung"]
    axes.imshow(
        image, cmap="gray", vmin=level - width / 2, vmax=level + width / 2,
        extent=section.extent_mm, interpolation="bilinear",
    )  # fmt: skip
    axes.set_axis_off()


def _draw_letters(axes: Any, section: Section) -> None:
    left, right, top, bottom = LETTERS[section.plane]
    places = ((0.02, 0.5, left), (0.98, 0.5, right), (0.5, 0.97, top), (0.5, 0.03, bottom))
    for x, y, letter in places:
        axes.text(x, y, letter, color="white", fontsize=7, ha="center", va="center",
                  transform=axes.transAxes, path_effects=OUTLINE)  # fmt: skip


def _draw_bar(axes: Any, section: Section, length_mm: float, color: str = "white") -> None:
    left, right, bottom, top = section.extent_mm
    x = left + 0.05 * (right - left)
    y = bottom - 0.06 * (bottom - top)
    white = color == "white"
    axes.plot(
        [x, x + length_mm], [y, y], color=color, lw=1.6, solid_capstyle="butt",
        path_effects=BAR_OUTLINE if white else None,
    )  # fmt: skip
    axes.text(x, y - 0.025 * (bottom - top), f"{length_mm:g} mm", color=color, fontsize=6.5,
              path_effects=OUTLINE if white else None)  # fmt: skip


def _draw_words(figure: Figure, what: Exportable) -> None:
    request, origin = what.result.request, what.result.provenance
    figure.text(0.03, 0.962, f"{SYNTHETIC} nodule", fontsize=14, fontweight="bold", color=ACCENT)
    figure.text(0.975, 0.962, RESEARCH_USE, fontsize=10, ha="right", color=ACCENT)
    x, y, z = request.site.centre_lps_mm
    genes, moved = what.intent.start_in_words, what.intent.edits_in_words
    edits = ", ".join(moved[:8])
    more = "" if len(moved) <= 8 else f" and {len(moved) - 8} more"
    level, width = WINDOWS_HU["Lung"]
    strength = "" if request.strength == 1 else f" Blend strength {request.strength:g}."
    lines = (
        f"Genes of {genes}, {f'edited: {edits}{more}' if edits else 'not edited'}. "
        f"Seed {request.seed}. Placed at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS).{strength}",
        f"Model {origin.model} (weights {origin.weights_digest[:12]}), "
        f"{cohort_note(origin.cohort)}. "
        "Every voxel outside the nodule's region is the scan's own.",
        f"Lung window {level:g}/{width:g} HU; yellow box: the close-ups. "
        "The recipe beside this file makes the same voxels again (radiogen replay).",
    )
    figure.text(0.03, 0.075, "\n".join(lines), fontsize=7.5, va="top", linespacing=1.5)
