"""Scenes of the Gene Map."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_radiogen.plugin.widgets.map_plot import MapPlot
from napari_radiogen.session.map_spaces import BASELINE, LEARNED, RAW
from scripts.gallery.stage import Stage

SELECTED = 26


def maps(stage: Stage) -> QPixmap:
    """Raw genes, baseline and learned code side by side."""
    stage.demo()
    stage.show_maps(RAW, BASELINE, LEARNED)
    return _dock(stage)


def hover(stage: Stage) -> QPixmap:
    """Who is under the pointer, with a synthetic picture."""
    stage.demo()
    plot = stage.map.plots[LEARNED]
    place = _pixel(plot, _somebody(plot))
    for pixel in (QPoint(2, 2), place, place):
        _move(plot, pixel)
        stage.settle()
    return stage.part(stage.dock("Gene Map"))


def lasso(stage: Stage) -> QPixmap:
    """A lasso around subjects, before the button is let go."""
    stage.demo()
    stage.map.lasso.click()
    plot = stage.map.plots[LEARNED]
    corners = _outline(stage, plot)
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(plot.viewport(), left, Qt.KeyboardModifier.NoModifier, corners[0])
    for corner in corners[1:]:
        _move(plot, corner, left)
    QTest.qWait(100)
    drawn = stage.part(stage.dock("Gene Map"))
    QTest.mouseRelease(plot.viewport(), left, Qt.KeyboardModifier.NoModifier, corners[-1])
    stage.map.lasso.click()
    return drawn


def selection(stage: Stage) -> QPixmap:
    """Those selected against the rest."""
    stage.demo()
    _select(stage)
    return _dock(stage)


def clusters(stage: Stage) -> QPixmap:
    """Clusters with their silhouette in code space."""
    stage.demo()
    stage.map.colour.setCurrentText(f"cluster of {LEARNED}")
    return _dock(stage)


def trail(stage: Stage) -> QPixmap:
    """The way of the edited code."""
    stage.demo()
    first = stage.panel.sliders.rows[0]
    stage.session.go_beyond(True)
    for z in np.linspace(first.z, first.z - 3.0, 10):
        stage.session.set_metagene(first.name, float(z))
        QTest.qWait(150)
    return _dock(stage)


def umap(stage: Stage) -> QPixmap:
    """Another projection, and colours of a clinical column."""
    stage.demo()
    stage.show_maps(RAW, BASELINE, LEARNED)
    stage.map.projection.setCurrentText("UMAP")
    stage.map.colour.setCurrentText("colour: split")
    return _dock(stage)


def _dock(stage: Stage) -> QPixmap:
    stage.settle()
    return stage.part(stage.dock("Gene Map"))


def _select(stage: Stage) -> None:
    plot = stage.map.plots[LEARNED]
    places = plot._places
    corner = places[np.argmax(places[:, 0])]
    near = np.argsort(np.linalg.norm(places - corner, axis=1))[:SELECTED]
    stage.session.select([plot._ids[i] for i in near])


def _outline(stage: Stage, plot: MapPlot) -> list[QPoint]:
    """Return pixels around the subjects at the right."""
    _select(stage)
    chosen = np.array([plot.place_of(s) for s in stage.session.state.selected])
    stage.session.select(())
    stage.settle()
    centre, reach = chosen.mean(axis=0), 1.25 * np.ptp(chosen, axis=0).max() / 2
    turns = np.linspace(0.3, 5.6, 24)
    ring = centre + reach * np.column_stack((np.cos(turns), np.sin(turns)))
    return [plot.mapFromScene(plot.view.mapViewToScene(QPointF(*point))) for point in ring]


def _somebody(plot: MapPlot) -> str:
    """Return a subject at the upper left, where the card has room."""
    places = plot._places
    wish = np.percentile(places[:, 0], 25), np.percentile(places[:, 1], 75)
    return plot._ids[int(np.linalg.norm(places - wish, axis=1).argmin())]


def _pixel(plot: MapPlot, subject: str) -> QPoint:
    return plot.mapFromScene(plot.view.mapViewToScene(QPointF(*plot.place_of(subject))))


def _move(plot: MapPlot, pixel: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    there = plot.viewport().mapToGlobal(pixel)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(pixel),
        QPointF(there),
        none,
        button,
        Qt.KeyboardModifier.NoModifier,
    )
    QTest.qWait(25)
    QApplication.sendEvent(plot.viewport(), event)
