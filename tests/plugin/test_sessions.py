"""Sessions in the window: buttons, menu, dialogs, recovery."""

from dataclasses import replace
from pathlib import Path

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_radiogen.io.labels import write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.plugin import readers, sessions
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.workbench import dropped_path, workbench_of
from napari_radiogen.session.autosave import unsaved
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from tests.session.fakes import CENTRE, SERIES, make_engines, make_scan

LEFT = Qt.MouseButton.LeftButton


def make_bench(state):
    """A window of its own, as another process would have."""
    engines = make_engines(
        read_ct=lambda path, uid: replace(read_ct(path), series_uid=SERIES),
        is_mask=lambda path: False,
    )
    return workbench_of(ViewerModel(), Session(InlineRunner(), engines=engines), state)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def scan_file(tmp_path):
    path = tmp_path / "scan.nii.gz"
    write_volume(make_scan(), path)
    return path


@pytest.fixture
def bench(qapp, state, scan_file):
    made = make_bench(state)
    made.session.open_path(scan_file)
    made.session.choose_subject("S-0004")
    made.session.place(CENTRE)
    yield made
    made.close()


@pytest.fixture
def other(qapp, state):
    made = make_bench(state)
    yield made
    made.close()


@pytest.fixture
def dock(bench, qtbot):
    made = ExportWidget(bench.viewer)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def saved(bench, dock, tmp_path, monkeypatch):
    """The session, saved by the button."""
    answer = (str(tmp_path / "mine"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answer)
    QTest.mouseClick(dock.sessions.save, LEFT)
    return tmp_path / "mine.radiogen.json"


def offered(dock):
    """Press *Sessions* and return what its menu offers."""
    dock.sessions.menu.aboutToShow.emit()
    return {a.text(): a for a in dock.sessions.menu.actions() if a.text()}


def test_the_button_saves_under_the_session_suffix(saved, dock):
    assert saved.is_file()
    assert "mine.radiogen.json" in dock.last.text()


def test_without_a_scan_there_is_nothing_to_save(other, qtbot, scan_file):
    made = ExportWidget(other.viewer)
    qtbot.addWidget(made)
    assert not made.sessions.save.isEnabled()
    other.session.open_path(scan_file)
    assert made.sessions.save.isEnabled()


def test_a_recent_session_opens_from_the_menu_with_the_same_pixels(bench, other, saved, qtbot):
    dock = ExportWidget(other.viewer)
    qtbot.addWidget(dock)
    listed = offered(dock)
    assert list(listed) == ["Open session…", "mine"]
    listed["mine"].trigger()
    assert other.session.state.intent == bench.session.state.intent
    for name in ("SYNTHETIC nodule", "SYNTHETIC outline", "CT"):
        shown, before = other.viewer.layers[name].data, bench.viewer.layers[name].data
        np.testing.assert_array_equal(shown, before)


def test_open_asks_for_a_file(other, saved, qtbot, monkeypatch):
    dock = ExportWidget(other.viewer)
    qtbot.addWidget(dock)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    offered(dock)["Open session…"].trigger()
    assert other.session.scan is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(saved), ""))
    offered(dock)["Open session…"].trigger()
    assert other.session.state.subject_id == "S-0004"


