"""Lasso and box on the map, by hand; who is selected, what sets them apart, their mean."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_radiogen.domain import GeneCodeTable
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
#: pyqtgraph drops moves that come faster than its rate limit, ms.
BETWEEN_MOVES = 25


@pytest.fixture
def gene_map(ready, qtbot):
    """The map of a cohort whose codes stand in another order than its metagenes."""
    generator = ready.session.generator
    codes = generator.codes
    turned = {name: np.asarray(p)[::-1] for name, p in codes.coordinates.items()}
    generator.codes = GeneCodeTable(codes.subject_ids[::-1], codes.codes[::-1], turned)
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(760, 340)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.wait(60)
    return made


def pixel(made, place) -> QPoint:
    return made.plot.mapFromScene(made.view.mapViewToScene(QPointF(*place)))


def draw(made, qtbot, places, modifier=NONE):
    """Press, move along and release, as a hand does."""
    target = made.plot.viewport()
    pixels = [pixel(made, p) for p in places]
    QTest.mousePress(target, LEFT, modifier, pixels[0])
    for place in pixels[1:]:
        qtbot.wait(BETWEEN_MOVES)
        move(target, place, modifier)
    qtbot.wait(BETWEEN_MOVES)
    QTest.mouseRelease(target, LEFT, modifier, pixels[-1])
    qtbot.wait(BETWEEN_MOVES)


def move(target, place, modifier):
    there = target.mapToGlobal(place)
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(place), QPointF(there), LEFT, LEFT, modifier)
    QApplication.sendEvent(target, event)


def box_around(made, ids, margin=0.02):
    places = np.array([made._place_of(s) for s in ids])
    (left, low), (right, high) = places.min(axis=0) - margin, places.max(axis=0) + margin
    return [(left, low), (right, low), (right, high), (left, high), (left, low)]


def test_a_lasso_selects_by_identity(gene_map, ready, qtbot):
    QTest.mouseClick(gene_map.lasso, LEFT)
    outline = box_around(gene_map, ["S-0003"])
    draw(gene_map, qtbot, outline)
    assert "S-0003" in ready.session.state.selected
    inside = [
        s
        for s in ready.session.generator.subject_ids
        if outline[0][0] < gene_map._place_of(s)[0] < outline[1][0]
        and outline[0][1] < gene_map._place_of(s)[1] < outline[2][1]
    ]
    assert sorted(ready.session.state.selected) == sorted(inside)
    assert gene_map.view.viewRange() is not None


def test_a_box_selects_from_corner_to_corner_and_shift_adds(gene_map, ready, qtbot):
    QTest.mouseClick(gene_map.box, LEFT)
    corners = box_around(gene_map, ["S-0001", "S-0005"])
    draw(gene_map, qtbot, [corners[0], corners[1], corners[2]])
    first = ready.session.state.selected
    assert {"S-0001", "S-0005"} <= set(first)
    far = max(
        set(ready.session.generator.subject_ids) - set(first),
        key=lambda s: float(np.abs(gene_map._place_of(s)).sum()),
    )
    around = box_around(gene_map, [far], 0.005)
    draw(gene_map, qtbot, [around[0], (0, 0), around[2]], SHIFT)
    assert set(ready.session.state.selected) >= {*first, far}
    draw(gene_map, qtbot, [around[0], (0, 0), around[2]])
    assert far in ready.session.state.selected
    assert len(ready.session.state.selected) < len(first) + 1


def test_the_tools_exclude_one_another_and_go_off_again(gene_map, ready, qtbot):
    QTest.mouseClick(gene_map.lasso, LEFT)
    QTest.mouseClick(gene_map.box, LEFT)
    assert (gene_map.lasso.isChecked(), gene_map.box.isChecked()) == (False, True)
    assert gene_map.view.tool == "box"
    QTest.mouseClick(gene_map.box, LEFT)
    assert gene_map.view.tool == ""
    before = gene_map.view.viewRange()
    draw(gene_map, qtbot, box_around(gene_map, ["S-0003", "S-0004"])[:3])
    assert ready.session.state.selected == ()  # a plain drag pans
    assert gene_map.view.viewRange() != before


def test_shift_drag_is_a_lasso_without_any_tool(gene_map, ready, qtbot):
    before = gene_map.view.viewRange()
    draw(gene_map, qtbot, box_around(gene_map, ["S-0003", "S-0004"]), SHIFT)
    assert {"S-0003", "S-0004"} <= set(ready.session.state.selected)
    assert gene_map.view.viewRange() == before


def test_the_panel_counts_names_and_compares(gene_map, ready):
    panel = gene_map.selection
    assert not panel.isVisible()
    chosen = ("S-0001", "S-0002", "S-0003", "S-0004", "S-0005")
    ready.session.generator.subject_metagenes[1:6, 1] += 8
    ready.session.select(chosen)
    assert panel.isVisible()
    assert panel.count.text() == "5 selected"
    assert panel.who.text() == "S-0001, S-0002 and 3 more"
    assert panel.who.toolTip().splitlines() == list(chosen)
    assert panel.table.item(0, 0).text() == "M02"
    assert panel.table.item(0, 1).text().startswith("+")
    ready.session.select(chosen[:1])
    assert not panel.table.isVisible()
    assert panel.few.isVisible()
    QTest.mouseClick(panel.clear, LEFT)
    assert not panel.isVisible()
    assert ready.session.state.selected == ()


def test_the_mean_of_those_selected_is_an_edit_that_undo_takes_back(gene_map, ready, qtbot):
    genes = GenePanelWidget(ready.viewer)
    qtbot.addWidget(genes)
    before = ready.session.vector.copy()
    ready.session.select(("S-0001", "S-0002"))
    QTest.mouseClick(gene_map.selection.mean, LEFT)
    expected = ready.session.generator.subject_metagenes[[1, 2]].mean(axis=0)
    assert np.allclose(ready.session.vector, expected)
    assert genes.patient.lineEdit().placeholderText() == "mean of 2"
    QTest.mouseClick(genes.undo, LEFT)
    assert np.array_equal(ready.session.vector, before)
    assert genes.patient.lineEdit().placeholderText() == ""


def test_those_selected_stay_marked_on_another_projection(gene_map, ready):
    ready.session.select(("S-0004",))
    gene_map.projection.setCurrentText("PCA")
    at = np.ravel(gene_map.marked.getData())
    assert np.allclose(at, gene_map._place_of("S-0004"))
