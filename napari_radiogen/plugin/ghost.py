"""The ghost box: what a nodule at the pointer would cover, on all three planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import Point
from napari_radiogen.plugin.layers import UNITS
from napari_radiogen.plugin.presenter import CROSSHAIR_PIXELS, Presenter
from napari_radiogen.plugin.reslice import axial_edges
from napari_radiogen.plugin.styles import ghost_color
from napari_radiogen.session.placing import Preview

GHOST_LAYER = "nodule goes here"


class GhostBox:
    """A box that follows the pointer in place mode; red where a nodule is refused."""

    def __init__(self, presenter: Presenter) -> None:
        self.presenter = presenter
        self.layer: Any = None
        self.shown: Preview | None = None
        presenter.viewer.scene.camera.events.zoom.connect(self._on_zoom)

    def follow(self, point_mm: Point | None) -> None:
        """Show the box at an LPS point (mm), or hide it."""
        presenter = self.presenter
        known = presenter.display is not None and point_mm is not None
        self.shown = presenter.session.preview(point_mm) if known and point_mm else None
        self._draw()
        presenter.planes.scene.ghost = self.shown
        presenter.planes.update_ghost()

    def remove(self) -> None:
        """Take the box and its layer away."""
        self.follow(None)
        if self._lives:
            self.presenter.viewer.layers.remove(self.layer)
        self.layer = None

    @property
    def _lives(self) -> bool:
        return self.layer is not None and self.layer in self.presenter.viewer.layers

    def _draw(self) -> None:
        if self.shown is None:
            self.presenter.keeper.show(self.layer, False)
            return
        if not self._lives:
            self.layer = self._add(axial_edges(self.shown))
        self.layer.data = axial_edges(self.shown)
        self.layer.edge_color = ghost_color(bool(self.shown.refusal))
        self.presenter.keeper.show(self.layer, True)

    def _add(self, edges: npt.NDArray[np.float64]) -> Any:
        viewer = self.presenter.viewer
        selection = set(viewer.layers.selection)
        layer = viewer.add_vectors(
            edges,
            name=GHOST_LAYER,
            vector_style="line",
            opacity=0.9,
            units=UNITS[1:],
        )
        layer.mouse_pan = True
        viewer.layers.selection = selection
        self.layer = layer
        self._on_zoom()
        return layer

    def _on_zoom(self) -> None:
        if self._lives:
            self.layer.edge_width = 2 * CROSSHAIR_PIXELS / self.presenter.viewer.scene.camera.zoom
