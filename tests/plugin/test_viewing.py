from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_radiogen.constants import WINDOWS_HU
from napari_radiogen.domain import LabelVolume
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from tests.session.fakes import CENTRE, OUTSIDE, make_scan


def event(kind, position, pos=(100, 100), dragging=False):
    return SimpleNamespace(
        type=kind,
        position=position,
        pos=pos,
        button=1,
        handled=False,
        modifiers=(),
        is_dragging=dragging,
    )


def click(viewer, point_mm, travel=0.0):
    position = point_mm[::-1]
    # napari hands drag callbacks a wrapper that it points at each later event.
    press = ReadOnlyWrapper(event("mouse_press", position), exceptions=("handled",))
    mouse_press_callbacks(viewer, press)
    if travel:
        mouse_move_callbacks(viewer, event("mouse_move", position, (100 + travel, 100), True))
    mouse_release_callbacks(viewer, event("mouse_release", position, (100 + travel, 100)))


def names(bench):
    return [layer.name for layer in bench.viewer.layers]


def test_a_scan_brings_its_layer_in_mm_and_in_the_lung_window(ready):
    layer = ready.presenter.ct
    assert tuple(layer.contrast_limits) == (-1350.0, 150.0)
    assert [str(u) for u in layer.units] == ["millimeter"] * 3
    assert layer.data is not None
    assert np.array_equal(layer.data, ready.session.scan.voxels)


def test_another_scan_replaces_all_layers(ready):
    ready.session.find_tumours()
    ready.session.open_scan(make_scan(series_uid="9.9"))
    assert names(ready) == ["CT", "crosshair"]
    assert ready.planes.scene.insert is None
    assert ready.planes.scene.labels is None


def test_a_window_preset_reaches_ct_nodule_and_planes(ready):
    for name in WINDOWS_HU:
        ready.session.state.window = name
        level, width = WINDOWS_HU[name]
        expected = (level - width / 2, level + width / 2)
        assert tuple(ready.presenter.ct.contrast_limits) == expected
        assert tuple(ready.presenter.nodule.contrast_limits) == expected
        assert ready.planes.scene.limits == expected


def test_contrast_by_hand_reaches_the_nodule_too(ready):
    ready.presenter.ct.contrast_limits = (-500, 400)
    assert tuple(ready.presenter.nodule.contrast_limits) == (-500, 400)
    assert ready.planes.scene.limits == (-500, 400)


def test_the_nodule_has_its_own_layer_and_the_ct_keeps_its_voxels(ready):
    before = make_scan().voxels
    assert np.array_equal(ready.presenter.ct.data, before)
    nodule = ready.presenter.nodule
    assert "SYNTHETIC" in nodule.name
    assert nodule.data.size < before.size / 4
    corner = nodule.translate
    z, y, x = np.round(ready.session.scan.geometry.lps_to_index(corner[::-1])).astype(int)
    assert (z, y, x) == ready.session.result.start_zyx


def test_real_or_synthetic(ready):
    assert "SYNTHETIC" in ready.presenter.marks.synthetic.text
    assert "planted" in ready.presenter.marks.synthetic.text
    ready.session.state.show_synthetic = False
    assert not ready.presenter.nodule.visible
    assert not ready.presenter.outline.visible
    assert ready.planes.scene.insert is None
    assert "SYNTHETIC" not in ready.presenter.marks.synthetic.text
    ready.session.state.show_synthetic = True
    assert ready.presenter.nodule.visible


def test_letters_and_research_mark_stand_on_the_canvas(ready):
    shown = {o.text for o in ready.viewer.canvas.overlays.values() if getattr(o, "text", "")}
    assert {"A", "P", "R", "L", "Research use only"} <= shown
    assert ready.viewer.canvas.overlays["radiogen_left"].text == "R"
    assert ready.viewer.canvas.overlays["radiogen_left"].position == "middle_left"
    assert ready.viewer.canvas.overlays.scale_bar.visible


def test_the_read_out_gives_lps_and_hu_of_what_is_seen(ready):
    mouse_move_callbacks(ready.viewer, event("mouse_move", CENTRE[::-1]))
    text = ready.presenter.marks.readout.text
    assert text.startswith("10.0, 20.0, -30.0 mm")
    assert "voxel 22, 20, 18" in text
    inside = float(text.split("·")[2].removesuffix("HU"))
    ready.session.state.show_synthetic = False
    mouse_move_callbacks(ready.viewer, event("mouse_move", CENTRE[::-1]))
    lung = float(ready.presenter.marks.readout.text.split("·")[2].removesuffix("HU"))
    assert inside > -200
    assert lung < -700
    mouse_move_callbacks(ready.viewer, event("mouse_move", (1e4, 0, 0)))
    assert ready.presenter.marks.readout.text == ""


