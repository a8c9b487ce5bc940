import hashlib
import random
from pathlib import Path

import pytest

from napari_radiogen.errors import RadiogenError
from tests.io.killing import (
    kill_while_making_a_cohort,
    kill_while_replacing,
    write_where_files_cannot_grow,
)
from tests.io.writers import WRITERS

EACH = pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.name)
#: The benchmark of the same name kills two hundred times.
KILLS = 3
#: No file may grow beyond this on the disk that is full, bytes.
LONGEST = 512


def _state(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@EACH
def test_versions_are_told_apart(writer, tmp_path) -> None:
    writer.prepare(tmp_path)
    for version in (0, 1, 0):
        writer.write(tmp_path / writer.name, version)
        assert writer.version(tmp_path / writer.name) == version


@EACH
def test_a_killed_writer_leaves_the_old_or_the_new(writer, tmp_path) -> None:
    found = kill_while_replacing(writer, tmp_path, KILLS, random.Random(0))
    assert set(found) <= {0, 1}
    assert len(found) == KILLS


def test_a_killed_cohort_never_looks_whole(tmp_path) -> None:
    # What looks whole is opened and verified there: a damaged one raises.
    assert len(kill_while_making_a_cohort(tmp_path, KILLS, random.Random(0))) == KILLS


@EACH
def test_a_full_disk_is_one_line_and_keeps_the_old_file(writer, tmp_path) -> None:
    writer.prepare(tmp_path)
    writer.write(tmp_path / writer.name, 0)
    before = _state(tmp_path)
    line = write_where_files_cannot_grow(writer.name, tmp_path / writer.name, LONGEST)
    assert line is not None, "the writer did not notice"
    assert writer.name in line
    assert "\n" not in line
    assert _state(tmp_path) == before


def test_a_full_disk_leaves_no_cohort(tmp_path) -> None:
    line = write_where_files_cannot_grow("cohort", tmp_path / "cohort", LONGEST)
    assert line is not None
    assert "\n" not in line
    assert _state(tmp_path) == {}


@EACH
def test_a_place_that_takes_no_files_is_one_line(writer, tmp_path) -> None:
    writer.prepare(tmp_path)
    (tmp_path / "taken").write_text("a file, not a folder")
    place = tmp_path / "taken" / writer.name
    if writer.name == "mask.dcm":
        place = tmp_path / "absent" / writer.name
        (tmp_path / "absent").symlink_to(tmp_path / "taken")
    with pytest.raises((RadiogenError, OSError)) as refused:
        writer.write(place, 0)
    assert isinstance(refused.value, RadiogenError)
    assert "\n" not in str(refused.value)
