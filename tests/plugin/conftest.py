"""A bare viewer model, a session of small engines, and the four docks on them.

A test here fails when a warning is given, or when a widget outlives it.
"""

from __future__ import annotations

import gc
import os
import sys

import pytest

pytest.importorskip("napari", reason="napari is not installed: pip install 'napari-radiogen[gui]'")
pytest.importorskip("qtpy.QtWidgets", reason="no Qt binding is installed")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed")

from napari.components import ViewerModel
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QMenu

from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from tests.session.fakes import CENTRE, make_engines, make_scan

HERE = "tests/plugin/"
#: Warnings fail, but for those that come with PyQt5 itself.
WARNINGS = ("error", "ignore:System theme detection requires a Qt6 backend")
#: Qt keeps one for the tips of all widgets.
TIPS = "QTipLabel"


def pytest_collection_modifyitems(items):
    """Make warnings fail; without a screen Qt would abort the whole run: skip with the reason."""
    for item in items:
        if HERE in item.path.as_posix():
            # Before a test's own, which come after and win.
            item.add_marker(pytest.mark.filterwarnings(*WARNINGS), append=False)
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    offscreen = os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal")
    if sys.platform == "linux" and not screen and not offscreen:
        mark = pytest.mark.skip(reason="no DISPLAY: run under xvfb-run")
        for item in items:
            if HERE in item.path.as_posix():
                item.add_marker(mark)


def windows():
    """Widgets that no other widget owns."""
    if QApplication.instance() is None:
        return []
    # Menus of ours have owners; pyqtgraph makes some without, which Python's collector finds later.
    return [
        w
        for w in QApplication.topLevelWidgets()
        if w.parent() is None and type(w).__name__ != TIPS and not isinstance(w, QMenu)
    ]


def close_bare_workbenches():
    """A real window takes workbench and planes with it; a bare viewer model has none."""
    for viewer, bench in tuple(workbench_module._workbenches.items()):
        if main_window(viewer) is None:
            workbench_module._forget(viewer)
            bench.planes.deleteLater()


@pytest.fixture(autouse=True)
def _no_widget_outlives_its_test(request):
    before = windows()
    yield
    request.node.funcargs.clear()  # pytest holds them until later
    close_bare_workbenches()
    for _ in range(2):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if all(w in before for w in windows()):
            return
        gc.collect()
    assert [w for w in windows() if w not in before] == []


@pytest.fixture(autouse=True, scope="session")
def _own_state_folder(tmp_path_factory):
    """What a window remembers stays out of the folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        # Where napari keeps the preferences of plugins.
        patch.setattr("napari.settings._CFG_PATH", str(tmp_path_factory.mktemp("cfg") / "n.yaml"))
        yield


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def session():
    made = Session(InlineRunner(), engines=make_engines(), seed=1)
    yield made
    made.close()


@pytest.fixture
def bench(viewer, session):
    return workbench_of(viewer, session)


@pytest.fixture
def ready(bench):
    """A workbench with models, a scan, and a nodule at the centre."""
    bench.session.open_scan(make_scan())
    bench.session.place(CENTRE)
    return bench
