"""Scenes of sessions."""

from __future__ import annotations

import json
import time
from pathlib import Path

from napari.utils.notifications import notification_manager
from qtpy.QtGui import QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_radiogen.io.save import save_json
from napari_radiogen.session.autosave import Unsaved
from napari_radiogen.session.session_file import SUFFIX
from scripts.gallery.grabs import framed
from scripts.gallery.stage import Stage

NAMES = ("left-lung", "two-nodules")


def recent(stage: Stage) -> QPixmap:
    """The menu of sessions."""
    stage.demo()
    for name in NAMES:
        _saved(stage, name)
    row = stage.export.sessions
    stage.bench.desk.fill_menu(row.menu)
    row.menu.popup(row.open.mapToGlobal(row.open.rect().topLeft()))
    QTest.qWait(100)
    drawn = stage.over(row.menu, stage.dock("Export"))
    row.menu.close()
    return drawn


def recovery(stage: Stage) -> QPixmap:
    """The offer after a crash."""
    stage.demo()
    desk = stage.bench.desk
    desk.unsaved = (Unsaved(_saved(stage, NAMES[0]), time.time()),)
    desk.offer()
    drawn = _notice(stage)
    desk.unsaved = ()
    return drawn


def refused(stage: Stage) -> QPixmap:
    """A session of a newer program is refused in one line."""
    stage.demo()
    path = _changed(stage, "newer", lambda values: values.update(version=values["version"] + 1))
    stage.session.files.open(path.name)
    drawn = _notice(stage)
    stage.problems.clear()
    return drawn


def missing_scan(stage: Stage) -> QPixmap:
    """A session asks for its scan."""
    stage.demo()

    def move(values: dict) -> None:  # type: ignore[type-arg]
        values["scan"]["file"] = {"path": "/moved/ct", "relative": "../moved/ct"}

    stage.session.files.open(_changed(stage, "moved", move))
    desk = stage.bench.desk
    stage.settle()
    # Where a person may have put it; nothing of this computer beside it.
    (stage.folder / "scans" / "moved-ct").mkdir(parents=True, exist_ok=True)
    desk.dialog.setDirectory(str(stage.folder / "scans"))
    for name in ("lookInLabel", "lookInCombo", "sidebar"):
        part = desk.dialog.findChild(QWidget, name)
        if part is not None:
            part.hide()
    QTest.qWait(300)
    drawn = framed(desk.dialog)
    desk.dialog.close()
    stage.settle()
    stage.problems.clear()
    return drawn


def restored(stage: Stage) -> QPixmap:
    """The window after a session was opened."""
    stage.demo()
    stage.session.select(stage.session.generator.subject_ids[:12])  # type: ignore[union-attr]
    stage.session.choose_window("Wide")
    path = _saved(stage, "wide")
    stage.reset()
    stage.session.files.open(path)
    stage.settle()
    return stage.part()


def _saved(stage: Stage, name: str) -> Path:
    path = stage.folder / f"{name}{SUFFIX}"
    if not path.exists():
        stage.session.files.save(path.name)
        stage.settle()
    return path


def _changed(stage: Stage, name: str, change) -> Path:  # type: ignore[no-untyped-def]
    """Return a session file that was changed by hand."""
    values = json.loads(_saved(stage, NAMES[0]).read_text())
    change(values)
    path = stage.folder / f"{name}{SUFFIX}"
    save_json(path, values)
    return path


def _notice(stage: Stage) -> QPixmap:
    def shown() -> bool:
        return any(
            type(w).__name__ == "NapariQtNotification" and w.isVisible()
            for w in stage.window.findChildren(QWidget)
        )

    stage.until(shown)
    QTest.qWait(900)
    drawn = stage.part(stage.dock("CT & Tumour"), stage.centre)
    notification_manager.records.clear()
    return drawn
