"""Where a nodule would go, before anybody clicks."""

from __future__ import annotations

from dataclasses import dataclass

from napari_radiogen.constants import NODULE_REACH_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Point
from napari_radiogen.imaging.lung import in_lung
from napari_radiogen.session.ports import Generator


@dataclass(frozen=True)
class Preview:
    """The box that a nodule at a point may change.

    Parameters
    ----------
    centre_mm
        LPS point (x, y, z).
    half_mm
        Half the box along x, y and z.
    refusal
        Why a nodule cannot stand there, or None.
    """

    centre_mm: Point
    half_mm: Point
    refusal: str | None = None


def preview(scan: CTVolume, lung: LabelVolume | None, generator: Generator, at: Point) -> Preview:
    """Say what a nodule at an LPS point (mm) would cover, and whether it may stand there.

    While the lung is not outlined yet nothing in the scan is refused: a click
    waits for the lung, too.
    """
    half = generator.field_of_view_mm / 2
    refusal = None
    if not scan.geometry.contains(at):
        refusal = "outside the scan"
    elif lung is not None and not in_lung(lung, at):
        refusal = "outside the lung"
    return Preview(at, (half, half, NODULE_REACH_MM), refusal)
