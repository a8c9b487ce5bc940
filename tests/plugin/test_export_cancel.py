"""An export that takes long is stopped from its dock, and leaves nothing."""

import threading
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_radiogen.io import dicom_write, packing
from napari_radiogen.plugin.qt_jobs import QtRunner
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from tests.session.fakes import CENTRE, make_engines, make_scan


@pytest.fixture
def session():
    """A session whose jobs run beside the window."""
    made = Session(QtRunner(), engines=make_engines())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("module", "name", "action"),
    [(packing, "s.nii.gz", "export_volume"), (dicom_write, "series", "export_series")],
)
def test_cancel_stops_an_export_and_leaves_nothing(
    viewer, session, qtbot, monkeypatch, tmp_path: Path, module, name, action
):
    made = ExportWidget(workbench_of(viewer, session).viewer)
    qtbot.addWidget(made)
    made.show()
    session.open_scan(make_scan())
    qtbot.waitUntil(lambda: session.lung is not None and session.generator is not None)
    session.place(CENTRE)
    qtbot.waitUntil(made.volume.isEnabled)
    entered, pressed, told = threading.Event(), threading.Event(), []
    session.exported.connect(told.append)
    session.failed.connect(told.append)
    ask = module.check_stop

    def wait_for_the_person(cancelled):
        entered.set()
        assert pressed.wait(20)
        ask(cancelled)

    monkeypatch.setattr(module, "check_stop", wait_for_the_person)
    assert not made.cancel.isVisible()
    getattr(session, action)(tmp_path / name)
    assert entered.wait(20)
    qtbot.waitUntil(made.cancel.isVisible)
    QTest.mouseClick(made.cancel, Qt.MouseButton.LeftButton)
    pressed.set()
    qtbot.waitUntil(lambda: not list(tmp_path.iterdir()), timeout=20_000)
    qtbot.waitUntil(made.volume.isEnabled)
    assert not made.cancel.isVisible()
    assert made.last.text() == "stopped"
    assert told == []
