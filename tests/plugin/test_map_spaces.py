"""Several maps at once by hand: which show, how they colour, who is hovered, what moves."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy.spatial.distance import cdist

from napari_radiogen.analysis.umap_process import UmapProcess
from napari_radiogen.domain import Subject
from napari_radiogen.plugin.widgets.gene_map import HINT, GeneMapWidget
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session import Session, map_work
from napari_radiogen.session.map_spaces import BASELINE, LEARNED, RAW
from tests.session.fakes import CENTRE, make_engines, make_scan
from tests.session.test_genes import two_members
from tests.session.test_map_actions import make_maps

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(monkeypatch):
    """Of a model with raw genes, a baseline, and PCA maps of both."""
    monkeypatch.setattr(map_work, "read_map", lambda key, rows: None)
    monkeypatch.setattr(map_work, "keep_map", lambda key, places: None)
    generator = two_members()
    generator.subjects = tuple(
        Subject(s.subject_id, s.patient_id, s.split, {"sex": "mf"[i % 2]}, {"diameter": 5.0 + i})
        for i, s in enumerate(generator.subjects)
    )
    engines = make_engines(
        load_maps=make_maps, thumbnail=lambda g, scores: np.full((8, 8), -300, np.float32)
    )
    made = Session(generator=generator, engines=engines, seed=1)
    yield made
    made.close()


@pytest.fixture
def gene_map(viewer, session, qtbot):
    workbench_of(viewer, session)
    session.open_scan(make_scan())
    session.place(CENTRE)
    made = GeneMapWidget(viewer)
    qtbot.addWidget(made)
    made.resize(900, 300)
    with qtbot.waitExposed(made):
        made.show()
    made.projection.setCurrentText("PCA")
    qtbot.wait(60)
    return made


def press(widget):
    QTest.mouseClick(widget, LEFT)


def visible(made):
    return [name for name, plot in made.plots.items() if plot.isVisible()]


def hover(made, space, subject):
    plot = made.plots[space]
    place = plot.mapFromScene(plot.view.mapViewToScene(QPointF(*plot.place_of(subject))))
    for pixel in (QPoint(2, 2), place):
        there = plot.viewport().mapToGlobal(pixel)
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(pixel),
            QPointF(there),
            none,
            none,
            Qt.KeyboardModifier.NoModifier,
        )
        QTest.qWait(30)
        QApplication.sendEvent(plot.viewport(), event)
    QTest.qWait(30)
    return place


def alone(table, projection):
    """Return the subject with the most room around it, so that a click means nobody else."""
    places = table.coordinates[projection]
    away = cdist(places, places) + np.diag(np.full(len(places), np.inf))
    return table.subject_ids[int(away.min(axis=1).argmax())]


def test_maps_stand_side_by_side_or_alone(gene_map):
    assert visible(gene_map) == [RAW, LEARNED]
    buttons = gene_map.space_buttons
    assert [b.text() for b in buttons.values()] == ["raw genes", "baseline", "learned"]
    press(buttons[BASELINE])
    assert visible(gene_map) == [RAW, BASELINE, LEARNED]
    lefts = [gene_map.plots[name].x() for name in visible(gene_map)]
    QTest.qWait(20)
    lefts = [gene_map.plots[name].x() for name in visible(gene_map)]
    assert lefts == sorted(lefts)
    press(buttons[RAW])
    press(buttons[LEARNED])
    assert visible(gene_map) == [BASELINE]
    press(buttons[BASELINE])
    assert visible(gene_map) == [LEARNED]  # never none


def test_each_map_has_its_own_places_of_the_same_subjects(gene_map, session):
    press(gene_map.space_buttons[BASELINE])
    for name in (RAW, BASELINE, LEARNED):
        points = gene_map.plots[name].points.points()
        places = session.spaces[name].table.coordinates["PCA"]
        assert [p.data() for p in points] == list(session.generator.subject_ids)
        assert np.allclose([p.pos().x() for p in points], places[:, 0])
        assert gene_map.plots[name].caption.text() == f"{name} · PCA"


def test_a_selection_on_one_map_is_ringed_on_all(gene_map, session):
    session.select(("S-0004", "S-0011"))
    for name in (RAW, LEARNED):
        rings = np.column_stack(gene_map.plots[name].marked.getData())
        places = session.spaces[name].table.coordinates["PCA"]
        assert np.allclose(rings, places[[4, 11]])


def test_a_click_on_the_raw_map_takes_the_patient(gene_map, session, qtbot):
    subject = alone(session.spaces[RAW].table, "PCA")
    place = hover(gene_map, RAW, subject)
    QTest.mouseClick(gene_map.plots[RAW].viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: session.state.subject_id == subject, timeout=3000)


def test_the_edited_code_moves_on_all_maps_and_leaves_a_trail(gene_map, session, qtbot):
    session.set_gene("EGFR", 1.0)
    session.set_gene("EGFR", 2.0)
    for name in (RAW, LEARNED):
        plot = gene_map.plots[name]
        assert np.allclose(np.ravel(plot.marker.getData()), session.marker(name, "PCA"))
        trail = np.column_stack(plot.trail.getData())
        assert len(trail) == 3
        assert np.allclose(trail[0], plot.place_of("S-0000"))
        assert np.allclose(trail[-1], session.marker(name, "PCA"))
    quick = session.marker(RAW, "PCA")
    qtbot.waitUntil(lambda: not np.allclose(session.marker(RAW, "PCA"), quick), timeout=5000)
    trail = np.column_stack(gene_map.plots[RAW].trail.getData())
    assert len(trail) == 3  # the exact place stands in for the quick one
    assert np.allclose(trail[-1], session.marker(RAW, "PCA"))
    session.choose_subject("S-0003")
    assert len(gene_map.plots[RAW].trail.getData()[0]) <= 1


def test_hover_shows_who_it_is_and_a_marked_picture(gene_map, session, qtbot):
    subject = alone(session.spaces[LEARNED].table, "PCA")
    hover(gene_map, LEARNED, subject)
    card = gene_map.card
    qtbot.waitUntil(card.isVisible, timeout=3000)
    row = session.generator.subject_ids.index(subject)
    split = session.generator.subjects[row].split
    assert card.words.text().splitlines() == [subject, split, "diameter", f"{5 + row} mm"]
    assert card.synthetic is True
    picture = card.picture.pixmap().toImage()
    colours = {picture.pixelColor(x, picture.height() - 7).name() for x in range(picture.width())}
    assert any(c.startswith(("#f", "#e", "#d")) and c[5:] < "a0" for c in colours)  # amber words
    plot = gene_map.plots[LEARNED]
    plot._on_hovered(None, [], None)
    assert not card.isVisible()


def test_a_picture_that_comes_late_is_not_shown_for_another(gene_map, session):
    card = gene_map.card
    card.show_subject("S-0001", "S-0001", gene_map.mapToGlobal(QPoint(20, 20)))
    session.ask_thumbnail("S-0002")
    assert card.synthetic is None


def test_clusters_colour_by_identity_and_tell_their_silhouette(gene_map, session):
    gene_map.colour.setCurrentText("cluster of learned code")
    found = session.clusters[LEARNED]
    assert f"silhouette {found.silhouette:.2f} in learned code space" in gene_map.legend.text()
    assert "cluster 1" in gene_map.legend.text()
    for name in (RAW, LEARNED):
        colours = [p.brush().color().name() for p in gene_map.plots[name].points.points()]
        assert len(set(colours)) == found.count
        first = [c for c, label in zip(colours, found.labels, strict=True) if label == 0]
        assert len(set(first)) == 1
    gene_map.colour.setCurrentText("colour: sex")
    assert "silhouette" not in gene_map.legend.text()


def test_a_map_that_is_lacking_is_computed_and_says_so(gene_map, session, monkeypatch):
    monkeypatch.setattr(UmapProcess, "project", lambda self, codes, cancelled: codes[:, 1:3])
    said = []
    session.progress.connect(lambda *_: said.append(gene_map.status.text()))
    gene_map.projection.setCurrentText("UMAP")
    assert said == ["computing UMAP of raw genes: 0%", "computing UMAP of learned code: 0%"]
    for name in (RAW, LEARNED):
        plot = gene_map.plots[name]
        assert plot.caption.text() == f"{name} · UMAP · computed here"
        assert len(plot.points.points()) == 24
    gene_map.projection.setCurrentText("t-SNE")
    assert gene_map.plots[RAW].caption.text() == "raw genes · t-SNE"
    assert gene_map.status.text() == HINT


def test_a_map_that_cannot_be_made_is_asked_for_once(gene_map, session, monkeypatch):
    lines, asked = [], []
    session.failed.connect(lines.append)

    def missing(*_):
        asked.append(1)
        raise map_work.ModelError(map_work.NEEDS_UMAP)

    monkeypatch.setattr("napari_radiogen.session.map_actions.compute_map", missing)
    gene_map.projection.setCurrentText("UMAP")
    session.set_gene("EGFR", 1.0)
    assert len(asked) == 2  # raw and learned, once each
    assert lines[0] == map_work.NEEDS_UMAP
    assert gene_map.plots[RAW].caption.text() == "raw genes · UMAP · not computed yet"
    assert len(gene_map.plots[RAW].points.points()) == 0
