"""Window and level: presets, drags and napari's own contrast slider, all in one state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogen.session.controller import Session

if TYPE_CHECKING:
    from napari_radiogen.plugin.presenter import Presenter

#: What a pixel of a drag is worth, HU: the lung window takes half a canvas.
HU_PER_PIXEL = 4.0
STORED_HU = (-1024, 3071)


class Windowing:
    """Applies the session's window to CT, nodules and planes; hears napari's slider."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._start: tuple[float, float] = (0.0, 1.0)
        session = presenter.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        view: Any = session.view.events  # type: ignore[attr-defined]
        state.window.connect(self.apply)
        view.by_hand.connect(self.apply)

    def listen(self, layer: Any) -> None:
        """Follow the contrast that a person gives the CT in napari's own controls."""
        layer.contrast_limits_range = STORED_HU
        layer.events.contrast_limits.connect(lambda: self._from_layer(layer))

    def apply(self, *_: object) -> None:
        """Show the window of the session."""
        presenter = self._presenter
        limits = window_limits(presenter.session)
        for layer in (presenter.ct, *presenter.nodule_images()):
            if presenter.keeper.lives(layer) and tuple(layer.contrast_limits) != limits:
                layer.contrast_limits = limits
        presenter.planes.scene.limits = limits
        presenter.planes.refresh()
        presenter.write_header()

    def grab(self) -> None:
        """Start a drag from what shows."""
        session = self._presenter.session
        self._start = session.view.level_width(session.state.window)

    def drag(self, across: float, down: float) -> None:
        """Set the window by the way of a drag (pixels): right is wider, down is a higher level."""
        level, width = self._start
        self._presenter.session.view.set_by_hand(
            level + down * HU_PER_PIXEL, width + across * HU_PER_PIXEL
        )

    def words(self) -> str:
        """Return level and width as people read them off."""
        session = self._presenter.session
        level, width = session.view.level_width(session.state.window)
        return f"L {level:.0f}  W {width:.0f} HU"

    def _from_layer(self, layer: Any) -> None:
        low, high = (float(v) for v in layer.contrast_limits)
        session = self._presenter.session
        if not np.allclose((low, high), window_limits(session)):
            session.view.by_hand = ((low + high) / 2, high - low)


def window_limits(session: Session) -> tuple[float, float]:
    """Return the darkest and the brightest HU that a session shows."""
    return session.view.limits(session.state.window)
