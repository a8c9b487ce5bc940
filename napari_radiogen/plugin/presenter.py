"""Shows the session in the viewer: layers, planes, marks. Never asks for change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, Point, SynthesisResult, cohort_words
from napari_radiogen.plugin import layers as build
from napari_radiogen.plugin.canvas_marks import PLANE_NAMES, CanvasMarks
from napari_radiogen.plugin.change_layers import ChangeLayers
from napari_radiogen.plugin.layer_keeper import LayerKeeper
from napari_radiogen.plugin.layers import DisplayVolume, LayerData, synthetic_kind
from napari_radiogen.plugin.other_nodules import insert_of
from napari_radiogen.plugin.planes import PlanesPanel
from napari_radiogen.plugin.reslice import Insert, hu_at
from napari_radiogen.plugin.styles import CROSSHAIR_COLOR, SYNTHETIC_COLOR
from napari_radiogen.plugin.tumour_display import TumourDisplay
from napari_radiogen.plugin.windowing import Windowing, window_limits
from napari_radiogen.session.controller import Session

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
        self.keeper = LayerKeeper(viewer)
        self.display: DisplayVolume | None = None
        self.ct: Any = None
        self.nodule: Any = None
        self.outline: Any = None
        self.crosshair: Any = None
        self._shown_insert: Insert | None = None
        session.scan_changed.connect(self._on_scan)
        session.result_changed.connect(self._on_result)
        session.models_changed.connect(self._write_marks)
        events: Any = session.state.events  # type: ignore[attr-defined]
        events.show_synthetic.connect(self._on_show_synthetic)
        session.view.events.convention.connect(self._on_convention)  # type: ignore[attr-defined]
        self.windowing = Windowing(self)
        self.tumour_display = TumourDisplay(self)
        self.changes = ChangeLayers(self)
        viewer.dims.events.point.connect(self._on_point)
        viewer.dims.events.order.connect(self.write_header)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        if session.scan is not None:
            self._on_scan(session.scan)

    @property
    def point_mm(self) -> Point:
        """LPS point (x, y, z) of the crosshair."""
        z, y, x = (float(c) for c in self.viewer.dims.point[-3:])
        return x, y, z

    @property
    def tumours(self) -> Any:
        """The layer of the tumours."""
        return self.tumour_display.layer

    def nodule_images(self) -> tuple[Any, ...]:
        """Return the layers that show synthetic HU."""
        return (self.nodule,)

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
        line = f"{x:.1f}, {y:.1f}, {z:.1f} mm · voxel {self._voxel(point_mm)} · {hu:.0f} HU"
        self.marks.write(self.marks.readout, f"{note}\n{line}" if note else line)

    def _voxel(self, point_mm: Point) -> str:
        """Return column, row and slice of the scan's own grid, counted from 0."""
        scan = self.session.scan
        if scan is None:
            return "–"
        z, y, x = np.round(scan.geometry.lps_to_index(point_mm)).astype(int)
        return f"{x}, {y}, {z}"

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
            self.session.report,
        )

    def _show_scan(self, display: DisplayVolume) -> None:
        self.display = None
        self.tumour_display.forget()
        self.changes.forget()
        self.keeper.remove(self.ct, self.nodule, self.outline, self.crosshair)
        self.ct = self.nodule = self.outline = self.crosshair = self.keeper.top = None
        ct = self.keeper.add(build.ct_layer(display.volume, window_limits(self.session)))
        self.windowing.listen(ct)
        self.ct = ct
        self.crosshair = self.keeper.top = self._add_crosshair(display.volume)
        self.display = display
        self.planes.scene.volume = display.volume
        self.planes.scene.labels = None
        self._set_insert(None)
        self.viewer.layers.selection = {ct}
        self.viewer.reset_view(margin=0.02)
        geometry = display.volume.geometry
        middle = geometry.index_to_lps(np.array(geometry.shape) // 2)
        self.go_to((float(middle[0]), float(middle[1]), float(middle[2])))
        self.windowing.apply()
        self._on_point()
        self.display_changed.emit(display)

    def _show_late(self, display: DisplayVolume) -> None:
        """Show a scan that was resampled, and what the session found meanwhile."""
        self._show_scan(display)
        self.tumour_display.show(self.session.tumours)
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
        if self.keeper.lives(self.crosshair):
            self.crosshair.edge_width = CROSSHAIR_PIXELS / self.viewer.scene.camera.zoom

    def _crosshair_lines(self, ct: CTVolume) -> np.ndarray:
        x, y, _ = self.point_mm
        low = ct.geometry.index_to_lps((0, 0, 0))
        high = ct.geometry.index_to_lps(np.array(ct.geometry.shape) - 1)
        across = [[y, low[0]], [0.0, high[0] - low[0]]]
        down = [[low[1], x], [high[1] - low[1], 0.0]]
        return np.array([across, down], dtype=float)

    def _on_point(self) -> None:
        if self.display is None or not self._has_volume() or not self.keeper.lives(self.crosshair):
            return
        self.crosshair.data = self._crosshair_lines(self.display.volume)
        self.planes.scene.point_mm = self.point_mm
        self.tumour_display.show_boxes()
        self.planes.refresh()
        self.write_header()

    def write_header(self, *_: object) -> None:
        """Write plane, slice, level and width into the corner of the canvas."""
        if self.display is None or self.viewer.dims.ndim < 3:
            return
        geometry, axis = self.display.volume.geometry, self.viewer.dims.order[0]
        index = round(float(geometry.lps_to_index(self.point_mm)[axis]))
        plane, name = PLANE_NAMES[axis]
        where = f"{plane} · {name} {self.point_mm[2 - axis]:.1f} mm"
        slices = f"slice {index + 1} / {geometry.shape[axis]}"
        self.marks.write(self.marks.header, f"{where}\n{slices}\n{self.windowing.words()}")

    def _on_convention(self, convention: str) -> None:
        """Turn the patient's right to the left of the screen, or to the right."""
        mirrored = convention == "neurological"
        self.planes.scene.mirrored = mirrored
        self.viewer.scene.camera.orientation2d = ("down", "left" if mirrored else "right")
        self.planes.refresh()

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

    # --- synthetic nodule ------------------------------------------------------

    def _on_result(self, result: SynthesisResult | None) -> None:
        if result is None or self.display is None:
            self.keeper.remove(self.nodule, self.outline)
            self.nodule = self.outline = None
            self._set_insert(None)
        else:
            limits, shown = window_limits(self.session), self.session.on_screen(result)
            image, outline = build.nodule_layers(shown, self.display.volume, limits)
            self._shown_insert = insert_of(image, outline, self.display.volume)
            image, outline = self._in_their_box(result, image, outline)
            rests = result.complete
            self.nodule = self.keeper.repaint(self.nodule, image, thumbnail=rests)
            self.outline = self.keeper.repaint(self.outline, outline, thumbnail=rests)
            self._finish_nodule()
        self.changes.refresh()
        self._write_marks()

    def refresh_nodule(self) -> None:
        """Show the nodule in hand anew: another one beside it changed."""
        self._on_result(self.session.result)

    def _in_their_box(
        self, result: SynthesisResult, image: LayerData, outline: LayerData
    ) -> tuple[LayerData, LayerData]:
        """Return a first look in the box of the whole nodule that shows at the same place."""
        layers = self.nodule, self.outline
        if result.complete or self.display is None or not all(map(self.keeper.lives, layers)):
            return image, outline
        if self.nodule.metadata["request"].site != result.request.site:
            return image, outline
        shown = self.display.volume
        bare = np.broadcast_to(np.zeros((), outline[0].dtype), shown.voxels.shape)
        return (
            build.in_box_of(self.nodule, image, shown.voxels, shown.geometry),
            build.in_box_of(self.outline, outline, bare, shown.geometry),
        )

    def _finish_nodule(self) -> None:
        if self.outline.contour != 1:
            self.outline.contour = 1
        box = self.nodule.bounding_box
        box.points, box.line_color, box.line_thickness = False, SYNTHETIC_COLOR, 1.0
        self._on_show_synthetic(self.session.state.show_synthetic)

    def _on_show_synthetic(self, visible: bool) -> None:
        for layer in (self.nodule, self.outline):
            self.keeper.show(layer, visible)
        if self.keeper.lives(self.nodule):
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

    def _has_volume(self) -> bool:
        # Without its CT the viewer falls to the two axes of the crosshair.
        return self.display is not None and self.viewer.dims.ndim >= 3
