"""Scenes of CT & Tumour."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from scripts.gallery.grabs import framed
from scripts.gallery.stage import Stage

#: Way of the right-drag that narrows the window and raises its level, pixels.
DRAG = QPoint(-210, 120)


def start(stage: Stage) -> QPixmap:
    """The window before a scan is open."""
    stage.models()
    return stage.part()


def window(stage: Stage) -> QPixmap:
    """All of the window after the demo."""
    stage.demo()
    return stage.part()


def search(stage: Stage) -> QPixmap:
    """Tumours are being looked for."""
    stage.demo()
    if stage.searching is None:
        raise RuntimeError("the search was over before its picture was taken")
    return stage.searching


def window_level(stage: Stage) -> QPixmap:
    """Level and width by a right-drag in a plane: no preset is down."""
    stage.demo()
    plane = stage.bench.planes.coronal
    start = plane.rect().center()
    right, none = Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(plane, right, none, start)
    place = QPointF(start + DRAG)
    there = QPointF(plane.mapToGlobal(start + DRAG))
    QApplication.sendEvent(
        plane, QMouseEvent(QMouseEvent.Type.MouseMove, place, there, right, right, none)
    )
    QTest.mouseRelease(plane, right, none, start + DRAG)
    stage.settle()
    return _with_dock(stage)


def convention(stage: Stage) -> QPixmap:
    """Neurological convention, and what is under the mouse."""
    stage.demo()
    stage.ct.convention.click()
    stage.settle()
    x, y, z = stage.bench.presenter.point_mm
    stage.hover((x - 60.0, y + 25.0, z))
    return _with_dock(stage)


def series(stage: Stage) -> QPixmap:
    """A folder that holds two series."""
    stage.demo()
    folder = _two_series(stage)
    stage.session.open_path(folder)
    stage.settle()
    chooser = stage.bench.chooser
    if chooser is None:
        raise RuntimeError("nobody asked which series")
    chooser.resize(chooser.width(), 260)
    return framed(chooser)


def _two_series(stage: Stage) -> Path:
    """Put the demo's scan and the one with its nodule into one folder."""
    folder = stage.folder / "study"
    if not folder.exists():
        source = stage.session.scan_path
        if source is None:
            raise RuntimeError("the demo has no scan")
        shutil.copytree(source, folder / "scan")
        stage.session.export_series(folder / "synthetic")
        stage.settle()
    return folder


def scan_information(stage: Stage) -> QPixmap:
    """What is known of the scan, without identity."""
    stage.demo()
    stage.ct.info_button.click()
    stage.settle()
    dialog = stage.ct.info
    if dialog is None:
        raise RuntimeError("no dialog of the scan")
    dialog.resize(dialog.width(), 360)
    QTest.qWait(50)
    return framed(dialog)


def tumours(stage: Stage) -> QPixmap:
    """Outline, box and probability of the tumour at the crosshair."""
    stage.demo()
    stage.ct.tumours.boxes.click()
    stage.ct.tumours.probability.click()
    stage.ct.tumours.next.click()
    _near_tumour(stage)
    return _with_dock(stage)


def measurements(stage: Stage) -> QPixmap:
    """All measurements of all tumours."""
    stage.demo()
    stage.ct.tumours.measure.click()
    stage.settle()
    table = stage.ct.tumours.measurements
    if table is None:
        raise RuntimeError("no table of tumours")
    table.resize(table.width(), 170)
    QTest.qWait(50)
    return framed(table)


def painting(stage: Stage) -> QPixmap:
    """Brush and its tools; a tumour is being painted."""
    stage.demo()
    stage.ct.tumours.next.click()
    stage.ct.tumours.edit.click()
    stage.ct.tumours.tools.new.click()
    layer = stage.bench.presenter.tumour_display.layer
    x, y, z = stage.bench.presenter.point_mm
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        place = (z, y + 30 + 5 * np.sin(turn), x + 18 + 7 * np.cos(turn))
        layer.paint(np.round(layer.world_to_data(place)), layer.selected_label)
    _near_tumour(stage)
    return _with_dock(stage)


def mask(stage: Stage) -> QPixmap:
    """A mask of a DICOM SEG as the tumours of the scan."""
    stage.demo()
    source = stage.session.scan_path
    if source is None:
        raise RuntimeError("the demo has no scan")
    stage.session.open_mask(source.parent / "nodule.dcm")
    stage.settle()
    button = stage.ct.open_button
    menu = button.menu()
    menu.popup(button.mapToGlobal(QPoint(0, button.height())))
    QTest.qWait(100)
    drawn = stage.over(menu, stage.dock("CT & Tumour"))
    menu.close()
    return drawn


def _near_tumour(stage: Stage) -> None:
    stage.settle()
    stage.zoom(stage.bench.presenter.point_mm, 2.6)
    stage.settle()


def _with_dock(stage: Stage) -> QPixmap:
    parts: tuple[QWidget, ...] = (stage.dock("CT & Tumour"), stage.centre)
    return stage.part(*parts)
