"""The Gene Panel by hand: picker, single genes, A and B, mixing, named edits, the question."""

import json

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qtpy.QtTest import QTest

from napari_radiogen.domain import Subject
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.metagene_row import x_of
from napari_radiogen.plugin.widgets.nodule_list import NoduleList
from tests.session.test_genes import two_members

LEFT = Qt.MouseButton.LeftButton
TOOLS = "napari_radiogen.plugin.widgets.gene_tools"


@pytest.fixture
def panel(ready, qtbot):
    """A panel on a model whose M01 is of EGFR and KRAS, with clinical columns."""
    generator = ready.session.generator
    generator.metagenes = two_members().metagenes
    generator.subjects = tuple(
        Subject(
            s.subject_id,
            s.patient_id,
            s.split,
            {"histology": "adenocarcinoma" if i % 3 else "squamous", "age": str(40 + i)},
            {"diameter": 5.0 + i},
        )
        for i, s in enumerate(generator.subjects)
    )
    made = GenePanelWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(320, 860)
    with qtbot.waitExposed(made):
        made.show()
    return made


def press(widget):
    QTest.mouseClick(widget, LEFT)


def names(panel):
    return [r.name for r in panel.sliders.rows]


def drag(panel, name, z, release=True):
    sliders = panel.sliders
    index = names(panel).index(name)
    track = sliders.track(index)
    start = QPoint(int(x_of(sliders.rows[index].z, track)), track.center().y())
    stop = QPoint(round(x_of(z, track)), track.center().y())
    QTest.mousePress(sliders.viewport(), LEFT, pos=start)
    QTest.mouseMove(sliders.viewport(), stop)
    if release:
        QTest.mouseRelease(sliders.viewport(), LEFT, pos=stop)


# --- the picker ------------------------------------------------------------------


