"""One real napari window with all docks: what only a window can show."""

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QPushButton

from napari_radiogen.io.labels import write_volume
from napari_radiogen.plugin import opening
from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.demo import Demo, picture, wait_until_quiet
from napari_radiogen.plugin.docks import open_window
from napari_radiogen.plugin.qt_jobs import QtRunner
from napari_radiogen.plugin.window import main_window
from napari_radiogen.session.controller import Session
from tests.session.fakes import CENTRE, FakeGenerator, make_engines, make_scan

SIZE = (1280, 800)


@pytest.fixture(scope="module")
def opened(qapp):
    patch = pytest.MonkeyPatch()
    patch.setattr(
        workbench_module, "Session", lambda runner: Session(runner, engines=make_engines())
    )
    viewer, bench = open_window(SIZE)
    yield viewer, bench
    bench.close()
    viewer.close()
    patch.undo()


@pytest.fixture(scope="module")
def led(opened, tmp_path_factory):
    """The demo, led to its end on a fake scan."""
    viewer, bench = opened
    demo = Demo(bench)
    demo.start(tmp_path_factory.mktemp("scan"))
    wait_until_quiet(demo)
    return viewer, bench


def test_the_demo_ends_with_tumour_nodule_and_map(led):
    _, bench = led
    session = bench.session
    assert isinstance(session.runner, QtRunner)
    assert session.tumours.nodules
    assert session.result.complete
    assert session.state.subject_id
    assert {"CT", "crosshair"} < {layer.name for layer in bench.viewer.layers}


def test_the_window_keeps_the_size_asked_for_and_shows_its_docks(led):
    window = main_window(led[0])
    assert (window.width(), window.height()) == SIZE
    docks = {d.windowTitle(): d for d in window.findChildren(QDockWidget) if d.isVisible()}
    for name in ("CT & Tumour", "Gene Panel", "Gene Map", "Export"):
        assert docks[name].width() > 150
        assert docks[name].height() > 60
    assert led[1].planes.coronal.width() > 200


def test_no_button_is_clipped(led):
    window = main_window(led[0])
    for body in (w for w in window.findChildren(QPushButton) if w.isVisible()):
        if body.window() is window and body.text():
            need = body.fontMetrics().boundingRect(body.text()).width()
            assert need <= body.width(), body.text()


def test_keys_work_wherever_the_focus_is(led):
    viewer, bench = led
    window = main_window(viewer)
    QApplication.setActiveWindow(window)  # no window manager does it on a virtual screen
    seed = bench.session.state.seed
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert bench.session.state.seed != seed
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert bench.session.state.seed == seed
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert bench.session.state.window == "Soft tissue"
    bench.session.state.window = "Lung"


def test_the_picture_is_a_png_of_the_whole_window(led):
    data = picture(led[0])
    assert data.startswith(b"\x89PNG")
    assert len(data) > 20_000


@pytest.mark.parametrize("known", [True, False])
def test_a_dropped_dicom_folder_opens_in_the_session(led, tmp_path, known, monkeypatch):
    viewer, bench = led
    opened = []
    monkeypatch.setattr(bench.session, "open_any", opened.append)
    name = "slice.dcm" if known else "notes.txt"
    (tmp_path / name).write_bytes(b"\0" * 128 + b"DICM")
    if not known:
        (tmp_path / name).write_text("no scan")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    drop = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    taken = bench.eventFilter(viewer.window._qt_viewer, drop)
    assert taken is known
    assert opened == ([tmp_path] if known else [])


def test_open_draws_the_window_of_a_session(led, tmp_path):
    scan, session, shot = (tmp_path / n for n in ("s.nii.gz", "s.radiogen.json", "s.png"))
    write_volume(make_scan(), scan)
    saved = Session(generator=FakeGenerator(), engines=make_engines())
    saved.open_path(scan)
    saved.choose_subject("S-0002")
    saved.place(CENTRE)
    saved.files.save(session)
    assert opening.run(SIZE, session, shot) == []
    assert shot.read_bytes().startswith(b"\x89PNG")
    scan.unlink()
    (problem,) = opening.run(SIZE, session, shot)
    assert problem.startswith("s.nii.gz: ")
