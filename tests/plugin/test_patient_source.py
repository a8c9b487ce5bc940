"""Own patients in the docks: menu, drop, picker, map, the lines that say where from."""

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.gene_map import OWN_SIZE, OWN_SYMBOL, GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
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
    points = {p.data(): p for p in made.points.points()}
    assert len(points) == 26
    assert (points["MY-1"].symbol(), points["MY-1"].size()) == (OWN_SYMBOL, OWN_SIZE)
    assert points["S-0001"].symbol() == "o"
    assert made.projection.currentText() == "PCA"
    assert "colour: smoker" in [made.colour.itemText(i) for i in range(made.colour.count())]
    assert "own" in made.legend.text()
    assert "2 patients of mine (surrogate cohort)" in panel.source.model.text()
    made._on_clicked(None, [points["MY-1"]])
    assert ready.session.state.subject_id == "MY-1"
    assert len(made.chosen.points()) == 1


def test_a_refused_drop_is_one_line_and_nobody_joins(panel, ready, qtbot, tmp_path):
    dock = CTTumourWidget(ready.viewer)
    qtbot.addWidget(dock)
    before = picked(panel)
    assert drop(ready, table(tmp_path, genes=2))
    assert "lacks 2 of the 4 genes" in dock.status.text()
    assert picked(panel) == before
    assert panel.source.notice.isHidden()


def test_a_name_that_looks_like_markup_stays_text(panel, ready, tmp_path):
    ready.session.open_genes(table(tmp_path, {**VALUES, "<b>x</b>": (0.5, "NA", 1.5, 1)}))
    assert "<b>x</b>" in panel.source.notice.text()
    assert "&lt;b&gt;x&lt;/b&gt;" in panel.source.notice.toolTip()
