import json
import threading
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qtpy.QtTest import QTest

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.errors import ModelError
from napari_radiogen.plugin.demo import Demo
from napari_radiogen.plugin.qt_jobs import QtRunner
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gauge import bar_share, verdict
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.metagene_row import x_of
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from napari_radiogen.session.map_spaces import LEARNED
from napari_radiogen.session.reference import OutOfCohort
from tests.session.fakes import (
    CENTRE,
    NAMES,
    FakeGenerator,
    FakeSegmenter,
    FakeSynthesiser,
    make_engines,
    make_scan,
)

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(ready, qtbot):
    made = GenePanelWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(320, 760)
    made.show()
    return made


def drag(panel, name, z):
    """Drag the slider of a metagene to a z-score, as a hand does."""
    sliders = panel.sliders
    index = [r.name for r in sliders.rows].index(name)
    track = sliders.track(index)
    start = QPoint(int(x_of(sliders.rows[index].z, track)), track.center().y())
    stop = QPoint(round(x_of(z, track)), track.center().y())
    QTest.mousePress(sliders.viewport(), LEFT, pos=start)
    QTest.mouseMove(sliders.viewport(), stop)
    QTest.mouseRelease(sliders.viewport(), LEFT, pos=stop)


def learned(made):
    return made.plots[LEARNED]


def press(widget):
    QTest.mouseClick(widget, LEFT)


def test_the_slider_changes_vector_nodule_and_measurements(panel, ready):
    before = ready.presenter.nodule.data.copy()
    drag(panel, "M01", 2.0)
    assert ready.session.vector[0] == pytest.approx(2.0, abs=0.06)
    assert not np.array_equal(before, ready.presenter.nodule.data)
    shown = panel.synthesis.measurements.table.item(0, 1).text()
    assert shown == f"{ready.session.comparing.measured.now.long_axis_mm:.1f} mm"
    assert panel.synthesis.measurements.table.item(0, 2).text() != "·"


def test_one_drag_is_one_undo_step(panel, ready):
    start = ready.session.vector.copy()
    drag(panel, "M01", 1.5)
    drag(panel, "M02", -2.0)
    press(panel.tools.undo)
    assert ready.session.vector[1] == start[1]
    assert ready.session.vector[0] == pytest.approx(1.5, abs=0.06)
    press(panel.tools.undo)
    assert np.array_equal(ready.session.vector, start)
    assert ready.session.state.site.centre_lps_mm == CENTRE
    press(panel.tools.redo)
    assert ready.session.vector[0] == pytest.approx(1.5, abs=0.06)


def test_one_drag_of_the_strength_is_one_undo_step(panel, ready):
    asked = []
    ready.session.state.events.strength.connect(asked.append)
    panel.synthesis.strength.setSliderDown(True)
    for percent in (90, 70, 50, 40):
        panel.synthesis.strength.setSliderPosition(percent)
    panel.synthesis.strength.setSliderDown(False)
    assert len(asked) == 2  # the first at once, the last at the release
    assert ready.session.state.strength == pytest.approx(0.4)
    assert ready.session.result.request.strength == pytest.approx(0.4)
    assert panel.synthesis.strength_text.text() == "40%"
    press(panel.tools.undo)
    assert ready.session.state.strength == 1.0
    assert panel.synthesis.strength.value() == 100
    assert ready.session.state.site.centre_lps_mm == CENTRE


def test_a_slider_reaches_as_far_as_a_score_may(panel, ready):
    for limit in (METAGENE_Z_LIMIT, -METAGENE_Z_LIMIT):
        drag(panel, "M02", limit)
        assert ready.session.vector[1] == limit


@pytest.mark.parametrize(
    "kind", [CTTumourWidget, GenePanelWidget, GeneMapWidget, ExportWidget], ids=lambda k: k.__name__
)
def test_any_dock_alone_loads_the_models_once(viewer, qtbot, kind):
    loaded = []

    def load(name):
        loaded.append(name)
        return FakeGenerator()

    session = Session(InlineRunner(), engines=make_engines(load_generator=load))
    workbench_of(viewer, session)
    qtbot.addWidget(kind(viewer))
    qtbot.addWidget(GenePanelWidget(viewer))
    assert session.models.generator
    assert session.segmenter is not None
    Demo(workbench_of(viewer)).start(Path("scan"))
    assert len(loaded) == 1


def test_keys_move_a_slider_and_reset_takes_it_back(panel, ready):
    start = ready.session.vector.copy()
    name = panel.sliders.rows[0].name
    index = NAMES.index(name)
    panel.sliders.setFocus()
    QTest.keyClick(panel.sliders, Qt.Key.Key_Right)
    panel._send.flush()
    assert ready.session.vector[index] == pytest.approx(start[index] + 0.1, abs=0.02)
    QTest.keyClick(panel.sliders, Qt.Key.Key_Delete)
    assert ready.session.vector[index] == start[index]


