"""Own patients in the docks: menu, drop, picker, map, the lines that say where from."""

import dataclasses

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_radiogen.errors import ModelError
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.map_plot import OWN_SIZE, OWN_SYMBOL
from napari_radiogen.session.map_spaces import LEARNED
from tests.session.fakes import FakeGenerator
from tests.session.test_patients import VALUES, cohort, table

DIALOG = "napari_radiogen.plugin.widgets.patient_source.QFileDialog"


@pytest.fixture
def panel(ready, qtbot):
    made = GenePanelWidget(ready.viewer)
    qtbot.addWidget(made)
    return made


def drop(bench, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    return bench.eventFilter(bench, event)


def picked(panel):
    return [panel.patient.itemText(i) for i in range(panel.patient.count())]


def test_the_menu_opens_a_table_and_the_picker_has_its_patients_first(
    panel, ready, tmp_path, monkeypatch
):
    shown = panel.patient.currentData()
    path = str(table(tmp_path, {**VALUES, "S-0001": (1.5, 0.5, 1.25, 2.5)}))
    monkeypatch.setattr(f"{DIALOG}.getOpenFileName", lambda *a: (path, ""))
    actions = {a.text(): a for a in panel.source.open_button.menu().actions()}
    actions["Expression table…"].trigger()
    first = [f"{s} · own" for s in ("S-0001", *VALUES)]
    assert picked(panel)[:4] == first
    assert len(picked(panel)) == 27
    assert panel.patient.currentData() == shown
    assert panel.source.model.text().endswith("4 patients of own.csv")
    assert "1 id was known before" in panel.source.notice.text()
    panel.patient.setCurrentIndex(panel.patient.findData("MY-2"))
    panel.patient.activated.emit(panel.patient.currentIndex())
    assert ready.session.state.subject_id == "MY-2"
    assert ready.session.result.request.metagenes == pytest.approx(VALUES["MY-2"])


def test_a_dropped_cohort_stands_on_the_map_with_a_marker_of_its_own(panel, ready, qtbot, tmp_path):
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.projection.setCurrentText("PCA")
    assert "own" not in made.legend.text()
    assert drop(ready, cohort(tmp_path))
    points = {p.data(): p for p in made.plots[LEARNED].points.points()}
    assert len(points) == 26
    assert (points["MY-1"].symbol(), points["MY-1"].size()) == (OWN_SYMBOL, OWN_SIZE)
    assert points["S-0001"].symbol() == "o"
    assert made.projection.currentText() == "PCA"
    assert "colour: smoker" in [made.colour.itemText(i) for i in range(made.colour.count())]
    assert "own" in made.legend.text()
    assert "2 patients of mine (surrogate: others' genes)" in panel.source.model.text()
    made.plots[LEARNED]._on_clicked(None, [points["MY-1"]])
    assert ready.session.state.subject_id == "MY-1"
    assert len(made.plots[LEARNED].chosen.points()) == 1


def test_a_refused_drop_is_one_line_and_nobody_joins(panel, ready, qtbot, tmp_path):
    dock = CTTumourWidget(ready.viewer)
    qtbot.addWidget(dock)
    before = picked(panel)
    assert drop(ready, table(tmp_path, genes=2))
    assert "lacks 2 of the 4 genes" in dock.tumours.status.text()
    assert picked(panel) == before
    assert panel.source.notice.isHidden()


def test_a_name_that_looks_like_markup_stays_text(panel, ready, tmp_path):
    ready.session.open_genes(table(tmp_path, {**VALUES, "<b>x</b>": (0.5, "NA", 1.5, 1)}))
    assert "<b>x</b>" in panel.source.notice.text()
    assert "&lt;b&gt;x&lt;/b&gt;" in panel.source.notice.toolTip()


def listed(panel):
    return [panel.source.choice.itemText(i) for i in range(panel.source.choice.count())]


def choose_model(panel, qtbot, name):
    """Choose as a person does: open the list, arrow down, Enter."""
    choice = panel.source.choice
    panel.show()
    choice.setFocus()
    choice.showPopup()
    view = choice.view()
    view.setCurrentIndex(choice.model().index(choice.findText(name), 0))
    qtbot.keyClick(view, Qt.Key.Key_Enter)


def test_another_model_is_chosen_from_the_list_and_says_its_kind(panel, ready, qtbot, monkeypatch):
    asked = []

    def load(name):
        asked.append(name)
        return FakeGenerator(name=name, cohort="surrogate:fake", digest="a" * 64)

    engines = dataclasses.replace(ready.session.engines, load_generator=load)
    monkeypatch.setattr(ready.session, "engines", engines)
    assert listed(panel) == ["mcgan-fake", "mcgan-other"]
    assert panel.source.choice.currentText() == "mcgan-fake"
    assert panel.source.model.text() == "planted: invented genes"
    choose_model(panel, qtbot, "mcgan-other")
    assert asked == ["mcgan-other"]
    assert ready.session.generator.name == "mcgan-other"
    assert panel.source.choice.currentText() == "mcgan-other"
    assert panel.source.model.text() == "surrogate: others' genes"
    assert "surrogate: others' genes" in ready.presenter.marks.synthetic.text
    assert ready.session.result.provenance.cohort == "surrogate:fake"
    choose_model(panel, qtbot, "mcgan-other")
    assert asked == ["mcgan-other"]


def test_a_model_that_cannot_be_loaded_leaves_the_one_in_use_chosen(
    panel, ready, qtbot, monkeypatch
):
    def refuse(name):
        raise ModelError("the weights were altered", subject=name)

    engines = dataclasses.replace(ready.session.engines, load_generator=refuse)
    monkeypatch.setattr(ready.session, "engines", engines)
    failed = []
    ready.session.failed.connect(failed.append)
    choose_model(panel, qtbot, "mcgan-other")
    assert failed == ["mcgan-other: the weights were altered"]
    assert panel.source.choice.currentText() == ready.session.generator.name == "mcgan-fake"


def test_a_run_that_is_not_shipped_stands_in_the_list_while_it_is_used(panel, ready, monkeypatch):
    made = FakeGenerator(name="my-run")
    engines = dataclasses.replace(ready.session.engines, load_generator=lambda name: made)
    monkeypatch.setattr(ready.session, "engines", engines)
    ready.session.load_models("runs/mine")
    assert listed(panel) == ["my-run", "mcgan-fake", "mcgan-other"]
    assert panel.source.choice.currentText() == "my-run"
