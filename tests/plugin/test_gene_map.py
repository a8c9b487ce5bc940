"""Lasso and box on the map, by hand; who is selected, what sets them apart, their mean."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_radiogen.domain import GeneCodeTable
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import MAP_HEIGHT
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.map_spaces import LEARNED, make_spaces

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
    models = ready.session.models
    ready.session.models = replace(models, spaces=make_spaces(generator, None))
    made = GeneMapWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(760, 340)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.wait(60)
    return made


def learned(made):
    return made.plots[LEARNED]


def pixel(made, place) -> QPoint:
    return learned(made).mapFromScene(learned(made).view.mapViewToScene(QPointF(*place)))


def draw(made, qtbot, places, modifier=NONE):
    """Press, move along and release, as a hand does."""
    target = learned(made).viewport()
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
    places = np.array([learned(made).place_of(s) for s in ids])
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
        if outline[0][0] < learned(gene_map).place_of(s)[0] < outline[1][0]
        and outline[0][1] < learned(gene_map).place_of(s)[1] < outline[2][1]
    ]
    assert sorted(ready.session.state.selected) == sorted(inside)
    assert learned(gene_map).view.viewRange() is not None


def test_a_box_selects_from_corner_to_corner_and_shift_adds(gene_map, ready, qtbot):
    QTest.mouseClick(gene_map.box, LEFT)
    corners = box_around(gene_map, ["S-0001", "S-0005"])
    draw(gene_map, qtbot, [corners[0], corners[1], corners[2]])
    first = ready.session.state.selected
    assert {"S-0001", "S-0005"} <= set(first)
    far = max(
        set(ready.session.generator.subject_ids) - set(first),
        key=lambda s: float(np.abs(learned(gene_map).place_of(s)).sum()),
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
    assert learned(gene_map).view.tool == "box"
    QTest.mouseClick(gene_map.box, LEFT)
    assert learned(gene_map).view.tool == ""
    before = learned(gene_map).view.viewRange()
    draw(gene_map, qtbot, box_around(gene_map, ["S-0003", "S-0004"])[:3])
    assert ready.session.state.selected == ()  # a plain drag pans
    assert learned(gene_map).view.viewRange() != before


def test_shift_drag_is_a_lasso_without_any_tool(gene_map, ready, qtbot):
    before = learned(gene_map).view.viewRange()
    draw(gene_map, qtbot, box_around(gene_map, ["S-0003", "S-0004"]), SHIFT)
    assert {"S-0003", "S-0004"} <= set(ready.session.state.selected)
    assert learned(gene_map).view.viewRange() == before


def test_an_empty_map_is_no_higher_than_its_dock(viewer, session, qtbot):
    session.models = replace(session.models, generator=None, spaces=None)
    workbench_of(viewer, session)
    made = GeneMapWidget(viewer)
    qtbot.addWidget(made)
    made.show()
    assert not made.selection.isVisible()
    assert made.minimumSizeHint().height() < MAP_HEIGHT


def test_a_selection_asks_for_no_more_height(gene_map, ready, qtbot):
    ready.session.select(ready.session.generator.subject_ids[:5])
    qtbot.wait(20)
    assert gene_map.minimumSizeHint().height() < MAP_HEIGHT


def cells(made, line):
    return [made.item(line, column).text() for column in range(made.columnCount())]


def test_the_panel_counts_lists_and_compares(gene_map, ready):
    panel, session = gene_map.selection, ready.session
    assert not panel.isVisible()
    chosen = ("S-0001", "S-0002", "S-0003", "S-0004", "S-0005")
    session.generator.subject_metagenes[1:6, 1] += 8
    session.generator.subjects = tuple(
        replace(
            s,
            clinical={"sex": "f" if s.subject_id in chosen or i % 2 else "m", "age": str(50 + i)},
            attributes={"diameter": 30.0 if s.subject_id in chosen else 10.0 + i % 3},
        )
        for i, s in enumerate(session.generator.subjects)
    )
    session.select(chosen)
    assert panel.isVisible()
    assert panel.count.text() == "5 of 24 selected"
    clinical = panel.tables["clinical"]
    assert clinical.isVisible()
    assert cells(clinical, 0)[0] == "diameter"
    assert cells(clinical, 0)[2:] == ["30", "10.9"]
    shares = {clinical.item(i, 0).text(): cells(clinical, i)[2:] for i in range(3, 4)}
    assert shares == {"sex: m": ["0%", "53%"]} or shares == {"sex: f": ["100%", "47%"]}
    QTest.mouseClick(panel.pages["metagenes"], LEFT)
    table = panel.tables["metagenes"]
    assert (table.isVisible(), clinical.isVisible()) == (True, False)
    assert table.item(0, 0).text() == "M02"
    assert table.item(0, 1).text().startswith("+")
    QTest.mouseClick(panel.pages["list"], LEFT)
    assert [panel.tables["list"].item(i, 0).text() for i in range(5)] == list(chosen)
    panel.tables["list"].cellDoubleClicked.emit(2, 0)
    assert session.state.subject_id == "S-0003"


def test_one_alone_is_not_compared_and_clear_selects_nobody(gene_map, ready):
    panel = gene_map.selection
    ready.session.select(("S-0001",))
    assert panel.few.isVisible()
    assert not panel.tables["clinical"].isVisible()
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
    assert genes.patient.lineEdit().placeholderText() == "mean of 2 subjects"
    QTest.mouseClick(genes.tools.undo, LEFT)
    assert np.array_equal(ready.session.vector, before)
    assert genes.patient.lineEdit().placeholderText() == ""


def test_those_selected_stay_marked_on_another_projection(gene_map, ready):
    ready.session.select(("S-0004",))
    gene_map.projection.setCurrentText("PCA")
    at = np.ravel(learned(gene_map).marked.getData())
    assert np.allclose(at, learned(gene_map).place_of("S-0004"))
