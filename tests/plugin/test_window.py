"""One real napari window with all docks: what only a window can show."""

import pytest
from napari.layers import Image, Labels, Points, Shapes, Surface, Tracks, Vectors
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent, QKeySequence, QMouseEvent
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
#: The canvas skips moves that follow one another faster than this, ms.
MOVES_MS = 40


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
    for key, shown in ((Qt.Key.Key_X, "show_synthetic"), (Qt.Key.Key_O, "overlay_visible")):
        before = getattr(bench.session.state, shown)
        QTest.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
        QApplication.processEvents()
        assert getattr(bench.session.state, shown) is not before
        setattr(bench.session.state, shown, before)
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert bench.session.view.difference
    bench.session.view.difference = False


def test_keys_go_to_the_next_and_the_previous_tumour(led):
    viewer, bench = led
    window, presenter = main_window(viewer), bench.presenter
    centre = bench.session.tumours.nodules[0].centroid_lps_mm
    shift = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    for modifiers in (Qt.KeyboardModifier.AltModifier, shift):
        presenter.go_to((centre[0] + 8, centre[1], centre[2] + 6))
        QTest.keyClick(window, Qt.Key.Key_N, modifiers)
        QApplication.processEvents()
        # napari's slider goes by whole slices.
        assert presenter.point_mm == pytest.approx(centre, abs=1.01)


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


def spelled(keys):
    """Return a key sequence of napari or Qt as Qt writes it."""
    return QKeySequence(str(keys).replace("Meta", "Ctrl")).toString()


def test_no_key_of_ours_shadows_one_of_napari_or_of_a_layer(led):
    viewer, bench = led
    ours = {s.key().toString() for s in bench.shortcuts}
    assert {"Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+D", "Alt+X", "Alt+N"} <= ours
    theirs = {spelled(k) for keys in default_shortcuts.values() for k in keys}
    kinds = (Image, Labels, Points, Shapes, Surface, Tracks, Vectors)
    for keymap in (type(viewer).class_keymap, *(kind.class_keymap for kind in kinds)):
        theirs |= {spelled(k) for k in keymap}
    menus = main_window(viewer).menuBar().actions()
    letters = [m.text().split("&")[1][0].upper() for m in menus if "&" in m.text()]
    assert "F" in letters
    theirs |= {f"Alt+{letter}" for letter in letters}
    menus = [a for widget in QApplication.allWidgets() for a in widget.actions()]
    theirs |= {k.toString() for action in menus for k in action.shortcuts()}
    assert "Alt+S" in theirs  # napari's screenshot
    assert "2" in theirs  # the brush of a labels layer
    assert not ours & theirs


def place_on_canvas(viewer, point_mm):
    """Return where an LPS point lies on the axial canvas, in pixels of its widget."""
    view = viewer.window._qt_viewer.canvas.view
    x, y, _, _ = view.scene.transform.map((point_mm[0], point_mm[1], 0, 1))
    return QPoint(round(x), round(y))


def mouse(canvas, kind, place, button, held):
    where = QPointF(place)
    QApplication.sendEvent(
        canvas,
        QMouseEvent(kind, where, QPointF(canvas.mapToGlobal(place)), button, held, Qt.NoModifier),
    )


def drag_on_canvas(viewer, start, stop, button):
    canvas = viewer.window._qt_viewer.canvas.native
    mouse(canvas, QEvent.Type.MouseButtonPress, start, button, button)
    for share in (0.5, 1.0):
        way = QPoint(
            round(start.x() + share * (stop.x() - start.x())),
            round(start.y() + share * (stop.y() - start.y())),
        )
        QTest.qWait(MOVES_MS)
        mouse(canvas, QEvent.Type.MouseMove, way, Qt.MouseButton.NoButton, button)
    mouse(canvas, QEvent.Type.MouseButtonRelease, stop, button, Qt.MouseButton.NoButton)
    QApplication.processEvents()


def test_a_right_drag_on_the_real_canvas_windows_and_does_not_zoom(led):
    viewer, bench = led
    zoom = viewer.scene.camera.zoom
    middle = place_on_canvas(viewer, bench.presenter.point_mm)
    drag_on_canvas(viewer, middle, middle + QPoint(30, 20), Qt.MouseButton.RightButton)
    assert bench.session.view.level_width("Lung") == (-600 + 20 * 4, 1500 + 30 * 4)
    assert viewer.scene.camera.zoom == pytest.approx(zoom)
    bench.session.choose_window("Lung")


def test_the_brush_on_the_real_canvas_paints_a_tumour_that_is_measured(led, qtbot):
    viewer, bench = led
    display = bench.presenter.tumour_display
    before = len(bench.session.tumours.nodules)
    display.set_editing(True)
    display.layer.selected_label = 7
    qtbot.wait(200)  # the tools make the docks a little larger
    x, y, z = bench.presenter.point_mm
    start = place_on_canvas(viewer, (x - 12, y + 12, z))
    stop = place_on_canvas(viewer, (x - 6, y + 12, z))
    drag_on_canvas(viewer, start, stop, Qt.MouseButton.LeftButton)
    assert (display.layer.data == 7).any()
    qtbot.waitUntil(lambda: len(bench.session.tumours.nodules) == before + 1, timeout=20_000)
    painted = bench.session.tumours.nodules[-1]
    assert painted.label == 7
    assert painted.centroid_lps_mm[0] == pytest.approx(x - 9, abs=3)
    assert painted.centroid_lps_mm[1] == pytest.approx(y + 12, abs=3)
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(bench.session.tumours.nodules) == before, timeout=20_000)
    display.set_editing(False)
    window = main_window(viewer)
    assert (window.width(), window.height()) == SIZE
