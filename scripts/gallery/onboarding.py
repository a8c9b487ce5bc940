"""Scenes of the first minutes."""

from __future__ import annotations

from napari._qt.dialogs.preferences_dialog import PreferencesDialog
from qtpy.QtGui import QPixmap
from qtpy.QtTest import QTest

from napari_radiogen.plugin.samples import PLANTED, CohortSample
from scripts.gallery.grabs import framed
from scripts.gallery.stage import Stage

#: The step of the tour that talks about the sliders.
STEP = 3


def empty(stage: Stage) -> QPixmap:
    """Docks before there is a scan."""
    stage.models()
    return stage.part(stage.dock("CT & Tumour"), stage.dock("Export"))


def cohort(stage: Stage) -> QPixmap:
    """The demo cohort of the File menu."""
    stage.models()
    stage.bench.demo = CohortSample(stage.bench, PLANTED)
    stage.settle()
    return stage.part()


def tour(stage: Stage) -> QPixmap:
    """The tour beside the part that it talks about."""
    stage.models()
    guide = stage.bench.guide
    guide.start()
    while guide.tour.number < STEP:
        guide.tour.next()
    QTest.qWait(200)
    drawn = stage.part()
    guide.tour.close()
    return drawn


def keys(stage: Stage) -> QPixmap:
    """The keyboard table."""
    stage.bench.show_keys()
    dialog = stage.bench.keys_dialog
    if dialog is None:
        raise RuntimeError("no table of keys")
    QTest.qWait(100)
    return framed(dialog)


def preferences(stage: Stage) -> QPixmap:
    """Our page of napari's own dialog."""
    dialog = PreferencesDialog(stage.window)
    names = [dialog._list.item(i).text() for i in range(dialog._list.count())]
    dialog._list.setCurrentRow(names.index("Radiogen"))
    dialog.show()
    QTest.qWait(200)
    drawn = framed(dialog)
    dialog.reject()
    return drawn
