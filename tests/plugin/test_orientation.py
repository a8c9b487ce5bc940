import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest

from napari_radiogen.plugin.canvas_marks import side_letters
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from tests.plugin.mouse import hover
from tests.session.fakes import CENTRE


def letters(bench):
    return {side: mark.text for side, mark in bench.presenter.marks.letters.items()}


def move(view, x, y):
    place = QPointF(x, y)
    view.mouseMoveEvent(
        QMouseEvent(
            QEvent.Type.MouseMove,
            place,
            QPointF(view.mapToGlobal(QPoint(int(x), int(y)))),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


@pytest.fixture
def dock(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    return made


def test_the_scan_opens_with_the_patient_s_right_at_the_left(ready):
    assert letters(ready) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}


def test_the_button_turns_canvas_letters_and_coronal_plane(ready, dock, qtbot):
    view = ready.planes.coronal
    qtbot.addWidget(view)
    view.resize(300, 240)
    radiological = view.point_at(100, 120)
    QTest.mouseClick(dock.convention, Qt.MouseButton.LeftButton)
    assert ready.session.view.convention == "neurological"
    assert letters(ready) == {"left": "L", "right": "R", "top": "A", "bottom": "P"}
    orientation = [str(o.value) for o in ready.viewer.scene.camera.orientation2d]
    assert orientation == ["down", "left"]
    mirrored = view.point_at(view.width() - 1 - 100, 120)
    assert mirrored[0] == pytest.approx(radiological[0], abs=2.1)
    assert mirrored[2] == pytest.approx(radiological[2], abs=0.01)
    QTest.mouseClick(dock.convention, Qt.MouseButton.LeftButton)
    assert letters(ready)["left"] == "R"


def test_a_mirrored_plane_is_the_same_picture_mirrored_and_a_sagittal_one_stays(ready):
    ready.presenter.go_to((CENTRE[0] + 9, CENTRE[1] + 7, CENTRE[2]))
    pictures = {}
    for convention in ("radiological", "neurological"):
        ready.session.view.convention = convention
        for plane in ("coronal", "sagittal"):
            pictures[convention, plane] = getattr(ready.planes, plane)._picture.image
    coronal = pictures["radiological", "coronal"]
    assert pictures["neurological", "coronal"] == coronal.mirrored(True, False)
    assert pictures["neurological", "coronal"] != coronal
    assert pictures["neurological", "sagittal"] == pictures["radiological", "sagittal"]


def test_a_click_in_a_mirrored_plane_lands_where_the_crosshair_is_drawn(ready, qtbot):
    ready.session.view.convention = "neurological"
    view = ready.planes.coronal
    qtbot.addWidget(view)
    view.resize(300, 240)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(120, 90))
    x, _, z = ready.presenter.point_mm
    index = ready.session.scan.geometry.lps_to_index((x, 0, z))
    row = ready.session.scan.geometry.shape[0] - 1 - index[0]
    place = view.place_of(row + 0.5, index[2] + 0.5)
    assert (place.x(), place.y()) == (pytest.approx(120, abs=0.1), pytest.approx(90, abs=0.1))


@pytest.mark.parametrize(
    ("displayed", "orientation", "expected"),
    [
        ((1, 2), ("down", "right"), "RLAP"),
        ((1, 2), ("up", "left"), "LRPA"),
        ((0, 2), ("up", "right"), "RLSI"),
        ((0, 1), ("up", "right"), "APSI"),
    ],
)
def test_letters_follow_axes_and_camera(displayed, orientation, expected):
    found = side_letters(displayed, orientation)
    assert "".join(found[s] for s in ("left", "right", "top", "bottom")) == expected


@pytest.mark.filterwarnings("ignore:Contours are not displayed during 3D")
def test_rolled_axes_get_their_own_letters_and_three_dimensions_none(ready):
    ready.viewer.dims.order = (1, 0, 2)
    assert letters(ready) == {"left": "R", "right": "L", "top": "I", "bottom": "S"}
    assert ready.presenter.marks.header.text.startswith("Coronal · y ")
    ready.viewer.dims.order = (0, 1, 2)
    ready.viewer.dims.ndisplay = 3
    assert set(letters(ready).values()) == {""}
    assert not ready.presenter.marks.letters["left"].visible


def test_the_read_out_names_mm_voxel_and_hu(ready):
    ready.session.state.show_synthetic = False
    hover(ready.viewer, CENTRE)
    geometry, voxels = ready.session.scan.geometry, ready.session.scan.voxels
    z, y, x = np.round(geometry.lps_to_index(CENTRE)).astype(int)
    text = ready.presenter.marks.readout.text
    assert text == f"10.0, 20.0, -30.0 mm · voxel {x}, {y}, {z} · {voxels[z, y, x]} HU"


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_the_read_out_follows_the_mouse_over_the_planes(ready, qtbot, plane):
    view = getattr(ready.planes, plane)
    qtbot.addWidget(view)
    view.resize(300, 240)
    middle = view.image_rect().center()
    move(view, middle.x(), middle.y())
    x, y, z = view.point_at(middle.x(), middle.y())
    assert ready.presenter.marks.readout.text.startswith(f"{x:.1f}, {y:.1f}, {z:.1f} mm · voxel ")
    view.leaveEvent(QEvent(QEvent.Type.Leave))
    assert ready.presenter.marks.readout.text == ""
