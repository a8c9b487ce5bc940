"""Scenes of Export, and what it writes."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtGui import QPixmap
from qtpy.QtTest import QTest

from napari_radiogen.session.figure_choice import FigureChoice
from scripts.gallery.grabs import framed
from scripts.gallery.stage import Stage
from scripts.gallery.synthesis import swept

DPI = 100


def composer(stage: Stage) -> QPixmap:
    """The composer of figures."""
    stage.demo()
    stage.export.figure.click()
    stage.settle()
    dialog = stage.export.composer
    drawn = framed(dialog)
    dialog.close()
    return drawn


def figure(stage: Stage) -> bytes:
    """A figure as it is written."""
    stage.demo()
    stage.session.export_figure("figure.png", FigureChoice(dpi=DPI))
    stage.settle()
    return Path("figure.png").read_bytes()


def sweep_strip(stage: Stage) -> bytes:
    """A sweep as a strip."""
    return _sweep(stage, "sweep.png")


def sweep_film(stage: Stage) -> bytes:
    """A sweep as a film."""
    return _sweep(stage, "sweep.gif")


def _sweep(stage: Stage, name: str) -> bytes:
    stage.demo()
    window = swept(stage)
    stage.session.sheets.save_sweep(window.sweep, name)
    stage.settle()
    return Path(name).read_bytes()


def export(stage: Stage) -> QPixmap:
    """The dock after a volume was written."""
    stage.demo()
    stage.session.export_volume("synthetic.nii.gz")
    stage.settle()
    QTest.qWait(50)
    return stage.part(stage.dock("Export"))