def test_double_click_resets_one_and_the_button_all(panel, ready):
    start = ready.session.vector.copy()
    drag(panel, "M01", 2.5)
    drag(panel, "M02", 2.5)
    row = [r.name for r in panel.sliders.rows].index("M01")
    QTest.mouseDClick(
        panel.sliders.viewport(), LEFT, pos=QPoint(20, panel.sliders.track(row).center().y())
    )
    assert ready.session.vector[0] == start[0]
    assert ready.session.vector[1] == pytest.approx(2.5, abs=0.06)
    press(panel.tools.reset)
    assert np.array_equal(ready.session.vector, start)
    assert not panel.tools.reset.isEnabled()


def test_search_finds_metagenes_and_genes(panel):
    QTest.keyClicks(panel.search, "m03")
    assert [(r.name, r.gene) for r in panel.sliders.rows] == [("M03", False), ("PLT00002", True)]
    panel.search.clear()
    QTest.keyClicks(panel.search, "m0")
    assert len(panel.sliders.rows) == len(NAMES)
    panel.search.clear()
    QTest.keyClicks(panel.search, "PLT00001")
    assert [r.name for r in panel.sliders.rows] == ["M02", "PLT00001"]
    panel.search.clear()
    QTest.keyClicks(panel.search, "nothing")
    assert panel.sliders.rows == ()


def test_order_by_name_and_only_edited(panel):
    panel.tools.order.setCurrentText("by name")
    assert [r.name for r in panel.sliders.rows] == list(NAMES)
    panel.tools.order.setCurrentText("edited")
    assert panel.sliders.rows == ()
    panel.tools.order.setCurrentText("by effect")
    assert len(panel.sliders.rows) == len(NAMES)


def test_another_patient_brings_other_genes_and_clears_edits(panel, ready):
    drag(panel, "M01", 2.0)
    index = panel.patient.findData("S-0005")
    panel.patient.setCurrentIndex(index)
    panel.patient.activated.emit(index)
    assert ready.session.state.subject_id == "S-0005"
    assert ready.session.state.edits == ()
    assert np.allclose(ready.session.vector, ready.session.generator.subject_metagenes[5])
    shown = {r.name: r.z for r in panel.sliders.rows}
    assert shown["M01"] == pytest.approx(float(ready.session.vector[0]))


def test_a_reroll_changes_pixels_and_not_genes(panel, ready):
    pixels, genes = ready.presenter.nodule.data.copy(), ready.session.vector.copy()
    press(panel.synthesis.reroll)
    assert not np.array_equal(pixels, ready.presenter.nodule.data)
    assert np.array_equal(genes, ready.session.vector)
    assert panel.synthesis.seed.value() == ready.session.state.seed


def test_real_synthetic_button_and_state_agree(panel, ready):
    press(panel.synthesis.synthetic)
    assert not ready.session.state.show_synthetic
    ready.session.state.show_synthetic = True
    assert panel.synthesis.synthetic.isChecked()


def test_the_place_button_is_the_place_mode(panel, ready):
    press(panel.synthesis.place)
    assert ready.pointer.place_mode
    ready.pointer.set_place_mode(False)
    assert not panel.synthesis.place.isChecked()


def test_the_panel_without_models_is_empty_and_calm(viewer, qtbot):
    def missing(name):
        raise ModelError("no weights are installed")

    session = Session(InlineRunner(), engines=make_engines(load_generator=missing))
    made = GenePanelWidget(workbench_of(viewer, session).viewer)
    qtbot.addWidget(made)
    made.resize(320, 700)
    made.show()
    assert made.sliders.rows == ()
    assert not made.patient.isEnabled()
    assert "no model" in made.source.model.text()


def test_the_gauge_says_when_genes_were_never_seen(panel):
    drag(panel, "M01", 3.9)
    drag(panel, "M02", -3.9)
    assert "beyond the cohort" in panel.gauge.words.text()
    assert verdict(OutOfCohort(1.0, 10.0, ())) == "as in the cohort"
    assert [bar_share(p) for p in (0, 90, 99, 100)] == [0.0, 0.6, 0.85, 1.0]


def test_windows_tumours_and_outline_in_the_scan_dock(ready, qtbot):
    made = CTTumourWidget(ready.viewer)
    qtbot.addWidget(made)
    press(made.windows.buttons()[1])
    assert ready.session.state.window == "Soft tissue"
    assert tuple(ready.presenter.ct.contrast_limits) == (-160.0, 240.0)
    ready.session.state.window = "Bone"
    assert made.windows.checkedButton().property("window") == "Bone"
    assert not made.tumours.next.isEnabled()
    press(made.tumours.find_button)
    assert made.tumours.table.rowCount() == 1
    assert [made.tumours.table.item(0, i).text() for i in range(3)] == ["1", "12.0", "+30"]
    press(made.tumours.overlay)
    assert not ready.presenter.tumours.visible
    ready.presenter.go_to((14.0, 24.0, -34.0))
    made.tumours.table.selectRow(0)
    assert np.allclose(ready.presenter.point_mm, CENTRE)