def test_a_click_moves_all_planes_and_a_drag_does_not(ready):
    there = (14.0, 24.0, -34.0)
    click(ready.viewer, there)
    assert np.allclose(ready.presenter.point_mm, there)
    assert np.allclose(ready.planes.scene.point_mm, there)
    assert ready.session.state.site.centre_lps_mm == CENTRE
    click(ready.viewer, CENTRE, travel=30)
    assert np.allclose(ready.presenter.point_mm, there)


def test_place_mode_puts_the_nodule_where_one_clicks(ready):
    there = (14.0, 24.0, -34.0)
    ready.pointer.set_place_mode(True)
    click(ready.viewer, there)
    assert ready.session.state.site.centre_lps_mm == there
    assert ready.session.result.request.site.centre_lps_mm == there


def test_a_place_outside_the_lung_is_refused_in_one_line(ready):
    said = []
    ready.session.failed.connect(said.append)
    ready.pointer.set_place_mode(True)
    click(ready.viewer, OUTSIDE)
    assert ready.session.state.site.centre_lps_mm == CENTRE
    assert "outside the lung" in said[0]


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_a_click_in_a_plane_moves_the_axial_slice(ready, qtbot, plane):
    view = getattr(ready.planes, plane)
    qtbot.addWidget(view)
    view.resize(300, 240)
    rect = view.image_rect()
    place = QPoint(int(rect.center().x()), int(rect.top() + rect.height() / 4))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    expected = view.point_at(place.x(), place.y())
    assert np.allclose(ready.presenter.point_mm, expected, atol=0.01)
    assert ready.presenter.point_mm[2] > CENTRE[2]  # superior is on top
    assert not view.grab().toImage().isNull()


def test_tumours_are_outlined_and_can_be_hidden(ready):
    ready.session.find_tumours()
    assert ready.presenter.tumours.visible
    assert ready.presenter.tumours.contour == 1
    ready.session.state.overlay_visible = False
    assert not ready.presenter.tumours.visible
    assert ready.planes.scene.labels is None
    ready.session.state.overlay_visible = True
    assert ready.planes.scene.labels is not None


def test_a_layer_that_the_person_deleted_comes_back_with_the_next_nodule(ready):
    ready.viewer.layers.remove(ready.presenter.nodule)
    ready.session.state.show_synthetic = False
    ready.session.state.show_synthetic = True
    ready.session.reroll()
    assert ready.presenter.nodule in ready.viewer.layers


def test_deleting_the_ct_by_hand_breaks_nothing(ready):
    ready.viewer.layers.clear()
    ready.presenter.go_to(CENTRE)
    ready.session.reroll()
    ready.session.open_scan(make_scan())
    assert names(ready) == ["CT", "crosshair"]


def test_next_tumour_goes_round(ready):
    ready.next_tumour()
    ready.session.find_tumours()
    ready.presenter.go_to((14.0, 24.0, -34.0))
    ready.next_tumour()
    assert np.allclose(ready.presenter.point_mm, CENTRE)
    ready.next_tumour()
    assert np.allclose(ready.presenter.point_mm, CENTRE)


def test_an_oblique_scan_is_shown_with_a_notice_and_its_nodule(ready, qtbot):
    c, s = np.cos(0.2), np.sin(0.2)
    scan = make_scan(series_uid="7.7")
    geometry = replace(scan.geometry, direction=(c, -s, 0, s, c, 0, 0, 0, 1))
    oblique = replace(scan, geometry=geometry)
    ready.session.open_scan(oblique)
    assert "oblique" in ready.presenter.display.notice
    middle = geometry.index_to_lps(np.array(geometry.shape) // 2)
    ready.session.lung = LabelVolume(np.ones(geometry.shape, np.uint8), geometry)
    ready.session.place(tuple(float(m) for m in middle))
    assert ready.presenter.nodule is not None
    dock = CTTumourWidget(ready.viewer)
    qtbot.addWidget(dock)
    assert "oblique" in dock.notice.text()
