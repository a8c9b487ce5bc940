"""Scenes of the Gene Panel."""

from __future__ import annotations

from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton

from scripts.gallery.stage import Stage

SURROGATE = "mcgan-surrogate"
GENE = "EGFR"
#: A slider is moved until the gauge says so, in steps of this, SD.
STEP = 0.25


def patients(stage: Stage) -> QPixmap:
    """The table of patients, narrowed by a word and sorted."""
    stage.models()
    picker = stage.panel.patient
    picker.showPopup()
    table = picker.table
    if table is None:
        raise RuntimeError("no table of patients")
    QTest.keyClicks(table.search, "test")
    table.view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    QTest.qWait(100)
    drawn = stage.over(table, stage.dock("Gene Panel"))
    table.close()
    return drawn


def sliders(stage: Stage) -> QPixmap:
    """Only the metagenes that were edited, with the changes that they made."""
    stage.demo()
    first, second, third = (r.name for r in stage.panel.sliders.rows[:3])
    stage.session.set_metagene(first, 2.0)
    stage.session.set_metagene(second, -0.4)
    stage.session.set_metagene(third, 0.2)
    stage.panel.tools.order.setCurrentText("edited")
    stage.settle()
    return stage.part(stage.dock("Gene Panel"))


def single_gene(stage: Stage) -> QPixmap:
    """A gene by its symbol, moved, under its metagene."""
    _take_surrogate(stage)
    stage.panel.search.setText(GENE)
    stage.session.set_gene(GENE, 2.5)
    stage.settle()
    return stage.part(stage.dock("Gene Panel"))


def models(stage: Stage) -> QPixmap:
    """Which model paints; panel and canvas say what its genes are worth."""
    _take_surrogate(stage)
    choice = stage.panel.source.choice
    choice.showPopup()
    QTest.qWait(100)
    popup = choice.view().window()
    drawn = stage.over(popup, stage.dock("Gene Panel"), stage.centre)
    choice.hidePopup()
    return drawn


def mixing(stage: Stage) -> QPixmap:
    """A and B are kept; the genes lie between two patients."""
    stage.demo()
    tools, session = stage.panel.tools, stage.session
    tools.slots["set A"].click()
    session.set_metagene(stage.panel.sliders.rows[0].name, -1.5)
    tools.slots["set B"].click()
    tools.slots["A"].click()
    tools.mix_button.click()
    tools.mix.slider.setValue(40)
    stage.settle()
    return stage.part(stage.dock("Gene Panel"))


def randomised(stage: Stage) -> QPixmap:
    """A random mixture of training patients."""
    stage.demo()
    stage.panel.tools.random.click()
    stage.settle()
    return stage.part(stage.dock("Gene Panel"))


def named_edits(stage: Stage) -> QPixmap:
    """The menu of named edits."""
    stage.demo()
    session, rows = stage.session, stage.panel.sliders.rows
    session.set_metagene(rows[0].name, 2.0)
    session.name_edit("large")
    session.reset_all()
    session.set_metagene(rows[2].name, -1.0)
    session.name_edit("faint")
    stage.settle()
    button: QPushButton = stage.panel.tools.edits
    menu = stage.panel.tools.menu
    menu.popup(button.mapToGlobal(QPoint(0, button.height())))
    QTest.qWait(100)
    drawn = stage.over(menu, stage.dock("Gene Panel"))
    menu.close()
    return drawn


def gauge_warns(stage: Stage) -> QPixmap:
    """Genes that are unusual in the cohort."""
    stage.demo()
    _push(stage, beyond=False)
    return stage.part(stage.dock("Gene Panel"))


def gauge_asks(stage: Stage) -> QPixmap:
    """Genes that lie beyond the cohort: it asks first."""
    stage.demo()
    _push(stage, beyond=True)
    return stage.part(stage.dock("Gene Panel"))


def _push(stage: Stage, *, beyond: bool) -> None:
    """Move sliders outwards until the gauge warns, or asks."""
    asked: list[object] = []
    stage.session.beyond_asked.connect(asked.append)
    for row in stage.panel.sliders.rows:
        way = 1.0 if row.z >= 0 else -1.0
        for step in range(1, 13):
            stage.session.set_metagene(row.name, row.start + way * step * STEP)
            gauge = stage.session.gauge()
            done = bool(asked) if beyond else gauge is not None and gauge.unusual
            if done:
                stage.session.beyond_asked.disconnect(asked.append)
                stage.settle()
                return
    raise RuntimeError("the gauge never moved so far")


def _take_surrogate(stage: Stage) -> None:
    stage.demo(SURROGATE)
    if stage.session.generator is not None:
        stage.session.choose_subject(stage.session.generator.subject_ids[0])
    stage.settle()
