"""What the mouse does on the axial canvas: read, point, place."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_radiogen.domain import Point
from napari_radiogen.plugin.ghost import GhostBox
from napari_radiogen.plugin.presenter import Presenter

if TYPE_CHECKING:
    from napari import Viewer

#: A press that moves further than this is a drag, canvas pixels.
CLICK_PIXELS = 4.0
LEFT_BUTTON = 1


class Pointer(QObject):
    """Mouse callbacks of one viewer; a click points, or places in place mode."""

    place_mode_changed = Signal(bool)

    def __init__(self, viewer: Viewer, presenter: Presenter) -> None:
        super().__init__()
        self._presenter = presenter
        self.place_mode = False
        self.ghost = GhostBox(presenter)
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        self._viewer = viewer

    def set_place_mode(self, on: bool) -> None:
        """Let clicks place the nodule, or only point."""
        if on != self.place_mode:
            self.place_mode = on
            self._viewer.cursor.style = "cross" if on else "standard"
            if not on:
                self.ghost.remove()
                self._presenter.show_readout(None)
            self.place_mode_changed.emit(on)

    def click(self, point_mm: Point) -> None:
        """Do what a click at an LPS point (mm) does."""
        self._presenter.go_to(point_mm)
        if self.place_mode:
            self._presenter.session.place(point_mm)

    def _on_move(self, viewer: Any, event: Any) -> None:
        point = _lps(event.position)
        if not self.place_mode:
            self._presenter.show_readout(point)
            return
        self.ghost.follow(point)
        shown = self.ghost.shown
        note = f"{shown.refusal}: no nodule here" if shown and shown.refusal else ""
        self._presenter.show_readout(point, note)

    def _on_drag(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        if event.button != LEFT_BUTTON or viewer.dims.ndisplay != 2:
            return
        start, moved = np.array(event.pos, dtype=float), False
        yield
        while event.type == "mouse_move":
            moved = moved or bool(np.hypot(*(np.array(event.pos) - start)) > CLICK_PIXELS)
            yield
        point = _lps(event.position)
        if not moved and point is not None:
            self.click(point)


def _lps(position: Any) -> Point | None:
    """Turn a world position (z, y, x) into an LPS point."""
    if len(position) < 3:
        return None
    z, y, x = (float(c) for c in position[-3:])
    return x, y, z
