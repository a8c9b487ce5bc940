"""UMAP in its own process: answers, stops and ends as told."""

import io
import sys
import threading
import time

import numpy as np
import pytest

from napari_radiogen.analysis import placing, projection, umap_process
from napari_radiogen.analysis.umap_process import UmapProcess, _receive, _send, serve

CODES = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)


@pytest.fixture
def child(monkeypatch):
    """A process whose UMAP is a stand-in: the real one compiles for half a minute."""
    monkeypatch.setattr(umap_process.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(umap_process, "START", STAND_IN)
    made = UmapProcess()
    yield made
    made.close()


STAND_IN = """
import sys, time
sys.path.insert(0, sys.argv[1])
from napari_radiogen.analysis import placing, projection, umap_process
def umap(codes):
    if codes[0, 0] == 99: time.sleep(60)
    if codes[0, 0] == 98: raise SystemExit(3)
    return codes[:, :2] * 2
projection.umap = umap
placing.transformer = lambda name, codes, places: lambda new: new[:, :2] + len(codes)
umap_process.serve(sys.stdin.buffer, sys.stdout.buffer)
"""


def test_it_projects_and_places_in_one_process(child):
    assert np.array_equal(child.project(CODES), CODES[:, :2] * 2)
    first = child._child.pid
    assert np.allclose(child.place(CODES, CODES[:, :2], CODES[:3]), CODES[:3, :2] + 24)
    assert child._child.pid == first


def test_it_stops_at_once_and_starts_again(child):
    slow = CODES.copy()
    slow[0, 0] = 99
    start = time.monotonic()
    assert child.project(slow, lambda: time.monotonic() - start > 0.5) is None
    assert time.monotonic() - start < 30
    assert np.array_equal(child.project(CODES), CODES[:, :2] * 2)


def test_a_process_that_dies_is_a_line(child):
    fatal = CODES.copy()
    fatal[0, 0] = 98
    with pytest.raises(RuntimeError, match="without an answer"):
        child.project(fatal)
    assert np.array_equal(child.project(CODES), CODES[:, :2] * 2)


def test_two_threads_take_turns(child):
    answers = {}

    def ask(number):
        answers[number] = child.project(CODES + np.float32(number))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, places in answers.items():
        assert np.allclose(places, (CODES[:, :2] + n) * 2)
    assert len(answers) == 3


def test_close_ends_it(child):
    child.project(CODES)
    process = child._child
    child.close()
    assert process.poll() is not None
    child.close()


def test_without_umap_it_says_so(monkeypatch):
    monkeypatch.setattr(umap_process.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError):
        UmapProcess().project(CODES)


def test_a_map_is_prepared_once(monkeypatch):
    made = []

    def transformer(name, codes, places):
        made.append(name)
        return lambda new: new[:, :2]

    monkeypatch.setattr(placing, "transformer", transformer)
    monkeypatch.setattr(projection, "umap", None)
    asked, told = io.BytesIO(), io.BytesIO()
    for _ in range(2):
        _send(asked, "place", [CODES, CODES[:, :2], CODES[:1]])
    asked.seek(0)
    serve(asked, told)
    told.seek(0)
    assert np.array_equal(_receive(told)[1][0], CODES[:1, :2])
    assert made == ["UMAP"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="takes minutes there")
def test_the_real_one_answers():
    pytest.importorskip("umap", reason="umap-learn is not installed")
    child = UmapProcess()
    try:
        places = child.project(CODES)
        assert places.shape == (24, 2)
        near = child.place(CODES, places, CODES[:1] + np.float32(0.01))[0]
        assert np.linalg.norm(near - places[0]) < np.ptp(places[:, 0])
    finally:
        child.close()
