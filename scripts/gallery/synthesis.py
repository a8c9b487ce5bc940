"""Scenes of synthetic nodules."""

from __future__ import annotations

from qtpy.QtGui import QPixmap

from napari_radiogen.domain import Point
from napari_radiogen.session.sheets import SHEET
from scripts.gallery.grabs import framed
from scripts.gallery.stage import Stage

NEAR = 2.4
#: From the demo's place: another one in the same lung, one in the other, one in the chest wall, mm.
BESIDE, ACROSS, OUTSIDE = (6.0, 48.0, 0.0), (-130.0, 30.0, 0.0), (52.0, 30.0, 0.0)


def _from_here(stage: Stage, way: Point) -> Point:
    x, y, z = stage.bench.presenter.point_mm
    return x + way[0], y + way[1], z + way[2]


def ghost_box(stage: Stage) -> QPixmap:
    """A box follows the mouse in the lung."""
    stage.demo()
    stage.panel.synthesis.place.click()
    stage.hover(_from_here(stage, BESIDE))
    return stage.part(stage.centre, stage.dock("Gene Panel"))


def refusal(stage: Stage) -> QPixmap:
    """The box outside the lung, and why no nodule goes there."""
    stage.demo()
    stage.panel.synthesis.place.click()
    stage.hover(_from_here(stage, OUTSIDE))
    return stage.part(stage.centre)


def nodule(stage: Stage) -> QPixmap:
    """The nodule, blended, in three planes."""
    return _near(stage)


def real(stage: Stage) -> QPixmap:
    """The same place without the nodule."""
    stage.demo()
    stage.panel.synthesis.synthetic.click()
    return _near(stage)


def difference(stage: Stage) -> QPixmap:
    """What the nodule adds to the scan, HU."""
    stage.demo()
    stage.panel.synthesis.difference.click()
    return _near(stage)


def difference_genes(stage: Stage) -> QPixmap:
    """What the edits alone change: same background, same noise."""
    stage.demo()
    panel, session = stage.panel.synthesis, stage.session
    stage.panel.tools.slots["set A"].click()
    session.set_metagene(stage.panel.sliders.rows[0].name, -1.0)
    session.set_metagene(stage.panel.sliders.rows[2].name, 2.2)
    stage.settle()
    panel.difference_to.setCurrentIndex(1)
    panel.difference_to.activated.emit(1)
    panel.difference.click()
    return _near(stage, with_panel=True)


def weights(stage: Stage) -> QPixmap:
    """How much of the generator's nodule replaces the scan."""
    stage.demo()
    stage.panel.synthesis.weight.click()
    return _near(stage)


def change(stage: Stage) -> QPixmap:
    """Measurements with their change since A; half the strength."""
    stage.demo()
    stage.panel.tools.slots["set A"].click()
    stage.session.set_metagene(stage.panel.sliders.rows[0].name, -0.5)
    stage.session.set_strength(0.6)
    stage.settle()
    return stage.part(stage.dock("Gene Panel"))


def several_nodules(stage: Stage) -> QPixmap:
    """Two nodules with genes of their own."""
    stage.demo()
    session, where = stage.session, _from_here(stage, ACROSS)
    stage.panel.synthesis.nodules.add.click()
    if session.generator is not None:
        small = min(
            session.generator.subjects, key=lambda s: abs(s.attributes.get("diameter", 0.0) - 12.0)
        )
        session.choose_subject(small.subject_id)
    stage.bench.pointer.click(where)
    stage.bench.pointer.set_place_mode(False)
    stage.settle()
    return stage.part(stage.centre, stage.dock("Gene Panel"))


def draws(stage: Stage) -> QPixmap:
    """A sheet of draws of the noise."""
    stage.demo()
    stage.panel.synthesis.draws.click()
    stage.settle()
    window = stage.panel.synthesis.noise
    if window is None:
        raise RuntimeError("no window of draws")
    if stage.session.is_busy(SHEET) or window.sheet is None:
        window.ask()
        stage.settle()
    return framed(window)


def draws_progress(stage: Stage) -> QPixmap:
    """The sheet while it is painted; cancel keeps what is there."""
    stage.demo()
    panel = stage.panel.synthesis
    panel.show_draws()
    window = panel.noise
    if window is None:
        raise RuntimeError("no window of draws")
    if not stage.session.is_busy(SHEET):
        window.ask()
    stage.until(lambda: window.bar.value() >= 40)
    drawn = framed(window)
    window.cancel.click()
    return drawn


def sweep(stage: Stage) -> QPixmap:
    """A sweep of one metagene with its curves."""
    stage.demo()
    return framed(swept(stage))


def swept(stage: Stage):  # type: ignore[no-untyped-def]
    """Return the window of a sweep that is painted."""
    panel = stage.panel.synthesis
    panel.sweeps.click()
    window = panel.sweep
    if window is None:
        raise RuntimeError("no window of a sweep")
    name = stage.panel.sliders.rows[0].name
    if window.sweep is None or window.sweep.metagene != name:
        window.choose(name)
        window.paint.click()
        stage.settle()
    return window


def _near(stage: Stage, *, with_panel: bool = False) -> QPixmap:
    stage.demo()
    stage.zoom(stage.bench.presenter.point_mm, NEAR)
    stage.settle()
    shown = (stage.centre, stage.dock("Gene Panel")) if with_panel else (stage.centre,)
    return stage.part(*shown)
