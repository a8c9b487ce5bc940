"""A session to its file and back, in another session: state, tumours, pixels."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_radiogen.domain import NoduleSite
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.io.read import read_ct
from napari_radiogen.session import Session, session_file
from napari_radiogen.session.recent import RecentSessions
from napari_radiogen.session.session_files import with_suffix
from napari_radiogen.session.session_open import MissingFile
from napari_radiogen.session.state import NoduleIntent
from napari_radiogen.session.tumours import EditedTumours, OpenedMask
from tests.session.conftest import Recorder
from tests.session.fakes import (
    CENTRE,
    NAMES,
    SERIES,
    FakeGenerator,
    FakeSegmenter,
    make_engines,
    make_scan,
)

BESIDE = (CENTRE[0] + 12.0, CENTRE[1], CENTRE[2])


def engines(**changes):
    """Engines that read real files and make small nodules."""
    read = {"read_ct": lambda path, uid: replace(read_ct(path), series_uid=SERIES)}
    return make_engines(**{**read, **changes})


def open_new(path, **changes):
    """Open a session file as a new process would: nothing is loaded yet."""
    session = Session(engines=engines(**changes))
    told = Recorder(session)
    session.asked = []
    session.files.asked.connect(session.asked.append)
    session.files.open(path)
    return session, told


@pytest.fixture
def scan_file(tmp_path):
    from napari_radiogen.io.labels import write_volume

    (tmp_path / "scans").mkdir()
    write_volume(make_scan(), tmp_path / "scans" / "scan.nii.gz")
    return tmp_path / "scans" / "scan.nii.gz"


@pytest.fixture
def worked(scan_file):
    """A session with tumours, two nodules of different genes, edits and a snapshot."""
    session = Session(generator=FakeGenerator(), segmenter=FakeSegmenter(), engines=engines())
    session.open_path(scan_file)
    session.find_tumours()
    session.choose_subject("S-0003")
    session.place(CENTRE)
    session.keep_snapshot("A")
    session.set_metagene("M01", 1.25)
    session.add_nodule()
    session.interpolate("S-0001", "S-0002", 0.25)
    session.place(BESIDE)
    session.set_strength(0.75)
    session.select_nodule(0)
    session.select(["S-0004", "S-0005"])
    session.state.window, session.state.overlay_visible = "Bone", False
    session.view.set_by_hand(-500, 900)
    session.view.convention, session.view.weight = "neurological", True
    return session


@pytest.fixture
def saved(worked, tmp_path):
    path = tmp_path / "work.radiogen.json"
    worked.files.save(path)
    assert path.is_file()
    return path


def test_everything_comes_back_with_identical_pixels(worked, saved):
    session, told = open_new(saved)
    assert told.failed == []
    assert session.state.intent == worked.state.intent
    assert session.state == worked.state
    assert session.view == worked.view
    assert len(session.results) == 2
    for now, before in zip(session.results, worked.results, strict=True):
        assert now.request == before.request
        np.testing.assert_array_equal(now.composed.voxels, before.composed.voxels)
        assert now.measurements == before.measurements
    np.testing.assert_array_equal(session.tumours.labels.labels, worked.tumours.labels.labels)
    assert session.tumours.nodules == worked.tumours.nodules
    assert session.tumours.model == "unet-fake"
    assert session.snapshots["A"].in_hand == worked.snapshots["A"].in_hand
    np.testing.assert_array_equal(session.lung.labels, worked.lung.labels)
    assert not session.can_undo
    assert session.files.path == saved


def test_the_file_holds_no_original_uid_and_says_what_it_is(saved):
    text = saved.read_text()
    assert SERIES not in text
    values = json.loads(text)
    assert values["synthetic"] is True
    assert "Research use only" in values["research_use"]
    assert values["scan"]["series"] == hashlib.sha256(SERIES.encode()).hexdigest()


def test_a_folder_that_moved_whole_needs_no_question(worked, saved, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in [saved.name, "scans", *(p.name for p in tmp_path.glob("*.tumours-*"))]:
        (tmp_path / name).rename(moved / name)
    session, told = open_new(moved / saved.name)
    assert session.asked == []
    assert told.failed == []
    assert session.scan_path == moved / "scans" / "scan.nii.gz"
    assert len(session.results) == 2


def test_a_scan_that_moved_is_asked_for(worked, saved, scan_file, tmp_path):
    scan_file.rename(tmp_path / "renamed.nii.gz")
    session, told = open_new(saved)
    (asked,) = session.asked
    assert (asked.kind, asked.name) == ("scan", "scan.nii.gz")
    assert session.scan is None
    session.files.locate(asked, tmp_path / "renamed.nii.gz")
    assert told.failed == []
    assert [r.request for r in session.results] == [r.request for r in worked.results]


def test_another_scan_in_its_place_is_refused_in_one_line(saved, scan_file, tmp_path):
    from napari_radiogen.io.labels import write_volume

    scan = make_scan()
    voxels = scan.voxels.copy()
    voxels[0, 0, 0] += 1
    write_volume(replace(scan, voxels=voxels), scan_file)
    session, told = open_new(saved)
    (asked,) = session.asked
    assert "not those of the session's scan" in asked.reason
    session.files.locate(asked, scan_file)
    assert session.scan is None
    assert len(session.asked) == 1
    (line,) = told.failed
    assert "scan.nii.gz" in line
    assert "\n" not in line


def test_without_an_answer_all_stays_as_it_was(saved, scan_file, worked):
    scan_file.unlink()
    before = worked.state.intent
    told = Recorder(worked)
    asked = []
    worked.files.asked.connect(asked.append)
    worked.files.open(saved)
    worked.files.locate(asked[0], None)
    assert worked.state.intent == before
    assert told.failed == [
        "work.radiogen.json: not opened, scan.nii.gz is missing; say where it lies when asked"
    ]


def test_a_lost_mask_is_asked_for_and_another_one_refused(saved, tmp_path):
    (mask,) = tmp_path.glob("*.tumours-*")
    mask.rename(tmp_path / "mask.nii.gz")
    session, told = open_new(saved)
    (asked,) = session.asked
    assert asked.kind == "mask"
    session.files.locate(asked, tmp_path / "mask.nii.gz")
    assert session.tumours is not None
    assert told.failed == []
    other, told = open_new(saved)
    from napari_radiogen.io.labels import read_labels, write_labels

    labels = read_labels(tmp_path / "mask.nii.gz")
    write_labels(replace(labels, labels=labels.labels * 2), tmp_path / "other.nii.gz")
    other.files.locate(other.asked[0], tmp_path / "other.nii.gz")
    assert other.scan is None
    assert "labels are not those" in told.failed[0]


def test_lost_weights_are_asked_for(saved):
    def load(name):
        if name == "given":
            return FakeGenerator()
        raise ModelError("no such model", name)

    session, told = open_new(saved, load_generator=load)
    (asked,) = session.asked
    assert (asked.kind, asked.name) == ("model", "mcgan-fake")
    session.files.locate(asked, "given")
    assert told.failed == []
    assert len(session.results) == 2


def test_other_weights_are_refused(saved):
    other = lambda name: FakeGenerator(digest="0" * 64)  # noqa: E731
    session, told = open_new(saved, load_generator=other)
    session.files.locate(session.asked[0], "given")
    assert "weights are not those of the session" in told.failed[0]
    assert session.generator is None


def test_models_that_are_loaded_are_not_loaded_again(saved):
    loaded = []

    def load(name):
        loaded.append(name)
        return FakeGenerator()

    session = Session(engines=engines(load_generator=load))
    session.load_models()
    session.files.open(saved)
    assert len(loaded) == 1
    assert len(session.results) == 2


def test_pixels_that_are_not_those_saved_are_told(saved):
    values = json.loads(saved.read_text())
    values["nodules"][1]["recipe"]["result_digest"] = "0" * 64
    saved.write_text(json.dumps(values))
    session, told = open_new(saved)
    assert len(session.results) == 2
    (line,) = told.failed
    assert line.startswith("nodule 2 of the session")


def test_one_of_several_series_is_known_by_its_hash(worked, saved):
    from napari_radiogen.errors import SeveralSeriesError
    from napari_radiogen.io.series_choice import SeriesChoice

    def read(path, uid):
        if uid != SERIES:
            raise SeveralSeriesError("several", path)
        return make_scan()

    choices = (SeriesChoice("9.9", "CT", "", 3), SeriesChoice(SERIES, "CT", "", 36))
    session, told = open_new(saved, read_ct=read, ct_choices=lambda path: choices)
    assert told.failed == []
    assert session.scan.series_uid == SERIES
    session, _ = open_new(saved, read_ct=read, ct_choices=lambda path: choices[:1])
    assert "none of the series" in session.asked[0].reason


def test_a_session_without_nodule_or_tumours_is_one_too(scan_file, tmp_path):
    bare = Session(engines=engines())
    bare.open_path(scan_file)
    bare.files.save(tmp_path / "bare.radiogen.json")
    session, told = open_new(tmp_path / "bare.radiogen.json")
    assert told.failed == []
    assert session.scan is not None
    assert session.results == ()
    assert session.generator is None


def test_nothing_open_and_nothing_on_disk_are_refused(tmp_path):
    session = Session(engines=engines())
    told = Recorder(session)
    session.files.save(tmp_path / "x.radiogen.json")
    session.open_scan(make_scan())
    session.files.save(tmp_path / "x.radiogen.json")
    assert "open a scan first" in told.failed[0]
    assert "did not come from a file" in told.failed[1]
    assert list(tmp_path.iterdir()) == []


def test_saving_again_leaves_only_the_masks_that_it_names(worked, saved, tmp_path):
    (first,) = tmp_path.glob("*.tumours-*")
    labels = worked.tumours.labels
    changed = replace(labels, labels=np.roll(labels.labels, 1, axis=2))
    worked.tumours = replace(worked.tumours, labels=changed)
    worked.files.save(saved)
    (second,) = tmp_path.glob("*.tumours-*")
    assert first.name != second.name
    worked.tumours = None
    worked.files.save(saved)
    assert list(tmp_path.glob("*.tumours-*")) == []


def test_tumours_that_a_person_drew_stay_theirs(worked, tmp_path):
    drawn = worked.editing.begin()
    drawn.labels[4:8, 10:14, 10:14] = 2
    worked.editing.changed(drawn.labels, drawn.names)
    worked.files.save(tmp_path / "drawn")
    session, told = open_new(tmp_path / "drawn.radiogen.json")
    assert told.failed == []
    assert isinstance(session.tumours, EditedTumours)
    assert session.tumours.model == worked.tumours.model
    assert session.tumours.nodules == worked.tumours.nodules
    assert len(session.tumours.nodules) == 2


def test_a_mask_that_overlaps_comes_back_whole(worked, tmp_path):
    labels = worked.tumours.labels
    one = replace(labels, names={1: "inner"})
    two = replace(labels, labels=np.roll(labels.labels, 1, axis=2) * 2, names={2: "outer"})
    both = (one, two)
    worked.tumours = OpenedMask(one, (), "DICOM SEG", 0.5, both, ("segments overlap",))
    worked.files.save(tmp_path / "mask")
    session, told = open_new(tmp_path / "mask.radiogen.json")
    assert told.failed == []
    assert isinstance(session.tumours, OpenedMask)
    for now, before in zip(session.tumours.layers, both, strict=True):
        np.testing.assert_array_equal(now.labels, before.labels)
        assert now.names == before.names
    assert session.tumours.warnings == ("segments overlap",)


def test_replay_takes_the_nodules_of_a_session(worked, saved):
    from napari_radiogen.session import nodules, recipe_file

    records = recipe_file.load_all(saved)
    again = recipe_file.replay_all(records, worked.scan, engines())
    np.testing.assert_array_equal(
        nodules.whole_scan(worked.scan, again), nodules.whole_scan(worked.scan, worked.results)
    )


def test_the_command_replays_a_session(worked, saved, tmp_path, monkeypatch):
    from napari_radiogen.cli import main
    from napari_radiogen.io.images import read_array
    from napari_radiogen.session import nodules, ports, recipe

    for module in (ports, recipe):
        monkeypatch.setattr(module, "Engines", engines)
    out = tmp_path / "again.nii.gz"
    assert main(["replay", str(saved), "-o", str(out), "--json"]) == 0
    expected = nodules.whole_scan(worked.scan, worked.results)
    np.testing.assert_array_equal(read_array(out)[0], expected)


def test_what_is_dropped_opens_by_its_name(saved):
    session = Session(engines=engines())
    session.open_any(saved)
    assert session.files.path == saved


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a", "a"), ("a.json", "a"), ("a.radiogen", "a"), ("b.RADIOGEN.JSON", None), ("a.b", "a.b")],
)
def test_a_name_gets_the_suffix(given, kept):
    expected = given if kept is None else f"{kept}.radiogen.json"
    assert with_suffix(Path(given)).name == expected


# --- hostile files -------------------------------------------------------------


def _refused(path):
    with pytest.raises(InputError) as refused:
        session_file.load(path)
    line = str(refused.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("extra",), 1),
        (("version",), 0),
        (("scan", "digest"), "x"),
        (("scan", "file", "path"), "a" * 5000),
        (("scan", "file", "extra"), 1),
        (("active",), 7),
        (("active",), True),
        (("nodules",), []),
        (("nodules", 0, "intent", "seed"), "0"),
        (("nodules", 0, "intent", "seed"), -1),
        (("nodules", 0, "intent", "strength"), 2.0),
        (("nodules", 0, "intent", "strength"), float("nan")),
        (("nodules", 0, "intent", "site", "centre_lps_mm"), [0, 1]),
        (("nodules", 0, "intent", "edits"), [["M01", float("inf")]]),
        (("nodules", 0, "recipe"), {"format": "no"}),
        (("nodules", 1, "intent", "site"), None),
        (("nodules", 0, "intent", "site\x1b[31m"), None),
        (("tumours", "masks", 0, "name"), "../../etc/passwd"),
        (("tumours", "masks", 0, "name"), "a\\b"),
        (("tumours", "nodules", 0, "volume_mm3"), "big"),
        (("view", "window"), "Nowhere"),
        (("shown", "convention"), "upside down"),
        (("shown", "by_hand"), [0.0, -1.0]),
        (("tumours", "kind"), "guessed"),
        (("view", "selected"), "S-0001"),
        (("viewport",), {"point_mm": [0, 0, 0], "centre": [0, 0, 0], "extent_mm": -1}),
        (
            ("viewport",),
            {"point_mm": [0, 0, 0], "centre": [0, 0, 0], "extent_mm": 1, "order": [0, 0, 1]},
        ),
    ],
)
def test_a_wrong_value_is_one_line(saved, where, value):
    values = json.loads(saved.read_text())
    part = values
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    saved.write_text(json.dumps(values))
    line = _refused(saved)
    assert "work.radiogen.json" in line
    assert line.isprintable()


def test_a_newer_session_says_so(saved):
    saved.write_text(json.dumps({"format": session_file.SESSION_FORMAT, "version": 2, "new": []}))
    assert "newer napari-radiogen" in _refused(saved)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "null", "\x00", '{"format": 1}'])
def test_files_that_are_no_session_are_named(tmp_path, text):
    path = tmp_path / "x.radiogen.json"
    path.write_text(text)
    assert "x.radiogen.json" in _refused(path)


def test_an_endless_file_a_folder_and_none_are_refused(tmp_path):
    path = tmp_path / "x.radiogen.json"
    assert "No such file" in _refused(path)
    path.mkdir()
    _refused(path)
    long = tmp_path / "long.radiogen.json"
    long.write_bytes(b" " * 5_000_000)
    assert "too large" in _refused(long)


def test_a_refused_session_leaves_the_open_one_alone(worked, tmp_path):
    path = tmp_path / "x.radiogen.json"
    path.write_text("{}")
    told = Recorder(worked)
    before = worked.state.intent
    worked.files.open(path)
    assert worked.state.intent == before
    assert len(told.failed) == 1


# --- round trip of any state ---------------------------------------------------

finite = st.floats(-5, 5)
intents = st.builds(
    NoduleIntent,
    subject_id=st.text(max_size=12),
    averaged=st.lists(st.text(max_size=6), max_size=3).map(tuple),
    edits=st.lists(st.tuples(st.sampled_from(NAMES), finite), max_size=4).map(tuple),
    site=st.builds(NoduleSite, st.just(""), st.tuples(finite, finite, finite)),
    seed=st.integers(0, 2**31 - 1),
    strength=st.floats(0, 1),
    gene_edits=st.lists(st.tuples(st.text(max_size=8), finite), max_size=3).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nodules=st.lists(intents, min_size=1, max_size=4), data=st.data())
def test_any_state_survives_the_file(nodules, data, tmp_path_factory):
    active = data.draw(st.integers(0, len(nodules) - 1))
    made = session_file.SessionFile(
        synthetic=True,
        versions={},
        scan=session_file.ScanRef(
            file=session_file.FileRef(path="/scan"), digest="0" * 64, series="1" * 64
        ),
        nodules=tuple(session_file.NoduleRef(intent=n) for n in nodules),
        active=active,
        view=session_file.ViewPart(
            selected=tuple(data.draw(st.lists(st.text(max_size=5), max_size=3))),
            window=data.draw(st.sampled_from(["Lung", "Bone"])),
            show_synthetic=data.draw(st.booleans()),
        ),
    )
    path = tmp_path_factory.mktemp("any") / "x.radiogen.json"
    path.write_bytes(made.to_bytes())
    assert session_file.load(path) == made


# --- recent sessions -----------------------------------------------------------


def test_recent_sessions_are_newest_first_and_there(tmp_path):
    recent = RecentSessions(tmp_path / "state")
    assert recent.paths() == ()
    made = [tmp_path / f"{k}.radiogen.json" for k in range(10)]
    for path in made:
        path.write_text("{}")
        recent.add(path)
    recent.add(made[3])
    made[9].unlink()
    again = RecentSessions(tmp_path / "state").paths()
    assert again[:3] == (made[3], made[8], made[7])
    assert len(again) == 7
    (tmp_path / "state" / "recent-sessions.json").write_text('{"recent": [1, "/nowhere"]}')
    assert recent.paths() == ()
    (tmp_path / "state" / "recent-sessions.json").write_text("[")
    assert recent.paths() == ()


def test_saving_and_opening_join_the_list(saved, tmp_path):
    session = Session(engines=engines())
    session.files.recent = RecentSessions(tmp_path / "state")
    session.files.open(saved)
    assert session.files.recent.paths() == (saved,)


def test_a_list_that_cannot_be_kept_is_no_error(tmp_path):
    (tmp_path / "state").write_text("a file")
    RecentSessions(tmp_path / "state").add(tmp_path / "a.radiogen.json")


def test_the_question_names_no_more_than_the_last_part():
    asked = MissingFile(Path("s"), "scan", 0, "scan", "not found")
    assert asked.name == "scan"
