"""A bare viewer model, a session of small engines, and the four docks on them."""

from __future__ import annotations

import os
import sys

import pytest

pytest.importorskip("napari", reason="napari is not installed: pip install 'napari-radiogen[gui]'")
pytest.importorskip("qtpy.QtWidgets", reason="no Qt binding is installed")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed")

from napari.components import ViewerModel

from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner
from tests.session.fakes import CENTRE, make_engines, make_scan


def pytest_collection_modifyitems(items):
    """Without a screen Qt would abort the whole run: skip with the reason."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    offscreen = os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal")
    if sys.platform == "linux" and not screen and not offscreen:
        mark = pytest.mark.skip(reason="no DISPLAY: run under xvfb-run")
        for item in items:
            if "tests/plugin/" in item.path.as_posix():
                item.add_marker(mark)


@pytest.fixture(autouse=True, scope="session")
def _own_state_folder(tmp_path_factory):
    """What a window remembers stays out of the folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
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
