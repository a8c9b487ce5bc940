"""The first minutes in one real window: tour, keys, preferences in napari's own dialog."""

import napari.settings
import pytest
from napari._qt.dialogs.preferences_dialog import PreferencesDialog
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QPushButton, QSpinBox

from napari_radiogen.errors import InputError
from napari_radiogen.plugin import docks
from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.demo import wait_until_quiet
from napari_radiogen.plugin.docks import open_window
from napari_radiogen.plugin.keys import KEYS
from napari_radiogen.plugin.opening import Opening
from napari_radiogen.plugin.preferences import Preferences
from napari_radiogen.plugin.tour import place_beside
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import close_notifications, main_window, notifications
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.figure_choice import DPI_CHOICES
from napari_radiogen.session.ports import Engines, default_model_name
from napari_radiogen.session.tour import STEPS, TourMemory
from tests.session.fakes import make_engines

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def asked_models():
    return []


@pytest.fixture(scope="module")
def opened(qapp, asked_models):
    patch = pytest.MonkeyPatch()
    known = make_engines()

    def load(name):
        asked_models.append(name)
        return known.load_generator(name)

    engines = make_engines(load_generator=load)
    patch.setattr(workbench_module, "Session", lambda runner: Session(runner, engines=engines))
    viewer, bench = open_window((1280, 800))
    wait_until_quiet(Opening(bench.session))
    yield viewer, bench
    bench.close()
    viewer.close()
    patch.undo()


@pytest.fixture
def guide(opened):
    """The guide of the window, with its models there and its panel closed at the end."""
    _, bench = opened
    made = bench.guide
    yield made
    made.tour.close()


@pytest.fixture
def settings():
    """The plugin's settings as napari holds them; defaults again at the end."""
    made = napari.settings.get_plugin_settings("napari-radiogen")
    yield made
    made.reset()


def key(guide, code):
    QTest.keyClick(QApplication.focusWidget() or guide.panel.next, code)
    QApplication.processEvents()


def shown_parts(viewer):
    window = main_window(viewer)
    return {kind: window.findChild(kind) for kind in (GenePanelWidget, GeneMapWidget, ExportWidget)}


def around(window, widget):
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


# --- tour ----------------------------------------------------------------------


def test_the_help_menu_starts_the_tour_and_it_points_at_each_part(opened, guide, qtbot):
    viewer, _ = opened
    window, parts = main_window(viewer), shown_parts(viewer)
    listed = {a.text(): a for a in viewer.window.help_menu.actions()}
    listed["Radiogen: tour"].trigger()
    told, rims = [], []
    for _ in STEPS:
        qtbot.wait(30)
        told.append(guide.panel.sentence.text())
        rims.append(guide.rim.geometry().adjusted(2, 2, -2, -2))
        assert window.rect().contains(guide.panel.geometry())
        assert not guide.panel.geometry().intersects(rims[-1]) or len(rims) == 1
        QTest.mouseClick(guide.panel.next, LEFT)
    assert told == [step.sentence for step in STEPS]
    assert rims[0] == around(window, window.centralWidget())
    assert rims[4] == around(window, parts[GeneMapWidget])
    assert rims[5] == around(window, parts[ExportWidget])
    assert guide.panel is None


def test_the_tour_is_led_by_keys(opened, guide):
    guide.start()
    QApplication.setActiveWindow(main_window(opened[0]))
    guide.panel.next.setFocus()
    key(guide, Qt.Key.Key_Return)
    assert guide.tour.number == 2
    QTest.keyClick(guide.panel.back, Qt.Key.Key_Return)
    assert guide.tour.number == 1
    QTest.keyClick(guide.panel.next, Qt.Key.Key_Escape)
    assert guide.panel is None
    assert guide.tour.step is None


def test_the_tour_closes_by_its_button_and_shows_hidden_docks(opened, guide):
    viewer, _ = opened
    chart = shown_parts(viewer)[GeneMapWidget]
    viewer.window._wrapped_dock_widgets["Gene Map"].hide()
    guide.start()
    for _ in range(4):
        guide.tour.next()
    assert chart.isVisible()
    QTest.mouseClick(guide.panel.close_button, LEFT)
    assert guide.panel is None


