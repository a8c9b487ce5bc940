import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest

from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.windowing import HU_PER_PIXEL
from tests.plugin.mouse import LEFT, RIGHT, drag
from tests.session.fakes import CENTRE


def right_drag(viewer, across, down):
    way = ((100, 100), (100 + across / 2, 100), (100 + across, 100 + down))
    drag(viewer, tuple((CENTRE, place) for place in way), button=RIGHT)


@pytest.fixture
def dock(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    return made


def down(dock):
    return [b.property("window") for b in dock.windows.buttons() if b.isChecked()]


def test_a_right_drag_sets_width_across_and_level_down(ready):
    right_drag(ready.viewer, across=-200, down=50)
    width, level = 1500 - 200 * HU_PER_PIXEL, -600 + 50 * HU_PER_PIXEL
    expected = (level - width / 2, level + width / 2)
    assert tuple(ready.presenter.ct.contrast_limits) == expected
    assert tuple(ready.presenter.nodule.contrast_limits) == expected
    assert ready.planes.scene.limits == expected


def test_the_canvas_reads_out_level_and_width(ready):
    assert "L -600  W 1500 HU" in ready.presenter.marks.header.text
    right_drag(ready.viewer, across=25, down=-10)
    assert "L -640  W 1600 HU" in ready.presenter.marks.header.text


def test_a_right_drag_does_not_zoom_and_a_left_drag_sets_no_window(ready):
    seen = []
    ready.viewer.mouse_drag_callbacks.append(
        lambda viewer, event: seen.append(viewer.scene.camera.mouse_pan)
    )
    right_drag(ready.viewer, 40, 40)
    assert seen == [False]  # the camera would zoom by this drag
    assert ready.viewer.scene.camera.mouse_pan
    before = ready.session.view.by_hand
    drag(ready.viewer, ((CENTRE, (0, 0)), (CENTRE, (90, 90))), button=LEFT)
    assert ready.session.view.by_hand == before


def test_the_drag_is_left_to_a_layer_that_is_drawn_on(ready):
    ready.presenter.tumour_display.set_editing(True)
    right_drag(ready.viewer, 40, 40)
    assert ready.session.view.by_hand is None


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_a_right_drag_in_a_plane_does_the_same(ready, qtbot, plane):
    view = getattr(ready.planes, plane)
    qtbot.addWidget(view)
    view.resize(300, 240)
    right = Qt.MouseButton.RightButton
    QTest.mousePress(view, right, pos=QPoint(100, 100))
    moved = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(120, 90),
        QPointF(view.mapToGlobal(QPoint(120, 90))),
        Qt.MouseButton.NoButton,
        right,
        Qt.KeyboardModifier.NoModifier,
    )
    view.mouseMoveEvent(moved)
    QTest.mouseRelease(view, right, pos=QPoint(120, 90))
    assert ready.session.view.level_width("Lung") == (-640.0, 1580.0)
    assert tuple(ready.presenter.ct.contrast_limits) == (-1430.0, 150.0)
    assert ready.presenter.point_mm != pytest.approx((0, 0, 0))


def test_presets_show_what_is_chosen_and_come_back_after_a_drag(ready, dock):
    assert down(dock) == ["Lung"]
    right_drag(ready.viewer, 40, 0)
    assert down(dock) == []
    QTest.mouseClick(dock.windows.buttons()[0], Qt.MouseButton.LeftButton)
    assert down(dock) == ["Lung"]
    assert tuple(ready.presenter.ct.contrast_limits) == (-1350.0, 150.0)
    QTest.mouseClick(dock.windows.buttons()[1], Qt.MouseButton.LeftButton)
    assert down(dock) == ["Soft tissue"]


def test_a_preset_chosen_elsewhere_puts_its_button_down(ready, dock):
    ready.session.choose_window("Bone")
    assert down(dock) == ["Bone"]


def test_napari_s_own_contrast_slider_is_heard(ready, dock):
    ready.presenter.ct.contrast_limits = (-500, 400)
    assert ready.session.view.level_width("Lung") == (-50.0, 900.0)
    assert down(dock) == []
    assert tuple(ready.presenter.nodule.contrast_limits) == (-500, 400)


def test_the_small_pictures_follow_the_window(ready, qtbot):
    panel = GenePanelWidget(ready.viewer)
    qtbot.addWidget(panel)
    before = panel.synthesis.triptych.images[0].pixelColor(2, 2).red()
    ready.session.view.set_by_hand(-860, 300)
    assert panel.synthesis.triptych.images[0].pixelColor(2, 2).red() > before + 40
