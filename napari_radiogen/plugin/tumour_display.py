"""Tumours in the viewer: outline, boxes, probability, and painting with napari's own tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_radiogen.domain import LabelVolume, Nodule
from napari_radiogen.plugin import layers as build
from napari_radiogen.plugin.overlays import PROBABILITY_LAYER, probability_overlay
from napari_radiogen.plugin.reslice import Box, axial_edges
from napari_radiogen.plugin.styles import TUMOUR_COLOR
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.tumours import EditedTumours, probability_of

if TYPE_CHECKING:
    from napari_radiogen.plugin.presenter import Presenter

BOX_LAYER = "tumour boxes"
BOX_PIXELS = 1.0
#: Diameter of the brush at first, pixels: a small nodule takes a few strokes.
BRUSH_PX = 5


class TumourDisplay:
    """All layers of the tumours; also paints them.

    Signals
    -------
    editing_changed(bool): painting began or ended.
    """

    editing_changed = Signal(bool)

    def __init__(self, presenter: Presenter) -> None:
        self._presenter, self._keeper = presenter, presenter.keeper
        self.layer: Any = None
        self.boxes: Any = None
        self.probability: Any = None
        self.editing = False
        #: What the layer shows, on the scan's own grid; painting writes into it.
        self._drawn: LabelVolume | None = None
        self._strokes = (0, 0)
        session = presenter.session
        session.tumours_changed.connect(self.show)
        state: Any = session.state.events  # type: ignore[attr-defined]
        state.overlay_visible.connect(self._show_outline)
        view: Any = session.view.events  # type: ignore[attr-defined]
        view.boxes.connect(self.show_boxes)
        view.probability.connect(self._show_probability)
        presenter.viewer.scene.camera.events.zoom.connect(self._on_zoom)

    def forget(self) -> None:
        """Remove all: another scan is open."""
        self._stop()
        self._keeper.remove(self.layer, self.boxes, self.probability)
        self.layer = self.boxes = self.probability = self._drawn = None
        self._presenter.planes.scene.overlays.pop(PROBABILITY_LAYER, None)

    def show(self, found: Segmentation | None) -> None:
        """Show tumours; those that are being painted show already."""
        if not (self.editing and isinstance(found, EditedTumours)):
            self._stop()
            self._keeper.remove(self.layer)
            self.layer = self._drawn = None
            if found is not None and self._presenter.display is not None:
                self._add(found.labels, build.tumour_layer_name(found.model))
                self.layer.contour, self.layer.editable = 1, False
        self._show_outline()
        self.show_boxes()
        self._show_probability()

    def _add(self, labels: LabelVolume, name: str) -> None:
        self.layer = self._keeper.add(build.labels_layer(build.display_labels(labels), name))

    def _show_outline(self, *_: object) -> None:
        visible = self._presenter.session.state.overlay_visible
        labels = None
        if self._keeper.lives(self.layer):
            self._keeper.show(self.layer, visible)
            labels = self.layer.data if visible else None
        self._presenter.planes.scene.labels = labels
        self._presenter.planes.refresh()

    # --- painting --------------------------------------------------------------

    def set_editing(self, on: bool) -> None:
        """Start or stop painting; the layer takes napari's own tools and undo."""
        if on == self.editing:
            return
        if not on:
            self._stop()
            self.show(self._presenter.session.tumours)
            return
        drawn = self._presenter.session.editing.begin()
        if drawn is None or self._presenter.display is None:
            self.editing_changed.emit(False)
            return
        self._presenter.session.state.overlay_visible = True
        self._keeper.remove(self.layer)
        self._drawn = drawn
        self._add(drawn, f"{build.TUMOUR_LAYER} (painting)")
        self._begin(self.layer)

    def _begin(self, layer: Any) -> None:
        viewer = self._presenter.viewer
        self.editing, self._strokes = True, (0, 0)
        layer.opacity, layer.brush_size = 0.45, BRUSH_PX
        layer.selected_label = self._label_here()
        viewer.layers.selection = {layer}
        layer.mode = "paint"
        layer.events.set_data.connect(self._on_data)
        layer.events.paint.connect(self._on_data)
        self._show_outline()
        self.editing_changed.emit(True)

    def _label_here(self) -> int:
        """Return the number of the tumour at the crosshair, else of a new one."""
        found = self._presenter.session.tumours
        nodules = () if found is None else found.nodules
        here = np.array(self._presenter.point_mm)
        for nodule in nodules:
            away = np.linalg.norm(here - nodule.centroid_lps_mm)
            if away <= nodule.long_axis_mm:
                return nodule.label
        return 1 + max((n.label for n in nodules), default=0)

    def _on_data(self, *_: object) -> None:
        # napari tells of strokes, not of undo: the lengths of its history tell both.
        layer, drawn = self.layer, self._drawn
        if not self.editing or drawn is None or not self._keeper.lives(layer):
            return
        strokes = (len(layer._undo_history), len(layer._redo_history))
        if strokes != self._strokes:
            self._strokes = strokes
            self._presenter.session.editing.changed(drawn.labels, drawn.names)

    def _stop(self) -> None:
        if not self.editing:
            return
        self.editing = False
        if self._keeper.lives(self.layer):
            self.layer.events.set_data.disconnect(self._on_data)
            self.layer.events.paint.disconnect(self._on_data)
            self.layer.mode = "pan_zoom"
        if self._keeper.lives(self._presenter.ct):
            self._presenter.viewer.layers.selection = {self._presenter.ct}
        self.editing_changed.emit(False)

    # --- boxes and probability -------------------------------------------------

    def show_boxes(self, *_: object) -> None:
        """Draw a box around each tumour that the slice cuts; all of them in the planes."""
        presenter = self._presenter
        shown = self._boxes() if presenter.session.view.boxes else ()
        presenter.planes.scene.boxes = shown
        z = presenter.point_mm[2]
        cut = [axial_edges(b) for b in shown if abs(b.centre_mm[2] - z) <= b.half_mm[2]]
        if not cut:
            self._keeper.show(self.boxes, False)
            return
        edges = np.concatenate(cut)
        if not self._keeper.lives(self.boxes):
            self.boxes = self._keeper.add((edges, _box_style(), "vectors"))
            self.boxes.mouse_pan = True
            self._on_zoom()
        self.boxes.data = edges
        self._keeper.show(self.boxes, True)

    def _boxes(self) -> tuple[Box, ...]:
        found, scan = self._presenter.session.tumours, self._presenter.session.scan
        if found is None or scan is None:
            return ()
        return tuple(_box(n, scan.geometry) for n in found.nodules if n.bounding_box is not None)

    def _show_probability(self, *_: object) -> None:
        presenter = self._presenter
        found = probability_of(presenter.session.tumours)
        overlays = presenter.planes.scene.overlays
        if found is None or not presenter.session.view.probability or presenter.display is None:
            overlays.pop(PROBABILITY_LAYER, None)
            self._keeper.remove(self.probability)
            self.probability = None
        else:
            overlay = probability_overlay(found)
            overlays[PROBABILITY_LAYER] = overlay
            self.probability = self._keeper.replace(self.probability, overlay.layer())
        presenter.planes.refresh()

    def _on_zoom(self) -> None:
        if self._keeper.lives(self.boxes):
            self.boxes.edge_width = BOX_PIXELS / self._presenter.viewer.scene.camera.zoom


def _box(nodule: Nodule, geometry: Any) -> Box:
    start, stop = nodule.bounding_box  # type: ignore[misc]
    corners = np.array(np.meshgrid(*zip(start, stop, strict=True))).reshape(3, -1).T - 0.5
    points = geometry.index_to_lps(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = (low + high) / 2
    a, b, c = (high - low) / 2
    return Box((float(x), float(y), float(z)), (float(a), float(b), float(c)))


def _box_style() -> dict[str, Any]:
    return {
        "name": BOX_LAYER,
        "vector_style": "line",
        "edge_color": TUMOUR_COLOR,
        "opacity": 0.9,
        "units": build.UNITS[1:],
    }
