"""The synthetic nodules that are not in hand: layers of their own, and their part of the planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogen.domain import CTVolume, SynthesisResult
from napari_radiogen.plugin import layers as build
from napari_radiogen.plugin.layers import DisplayVolume, LayerData
from napari_radiogen.plugin.reslice import Insert

if TYPE_CHECKING:
    from napari_radiogen.plugin.presenter import Presenter

#: Outlines of nodules that are not in hand stand back.
OPACITY = 0.45


@dataclass(eq=False)
class _Shown:
    """Layers of one nodule and what the planes show of it."""

    image: Any
    outline: Any
    insert: Insert


class OtherNodules:
    """Keeps a pair of layers for each nodule beside the one in hand."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self.shown: list[_Shown] = []
        session = presenter.session
        session.others_changed.connect(self.refresh)
        session.result_changed.connect(self._arrange)
        presenter.display_changed.connect(self._on_display)
        events: Any = session.state.events  # type: ignore[attr-defined]
        events.show_synthetic.connect(self._show)

    def refresh(self) -> None:
        """Show the session's other nodules, and none that is gone."""
        presenter, display = self._presenter, self._presenter.display
        for old in self.shown:
            self._remove(old)
        self.shown = []
        if display is not None:
            active = presenter.session.state.active
            for k, result in enumerate(presenter.session.others.results):
                self.shown.append(self._add(k + 1 + (k >= active), result, display))
        presenter.refresh_nodule()
        self._arrange()
        self._show()

    def _on_display(self, display: DisplayVolume) -> None:
        ct = self._presenter.ct
        ct.events.contrast_limits.connect(self._follow_contrast)
        self.refresh()

    def _follow_contrast(self, *_: object) -> None:
        for shown in self.shown:
            if self._lives(shown.image):
                shown.image.contrast_limits = self._presenter.ct.contrast_limits

    def _add(self, number: int, result: SynthesisResult, display: DisplayVolume) -> _Shown:
        viewer, session = self._presenter.viewer, self._presenter.session
        image, outline = build.nodule_layers(session.on_screen(result), display.volume)
        selection = set(viewer.layers.selection)
        names = f"{build.NODULE_LAYER} {number}", f"{build.OUTLINE_LAYER} {number}"
        shown = _Shown(
            viewer.add_image(image[0], **{**image[1], "name": names[0]}),
            viewer.add_labels(outline[0], **{**outline[1], "name": names[1]}),
            insert_of(image, outline, display.volume),
        )
        if self._lives(self._presenter.ct):
            shown.image.contrast_limits = self._presenter.ct.contrast_limits
        shown.outline.contour, shown.outline.opacity = 1, OPACITY
        viewer.layers.selection = selection
        return shown

    def _remove(self, shown: _Shown) -> None:
        for layer in (shown.image, shown.outline):
            if self._lives(layer):
                self._presenter.viewer.layers.remove(layer)

    def _arrange(self, *_: object) -> None:
        """Stack images below outlines, the nodule in hand above the others."""
        if not self.shown:
            return
        presenter, layers = self._presenter, self._presenter.viewer.layers
        images = [s.image for s in self.shown]
        outlines = [s.outline for s in self.shown]
        wanted = [*images, presenter.nodule, *outlines, presenter.outline, presenter.crosshair]
        wanted = [layer for layer in wanted if self._lives(layer)]
        places = [layers.index(layer) for layer in wanted]
        if places != sorted(places):
            for layer in wanted:
                layers.move(layers.index(layer), len(layers))

    def _show(self, *_: object) -> None:
        visible = self._presenter.session.state.show_synthetic
        for shown in self.shown:
            for layer in (shown.image, shown.outline):
                self._presenter.keeper.show(layer, visible)
        scene = self._presenter.planes.scene
        scene.others = tuple(s.insert for s in self.shown) if visible else ()
        self._presenter.planes.refresh()

    def _lives(self, layer: Any) -> bool:
        return layer is not None and layer in self._presenter.viewer.layers


def insert_of(image: LayerData, outline: LayerData, shown: CTVolume) -> Insert:
    """Return what the planes of a displayed CT show of a nodule's two layers."""
    start = shown.geometry.lps_to_index(np.array(image[1]["translate"])[::-1])
    z, y, x = (round(float(i)) for i in start)
    return Insert((z, y, x), image[0], outline[0])
