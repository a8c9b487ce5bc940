"""Kept every few seconds, found again after a crash, gone after a clean close."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.constants import UNSAVED_LIMIT
from napari_radiogen.io.labels import write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.session import Session
from napari_radiogen.session.autosave import FILE, Autosave, unsaved
from tests.session.conftest import Recorder
from tests.session.fakes import CENTRE, FakeGenerator, FakeSegmenter, make_engines, make_scan

ROOT = Path(__file__).parents[2]

#: Works in another process until it is killed.
WORK = """
import sys, time
from pathlib import Path
from napari_radiogen.session import Session
from napari_radiogen.session.autosave import Autosave
from tests.session.fakes import CENTRE, FakeGenerator, FakeSegmenter, make_engines
from tests.session.test_autosave import engines
session = Session(generator=FakeGenerator(), segmenter=FakeSegmenter(), engines=engines())
autosave = Autosave(session.files, Path(sys.argv[1]))
session.open_path(sys.argv[2])
session.find_tumours()
session.choose_subject("S-0007")
session.place(CENTRE)
session.set_metagene("M02", 1.5)
autosave.tick()
print("kept", flush=True)
time.sleep(600)
"""


def engines():
    return make_engines(read_ct=lambda path, uid: read_ct(path))


@pytest.fixture
def scan_file(tmp_path):
    path = tmp_path / "scan.nii.gz"
    write_volume(make_scan(), path)
    return path


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def open_session(scan_file):
    def make(generator=True):
        session = Session(
            generator=FakeGenerator() if generator else None,
            segmenter=FakeSegmenter(),
            engines=engines(),
        )
        session.open_path(scan_file)
        if generator:
            session.choose_subject("S-0001")
            session.place(CENTRE)
        return session

    return make


def test_a_killed_window_leaves_its_session_behind(state, scan_file):
    work = subprocess.Popen(
        [sys.executable, "-c", WORK, str(state), str(scan_file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert work.stdout.readline() == "kept\n"
        assert unsaved(state) == ()
    finally:
        work.kill()
        work.wait()
        work.stdout.close()
    (left,) = unsaved(state)
    session = Session(engines=engines())
    told = Recorder(session)
    session.files.open(left.path)
    assert told.failed == []
    assert session.state.subject_id == "S-0007"
    assert session.state.edits == (("M02", 1.5),)
    assert session.tumours is not None
    assert session.result.request.metagenes[1] == 1.5
    left.discard()
    assert unsaved(state) == ()
    assert list((state / "autosave").iterdir()) == []


def test_nothing_is_written_before_a_change_and_after_none(open_session, state):
    session = open_session()
    autosave = Autosave(session.files, state)
    autosave.tick()
    assert not autosave.folder.exists()
    session.set_metagene("M01", 1.0)
    autosave.tick()
    first = autosave.path.stat().st_mtime_ns
    autosave.tick()
    assert autosave.path.stat().st_mtime_ns == first
    session.state.window = "Bone"
    autosave.tick()
    assert autosave.path.stat().st_mtime_ns > first


def test_a_clean_close_leaves_nothing(open_session, state):
    session = open_session()
    autosave = Autosave(session.files, state)
    session.reroll()
    autosave.tick()
    assert autosave.path.is_file()
    session.close()
    autosave.close()
    assert list((state / "autosave").iterdir()) == []
    assert unsaved(state) == ()


def test_a_window_that_lives_is_not_offered(open_session, state):
    session = open_session()
    autosave = Autosave(session.files, state)
    session.reroll()
    autosave.tick()
    assert unsaved(state) == ()
    autosave._lock.release()
    assert len(unsaved(state)) == 1


def test_what_was_taken_over_goes_once_it_is_kept_anew(open_session, state):
    dead = Autosave((old := open_session()).files, state)
    old.set_metagene("M03", 2.0)
    dead.tick()
    dead._lock.release()
    (left,) = unsaved(state)
    session = open_session(generator=False)
    autosave = Autosave(session.files, state)
    session.files.open(left.path)
    autosave.take_over(left)
    assert left.path.is_file()
    autosave.tick()
    assert not left.path.exists()
    assert autosave.path.is_file()
    np.testing.assert_array_equal(session.result.composed.voxels, old.result.composed.voxels)


def test_an_autosave_joins_no_list_and_changes_no_name(open_session, state):
    session = open_session()
    saved = []
    session.files.saved.connect(saved.append)
    autosave = Autosave(session.files, state)
    session.reroll()
    autosave.tick()
    assert saved == []
    assert session.files.path is None


def test_without_a_scan_or_a_folder_nothing_happens(state):
    session = Session(generator=FakeGenerator(), engines=engines())
    told = Recorder(session)
    autosave = Autosave(session.files, state)
    session.choose_subject("S-0001")
    autosave.tick()
    session.open_scan(make_scan())
    autosave.tick()
    assert told.failed == []
    assert not state.exists()


def test_a_state_folder_that_cannot_be_made_is_quiet(open_session, state):
    state.write_text("a file")
    session = open_session()
    told = Recorder(session)
    autosave = Autosave(session.files, state)
    session.reroll()
    autosave.tick()
    autosave.close()
    assert told.failed == []


def test_the_newest_few_are_offered_and_empty_ones_removed(open_session, state):
    session = open_session()
    for number in range(UNSAVED_LIMIT + 2):
        autosave = Autosave(session.files, state)
        session.set_seed(number + 10)
        autosave.tick()
        autosave._lock.release()
    (state / "autosave" / "empty").mkdir()
    found = unsaved(state)
    assert len(found) == UNSAVED_LIMIT
    assert found[0].path == autosave.path
    assert found[0].path.name == FILE
    assert len(list((state / "autosave").iterdir())) == UNSAVED_LIMIT
    assert replace(found[0]) == found[0]
