"""Shows the session in the viewer: layers, planes, marks. Never asks for change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, Point, SynthesisResult, cohort_words
from napari_radiogen.plugin import layers as build
from napari_radiogen.plugin.canvas_marks import CanvasMarks
from napari_radiogen.plugin.layers import DisplayVolume, LayerData, synthetic_kind
from napari_radiogen.plugin.other_nodules import insert_of
from napari_radiogen.plugin.planes import PlanesPanel
from napari_radiogen.plugin.reslice import Insert, hu_at
from napari_radiogen.plugin.styles import CROSSHAIR_COLOR, SYNTHETIC_COLOR
from napari_radiogen.session.controller import Session
from napari_radiogen.session.ports import Segmentation

if TYPE_CHECKING:
    from napari import Viewer

CROSSHAIR_LAYER = "crosshair"
CROSSHAIR_PIXELS = 1.0


class Presenter:
    """Keeps one viewer in step with one session."""

    display_changed = Signal(object)

    def __init__(self, viewer: Viewer, session: Session, planes: PlanesPanel) -> None:
        self.viewer = viewer
        self.session = session
        self.planes = planes
        self.marks = CanvasMarks(viewer)
        self.display: DisplayVolume | None = None
        self.ct: Any = None
        self.tumours: Any = None
        self.nodule: Any = None
        self.outline: Any = None
        self.crosshair: Any = None
        self._shown_insert: Insert | None = None
        session.scan_changed.connect(self._on_scan)
        session.tumours_changed.connect(self._on_tumours)
        session.result_changed.connect(self._on_result)
        session.models_changed.connect(self._write_marks)
        events: Any = session.state.events  # type: ignore[attr-defined]
        events.window.connect(self._on_window)
        events.overlay_visible.connect(self._on_overlay)
        events.show_synthetic.connect(self._on_show_synthetic)
        viewer.dims.events.point.connect(self._on_point)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        if session.scan is not None:
            self._on_scan(session.scan)

    @property
    def point_mm(self) -> Point:
        """LPS point (x, y, z) of the crosshair."""
        z, y, x = (float(c) for c in self.viewer.dims.point[-3:])
        return x, y, z

    def go_to(self, point_mm: Point) -> None:
        """Move the crosshair and all three planes to an LPS point (mm)."""
        if self._has_volume():
            self.viewer.dims.set_point((0, 1, 2), point_mm[::-1])

    def show_readout(self, point_mm: Point | None, note: str = "") -> None:
        """Write an LPS point and its HU at the foot of the canvas, and a note over them."""
        hu = None if point_mm is None else self._hu(point_mm)
        if point_mm is None or hu is None:
            self.marks.write(self.marks.readout, note)
            return
        x, y, z = point_mm
        line = f"{x:.1f}, {y:.1f}, {z:.1f} mm · {hu:.0f} HU"
        self.marks.write(self.marks.readout, f"{note}\n{line}" if note else line)

    def _hu(self, point_mm: Point) -> float | None:
        if self.session.state.show_synthetic:
            # The nodule in hand is asked first: the others show in its box, too.
            for result in sorted(self.session.results, key=lambda r: r is not self.session.result):
                inside = hu_at(self.session.on_screen(result).composed, point_mm)
                if inside is not None:
                    return inside
        return None if self.session.scan is None else hu_at(self.session.scan, point_mm)

    # --- scan ------------------------------------------------------------------

    def _on_scan(self, ct: CTVolume) -> None:
        self.session.runner.cancel("display")
        self.display = None
        if ct.geometry.is_axis_aligned:
            self._show_scan(build.display_volume(ct))
            return
        # Resampling an oblique scan takes seconds: not on the GUI thread.
        self.session.runner.submit(
            "display",
            lambda ctx: build.display_volume(ct),
            self._show_late,
            lambda error: self.session.failed.emit(str(error)),
        )

    def _show_scan(self, display: DisplayVolume) -> None:
        self.display = None
        for old in (self.ct, self.tumours, self.nodule, self.outline, self.crosshair):
            self._remove(old)
        self.ct = self.tumours = self.nodule = self.outline = self.crosshair = None
        window = self.session.state.window
        ct = self._add(build.ct_layer(display.volume, window))
        ct.events.contrast_limits.connect(self._on_contrast)
        self.ct = ct
        self.crosshair = self._add_crosshair(display.volume)
        self.display = display
        self.planes.scene.volume = display.volume
        self.planes.scene.labels = None
        self._set_insert(None)
        self.viewer.layers.selection = {ct}
        self.viewer.reset_view(margin=0.02)
        geometry = display.volume.geometry
        middle = geometry.index_to_lps(np.array(geometry.shape) // 2)
        self.go_to((float(middle[0]), float(middle[1]), float(middle[2])))
        self._on_window(window)
        self._on_point()
        self.display_changed.emit(display)

    def _show_late(self, display: DisplayVolume) -> None:
        """Show a scan that was resampled, and what the session found meanwhile."""
        self._show_scan(display)
        self._on_tumours(self.session.tumours)
        self._on_result(self.session.result)

    def _add_crosshair(self, ct: CTVolume) -> Any:
        layer = self.viewer.add_vectors(
            self._crosshair_lines(ct),
            name=CROSSHAIR_LAYER,
            edge_color=CROSSHAIR_COLOR,
            vector_style="line",
            opacity=0.55,
            units=("mm", "mm"),
        )
        layer.mouse_pan = True
        return layer

    def _on_zoom(self) -> None:
        if self._lives(self.crosshair):
            self.crosshair.edge_width = CROSSHAIR_PIXELS / self.viewer.scene.camera.zoom

    def _crosshair_lines(self, ct: CTVolume) -> np.ndarray:
        x, y, _ = self.point_mm
        low = ct.geometry.index_to_lps((0, 0, 0))
        high = ct.geometry.index_to_lps(np.array(ct.geometry.shape) - 1)
        across = [[y, low[0]], [0.0, high[0] - low[0]]]
        down = [[low[1], x], [high[1] - low[1], 0.0]]
        return np.array([across, down], dtype=float)

    def _on_point(self) -> None:
        if self.display is None or not (self._has_volume() and self._lives(self.crosshair)):
            return
        self.crosshair.data = self._crosshair_lines(self.display.volume)
        self.planes.scene.point_mm = self.point_mm
        self.planes.refresh()
        self._write_header()

    def _write_header(self) -> None:
        if self.display is None:
            return
        geometry = self.display.volume.geometry
        index = round(float(geometry.lps_to_index(self.point_mm)[0]))
        text = f"Axial · z {self.point_mm[2]:.1f} mm\nslice {index + 1} / {geometry.shape[0]}"
        self.marks.write(self.marks.header, text)

    def _write_marks(self) -> None:
        lines = []
        count = len(self.session.results)
        if count and self.session.state.show_synthetic:
            lines.append(f"{SYNTHETIC} nodule{'s' * (count > 1)}")
        if self.session.scan is not None and self.session.scan.synthetic:
            lines.append(f"{synthetic_kind(self.session.scan)} CT")
        generator = self.session.generator
        if lines and generator is not None:
            lines.append(cohort_words(generator.cohort))
        self.marks.write(self.marks.synthetic, "\n".join(lines))

    # --- tumours ---------------------------------------------------------------

    def _on_tumours(self, found: Segmentation | None) -> None:
        self._remove(self.tumours)
        self.tumours, self.planes.scene.labels = None, None
        if found is not None and self.display is not None:
            labels = build.display_labels(found.labels)
            self.tumours = self._add(
                build.labels_layer(labels, build.tumour_layer_name(found.model))
            )
            self.tumours.contour = 1
            self.tumours.editable = False
            if self._lives(self.ct):
                self.viewer.layers.selection = {self.ct}
        self._on_overlay(self.session.state.overlay_visible)

    def _on_overlay(self, visible: bool) -> None:
        if self._lives(self.tumours):
            self.tumours.visible = visible
            self.planes.scene.labels = self.tumours.data if visible else None
        self.planes.refresh()

    # --- synthetic nodule ------------------------------------------------------

    def _on_result(self, result: SynthesisResult | None) -> None:
        if result is None or self.display is None:
            for old in (self.nodule, self.outline):
                self._remove(old)
            self.nodule = self.outline = None
            self._set_insert(None)
        else:
            window, shown = self.session.state.window, self.session.on_screen(result)
            image, outline = build.nodule_layers(shown, self.display.volume, window)
            self.nodule = self._replace(self.nodule, image)
            self.outline = self._replace(self.outline, outline)
            self._finish_nodule(self.display.volume, image, outline)
        self._write_marks()

    def refresh_nodule(self) -> None:
        """Show the nodule in hand anew: another one beside it changed."""
        self._on_result(self.session.result)

    def _finish_nodule(self, ct: CTVolume, image: LayerData, outline: LayerData) -> None:
        if self._lives(self.ct):
            self.nodule.contrast_limits = self.ct.contrast_limits
        self.outline.contour = 1
        box = self.nodule.bounding_box
        box.points, box.line_color, box.line_thickness = False, SYNTHETIC_COLOR, 1.0
        self._set_insert(insert_of(image, outline, ct))
        self._on_show_synthetic(self.session.state.show_synthetic)

    def _on_show_synthetic(self, visible: bool) -> None:
        for layer in (self.nodule, self.outline):
            if self._lives(layer):
                layer.visible = visible
        if self._lives(self.nodule):
            self.nodule.bounding_box.visible = visible
        self._refresh_insert()
        self._write_marks()

    def _set_insert(self, insert: Insert | None) -> None:
        self._shown_insert = insert
        self._refresh_insert()

    def _refresh_insert(self) -> None:
        shown = self.session.state.show_synthetic
        self.planes.scene.insert = self._shown_insert if shown else None
        self.planes.refresh()

    # --- window and level ------------------------------------------------------

    def _on_window(self, name: str) -> None:
        if self._lives(self.ct):
            self.ct.contrast_limits_range = (-1024, 3071)
            self.ct.contrast_limits = build.contrast_limits(name)
            self._on_contrast()

    def _on_contrast(self) -> None:
        limits = tuple(self.ct.contrast_limits)
        if self._lives(self.nodule):
            self.nodule.contrast_limits = limits
        self.planes.scene.limits = limits
        self.planes.refresh()

    # --- layers ----------------------------------------------------------------

    def _has_volume(self) -> bool:
        # Without its CT the viewer falls to the two axes of the crosshair.
        return self.display is not None and self.viewer.dims.ndim >= 3

    def _lives(self, layer: Any) -> bool:
        return layer is not None and layer in self.viewer.layers

    def _add(self, data: LayerData) -> Any:
        return getattr(self.viewer, f"add_{data[2]}")(data[0], **data[1])

    def _remove(self, layer: Any) -> None:
        if self._lives(layer):
            self.viewer.layers.remove(layer)

    def _replace(self, layer: Any, data: LayerData) -> Any:
        """Put new data into a layer, or add it; a swap is far faster than a new layer."""
        if not self._lives(layer):
            selection = set(self.viewer.layers.selection)
            added = self._add(data)
            self.viewer.layers.selection = selection
            if self._lives(self.crosshair):
                last = len(self.viewer.layers)
                self.viewer.layers.move(self.viewer.layers.index(self.crosshair), last)
            return added
        layer.data = data[0]
        layer.translate = data[1]["translate"]
        layer.scale = data[1]["scale"]
        layer.metadata = data[1]["metadata"]
        return layer
