"""What the mouse does on the axial canvas: read, point, place, window and level."""

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
LEFT_BUTTON, RIGHT_BUTTON = 1, 2


class Pointer(QObject):
    """Mouse callbacks of one viewer.

    A click points, or places in place mode; a right-drag sets window and
    level. While a layer is being drawn on, its own tools have the mouse.
    """

    place_mode_changed = Signal(bool)

    def __init__(self, viewer: Viewer, presenter: Presenter) -> None:
        super().__init__()
        self._presenter = presenter
        self.place_mode = False
        self.ghost = GhostBox(presenter)
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        viewer.mouse_drag_callbacks.append(self._on_right_drag)
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
        if event.button != LEFT_BUTTON or viewer.dims.ndisplay != 2 or _drawing(viewer):
            return
        start, moved = np.array(event.pos, dtype=float), False
        yield
        while event.type == "mouse_move":
            moved = moved or bool(np.hypot(*(np.array(event.pos) - start)) > CLICK_PIXELS)
            yield
        point = _lps(event.position)
        if not moved and point is not None:
            self.click(point)

    def _on_right_drag(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        if event.button != RIGHT_BUTTON or viewer.dims.ndisplay != 2 or _drawing(viewer):
            return
        windowing = self._presenter.windowing
        windowing.grab()
        start, camera = np.array(event.pos, dtype=float), viewer.scene.camera
        # The camera would zoom by the same drag.
        panned, camera.mouse_pan = camera.mouse_pan, False
        yield
        while event.type == "mouse_move":
            across, down = np.array(event.pos, dtype=float) - start
            windowing.drag(float(across), float(down))
            yield
        camera.mouse_pan = panned


def _drawing(viewer: Any) -> bool:
    """Whether the active layer's own tools want the mouse."""
    layer = viewer.layers.selection.active
    return str(getattr(layer, "mode", "pan_zoom")) != "pan_zoom"


def _lps(position: Any) -> Point | None:
    """Turn a world position (z, y, x) into an LPS point."""
    if len(position) < 3:
        return None
    z, y, x = (float(c) for c in position[-3:])
    return x, y, z
