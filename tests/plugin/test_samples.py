"""Sample data from napari's own menu, in a window that has no dock open yet."""

import napari
import pytest
from qtpy.QtWidgets import QApplication, QDockWidget

from napari_radiogen.cohorts import phantom
from napari_radiogen.errors import InputError
from napari_radiogen.plugin import samples
from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.demo import wait_until_quiet
from napari_radiogen.plugin.docks import open_docks
from napari_radiogen.plugin.opening import Opening
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from tests.session.fakes import FakeGenerator, make_engines

NAMES = {"CT & Tumour", "Gene Panel", "Gene Map", "Export"}


@pytest.fixture
def window(qapp, monkeypatch, tmp_path):
    """A napari window as it starts, whose sessions have quick engines."""
    engines = make_engines(load_generator=lambda name: FakeGenerator(name or samples.PLANTED))
    monkeypatch.setattr(
        workbench_module, "Session", lambda runner: Session(runner, engines=engines)
    )
    monkeypatch.setattr(phantom, "demo_folder", lambda *_, **__: tmp_path)
    viewer = napari.Viewer(show=False)
    viewer.window.show()
    yield viewer
    workbench_of(viewer).close()
    viewer.close()


def below(menu):
    for action in menu.actions():
        if action.menu() is None:
            yield menu.title().replace("&", ""), action
        else:
            yield from below(action.menu())


def entries(menu, title):
    """Return the entries of the menu of a title below another one, by their text."""
    return {a.text().replace("&&", "&"): a for found, a in below(menu) if found == title}


def sample_actions(viewer):
    """Return the entries of File > Open Sample > Radiogen."""
    return entries(viewer.window.file_menu, "Radiogen")


def docks(viewer):
    found = main_window(viewer).findChildren(QDockWidget)
    return [d.windowTitle() for d in found if d.windowTitle() in NAMES and d.isVisible()]


def settle(viewer):
    QApplication.processEvents()
    bench = workbench_of(viewer)
    wait_until_quiet(Opening(bench.session))
    return bench


def test_the_phantom_opens_docks_scan_and_nodule(window, tmp_path):
    sample_actions(window)["Phantom patient"].trigger()
    bench = settle(window)
    assert sorted(docks(window)) == sorted(NAMES)
    assert bench.session.scan_path == tmp_path
    assert bench.session.result.complete
    assert "phantom patient" not in [layer.name for layer in window.layers]


@pytest.mark.parametrize(
    ("entry", "model"),
    [
        ("Demo cohort: invented genes", samples.PLANTED),
        ("Demo cohort: real genes of others", samples.SURROGATE),
    ],
)
def test_a_cohort_opens_docks_with_a_patient_and_its_map(window, entry, model):
    sample_actions(window)[entry].trigger()
    bench = settle(window)
    session, main = bench.session, main_window(window)
    assert sorted(docks(window)) == sorted(NAMES)
    assert session.generator.name == model
    chosen = {s.subject_id: s for s in session.generator.subjects}[session.state.subject_id]
    assert chosen.split == "test"
    assert main.findChild(GenePanelWidget).patient.currentText().startswith(chosen.subject_id)
    plots = main.findChild(GeneMapWidget).plots.values()
    assert any(plot.isVisible() for plot in plots)
    assert list(window.layers) == []


def test_open_docks_stay_the_same_and_napari_lists_them(window):
    open_docks(window)
    before = main_window(window).findChild(GenePanelWidget)
    open_docks(window)
    assert main_window(window).findChildren(GenePanelWidget) == [before]
    # Plugins > Radiogen > Gene Panel switches ours off, and makes no second one.
    listed = entries(window.window.plugins_menu, "Radiogen")
    listed["Gene Panel (Radiogen)"].trigger()
    assert not before.isVisible()
    assert window.window.add_plugin_dock_widget("napari-radiogen", "Gene Panel")[1] is before
    settle(window)


def test_without_a_window_the_phantom_is_a_layer_and_a_cohort_a_refusal(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "open_viewer", lambda: None)
    monkeypatch.setattr(phantom, "demo_folder", lambda *_, **__: tmp_path)
    from napari_radiogen.plugin import readers

    monkeypatch.setattr(readers, "read_layers", lambda path: [path])
    assert samples.demo_patient() == [str(tmp_path)]
    with pytest.raises(InputError, match="window"):
        samples.demo_cohort()
