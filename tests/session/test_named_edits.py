"""Named edits: a change for any patient, and a file that is read strictly."""

import json

import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.session import named_edits
from tests.session.fakes import FakeGenerator


@pytest.fixture
def named(session, told):
    session.set_metagene("M01", 1.0)
    session.set_gene("PLT00002", 0.5)
    session.name_edit("  larger \n and denser ")
    return session


@pytest.fixture
def file(named, tmp_path):
    path = tmp_path / "edits.json"
    named.save_edits(path)
    return path


def test_an_edit_is_a_change_for_any_patient(named):
    first = named.vector.copy()
    change = first - named.generator.subject_metagenes[0]
    named.choose_subject("S-0003")
    named.apply_edit("larger and denser")
    expected = named.generator.subject_metagenes[3] + change
    assert np.allclose(named.vector, expected, atol=1e-6)
    named.undo()
    named.choose_subject("S-0000")
    named.apply_edit("larger and denser")
    assert np.allclose(named.vector, first, atol=1e-6)


def test_a_name_is_needed_and_replaces(named, told):
    named.name_edit("  ")
    named.set_metagene("M02", 2.0)
    named.name_edit("larger and denser")
    assert [e.name for e in named.named] == ["larger and denser"]
    assert len(named.named[0].metagenes) == 2
    named.reset_all()
    named.name_edit("nothing")
    named.apply_edit("who")
    assert told.failed == [
        "an edit needs a name",
        "there is no edit to name; move a slider first",
        "no edit is named 'who'; the menu lists those there are",
    ]


def test_edits_survive_the_file(named, file):
    kept, named.named = named.named, ()
    named.open_edits(file)
    assert named.named == kept
    named.open_edits(file)
    assert len(named.named) == 1


def test_edits_of_other_metagenes_are_refused(file):
    other = FakeGenerator(names=("M01", "M02", "M03", "M05"))
    with pytest.raises(InputError, match="made with other metagenes than those of mcgan-fake"):
        named_edits.load(file, other)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "x"}, "expected named edits"),
        ({"version": 2}, "version 1"),
        ({"more": 1}, "one too many"),
        ({"edits": {}}, "lacks a field"),
        ({"edits": [{"name": "a", "metagenes": {}}]}, "or holds more"),
        ({"edits": [{"name": " ", "metagenes": {}, "genes": {}}]}, "needs a name"),
        ({"edits": [{"name": "a\x1b[1m", "metagenes": {}, "genes": {}}]}, "cannot be shown"),
        ({"edits": [{"name": "a", "metagenes": {"M99": 1.0}, "genes": {}}]}, "has not"),
        ({"edits": [{"name": "a", "metagenes": {}, "genes": {"EGFR": 1}}]}, "has not"),
        ({"edits": [{"name": "a", "metagenes": {"M01": 11}, "genes": {}}]}, "outside -10 to 10"),
        ({"edits": [{"name": "a", "metagenes": {"M01": True}, "genes": {}}]}, "outside"),
        ({"edits": [{"name": "a", "metagenes": {"M01": "1"}, "genes": {}}]}, "outside"),
        ({"edits": [{"name": "a", "metagenes": {}, "genes": {}}] * 2}, "more than once"),
    ],
)
def test_what_does_not_belong_is_refused_in_one_line(file, change, reason):
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=reason) as refused:
        named_edits.load(file, FakeGenerator())
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[1]", '{"format": 1, "format": 2}', "[" * 100_000])
def test_files_that_are_none_are_named(tmp_path, text):
    path = tmp_path / "edits.json"
    path.write_text(text)
    with pytest.raises(InputError, match="named edits"):
        named_edits.load(path, FakeGenerator())


def test_nan_and_a_missing_file_are_refused(file):
    file.write_text(file.read_text().replace("0.5", "NaN"))
    with pytest.raises(InputError, match="outside"):
        named_edits.load(file, FakeGenerator())
    with pytest.raises(InputError, match="No such file"):
        named_edits.load(file.with_name("none.json"), FakeGenerator())


def test_there_must_be_something_to_save(session, told, tmp_path):
    session.save_edits(tmp_path / "edits.json")
    assert told.failed == ["there is no named edit to save; name one first"]
    session.set_metagene("M01", 1.0)
    session.name_edit("one")
    session.save_edits(tmp_path / "edits.txt")
    assert "ends in .json" in told.failed[1]
    assert list(tmp_path.iterdir()) == []
