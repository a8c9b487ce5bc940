"""Where a nodule may go in a scan."""

from __future__ import annotations

from collections.abc import Callable

from napari_radiogen.domain import CTVolume, LabelVolume, Point
from napari_radiogen.errors import SynthesisError


def check_site(
    scan: CTVolume,
    lung: LabelVolume,
    point: Point,
    in_lung: Callable[[LabelVolume, Point], bool],
) -> None:
    """Refuse a place that is no lung.

    Parameters
    ----------
    point
        LPS (x, y, z) in mm.

    Raises
    ------
    SynthesisError
        When the point lies outside the scan or its lung.
    """
    x, y, z = point
    if not scan.geometry.contains(point):
        raise SynthesisError(f"{x:.1f}, {y:.1f}, {z:.1f} mm lies outside the scan and its lung")
    if not in_lung(lung, point):
        raise SynthesisError(f"{x:.1f}, {y:.1f}, {z:.1f} mm lies outside the lung")
