"""The ghost box under the pointer in place mode."""

import numpy as np
import pytest
from napari.utils.colormaps.standardize_color import transform_color
from napari.utils.interactions import mouse_move_callbacks

from napari_radiogen.plugin.ghost import GHOST_LAYER, axial_edges
from napari_radiogen.plugin.reslice import box_on_plane
from napari_radiogen.plugin.styles import GHOST_COLOR, UNSEEN
from napari_radiogen.session.placing import Preview
from tests.plugin.test_viewing import click, event, names
from tests.session.fakes import CENTRE, OUTSIDE


def move(bench, point_mm):
    mouse_move_callbacks(bench.viewer, event("mouse_move", point_mm[::-1]))


def test_the_box_follows_the_pointer_in_place_mode_only(ready):
    before = names(ready)
    chosen = set(ready.viewer.layers.selection)
    move(ready, CENTRE)
    assert names(ready) == before
    ready.pointer.set_place_mode(True)
    move(ready, CENTRE)
    layer = ready.viewer.layers[GHOST_LAYER]
    corners = layer.data[:, 0]
    assert corners.min(axis=0) == pytest.approx((CENTRE[1] - 24, CENTRE[0] - 24))
    assert corners.max(axis=0) == pytest.approx((CENTRE[1] + 24, CENTRE[0] + 24))
    assert set(ready.viewer.layers.selection) == chosen
    assert ready.planes.scene.ghost.centre_mm == CENTRE
    there = (14.0, 24.0, -34.0)
    move(ready, there)
    assert layer.data[:, 0].mean(axis=0) == pytest.approx(there[1::-1])
    ready.pointer.set_place_mode(False)
    assert names(ready) == before
    assert ready.planes.scene.ghost is None


def test_outside_the_lung_the_box_is_red_and_says_why(ready):
    ready.pointer.set_place_mode(True)
    move(ready, CENTRE)
    layer = ready.viewer.layers[GHOST_LAYER]
    pale = layer.edge_color[0].copy()
    assert np.allclose(pale, transform_color(GHOST_COLOR)[0])
    assert "no nodule" not in ready.presenter.marks.readout.text
    move(ready, OUTSIDE)
    assert not np.allclose(layer.edge_color[0], pale)
    assert ready.presenter.marks.readout.text.startswith("outside the lung: no nodule here")
    assert np.allclose(layer.edge_color[0], transform_color(UNSEEN)[0])
    move(ready, CENTRE)
    assert np.allclose(layer.edge_color[0], pale)
    assert "no nodule" not in ready.presenter.marks.readout.text


def test_a_click_places_where_the_box_is(ready):
    ready.pointer.set_place_mode(True)
    there = (14.0, 24.0, -34.0)
    move(ready, there)
    click(ready.viewer, there)
    assert ready.session.state.site.centre_lps_mm == there


def test_a_box_whose_layer_was_deleted_comes_back(ready):
    ready.pointer.set_place_mode(True)
    move(ready, CENTRE)
    ready.viewer.layers.remove(ready.viewer.layers[GHOST_LAYER])
    move(ready, (14.0, 24.0, -34.0))
    assert GHOST_LAYER in names(ready)


def test_without_a_scan_there_is_no_box(bench):
    bench.pointer.set_place_mode(True)
    move(bench, CENTRE)
    assert len(bench.viewer.layers) == 0


def test_the_planes_paint_the_box_where_they_cut_it(ready, qtbot):
    scan = ready.session.scan
    half = (6.0, 6.0, 10.0)
    top, left, bottom, right = box_on_plane(scan, "coronal", CENTRE, CENTRE, half)
    assert (bottom - top, right - left) == pytest.approx((10.0, 6.0))  # 2 mm voxels
    assert box_on_plane(scan, "coronal", (0.0, CENTRE[1] + 7, 0.0), CENTRE, half) is None
    assert box_on_plane(scan, "sagittal", (CENTRE[0] - 7, 0.0, 0.0), CENTRE, half) is None
    view = ready.planes.coronal
    qtbot.addWidget(ready.planes)
    ready.planes.resize(300, 500)
    without = view.grab().toImage()
    ready.pointer.set_place_mode(True)
    move(ready, CENTRE)
    assert view.grab().toImage() != without
    ready.pointer.set_place_mode(False)
    assert view.grab().toImage() == without


def test_sides_close_the_box():
    edges = axial_edges(Preview((1.0, 2.0, 3.0), (10.0, 20.0, 5.0)))
    ends = edges.sum(axis=1)
    corners = {tuple(c) for c in np.vstack([edges[:, 0], ends])}
    assert corners == {(-18.0, -9.0), (-18.0, 11.0), (22.0, -9.0), (22.0, 11.0)}
