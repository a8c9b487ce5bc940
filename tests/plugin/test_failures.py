"""Whatever fails ends as one notification of one line that says what to do."""

import pytest
from napari.utils.notifications import ErrorNotification, notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_radiogen.cohorts import phantom
from napari_radiogen.errors import (
    Cancelled,
    InputError,
    ModelError,
    RadiogenError,
    SynthesisError,
)
from napari_radiogen.io.labels import write_volume
from napari_radiogen.plugin import layers, notices, readers
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.session.ports import Engines
from tests.session.fakes import OUTSIDE, FakeSegmenter, make_engines, make_scan

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def told():
    """What napari was told to show since the test began."""
    notification_manager.records.clear()
    return notification_manager.records


@pytest.fixture
def scan_dock(ready, qtbot):
    dock = CTTumourWidget(ready.viewer)
    qtbot.addWidget(dock)
    dock.show()
    return dock


@pytest.fixture
def export(ready, qtbot):
    dock = ExportWidget(ready.viewer)
    qtbot.addWidget(dock)
    dock.show()
    return dock


def the_line(told):
    """Return the one line; it is no error with a traceback."""
    (said,) = told
    assert not isinstance(said, ErrorNotification)
    assert "\n" not in said.message
    assert len(said.message) <= notices.LINE_LENGTH
    return said.message


def opens(monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))


def saves(monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))


def entry(button, text):
    return next(a for a in button.menu().actions() if a.text() == text)


def test_a_broken_scan(scan_dock, ready, told, monkeypatch, tmp_path):
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    ready.session.engines = make_engines(read_ct=Engines().read_ct)
    opens(monkeypatch, broken)
    before = ready.session.scan
    entry(scan_dock.open_button, "Volume file…").trigger()
    assert the_line(told).startswith(f"{broken}: ")
    assert ready.session.scan is before
    assert str(broken) in scan_dock.tumours.status.text()


def test_a_broken_mask(scan_dock, told, monkeypatch, tmp_path):
    broken = tmp_path / "mask.nii.gz"
    broken.write_bytes(b"no mask")
    opens(monkeypatch, broken)
    scan_dock.mask_action.trigger()
    assert the_line(told).startswith(f"{broken}: ")


def test_a_search_that_fails(scan_dock, ready, told):
    class Refusing(FakeSegmenter):
        def segment(self, *_, **__):
            raise ModelError("slices of 9 mm are too thick; open a scan of 5 mm or less", "unet")

    ready.session.models = type(ready.session.models)(
        **{**vars(ready.session.models), "segmenter": Refusing()}
    )
    QTest.mouseClick(scan_dock.tumours.find_button, LEFT)
    assert the_line(told) == "unet: slices of 9 mm are too thick; open a scan of 5 mm or less"
    assert scan_dock.tumours.find_button.isEnabled()


def test_a_phantom_that_cannot_be_rendered(scan_dock, told, monkeypatch):
    def full(*_, **__):
        raise InputError("no space left; free 200 MB", "cache")

    monkeypatch.setattr(phantom, "demo_folder", full)
    QTest.mouseClick(scan_dock.demo_button, LEFT)
    assert the_line(told) == "cache: no space left; free 200 MB"
    assert scan_dock.demo_button.isEnabled()


def test_a_scan_of_ones_own_after_that_gets_no_nodule_unasked(bench, qtbot, monkeypatch):
    dock = CTTumourWidget(bench.viewer)
    qtbot.addWidget(dock)

    def full(*_, **__):
        raise InputError("no space left; free 200 MB", "cache")

    monkeypatch.setattr(phantom, "demo_folder", full)
    QTest.mouseClick(dock.start.button, LEFT)
    bench.session.open_path("own")
    assert bench.session.scan is not None
    assert bench.session.state.site is None


def test_a_place_outside_the_lung(ready, told):
    ready.pointer.set_place_mode(True)
    ready.pointer.click(OUTSIDE)
    assert "lung" in the_line(told)


def test_a_nodule_that_cannot_be_painted(ready, told, monkeypatch):
    def refuse(*_, **__):
        raise SynthesisError("the region leaves the scan; place it further inside")

    monkeypatch.setattr(ready.session.models.synthesiser, "synthesise", refuse)
    ready.session.reroll()
    assert the_line(told) == "the region leaves the scan; place it further inside"


