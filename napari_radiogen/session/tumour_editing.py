"""Tumours drawn or mended by hand: measured again after each stroke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import CTVolume, LabelVolume
from napari_radiogen.imaging.measure import find_nodules
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.tumours import (
    BY_HAND,
    EDITED,
    EditedTumours,
    OpenedMask,
    drawn_on,
    probability_of,
)

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

KIND = "measure tumours"
NO_SCAN = "no scan is open; open a CT first"
OVERLAP = "segments overlap: they cannot be painted one by one; save and edit them elsewhere"
OBLIQUE = "oblique CT: shown resampled, so that painting would not fall on its own voxels"


class TumourEditing:
    """Hands out labels to paint on and takes them back measured.

    Parameters
    ----------
    session
        Whose scan and tumours.
    show
        Called with the tumours once they are measured.
    """

    def __init__(self, session: Session, show: Callable[[EditedTumours], None]) -> None:
        self._session, self._show = session, show

    def begin(self) -> LabelVolume | None:
        """Return a copy of the tumours to paint on, empty where there are none yet.

        A refusal is one line through ``session.failed``, and None.
        """
        session, found = self._session, self._session.tumours
        reason = _refusal(session.scan, found)
        if reason is not None or session.scan is None:
            session.failed.emit(reason or NO_SCAN)
            return None
        geometry = session.scan.geometry
        if found is None:
            return LabelVolume(np.zeros(geometry.shape, np.uint8), geometry)
        return LabelVolume(found.labels.labels.copy(), geometry, dict(found.labels.names))

    def changed(self, labels: npt.NDArray[Any], names: dict[int, str]) -> None:
        """Measure what was painted and show it as the tumours of the scan.

        Parameters
        ----------
        labels
            (Z, Y, X) on the scan's grid; copied here, so that painting may go on.
        names
            Of the segments that had one before.
        """
        session, scan = self._session, self._session.scan
        if scan is None:
            return
        before, drawn = session.tumours, LabelVolume(labels.copy(), scan.geometry, names)

        def show(found: EditedTumours) -> None:
            if session.scan is scan:
                self._show(found)

        session.work.start(KIND, lambda ctx: _measured(scan, drawn, before), show)


def _refusal(scan: CTVolume | None, found: Segmentation | None) -> str | None:
    if scan is None:
        return NO_SCAN
    if isinstance(found, OpenedMask) and len(found.layers) > 1:
        return OVERLAP
    return None if scan.geometry.is_axis_aligned else OBLIQUE


def _measured(scan: CTVolume, drawn: LabelVolume, before: Segmentation | None) -> EditedTumours:
    nodules = find_nodules(scan, drawn)
    names = {n.label: drawn.names.get(n.label, f"nodule {n.label}") for n in nodules}
    model = BY_HAND if before is None else before.model
    edited = before is None or drawn_on(before)
    return EditedTumours(
        LabelVolume(drawn.labels, drawn.geometry, names),
        nodules,
        model if edited else f"{model}{EDITED}",
        probability=probability_of(before),
    )