def test_a_map_click_chooses_the_patient_and_the_marker_follows_genes(ready, qtbot):
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(500, 240)
    made.show()
    point = learned(made).points.points()[7]
    learned(made).points.sigClicked.emit(learned(made).points, [point], None)
    assert ready.session.state.subject_id == "S-0007"
    home = learned(made).marker.getData()
    assert np.allclose(np.ravel(home), ready.session.generator.codes.coordinates["t-SNE"][7])
    ready.session.set_metagene("M01", 3.0)
    assert not np.allclose(np.ravel(learned(made).marker.getData()), np.ravel(home))
    made.projection.setCurrentText("PCA")
    assert np.allclose(
        np.ravel(learned(made).chosen.getData()),
        ready.session.generator.codes.coordinates["PCA"][7],
    )


def test_a_real_click_on_the_map(ready, qtbot):
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(600, 300)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.wait(50)
    spot = learned(made).points.points()[3]
    scene = learned(made).view.mapViewToScene(spot.pos())
    place = learned(made).mapFromScene(scene)
    QTest.mouseMove(learned(made).viewport(), place)
    QTest.mouseClick(learned(made).viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: ready.session.state.subject_id == "S-0003", timeout=2000)


def test_colour_by_split(ready, qtbot):
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.colour.setCurrentText("colour: split")
    assert "train" in made.legend.text()
    colours = {p.brush().color().name() for p in learned(made).points.points()}
    assert len(colours) == 2


def test_the_dicom_button_writes_a_series_and_its_recipe(ready, qtbot, tmp_path, monkeypatch):
    made = ExportWidget(ready.viewer)
    qtbot.addWidget(made)
    target = tmp_path / "series"
    monkeypatch.setattr(
        "napari_radiogen.plugin.widgets.export.QFileDialog.getSaveFileName",
        lambda *a: (str(target), ""),
    )
    press(made.series)
    assert len(list(target.iterdir())) == ready.session.scan.geometry.shape[0]
    assert json.loads((tmp_path / "series.recipe.json").read_text())
    assert target.name in made.last.text()
    assert made.last.toolTip() == str(target)


def test_nothing_to_export_without_a_nodule(bench, qtbot):
    made = ExportWidget(bench.viewer)
    qtbot.addWidget(made)
    assert not made.figure.isEnabled()
    assert not made.volume.isEnabled()
    assert not made.series.isEnabled()


def test_find_tumours_can_be_cancelled(viewer, qtbot):
    entered, stopped = threading.Event(), threading.Event()

    class Slow(FakeSegmenter):
        def segment(self, ct, *, lung=None, progress=None, cancelled=None):
            entered.set()
            while not cancelled():
                stopped.wait(0.01)
            stopped.set()
            return super().segment(ct)

    session = Session(QtRunner(), engines=make_engines(load_segmenter=Slow))
    made = CTTumourWidget(workbench_of(viewer, session).viewer)
    qtbot.addWidget(made)
    session.open_scan(make_scan())
    qtbot.waitUntil(made.tumours.find_button.isEnabled)
    press(made.tumours.find_button)
    assert entered.wait(2)
    qtbot.waitUntil(made.tumours.cancel_button.isEnabled)
    press(made.tumours.cancel_button)
    assert stopped.wait(2)
    qtbot.waitUntil(lambda: not session.is_busy("tumours"))
    assert session.tumours is None
    assert made.tumours.table.rowCount() == 0
    session.close()


def test_the_window_stays_alive_and_the_newest_slider_value_wins(viewer, qtbot):
    gate = threading.Event()
    threads = set()

    class Gated(FakeSynthesiser):
        def synthesise(self, ct, request, **how):
            threads.add(threading.current_thread())
            return super().synthesise(ct, request, **how)

    engines = make_engines(make_synthesiser=lambda g: Gated(g, gate))
    session = Session(QtRunner(), engines=engines)
    bench = workbench_of(viewer, session)
    delivered = []
    session.result_changed.connect(lambda r: delivered.append(threading.current_thread()))
    session.open_scan(make_scan())
    qtbot.waitUntil(lambda: session.lung is not None and session.generator is not None)
    session.place(CENTRE)
    for z in (0.5, 1.0, 1.5, 2.0):
        session.set_metagene("M01", z)
    gate.set()
    qtbot.waitUntil(lambda: session.result is not None and session.result.complete)
    qtbot.waitUntil(lambda: not session.is_busy("synthesis"))
    assert session.result.request.metagenes[0] == 2.0
    assert bench.presenter.nodule.metadata["request"].metagenes[0] == 2.0
    assert threading.main_thread() not in threads
    assert set(delivered) == {threading.main_thread()}
    session.close()


@pytest.mark.parametrize(
    "kind", [CTTumourWidget, GenePanelWidget, GeneMapWidget, ExportWidget], ids=lambda k: k.__name__
)
def test_a_dock_that_is_gone_no_longer_listens(ready, kind):
    made = kind(ready.viewer)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    ready.session.choose_subject("S-0003")
    ready.session.state.window = "Bone"
    ready.session.find_tumours()
    assert ready.session.result.complete
