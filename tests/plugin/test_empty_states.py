"""A dock that has nothing to show says what it is for, with one button that goes on."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_radiogen.cohorts import phantom
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from tests.session.fakes import CENTRE, make_engines, make_scan

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def phantom_folder(monkeypatch, tmp_path):
    """The demo patient is there already; fake readers make a scan of any path."""
    monkeypatch.setattr(phantom, "demo_folder", lambda *_, **__: tmp_path)
    return tmp_path


@pytest.fixture
def broken(viewer):
    """A window whose weights cannot be read, until somebody mends them."""

    def refuse(name):
        raise ModelError("the weights do not agree with their hash; install the package again", "m")

    session = Session(InlineRunner(), engines=make_engines(load_generator=refuse))
    yield workbench_of(viewer, session)
    session.close()


def shown(qtbot, made):
    qtbot.addWidget(made)
    made.show()
    return made


def buttons(dock):
    return [b.text() for b in dock.findChildren(QPushButton) if b.isVisible()]


def press(made):
    QTest.mouseClick(made, LEFT)


def test_without_a_scan_the_scan_dock_has_one_button_that_opens_one(bench, qtbot, phantom_folder):
    dock = shown(qtbot, CTTumourWidget(bench.viewer))
    assert buttons(dock) == ["Open the phantom patient"]
    assert "CT" in dock.start.sentence.text()
    press(dock.start.button)
    assert bench.session.scan_path == phantom_folder
    assert bench.session.result is not None
    assert not dock.start.isVisible()
    assert dock.tumours.find_button.isVisible()


def test_its_links_open_a_scan_of_ones_own(bench, qtbot, monkeypatch, tmp_path):
    dock = shown(qtbot, CTTumourWidget(bench.viewer))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "own"))
    dock.start.links.linkActivated.emit("a DICOM folder")
    assert bench.session.scan_path == tmp_path / "own"


def test_the_button_waits_while_a_scan_is_on_its_way(bench, qtbot):
    dock = shown(qtbot, CTTumourWidget(bench.viewer))
    seen = []

    def look(path, uid):
        seen.append((dock.start.button.isEnabled(), dock.start.status.text()))
        raise InputError("no CT in it; choose the folder of a chest CT", path)

    bench.session.engines = make_engines(read_ct=look)
    bench.session.open_path("folder")
    assert seen == [(False, "reading the scan")]
    assert dock.start.button.isEnabled()


def test_without_a_model_panel_and_map_have_one_button_that_loads_it(broken, qtbot):
    panel = shown(qtbot, GenePanelWidget(broken.viewer))
    chart = shown(qtbot, GeneMapWidget(broken.viewer))
    for dock in (panel, chart):
        assert buttons(dock) == ["Load the model"]
        assert "install the package again" in dock.no_model.status.text()
    broken.session.engines = make_engines()
    press(chart.no_model.button)
    assert broken.session.generator is not None
    for dock in (panel, chart):
        assert not dock.no_model.isVisible()
    assert panel.sliders.isVisible()
    assert chart.projection.isVisible()


def test_an_empty_state_shows_how_loading_goes_and_why_it_failed(broken, qtbot):
    state = shown(qtbot, GeneMapWidget(broken.viewer)).no_model
    seen = []

    def refuse(name):
        seen.append((state.button.isEnabled(), state.status.text(), state.bar.isVisible()))
        raise ModelError("the file ends early; install the package again", "m")

    broken.session.engines = make_engines(load_generator=refuse)
    press(state.button)
    assert seen == [(False, "loading the generator", True)]
    assert state.button.isEnabled()
    assert state.status.text() == "m: the file ends early; install the package again"


def test_without_a_scan_the_panel_offers_one_for_its_nodule(bench, qtbot, phantom_folder):
    panel = shown(qtbot, GenePanelWidget(bench.viewer))
    assert panel.sliders.isVisible()
    assert not panel.synthesis.isVisible()
    press(panel.no_scan.button)
    assert bench.session.scan_path == phantom_folder
    assert panel.synthesis.isVisible()
    assert not panel.no_scan.isVisible()


def test_export_leads_from_nothing_to_a_nodule(broken, qtbot, phantom_folder):
    dock = shown(qtbot, ExportWidget(broken.viewer))
    assert buttons(dock) == ["Open the phantom patient"]
    press(dock.start.button)
    assert broken.session.scan_path == phantom_folder
    assert dock.start.button.text() == "Load the model"
    broken.session.engines = make_engines()
    press(dock.start.button)
    assert broken.session.generator is not None
    assert dock.figure.isVisible()


def test_export_places_a_nodule_where_only_that_is_lacking(bench, qtbot):
    dock = shown(qtbot, ExportWidget(bench.viewer))
    bench.session.open_scan(make_scan())
    assert dock.start.button.text() == "Place a nodule"
    press(dock.start.button)
    assert bench.session.result.complete
    assert dock.figure.isEnabled()
    bench.session.place((CENTRE[0] + 2, CENTRE[1], CENTRE[2]))
    assert dock.figure.isVisible()


def test_sessions_are_offered_without_a_scan(bench, qtbot):
    dock = shown(qtbot, ExportWidget(bench.viewer))
    assert not dock.sessions.isVisible()
    assert "a session" in dock.start.links.text()
    bench.session.open_scan(make_scan())
    assert dock.sessions.isVisible()
    assert not dock.start.links.isVisible()
