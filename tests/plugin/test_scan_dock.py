"""The scan in its dock: information, formats of tumours in and out, keys, scale bar."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_radiogen.plugin.canvas_marks import SCALE_BARS_MM
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from napari_radiogen.session.ports import _is_mask, _read_ct, _read_mask
from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, write_series
from tests.fixtures_masks import ring, write_rtstruct
from tests.plugin.mouse import drag
from tests.session.fakes import make_engines

LEFT = Qt.MouseButton.LeftButton
DIALOG = "napari_radiogen.plugin.widgets.ct_tumour.QFileDialog"


def press(widget):
    QTest.mouseClick(widget, LEFT)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "ct"

    def private(_z, header):
        header.KVP = "120"
        header.StudyDate = "20110203"

    write_series(made, private)
    return made


@pytest.fixture
def bench(viewer, folder):
    """A workbench that reads real files."""
    engines = make_engines(
        read_ct=_read_ct,
        read_mask=_read_mask,
        is_mask=_is_mask,
        read_facts=make_engines().read_facts,
    )
    made = workbench_of(viewer, Session(InlineRunner(), engines=engines, seed=1))
    made.session.open_path(folder)
    return made


@pytest.fixture
def dock(bench, qtbot):
    made = CTTumourWidget(bench.viewer)
    qtbot.addWidget(made)
    return made


def rows(dialog):
    table = dialog.table
    return {table.item(i, 0).text(): table.item(i, 1).text() for i in range(table.rowCount())}


def test_scan_information_shows_no_identity_unless_asked(dock, qtbot):
    press(dock.info_button)
    dialog = dock.info
    shown = rows(dialog)
    assert shown["voxels"] == f"{COLUMNS} × {ROWS} × {SLICES}"
    assert shown["tube voltage"] == "120 kV"
    assert "Doe" not in str(shown)
    assert "2011" not in str(shown)
    press(dialog.identity)
    assert rows(dialog)["patient id"] == "Doe"
    assert rows(dialog)["study date"] == "20110203"
    press(dialog.identity)
    assert "Doe" not in str(rows(dialog))


def test_identity_is_gone_when_the_window_opens_again(dock):
    press(dock.info_button)
    press(dock.info.identity)
    assert "Doe" in str(rows(dock.info))
    dock.info.hide()
    assert rows(dock.info) == {}
    press(dock.info_button)
    assert not dock.info.identity.isChecked()
    assert "Doe" not in str(rows(dock.info))


def draw(bench, dock):
    """Draw one tumour with the brush."""
    press(dock.tumours.edit)
    layer = bench.presenter.tumours
    geometry = bench.session.scan.geometry
    middle = tuple(geometry.index_to_lps((2, ROWS // 2, COLUMNS // 2)))
    drag(layer, ((middle, (100, 100)),))
    press(dock.tumours.edit)
    return bench.session.tumours


@pytest.mark.parametrize("name", ["tumours.dcm", "tumours.nii.gz", "tumours.nrrd"])
def test_tumours_go_out_and_come_in_again(bench, dock, tmp_path, monkeypatch, name):
    drawn = draw(bench, dock)
    assert drawn.labels.labels.any()
    target = tmp_path / name
    monkeypatch.setattr(f"{DIALOG}.getSaveFileName", lambda *a: (str(target), ""))
    press(dock.tumours.save)
    monkeypatch.setattr(f"{DIALOG}.getOpenFileName", lambda *a: (str(target), ""))
    dock.mask_action.trigger()
    found = bench.session.tumours
    assert found is not drawn
    assert np.array_equal(found.labels.labels > 0, drawn.labels.labels > 0)
    assert dock.tumours.table.rowCount() == 1
    kind = "DICOM SEG" if name.endswith("dcm") else "label image"
    assert kind in dock.tumours.status.text()


def test_an_rtstruct_opens_as_tumours(bench, dock, tmp_path, monkeypatch):
    geometry = bench.session.scan.geometry
    x, y, _ = geometry.index_to_lps((2, ROWS // 2, COLUMNS // 2))
    heights = [geometry.index_to_lps((z, 0, 0))[2] for z in (1, 2, 3)]
    outlines = [ring((x, y), 6.0, height) for height in heights]
    path = write_rtstruct(
        tmp_path / "rt.dcm", [("GTV", outlines)], frame_uid=geometry.frame_of_reference_uid
    )
    monkeypatch.setattr(f"{DIALOG}.getOpenFileName", lambda *a: (str(path), ""))
    dock.mask_action.trigger()
    assert "RTSTRUCT" in dock.tumours.status.text()
    assert dock.tumours.table.rowCount() == 1
    assert dock.tumours.table.item(0, 0).text() == "GTV"
    assert bench.session.tumours.nodules[0].volume_mm3 > 0


def test_the_scale_bar_is_in_millimetres(bench):
    bar = bench.viewer.canvas.overlays.scale_bar
    assert bar.visible
    assert bar.length in SCALE_BARS_MM
    assert {str(u) for u in bench.presenter.ct.units} == {"millimeter"}


def test_the_scale_bar_shortens_before_it_meets_the_letters(bench):
    bar, camera = bench.viewer.canvas.overlays.scale_bar, bench.viewer.scene.camera
    width = bench.viewer.canvas.size[1]
    for zoom in (0.5, 2.0, 8.0, 30.0):
        camera.zoom = zoom
        assert bar.length * zoom <= width / 4 or bar.length == 1
    assert bar.length < 50
    drawn = []
    bar.events.font_size.connect(lambda *_: drawn.append(bar.length))
    camera.zoom = 0.5
    assert bar.length == 50
    # napari would draw it with the zoom after this one.
    assert drawn == [50]


def test_what_is_loaded_is_no_longer_said_to_load(dock, bench):
    bench.session.work.start("models", lambda ctx: ctx.progress(0.5, "loading it"), lambda _: None)
    assert dock.tumours.status.text() == ""