def test_the_window_looks_where_it_looked(bench, other, tmp_path):
    bench.presenter.go_to((CENTRE[0] + 6, CENTRE[1] - 4, CENTRE[2] + 8))
    bench.viewer.dims.order = (1, 0, 2)
    camera = bench.viewer.scene.camera
    camera.zoom, camera.center = 7.5, (0.0, 11.0, 12.0)
    bench.session.files.save(tmp_path / "view")
    # A canvas of half the size shows the same part of the scan.
    other.viewer.canvas.size = tuple(n // 2 for n in bench.viewer.canvas.size)
    other.session.files.open(tmp_path / "view.radiogen.json")
    assert other.presenter.point_mm == pytest.approx(bench.presenter.point_mm)
    assert tuple(other.viewer.dims.order) == (1, 0, 2)
    assert other.viewer.scene.camera.zoom == pytest.approx(7.5 / 2)
    assert other.viewer.scene.camera.center == pytest.approx((0.0, 11.0, 12.0))


def test_the_map_shows_what_it_showed(bench, other, qtbot, tmp_path):
    before, after = GeneMapWidget(bench.viewer), GeneMapWidget(other.viewer)
    qtbot.addWidget(before)
    qtbot.addWidget(after)
    before.show()
    before.projection.setFocus()
    QTest.keyClicks(before.projection, "PCA")
    assert before.projection.currentText() == "PCA"
    bench.session.files.save(tmp_path / "map")
    other.session.files.open(tmp_path / "map.radiogen.json")
    assert after.projection.currentText() == "PCA"


def test_a_scan_that_moved_is_asked_for_by_a_dialog(other, saved, scan_file, tmp_path):
    scan_file.rename(tmp_path / "moved.nii.gz")
    other.session.files.open(saved)
    dialog = other.desk.dialog
    assert "scan.nii.gz" in dialog.windowTitle()
    dialog.selectFile(str(tmp_path / "moved.nii.gz"))
    dialog.accept()
    assert other.session.scan_path == tmp_path / "moved.nii.gz"
    assert other.session.result is not None


def test_no_answer_leaves_the_window_as_it_was(other, saved, scan_file):
    scan_file.unlink()
    said = []
    other.session.failed.connect(said.append)
    other.session.files.open(saved)
    other.desk.dialog.reject()
    assert other.session.scan is None
    assert said == [
        "mine.radiogen.json: not opened, scan.nii.gz is missing; say where it lies when asked"
    ]


# --- recovery ------------------------------------------------------------------


@pytest.fixture
def crashed(bench):
    """What the window of `bench` leaves behind when its process dies."""
    bench.session.set_metagene("M01", 2.0)
    bench.desk._tick()
    bench.desk.autosave._lock.release()
    bench.desk.autosave._lock = None
    bench.desk.autosave = None
    return bench


def test_after_a_crash_one_notification_offers_the_session(crashed, state, qtbot):
    notification_manager.records.clear()
    again = make_bench(state)
    qtbot.waitUntil(lambda: bool(notification_manager.records), timeout=20_000)
    (said,) = notification_manager.records
    assert said.message.startswith("Restore your work of")
    dict(said.actions)["Restore"](None)
    assert again.session.state.edits == (("M01", 2.0),)
    np.testing.assert_array_equal(
        again.session.result.composed.voxels, crashed.session.result.composed.voxels
    )
    assert again.session.files.path is None
    again.desk._tick()
    again.close()
    assert unsaved(state) == ()
    assert list((state / "autosave").iterdir()) == []


def test_discard_removes_it_for_good(crashed, state):
    notification_manager.records.clear()
    again = make_bench(state)
    again.desk.offer()
    dict(notification_manager.records[-1].actions)["Discard"](None)
    assert unsaved(state) == ()
    assert again.desk.unsaved == ()
    again.close()


def test_unsaved_work_waits_in_the_menu(crashed, state, qtbot):
    again = make_bench(state)
    dock = ExportWidget(again.viewer)
    qtbot.addWidget(dock)
    (left,) = [a for text, a in offered(dock).items() if text.startswith("Unsaved")]
    left.trigger()
    assert again.session.state.edits == (("M01", 2.0),)
    assert list(offered(dock)) == ["Open session…"]
    again.close()


def test_a_window_that_closes_leaves_nothing_to_recover(bench, state):
    bench.session.reroll()
    bench.desk._tick()
    assert len(list((state / "autosave").iterdir())) == 1
    bench.close()
    assert list((state / "autosave").iterdir()) == []


def test_nothing_is_kept_without_a_state_folder(viewer, session):
    made = workbench_of(viewer, session)
    assert made.desk.autosave is None
    made.desk._tick()
    made.close()


# --- napari's own ways in ------------------------------------------------------


def test_the_reader_takes_sessions_and_gives_no_layer(other, saved, monkeypatch):
    monkeypatch.setattr(napari, "current_viewer", lambda: other.viewer)
    read = readers.get_reader(str(saved))
    assert read(str(saved)) == [(None,)]
    assert other.session.state.subject_id == "S-0004"
    monkeypatch.setattr(napari, "current_viewer", lambda: None)
    with pytest.raises(readers.InputError, match="napari window"):
        read([str(saved)])
    assert readers.get_reader(str(saved.with_name("none.radiogen.json"))) is None


def test_a_dropped_session_opens(other, saved):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(saved))])
    event = QDropEvent(
        QPointF(1, 1), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier
    )
    assert dropped_path(event) == saved
    assert other.eventFilter(other, event)
    assert other.session.state.subject_id == "S-0004"


def test_the_commands_of_the_file_menu(other, saved, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(saved), ""))
    sessions.open_session(other.viewer)
    assert other.session.state.subject_id == "S-0004"
    again = tmp_path / "again.radiogen.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(again), ""))
    sessions.save_session(other.viewer)
    assert again.is_file()
    sessions.recent_sessions(other.viewer)
    listed = [a.text() for a in other.desk._menu.actions() if a.text()]
    assert listed == ["Open session…", "again", "mine"]


def test_saving_again_proposes_the_same_file(bench, saved, monkeypatch):
    proposed = []

    def ask(parent, title, name, kinds):
        proposed.append(Path(name))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    bench.desk.ask_save()
    assert proposed == [saved]