def test_a_table_without_the_models_genes(ready, qtbot, told, monkeypatch, tmp_path):
    panel = GenePanelWidget(ready.viewer)
    qtbot.addWidget(panel)
    table = tmp_path / "genes.csv"
    table.write_text("gene,A,B\nXYZ,1,2\n")
    opens(monkeypatch, table)
    entry(panel.source.open_button, "Expression table…").trigger()
    assert the_line(told).startswith(f"{table}: ")


def test_a_model_that_cannot_be_loaded(ready, qtbot, told):
    panel = GenePanelWidget(ready.viewer)
    qtbot.addWidget(panel)

    def refuse(name):
        raise ModelError("the weights do not agree with their hash; install it again", name)

    ready.session.engines = make_engines(load_generator=refuse)
    panel.source.choice.setCurrentText("mcgan-other")
    panel.source.choice.activated.emit(panel.source.choice.currentIndex())
    assert the_line(told).startswith("mcgan-other: the weights")
    assert ready.session.generator is not None


@pytest.mark.parametrize("kind", ["volume", "series", "recipe"])
def test_an_export_that_cannot_be_written(export, told, monkeypatch, tmp_path, kind):
    (tmp_path / "file").write_text("")
    saves(monkeypatch, tmp_path / "file" / "out.nii.gz")
    QTest.mouseClick(getattr(export, kind), LEFT)
    assert str(tmp_path / "file") in the_line(told)


def test_a_session_that_is_none(ready, told, monkeypatch, tmp_path):
    bad = tmp_path / "bad.radiogen.json"
    bad.write_text("{}")
    opens(monkeypatch, bad)
    ready.desk.ask_open()
    assert the_line(told).startswith(f"{bad}: ")


def test_a_session_that_cannot_be_saved(ready, told, monkeypatch, tmp_path):
    write_volume(make_scan(), tmp_path / "scan.nii.gz")
    ready.session.open_path(tmp_path / "scan.nii.gz")
    saves(monkeypatch, tmp_path / "scan.nii.gz" / "in a file.radiogen.json")
    ready.desk.ask_save()
    assert str(tmp_path / "scan.nii.gz") in the_line(told)


def test_an_error_that_nobody_expected(ready, told, capsys):
    def break_down(path, uid):
        raise ValueError("Doe^Jane\nin two lines")

    ready.session.engines = make_engines(read_ct=break_down)
    ready.session.open_path("any")
    (said,) = told
    assert isinstance(said, ErrorNotification)  # napari gives it its traceback button
    assert said.message.startswith("unexpected error ValueError in test_failures.py:")
    assert said.message.endswith("try again, and report it if it comes back")
    assert "Doe" not in str(said)  # what napari prints on the console
    assert ready.session.unexpected is None


# --- what napari calls by itself -------------------------------------------------


def test_napari_opens_a_broken_file(told, tmp_path):
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    read = readers.get_reader(str(broken)) or readers.read_layers
    with pytest.raises(InputError) as caught:
        read(str(broken))
    # What napari does with an error that nobody caught.
    notification_manager.receive_error(InputError, caught.value, None)
    assert the_line(told) == str(caught.value)


def test_napari_cannot_write_a_layer(told, tmp_path):
    (tmp_path / "file").write_text("")
    data, arguments, _ = layers.ct_layer(make_scan())
    with pytest.raises(RadiogenError) as caught:
        readers.write_image_layer(str(tmp_path / "file" / "scan.nii.gz"), data, arguments)
    notification_manager.receive_error(type(caught.value), caught.value, None)
    assert str(tmp_path / "file") in the_line(told)


def test_errors_of_others_stay_as_napari_shows_them(told):
    notices.guard_napari()
    notices.guard_napari()
    notification_manager.receive_error(ValueError, ValueError("theirs"), None)
    (said,) = told
    assert isinstance(said, ErrorNotification)


def test_nobody_hears_of_what_a_person_stopped(told):
    notices.guard_napari()
    notification_manager.receive_error(Cancelled, Cancelled(), None)
    assert told == []