def test_it_is_offered_once_and_taken_from_the_notification(opened, guide, tmp_path):
    guide._later.stop()
    close_notifications(opened[0])
    guide.memory = TourMemory(tmp_path)
    notification_manager.records.clear()
    guide.offer()
    (said,) = notification_manager.records
    assert said.message.startswith("New here?")
    (note,) = [n for n in notifications(opened[0]) if n.message.text() == said.message]
    take = next(b for b in note.findChildren(QPushButton) if b.text() == "Take the tour")
    QTest.mouseClick(take, LEFT)
    assert guide.tour.number == 1
    note.close()
    assert TourMemory(tmp_path).offered


def test_it_offers_itself_after_a_while(opened, guide, qtbot, tmp_path):
    guide.memory = TourMemory(tmp_path)
    notification_manager.records.clear()
    guide._later.start(1)
    qtbot.waitUntil(lambda: guide.memory.offered)
    assert [said.message[:9] for said in notification_manager.records] == ["New here?"]
    close_notifications(opened[0])


def test_the_rim_follows_the_window(opened, guide, qtbot):
    window, chart = main_window(opened[0]), shown_parts(opened[0])[GeneMapWidget]
    guide.start()
    while guide.tour.step.target != "map":
        guide.tour.next()
    qtbot.wait(50)
    before = guide.rim.geometry()
    window.resize(window.width() + 120, window.height() + 60)
    qtbot.waitUntil(lambda: guide.rim.geometry() != before)
    qtbot.wait(50)
    assert guide.rim.geometry().adjusted(2, 2, -2, -2) == around(window, chart)
    window.resize(1280, 800)


def test_a_window_with_a_state_folder_offers_it_only_at_first(viewer, tmp_path):
    first = workbench_of(viewer, Session(engines=make_engines()), tmp_path)
    assert first.guide._later.isActive()
    first.guide.memory.remember()
    first.close()
    again = workbench_module.Workbench(viewer, Session(engines=make_engines()), tmp_path)
    assert not again.guide._later.isActive()
    again.close()


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (QRect(0, 0, 200, 300), QPoint(210, 10)),
        (QRect(700, 0, 300, 600), QPoint(389, 10)),
        (QRect(0, 400, 1000, 200), QPoint(349, 289)),
        (QRect(0, 0, 1000, 600), QPoint(349, 249)),
    ],
)
def test_the_panel_stands_beside_what_it_talks_about(part, place):
    panel, window = QRect(0, 0, 300, 100), QRect(0, 0, 1000, 600)
    found = place_beside(part, panel, window)
    assert (found - place).manhattanLength() <= 4
    inside = QRect(found, panel.size())
    assert window.contains(inside)
    assert not inside.intersects(part) or part == window


# --- failures --------------------------------------------------------------------


def test_naparis_window_shows_our_error_whole_and_without_traceback(opened, qtbot):
    viewer, _ = opened
    line = "expected a CT of at least 3 slices, got 2; choose the folder of the whole series"
    error = InputError(line, "/data/patients/folder-of-a-scan")
    notification_manager.receive_error(InputError, error, None)
    qtbot.waitUntil(lambda: any(line in n.message.text() for n in notifications(viewer)))
    (note,) = [n for n in notifications(viewer) if line in n.message.text()]
    assert "View Traceback" not in [b.text() for b in note.findChildren(QPushButton)]
    qtbot.wait(300)
    canvas = note.parentWidget()
    assert canvas.rect().contains(note.geometry())
    words, label = note.message.fontMetrics(), note.message
    room = QRect(0, 0, label.width(), 10_000)
    need = words.boundingRect(room, int(Qt.TextFlag.TextWordWrap), label.text())
    assert label.height() >= need.height()
    note.close()


# --- keys ----------------------------------------------------------------------


def test_a_key_shows_the_table_of_exactly_the_keys_that_are_bound(opened):
    viewer, bench = opened
    window = main_window(viewer)
    QApplication.setActiveWindow(window)
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.AltModifier)
    QApplication.processEvents()
    assert bench.keys_dialog.isVisible()
    bench.keys_dialog.close()
    assert [s.key().toString() for s in bench.shortcuts] == [k.keys for k in KEYS]
    assert "Radiogen: keys" in [a.text() for a in viewer.window.help_menu.actions()]


