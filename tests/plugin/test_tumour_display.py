import csv

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_radiogen.domain import LabelVolume
from napari_radiogen.io.labels import write_labels
from napari_radiogen.plugin.overlays import PROBABILITY_LAYER
from napari_radiogen.plugin.tumour_display import BOX_LAYER
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from tests.plugin.mouse import drag
from tests.session.fakes import CENTRE

LEFT = Qt.MouseButton.LeftButton
FAR = (CENTRE[0] - 16, CENTRE[1], CENTRE[2])


@pytest.fixture
def dock(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    QTest.mouseClick(made.tumours.find_button, LEFT)
    return made


def press(widget):
    QTest.mouseClick(widget, LEFT)


def paint(layer, start, stop):
    """Paint from one LPS point to another with the tool that is on."""
    drag(layer, ((start, (100, 100)), (stop, (120, 100))))


def names(bench):
    return [layer.name for layer in bench.viewer.layers]


def cells(dock):
    table = dock.tumours.table
    return [[table.item(i, j).text() for j in range(3)] for i in range(table.rowCount())]


def test_paint_with_napari_s_brush_and_the_measurements_follow(ready, dock):
    before = cells(dock)
    press(dock.tumours.edit)
    layer = ready.presenter.tumours
    assert layer.mode == "paint"
    assert ready.viewer.layers.selection.active is layer
    layer.selected_label = 2
    paint(layer, FAR, (FAR[0] + 6, FAR[1], FAR[2]))
    after = cells(dock)
    assert len(after) == len(before) + 1
    assert float(after[1][1]) > 6
    found = ready.session.tumours.nodules[1]
    assert found.volume_mm3 == pytest.approx((layer.data == 2).sum() * 8.0)
    assert "edited" in dock.tumours.status.text()


def test_undo_and_redo_of_napari_take_the_measurements_with_them(ready, dock):
    press(dock.tumours.edit)
    layer = ready.presenter.tumours
    layer.selected_label = 2
    paint(layer, FAR, FAR)
    assert len(cells(dock)) == 2
    layer.undo()
    assert len(cells(dock)) == 1
    layer.redo()
    assert len(cells(dock)) == 2


def test_erasing_makes_the_tumour_smaller_and_the_search_s_own_outline_stays(ready, dock):
    found = ready.session.tumours
    kept = found.labels.labels.copy()
    press(dock.tumours.edit)
    layer = ready.presenter.tumours
    volume = (layer.data == 1).sum()
    layer.mode = "erase"
    paint(layer, CENTRE, CENTRE)
    assert (layer.data == 1).sum() < volume
    assert ready.session.tumours.nodules[0].volume_mm3 == pytest.approx(
        (layer.data == 1).sum() * 8.0
    )
    assert np.array_equal(found.labels.labels, kept)


def test_done_ends_the_tools_and_keeps_what_was_drawn(ready, dock):
    press(dock.tumours.edit)
    ready.presenter.tumours.selected_label = 2
    paint(ready.presenter.tumours, FAR, FAR)
    press(dock.tumours.edit)
    layer = ready.presenter.tumours
    assert layer.name == "tumours (U-Net, edited)"
    assert layer.mode == "pan_zoom"
    assert not layer.editable
    assert (layer.data == 2).any()
    assert dock.tumours.edit.text() == "paint"
    assert names(ready).count("tumours (painting)") == 0


def test_a_tumour_can_be_drawn_where_none_was_found(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    assert made.tumours.table.rowCount() == 0
    press(made.tumours.edit)
    paint(ready.presenter.tumours, CENTRE, CENTRE)
    assert made.tumours.table.rowCount() == 1
    assert "by hand" in made.tumours.status.text()


def test_a_click_while_painting_moves_nothing_else(ready, dock):
    press(dock.tumours.edit)
    here = ready.presenter.point_mm
    drag(ready.viewer, ((FAR, (100, 100)),))
    assert ready.presenter.point_mm == here


def test_what_cannot_be_painted_is_refused_and_the_button_comes_up_again(ready, dock, tmp_path):
    ready.session.editing.begin = lambda: None
    press(dock.tumours.edit)
    assert not dock.tumours.edit.isChecked()
    assert not ready.presenter.tumour_display.editing


def test_another_scan_ends_the_painting(ready, dock):
    press(dock.tumours.edit)
    ready.session.open_scan(ready.session.scan)
    assert not ready.presenter.tumour_display.editing
    assert not dock.tumours.edit.isChecked()
    assert names(ready) == ["CT", "crosshair"]


def test_boxes_stand_around_the_tumours_of_the_slice(ready, dock):
    assert BOX_LAYER not in names(ready)
    press(dock.tumours.boxes)
    layer = ready.viewer.layers[BOX_LAYER]
    labels = ready.session.tumours.labels.labels
    index = np.argwhere(labels)
    low = ready.session.scan.geometry.index_to_lps(index.min(axis=0) - 0.5)
    high = ready.session.scan.geometry.index_to_lps(index.max(axis=0) + 0.5)
    ends = np.concatenate([layer.data[:, 0], layer.data[:, 0] + layer.data[:, 1]])
    assert np.allclose(ends.min(axis=0), (low[1], low[0]))
    assert np.allclose(ends.max(axis=0), (high[1], high[0]))
    assert len(ready.planes.scene.boxes) == 1
    ready.presenter.go_to((CENTRE[0], CENTRE[1], high[2] + 2))
    assert not layer.visible
    press(dock.tumours.boxes)
    assert ready.planes.scene.boxes == ()


def test_the_probability_is_a_layer_and_shows_in_the_planes(ready, dock, qtbot):
    assert dock.tumours.probability.isEnabled()
    plain = ready.planes.coronal._picture.image.copy()
    press(dock.tumours.probability)
    layer = ready.viewer.layers[PROBABILITY_LAYER]
    assert tuple(layer.contrast_limits) == (0.0, 1.0)
    assert np.allclose(layer.translate, ready.presenter.ct.translate)
    assert ready.planes.coronal._picture.image != plain
    press(dock.tumours.probability)
    assert PROBABILITY_LAYER not in names(ready)
    assert ready.planes.coronal._picture.image == plain


def test_a_mask_of_a_file_has_no_probability(ready, dock, tmp_path):
    press(dock.tumours.probability)
    labels = np.zeros(ready.session.scan.geometry.shape, np.uint8)
    labels[10:14, 10:14, 10:14] = 1
    path = tmp_path / "mask.nii.gz"
    write_labels(LabelVolume(labels, ready.session.scan.geometry), path)
    ready.session.open_mask(path)
    assert not dock.tumours.probability.isEnabled()
    assert PROBABILITY_LAYER not in names(ready)


def test_the_table_lists_all_measurements_and_writes_them(ready, dock, tmp_path, monkeypatch):
    press(dock.tumours.measure)
    window = dock.tumours.measurements
    heads = [window.table.horizontalHeaderItem(i).text() for i in range(9)]
    assert heads[1:4] == ["volume\nml", "long axis\nmm", "short axis\nmm"]
    press(dock.tumours.edit)
    ready.presenter.tumours.selected_label = 2
    paint(ready.presenter.tumours, FAR, FAR)
    assert window.table.rowCount() == 2  # it follows the brush
    nodule = ready.session.tumours.nodules[1]
    shown = [float(window.table.item(1, i).text()) for i in range(1, 9)]
    assert shown[0] == pytest.approx(nodule.volume_mm3 / 1000, abs=0.006)
    assert shown[2] == pytest.approx(nodule.short_axis_mm, abs=0.06)
    assert shown[4] == pytest.approx(100 * nodule.solid_fraction, abs=0.6)
    assert shown[6] == pytest.approx(nodule.sphericity, abs=0.006)
    target = tmp_path / "t.csv"
    monkeypatch.setattr(
        "napari_radiogen.plugin.widgets.tumour_table.QFileDialog.getSaveFileName",
        lambda *a: (str(target), ""),
    )
    press(window.export)
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [float(r["volume_mm3"]) for r in rows] == pytest.approx(
        [n.volume_mm3 for n in ready.session.tumours.nodules]
    )
    ready.presenter.go_to(CENTRE)
    window.table.selectRow(1)
    assert ready.presenter.point_mm == pytest.approx(nodule.centroid_lps_mm)


def test_the_arrows_go_from_tumour_to_tumour_both_ways(ready, dock):
    press(dock.tumours.edit)
    ready.presenter.tumours.selected_label = 2
    paint(ready.presenter.tumours, FAR, FAR)
    press(dock.tumours.edit)
    first, second = (n.centroid_lps_mm for n in ready.session.tumours.nodules)
    ready.presenter.go_to(first)
    press(dock.tumours.next)
    assert ready.presenter.point_mm == pytest.approx(second)
    press(dock.tumours.next)
    assert ready.presenter.point_mm == pytest.approx(first)
    press(dock.tumours.previous)
    assert ready.presenter.point_mm == pytest.approx(second)


def test_the_tools_are_those_of_napari_and_follow_its_keys(ready, dock):
    tools = dock.tumours.tools
    assert tools.isHidden()
    press(dock.tumours.edit)
    layer = ready.presenter.tumours
    assert not tools.isHidden()
    by_mode = {b.property("mode"): b for b in tools.modes.buttons()}
    for mode in ("erase", "fill", "pan_zoom", "paint"):
        press(by_mode[mode])
        assert layer.mode == mode
    layer.mode = "erase"  # as napari's key 1 does
    assert by_mode["erase"].isChecked()
    assert not by_mode["paint"].isChecked()
    tools.size.selectAll()
    QTest.keyClicks(tools.size, "9")
    assert layer.brush_size == 9
    layer.brush_size = 4
    assert tools.size.value() == 4
    press(tools.new)
    assert (layer.mode, layer.selected_label) == ("paint", 2)
    paint(layer, FAR, FAR)
    assert len(cells(dock)) == 2
    press(tools.undo)
    assert len(cells(dock)) == 1
    press(tools.redo)
    assert len(cells(dock)) == 2
    press(dock.tumours.edit)
    assert tools.isHidden()