@pytest.fixture
def table(panel, qtbot):
    combo = panel.patient
    QTest.mouseClick(combo, LEFT, pos=QPoint(combo.width() - 8, combo.height() // 2))
    qtbot.waitUntil(lambda: combo.table is not None and combo.table.isVisible())
    yield combo.table
    combo.table.close()


def shown(table):
    return [table.rows.index(i, 0).data() for i in range(table.rows.rowCount())]


def test_the_picker_opens_a_table_of_clinical_columns(table):
    model = table.view.model()
    headings = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    assert headings == ["patient", "split", "diameter", "histology", "age"]
    assert len(shown(table)) == 24
    assert model.index(3, 3).data() == "squamous"


def test_words_narrow_the_table_and_enter_takes_the_first(table, panel, ready):
    QTest.keyClicks(table.search, "squam test")
    assert shown(table) == ["S-0021"]
    table.search.clear()
    QTest.keyClicks(table.search, "nothing")
    QTest.keyClick(table.search, Qt.Key.Key_Return)
    assert ready.session.state.subject_id == "S-0000"
    table.search.clear()
    QTest.keyClicks(table.search, "47")
    QTest.keyClick(table.search, Qt.Key.Key_Return)
    assert ready.session.state.subject_id == "S-0007"
    assert not table.isVisible()
    assert panel.patient.currentData() == "S-0007"


def test_a_click_takes_a_row_however_it_is_sorted(table, ready):
    table.view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert shown(table)[0] == "S-0023"  # 28 mm: as numbers, not as words
    at = table.view.visualRect(table.rows.index(1, 3)).center()
    QTest.mouseClick(table.view.viewport(), LEFT, pos=at)
    assert ready.session.state.subject_id == "S-0022"


def test_typing_in_the_box_finds_a_patient(panel, ready):
    edit = panel.patient.lineEdit()
    edit.selectAll()
    QTest.keyClicks(edit, "S-0011 · train")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert ready.session.state.subject_id == "S-0011"


# --- single genes ----------------------------------------------------------------


def test_a_gene_is_found_and_dragged_and_its_metagene_moves(panel, ready):
    QTest.keyClicks(panel.search, "egfr")
    assert names(panel) == ["M01", "EGFR"]
    assert [r.gene for r in panel.sliders.rows] == [False, True]
    before, start = panel.sliders.rows[0].z, ready.session.vector.copy()
    pixels = ready.presenter.nodule.data.copy()
    drag(panel, "EGFR", 0.6)
    change = dict(ready.session.state.gene_edits)["EGFR"]
    assert change == pytest.approx(0.6, abs=0.06)
    assert panel.sliders.rows[0].z == pytest.approx(before + change, abs=1e-4)  # 0.5 / 0.5
    assert np.allclose(ready.session.vector[1:], start[1:])
    assert not np.array_equal(pixels, ready.presenter.nodule.data)
    press(panel.tools.undo)
    assert ready.session.state.gene_edits == ()
    assert panel.sliders.rows[1].z == 0.0


def test_a_metagenes_name_lists_its_genes_and_delete_resets_one(panel, ready):
    QTest.keyClicks(panel.search, "m01")
    assert names(panel) == ["M01", "EGFR", "KRAS"]
    drag(panel, "KRAS", 0.5)
    QTest.keyClick(panel.sliders, Qt.Key.Key_Delete)
    assert ready.session.state.gene_edits == ()
    drag(panel, "EGFR", 0.5)
    panel.search.clear()
    panel.tools.order.setCurrentText("edited")
    assert names(panel) == ["M01", "EGFR"]


# --- A and B, mixing, chance -----------------------------------------------------


def test_a_and_b_switch_between_two_sets_of_genes(panel, ready):
    slots = panel.tools.slots
    assert not slots["A"].isEnabled()
    press(slots["set A"])
    first = ready.session.vector.copy()
    drag(panel, "M02", 0.8)
    press(slots["set B"])
    second = ready.session.vector.copy()
    press(slots["A"])
    assert np.array_equal(ready.session.vector, first)
    press(slots["B"])
    assert np.array_equal(ready.session.vector, second)
    press(panel.tools.undo)
    assert np.array_equal(ready.session.vector, first)


def test_a_slider_goes_from_one_patient_to_another(panel, ready):
    mix, known = panel.tools.mix, ready.session.generator.subject_metagenes
    assert not mix.isVisible()
    press(panel.tools.mix_button)
    assert mix.isVisible()
    assert mix.first.text() == "S-0000"
    assert mix.second.currentText() == ready.session.gauge().nearest[1]
    mix.second.setCurrentText("S-0009")
    mix.slider.setFocus()
    QTest.keyClick(mix.slider, Qt.Key.Key_End)
    mix._send.flush()
    assert np.array_equal(ready.session.vector, known[9])
    for _ in range(3):
        QTest.keyClick(mix.slider, Qt.Key.Key_PageDown)
    mix._send.flush()
    assert np.allclose(ready.session.vector, 0.3 * known[0] + 0.7 * known[9], atol=1e-6)
    assert mix.share.text() == "70%"
    assert panel.patient.lineEdit().placeholderText() == "mixture of S-0000 30%, S-0009 70%"
    ready.session.choose_subject("S-0004")
    assert (mix.first.text(), mix.slider.value()) == ("S-0004", 0)


def test_one_drag_between_patients_is_one_step(panel, ready):
    press(panel.tools.mix_button)
    mix = panel.tools.mix
    mix.second.setCurrentText("S-0009")
    before = ready.session.vector.copy()
    mix.slider.setSliderDown(True)
    for place in (10, 30, 55):
        mix.slider.setSliderPosition(place)
    mix.slider.setSliderDown(False)
    assert ready.session.state.weights == pytest.approx((0.45, 0.55))
    press(panel.tools.undo)
    assert np.array_equal(ready.session.vector, before)
    assert mix.slider.value() == 0


def test_chance_stays_within_the_cohort(panel, ready):
    press(panel.tools.random)
    assert len(ready.session.state.averaged) == 3
    assert not ready.session.gauge().unusual
    assert panel.patient.lineEdit().placeholderText().startswith("mixture of S-")


# --- named edits -----------------------------------------------------------------


def actions(panel):
    panel.tools.menu.aboutToShow.emit()
    return {a.text(): a for a in panel.tools.menu.actions() if a.text()}


def test_an_edit_gets_a_name_and_goes_to_a_file_and_back(panel, ready, tmp_path, monkeypatch):
    path = tmp_path / "edits.json"
    assert not actions(panel)["Name these edits…"].isEnabled()
    assert not actions(panel)["Save named edits…"].isEnabled()
    drag(panel, "M02", 0.8)
    change = ready.session.vector[1] - ready.session.generator.subject_metagenes[0][1]
    monkeypatch.setattr(f"{TOOLS}.QInputDialog.getText", lambda *a: ("denser & rounder", True))
    actions(panel)["Name these edits…"].trigger()
    monkeypatch.setattr(f"{TOOLS}.QFileDialog.getSaveFileName", lambda *a: (str(path), ""))
    actions(panel)["Save named edits…"].trigger()
    assert json.loads(path.read_text())["edits"][0]["name"] == "denser & rounder"
    ready.session.named = ()
    ready.session.choose_subject("S-0005")
    monkeypatch.setattr(f"{TOOLS}.QFileDialog.getOpenFileName", lambda *a: (str(path), ""))
    actions(panel)["Open named edits…"].trigger()
    actions(panel)["denser && rounder"].trigger()
    expected = ready.session.generator.subject_metagenes[5][1] + change
    assert ready.session.vector[1] == pytest.approx(expected, abs=1e-5)


# --- the gauge -------------------------------------------------------------------


def test_the_gauge_names_the_nearest_five(panel, ready):
    near = ready.session.gauge().nearest
    assert len(near) == 5
    words = panel.gauge.words.text()
    assert all(name in words for name in near)
    assert "(0.00 SD)" in words
    assert panel.gauge.words.property("role") == "note"


def test_it_warns_then_asks_and_stays(panel, ready, qtbot):
    ready.session.asks_beyond = True
    before = ready.session.vector.copy()
    drag(panel, "M03", 4.9, release=False)
    gauge = panel.gauge
    qtbot.waitUntil(gauge.question.isVisible)
    assert "beyond the cohort" in gauge.words.text()
    assert gauge.words.property("role") == "warning"
    assert np.allclose(ready.session.vector, before, atol=0.06)
    row = panel.sliders.rows[names(panel).index("M03")]
    assert row.z > 4  # the handle is where the hand holds it
    track = panel.sliders.track(names(panel).index("M03"))
    QTest.mouseRelease(
        panel.sliders.viewport(), LEFT, pos=QPoint(round(x_of(4.9, track)), track.center().y())
    )
    press(gauge.stay)
    assert not gauge.question.isVisible()
    assert row.z == pytest.approx(float(before[2]), abs=0.06)
    assert np.allclose(ready.session.vector, before, atol=0.06)


def test_it_goes_beyond_when_told_and_not_before(panel, ready):
    ready.session.asks_beyond = True
    before = ready.session.vector.copy()
    drag(panel, "M03", 4.9)
    press(panel.gauge.go)
    assert ready.session.vector[2] > 4
    assert panel.gauge.words.text().startswith("⚠ beyond the cohort")
    assert not panel.gauge.question.isVisible()
    press(panel.tools.undo)
    assert np.allclose(ready.session.vector, before, atol=0.06)  # where the hand took it


def test_a_window_of_its_own_asks(viewer, qtbot, monkeypatch):
    from napari_radiogen.plugin import workbench

    monkeypatch.setattr(workbench.Session, "load_models", lambda self, name: None)
    made = workbench.workbench_of(viewer)
    assert made.session.asks_beyond
    made.close()


def test_a_mixture_is_named_in_the_list_of_nodules(panel, ready):
    ready.session.interpolate("S-0001", "S-0002", 0.25)
    shown = panel.synthesis.findChild(NoduleList).box.itemText(0)
    assert shown == "1 · a mixture of S-0001 75%, S-0002 25%"


def test_a_workbench_closes_twice_without_a_word(ready):
    ready.close()
    ready.desk.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    ready.close()