# --- preferences ---------------------------------------------------------------


def page(dialog):
    """Return our page of napari's dialog."""
    names = [dialog._list.item(i).text() for i in range(dialog._list.count())]
    dialog._list.setCurrentRow(names.index("Radiogen"))
    return dialog._stack.currentWidget()


def box_with(body, *choices):
    for box in body.findChildren(QComboBox):
        if [box.itemText(i) for i in range(box.count())] == list(choices):
            return box
    raise LookupError(choices)


def choose(box, text):
    box.setFocus()
    box.setCurrentText(text)
    QApplication.processEvents()


def test_preferences_stand_in_naparis_dialog_and_take_effect(opened, settings, qtbot, asked_models):
    viewer, bench = opened
    qtbot.waitUntil(lambda: bench.session.generator is not None)
    dialog = PreferencesDialog(main_window(viewer))
    qtbot.addWidget(dialog)
    body = page(dialog)
    choose(box_with(body, "radiological", "neurological"), "neurological")
    assert bench.session.view.convention == "neurological"
    choose(box_with(body, "Lung", "Soft tissue", "Bone", "Wide"), "Bone")
    assert bench.session.state.window == "Bone"
    choose(box_with(body, "mcgan-planted", "mcgan-surrogate"), "mcgan-surrogate")
    assert asked_models[-1] == "mcgan-surrogate"
    choose(box_with(body, *(str(n) for n in DPI_CHOICES)), "600")
    assert bench.preferences.now.figure_dpi == 600
    (seconds,) = body.findChildren(QSpinBox)
    seconds.setValue(60)
    assert bench.desk._timer.interval() == 60_000
    assert "neurological" in settings.config_path.read_text()
    dialog.reject()  # Cancel takes all of it back
    assert bench.session.view.convention == "radiological"
    assert bench.session.state.window == "Lung"
    assert bench.desk._timer.interval() == 20_000


def test_a_new_window_starts_as_preferred(settings, viewer, monkeypatch, tmp_path):
    settings.viewing.convention = "neurological"
    settings.viewing.window = "Wide"
    settings.working.model = "mcgan-surrogate"
    settings.working.autosave_s = 45
    settings.working.figure_dpi = 300
    asked = []

    def load(name):
        asked.append(name)
        return make_engines().load_generator(name)

    engines = make_engines(load_generator=load)
    monkeypatch.setattr(workbench_module, "Session", lambda runner: Session(engines=engines))
    made = workbench_of(viewer, state=tmp_path)
    assert made.session.view.convention == "neurological"
    assert made.session.state.window == "Wide"
    assert asked == ["mcgan-surrogate"]
    assert made.desk._timer.interval() == 45_000
    assert made.preferences.now.figure_dpi == 300
    made.close()
    settings.viewing.window = "Bone"
    assert made.session.state.window == "Wide"


def test_the_composer_proposes_the_preferred_resolution(ready, qtbot, settings):
    dock = ExportWidget(ready.viewer)
    qtbot.addWidget(dock)
    dock.show()
    settings.working.figure_dpi = 300
    # A session of the caller's has the defaults, whatever is preferred.
    QTest.mouseClick(dock.figure, LEFT)
    assert dock.composer.dpi.currentText() == "200 dpi"
    dock.composer.close()
    ready.preferences._groups = {"figure_dpi": settings.working}
    QTest.mouseClick(dock.figure, LEFT)
    assert dock.composer.dpi.currentText() == "300 dpi"
    dock.composer.close()
    ready.preferences._groups = {}


def test_the_manifest_and_the_code_agree(settings):
    held = {**settings.viewing.model_dump(), **settings.working.model_dump()}
    defaults = Preferences()
    assert held == {name: getattr(defaults, name) for name in held}
    assert len(held) == 5
    assert default_model_name() == defaults.model
    offered = type(settings.working).model_json_schema()["properties"]["model"]["enum"]
    assert tuple(offered) == Engines().generator_names()
    assert docks.NAMES == ("Radiogen", "napari-radiogen")
