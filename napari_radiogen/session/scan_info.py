"""What there is to know about the open scan; who it is only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_radiogen.domain import CTVolume

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

KIND = "info"
Facts = tuple[tuple[str, str], ...]
NO_SCAN = "no scan is open; open a CT first"


class ScanInfo:
    """Reads facts of the open scan in a job; keeps none of them.

    Signals
    -------
    told(facts): (label, text) pairs in the order that a person reads them.
    """

    told = Signal(object)

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, *, identity: bool = False) -> None:
        """Read the facts; names, ids, dates and free text only on request."""
        session, scan, path = self._session, self._session.scan, self._session.scan_path
        if scan is None:
            session.failed.emit(NO_SCAN)
            return
        read = session.engines.read_facts

        def work(_: object) -> Facts:
            header = () if path is None else read(path, scan.series_uid or None, identity)
            return (*geometry_facts(scan), *header)

        session.work.start(KIND, work, self.told.emit)


def geometry_facts(scan: CTVolume) -> Facts:
    """Return what the voxels and their grid tell."""
    geometry = scan.geometry
    z, y, x = geometry.shape
    dz, dy, dx = geometry.spacing_mm
    corner = geometry.index_to_lps((0, 0, 0))
    low, high = np.min(scan.voxels), np.max(scan.voxels)
    facts = [
        ("voxels", f"{x} × {y} × {z}"),
        ("spacing", f"{dx:.3g} × {dy:.3g} × {dz:.3g} mm"),
        ("size", f"{x * dx:.0f} × {y * dy:.0f} × {z * dz:.0f} mm"),
        ("first voxel", ", ".join(f"{c:.1f}" for c in corner) + " mm (LPS)"),
        ("axes", _axes(scan)),
        ("HU", f"{low:.0f} to {high:.0f}"),
    ]
    if scan.synthetic:
        facts.append(("origin", "SYNTHETIC"))
    return tuple(facts)


def _axes(scan: CTVolume) -> str:
    if scan.geometry.is_axial:
        return "axial"
    return "along the patient's axes" if scan.geometry.is_axis_aligned else "oblique"
