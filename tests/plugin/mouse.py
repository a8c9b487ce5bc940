"""Mouse events as napari hands them to viewers and layers."""

from __future__ import annotations

from types import SimpleNamespace

from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

LEFT, RIGHT = 1, 2


def event(kind, position, pos=(100, 100), *, button=LEFT, dragging=False):
    return SimpleNamespace(
        type=kind,
        position=position,
        pos=pos,
        button=button,
        handled=False,
        modifiers=(),
        is_dragging=dragging,
        view_direction=None,
        up_direction=None,
        dims_displayed=[1, 2],
        camera_zoom=1.0,
    )


def drag(target, way, *, button=LEFT):
    """Drag along ((LPS point, canvas place), ...) on a viewer or a layer."""
    (point, place), *rest = way
    # napari hands drag callbacks a wrapper that it points at each later event.
    press = ReadOnlyWrapper(
        event("mouse_press", point[::-1], place, button=button), exceptions=("handled",)
    )
    mouse_press_callbacks(target, press)
    for point, place in rest:
        mouse_move_callbacks(
            target, event("mouse_move", point[::-1], place, button=button, dragging=True)
        )
    mouse_release_callbacks(target, event("mouse_release", point[::-1], place, button=button))


def hover(target, point):
    """Move over an LPS point without a button."""
    mouse_move_callbacks(target, event("mouse_move", point[::-1]))
