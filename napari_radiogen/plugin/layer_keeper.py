"""Layers of one viewer that come, change and go, and that a person may delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogen.plugin.layers import LayerData

if TYPE_CHECKING:
    from napari import Viewer


class LayerKeeper:
    """Adds, swaps and removes layers; ``top`` stays above all others."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.top: Any = None

    def lives(self, layer: Any) -> bool:
        """Whether a layer is there still."""
        return layer is not None and layer in self.viewer.layers

    def add(self, data: LayerData) -> Any:
        """Add a layer under the top one; the selection stays."""
        selection = set(self.viewer.layers.selection)
        added = getattr(self.viewer, f"add_{data[2]}")(data[0], **data[1])
        if selection:
            self.viewer.layers.selection = selection
        if self.lives(self.top):
            last = len(self.viewer.layers)
            self.viewer.layers.move(self.viewer.layers.index(self.top), last)
        return added

    def remove(self, *layers: Any) -> None:
        """Remove layers that are there still."""
        for layer in layers:
            if self.lives(layer):
                self.viewer.layers.remove(layer)

    def replace(self, layer: Any, data: LayerData) -> Any:
        """Put new data into a layer, or add it; a swap is far faster than a new layer."""
        if not self.lives(layer):
            return self.add(data)
        layer.data = data[0]
        self._place(layer, data)
        return layer

    def repaint(self, layer: Any, data: LayerData, *, thumbnail: bool = True) -> Any:
        """Put data that change many times a second into a layer, or add it.

        In a box of the same size they are written into the layer's own array,
        of which napari then uploads one slice. For an array that is given anew
        it measures its scene and compiles the shader of labels again. What stays
        for a moment only needs no thumbnail in the list of layers.
        """
        own = layer.data if self.lives(layer) else None
        if own is None or own.shape != data[0].shape or own.dtype != data[0].dtype:
            # A copy, as the next repaint writes into it.
            return self.replace(layer, (data[0].copy(), *data[1:]))
        own[...] = data[0]
        self._place(layer, data)
        layer.refresh(extent=False, highlight=False, thumbnail=thumbnail)
        return layer

    def _place(self, layer: Any, data: LayerData) -> None:
        # napari lays its scene out anew for a place that is given again.
        for name in ("translate", "scale"):
            if not np.array_equal(getattr(layer, name), data[1][name]):
                setattr(layer, name, data[1][name])
        layer.metadata = data[1]["metadata"]

    def show(self, layer: Any, visible: bool) -> None:
        """Show or hide a layer that is there still; one that is so already stays as it is."""
        # napari lays its scene out, and leaves the brush, for the same value, too.
        if self.lives(layer) and layer.visible != visible:
            layer.visible = visible
