"""Panels of the export figure that show voxels: three planes, and the nodule close up."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from napari_radiogen.constants import FIELD_OF_VIEW_MM, SYNTHETIC, WINDOWS_HU
from napari_radiogen.domain import LabelVolume
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.sections import (
    LETTERS,
    Plane,
    Section,
    section_around,
    section_through,
)

#: Pixels of whole sections and of close-ups, mm.
OVERVIEW_PIXEL_MM, CLOSE_UP_PIXEL_MM = 0.8, 0.25
OVERVIEW_BAR_MM, CLOSE_UP_BAR_MM = 50.0, 10.0
#: Ends of the difference scale, HU.
DIFFERENCE_HU = 800.0
ACCENT = "#c2410c"
TUMOUR, NODULE, BOX = "#62a8ff", "#f5c065", "#facc15"
#: Keeps white marks legible on white tissue.
OUTLINE = [withStroke(linewidth=1.8, foreground="#1e293b")]
BAR_OUTLINE = [withStroke(linewidth=3.2, foreground="#1e293b")]


def draw_overviews(figure: Any, place: Any, what: Exportable, pasted: Any, outlines: bool) -> None:
    """Draw the scan with its nodule in three planes through the nodule's centre."""
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
        axes.add_patch(Rectangle((-half, -half), 2 * half, 2 * half, fill=False, color=BOX, lw=0.9))
        if outlines:
            _outline(axes, section, what.tumours, TUMOUR)
            _outline(axes, section, what.result.mask, NODULE)
        _draw_letters(axes, section)
        _draw_bar(axes, section, OVERVIEW_BAR_MM)
        axis = {"axial": 2, "coronal": 1, "sagittal": 0}[section.plane]
        name = "xyz"[axis]
        axes.set_title(f"{section.plane.capitalize()}, {name} {centre[axis]:.1f} mm", fontsize=8)


def draw_close_ups(figure: Any, place: Any, what: Exportable, pasted: Any, outlines: bool) -> None:
    """Draw the axial slice before and after, and what changed in HU."""
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
        if outlines:
            _outline(axes, section, what.tumours, TUMOUR)
        if outlines and synthetic:
            _outline(axes, section, what.result.mask, NODULE)
        axes.set_title(title, fontsize=8, color=ACCENT if synthetic else "black",
                       fontweight="bold" if synthetic else "normal")  # fmt: skip
    axes = figure.add_subplot(cells[2])
    shown = axes.imshow(
        after - before, cmap="RdBu_r", vmin=-DIFFERENCE_HU, vmax=DIFFERENCE_HU,
        extent=section.extent_mm,
    )  # fmt: skip
    axes.set_axis_off()
    axes.set_anchor("N")
    axes.set_title("Difference, HU", fontsize=8)
    _draw_bar(axes, section, CLOSE_UP_BAR_MM, color="black")
    scale = figure.colorbar(shown, cax=axes.inset_axes((1.04, 0.0, 0.05, 1.0)))
    scale.ax.tick_params(labelsize=6)


def _outline(axes: Any, section: Section, labels: LabelVolume | None, color: str) -> None:
    if labels is None:
        return
    inside = section.sample((labels.labels > 0).astype(np.float32), labels.geometry, outside=0.0)
    if inside.max() > 0.5:
        axes.contour(
            inside, levels=[0.5], colors=color, linewidths=0.8,
            extent=section.extent_mm, origin="upper",
        )  # fmt: skip


def _show(axes: Any, section: Section, image: Any) -> None:
    level, width = WINDOWS_HU["Lung"]
    axes.imshow(
        image, cmap="gray", vmin=level - width / 2, vmax=level + width / 2,
        extent=section.extent_mm, interpolation="bilinear",
    )  # fmt: skip
    axes.set_axis_off()
    axes.set_anchor("N")


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
