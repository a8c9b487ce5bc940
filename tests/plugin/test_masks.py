"""Masks in the viewer: menu, drop, napari's own Open; names, table, notes, saving."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest

from napari_radiogen.domain import LabelVolume
from napari_radiogen.io.labels import read_labels, write_labels
from napari_radiogen.io.mask_model import MaskReading
from napari_radiogen.plugin.readers import get_reader
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget

DIALOG = "napari_radiogen.plugin.widgets.ct_tumour.QFileDialog"


@pytest.fixture
def dock(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(228, 400)
    made.show()
    return made


@pytest.fixture
def mask(ready, tmp_path):
    scan = ready.session.scan
    labels = np.zeros(scan.geometry.shape, np.uint8)
    labels[4:9, 4:9, 4:9] = 1
    labels[20:26, 20:26, 20:26] = 2
    path = tmp_path / "mask.nii.gz"
    write_labels(LabelVolume(labels, scan.geometry), path)
    return path


def dropped(path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    return event, data


def test_the_menu_opens_a_mask_as_overlay_table_and_tour(dock, ready, mask, monkeypatch):
    monkeypatch.setattr(f"{DIALOG}.getOpenFileName", lambda *a: (str(mask), ""))
    dock.mask_action.trigger()
    layer = ready.presenter.tumours
    assert layer.name == "tumours (label image)"
    assert list(layer.features["name"]) == ["", "Label 1", "Label 2"]
    assert set(np.unique(layer.data)) == {0, 1, 2}
    assert [dock.tumours.table.item(i, 0).text() for i in range(2)] == ["Label 1", "Label 2"]
    assert "2 tumours · label image" in dock.tumours.status.text()
    assert "frame of reference" in dock.notice.text()
    assert dock.notice.isVisible()
    centres = [n.centroid_lps_mm for n in ready.session.tumours.nodules]
    QTest.mouseClick(dock.tumours.next, Qt.MouseButton.LeftButton)
    assert np.allclose(ready.presenter.point_mm, centres[0])
    QTest.mouseClick(dock.tumours.next, Qt.MouseButton.LeftButton)
    assert np.allclose(ready.presenter.point_mm, centres[1])
    QTest.mouseClick(dock.tumours.previous, Qt.MouseButton.LeftButton)
    assert np.allclose(ready.presenter.point_mm, centres[0])


def test_no_mask_before_a_scan(bench, qtbot):
    made = CTTumourWidget(bench.viewer)
    qtbot.addWidget(made)
    assert not made.mask_action.isEnabled()
    assert not made.tumours.save.isEnabled()


def test_the_notes_of_a_mask_go_with_it(dock, ready, mask):
    ready.session.open_mask(mask)
    assert dock.notice.text()
    ready.session.find_tumours()
    assert dock.notice.text() == ""


def test_many_notices_leave_room_and_all_stand_in_the_tip(dock, ready, mask):
    lines = tuple(f"fault {n} {'x' * 200}" for n in range(5))
    layer = LabelVolume(
        np.ones(ready.session.scan.geometry.shape, np.uint8), ready.session.scan.geometry
    )
    found = MaskReading("dicom-seg", (layer,), lines)
    ready.session.engines = replace(ready.session.engines, read_mask=lambda path, on: found)
    ready.session.open_mask(mask)
    shown = dock.notice.text().splitlines()
    assert [line[:7] for line in shown] == ["fault 0", "fault 1", "fault 2", "and 2 m"]
    assert max(map(len, shown)) == 120
    assert dock.notice.toolTip().splitlines() == list(lines)


def test_a_dropped_mask_lands_on_the_scan(dock, ready, mask):
    event, data = dropped(mask)
    assert ready.eventFilter(ready, event)
    assert ready.session.tumours.model == "label image"
    assert len(data.urls()) == 1


def test_a_dropped_mask_that_does_not_belong_is_one_line(dock, ready, mask, tmp_path):
    far = tmp_path / "far.xml"
    far.write_text("<LidcReadMessage xmlns='http://www.nih.gov'></LidcReadMessage>")
    event, data = dropped(far)
    assert ready.eventFilter(ready, event)
    assert ready.session.tumours is None
    assert str(far) in dock.tumours.status.text()
    other = tmp_path / "notes.md"
    other.write_text("nothing")
    event, data = dropped(other)
    assert not ready.eventFilter(ready, event)
    assert data is not None


def test_naparis_own_open_hands_the_mask_over(dock, ready, mask, qtbot):
    shown = get_reader(str(mask))(str(mask))
    assert [kind for _, _, kind in shown] == ["labels"]
    array, arguments, _ = shown[0]
    ready.viewer.add_labels(array, **arguments)
    qtbot.waitUntil(lambda: ready.session.tumours is not None)
    assert [layer.name for layer in ready.viewer.layers].count("tumours (label image)") == 1


def test_the_save_button_writes_the_tumours(dock, ready, mask, tmp_path, monkeypatch):
    ready.session.open_mask(mask)
    target = tmp_path / "saved.nii.gz"
    monkeypatch.setattr(f"{DIALOG}.getSaveFileName", lambda *a: (str(target), ""))
    QTest.mouseClick(dock.tumours.save, Qt.MouseButton.LeftButton)
    assert np.array_equal(read_labels(target).labels, ready.session.tumours.labels.labels)
