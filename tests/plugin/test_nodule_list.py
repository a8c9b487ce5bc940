"""Several nodules in the window: the list, the layers, the planes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.session import nodules
from tests.session.fakes import CENTRE

LEFT = Qt.MouseButton.LeftButton
BESIDE = (CENTRE[0] + 10.0, CENTRE[1], CENTRE[2])


@pytest.fixture
def panel(ready, qtbot):
    panel = GenePanelWidget(ready.viewer)
    qtbot.addWidget(panel)
    panel.resize(320, 760)
    panel.show()
    return panel


@pytest.fixture
def row(panel):
    return panel.synthesis.nodules


def press(widget):
    QTest.mouseClick(widget, LEFT)


def choose(box, index):
    """Choose an entry with the keyboard, as a hand does."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(index):
        QTest.keyClick(box, Qt.Key.Key_Down)


@pytest.fixture
def two(row, ready):
    """A second nodule of other genes, added by the button and placed by a click."""
    ready.session.choose_subject("S-0001")
    press(row.add)
    ready.session.choose_subject("S-0002")
    ready.pointer.click(BESIDE)
    return row


def synthetic(ready):
    return [layer.name for layer in ready.viewer.layers if layer.name.startswith("SYNTHETIC")]


def test_plus_begins_a_nodule_that_the_next_click_places(row, ready):
    assert row.box.count() == 1
    press(row.add)
    assert ready.pointer.place_mode
    assert row.box.count() == 2
    assert "click in the lung" in row.box.currentText()
    assert not row.add.isEnabled()
    assert ready.session.result is None
    ready.pointer.click(BESIDE)
    assert len(ready.session.results) == 2
    assert row.add.isEnabled()


def test_each_has_layers_and_the_one_in_hand_is_on_top(two, ready):
    names = synthetic(ready)
    assert names == [
        "SYNTHETIC nodule 1",
        "SYNTHETIC nodule",
        "SYNTHETIC outline 1",
        "SYNTHETIC outline",
    ]
    assert ready.viewer.layers[-1].name == "crosshair"


def test_the_layers_show_what_an_export_holds(two, ready):
    scan = ready.session.scan
    shown = scan.voxels.copy()
    for layer in ready.viewer.layers:
        if layer.name.startswith("SYNTHETIC nodule"):
            start = np.round(scan.geometry.lps_to_index(layer.translate[::-1])).astype(int)
            box = tuple(slice(a, a + n) for a, n in zip(start, layer.data.shape, strict=True))
            shown[box] = layer.data
    np.testing.assert_array_equal(shown, nodules.whole_scan(scan, ready.session.results))


def test_choosing_the_other_one_brings_its_genes_and_the_crosshair(two, ready):
    choose(two.box, 0)
    assert ready.session.state.active == 0
    assert ready.session.state.subject_id == "S-0001"
    assert ready.presenter.point_mm == pytest.approx(CENTRE, abs=2.0)
    assert "SYNTHETIC nodule 2" in synthetic(ready)
    assert "SYNTHETIC nodule 1" not in synthetic(ready)


def test_genes_change_the_nodule_in_hand_alone(two, ready):
    other = ready.viewer.layers["SYNTHETIC nodule 1"]
    mask = ready.viewer.layers["SYNTHETIC outline 1"].data.copy()
    ready.session.set_metagene("M01", 2.0)
    assert ready.session.others.results[0].request.subject_id == "S-0001"
    np.testing.assert_array_equal(ready.viewer.layers["SYNTHETIC outline 1"].data, mask)
    assert other in ready.viewer.layers
    assert "edited" in two.box.currentText()


def test_minus_removes_the_nodule_and_its_layers(two, ready):
    press(two.remove)
    assert len(ready.session.state.intent.nodules) == 1
    assert synthetic(ready) == ["SYNTHETIC nodule", "SYNTHETIC outline"]
    assert ready.session.state.subject_id == "S-0001"
    ready.session.undo()
    assert two.box.count() == 2
    assert len(synthetic(ready)) == 4


def test_both_planes_and_marks_know_of_them(two, ready):
    scene = ready.planes.scene
    assert len(scene.others) == 1
    assert "SYNTHETIC nodules" in ready.presenter.marks.synthetic.text
    ready.session.state.show_synthetic = False
    assert scene.others == ()
    assert not ready.viewer.layers["SYNTHETIC nodule 1"].visible
    ready.session.state.show_synthetic = True
    assert len(scene.others) == 1


def test_the_window_and_the_readout_reach_the_others(two, ready):
    ready.session.state.window = "Bone"
    other = ready.viewer.layers["SYNTHETIC nodule 1"]
    assert tuple(other.contrast_limits) == tuple(ready.presenter.ct.contrast_limits)
    voxels = nodules.whole_scan(ready.session.scan, ready.session.results)
    at = ready.session.scan.geometry.lps_to_index(CENTRE)
    z, y, x = np.round(at).astype(int)
    ready.presenter.show_readout(CENTRE)
    assert f"{voxels[z, y, x]:.0f} HU" in ready.presenter.marks.readout.text


def test_another_scan_takes_all_of_them_away(two, ready):
    from tests.session.fakes import make_scan

    ready.session.open_scan(make_scan(series_uid="7.7"))
    assert synthetic(ready) == []
    assert ready.planes.scene.others == ()
    assert two.box.count() == 1
    assert not two.add.isEnabled()


def test_a_layer_that_a_person_deleted_comes_back_with_the_next_change(two, ready):
    ready.viewer.layers.remove(ready.viewer.layers["SYNTHETIC nodule 1"])
    ready.session.state.window = "Bone"
    ready.session.state.show_synthetic = False
    ready.session.state.show_synthetic = True
    choose(two.box, 0)
    assert len(synthetic(ready)) == 4
