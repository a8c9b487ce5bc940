"""Saving: whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.save import (
    atomic_write,
    complete_folder,
    save_bytes,
    save_json,
    save_text,
    save_together,
)


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    save_bytes(path, b"old")

    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        atomic_write(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_and_keeps_the_suffix_for_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    save_text(path, "old")
    names = []

    def write(temporary: Path) -> None:
        names.append(temporary.name)
        temporary.write_text("new")

    atomic_write(path, write)
    assert path.read_text() == "new"
    assert names == ["a.nii.gz"]


def test_no_folder_and_full_disk_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(RadiogenError, match="cannot be written"):
        save_text(tmp_path / "absent" / "a.txt", "text")

    def full(_temporary: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(RadiogenError, match=r"a\.txt: cannot be written: No space left"):
        atomic_write(tmp_path / "a.txt", full)
    assert list(tmp_path.iterdir()) == []


def test_json_refuses_infinity(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_json(tmp_path / "a.json", {"x": float("inf")})
    assert list(tmp_path.iterdir()) == []


def test_killed_while_saving_leaves_old_or_new(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    old, size = b"o" * 1000, 1 << 20
    script = (
        "import sys; from pathlib import Path; from napari_radiogen.io.save import save_bytes\n"
        "print('go', flush=True)\n"
        f"while True: save_bytes(Path(sys.argv[1]), b'n' * {size})"
    )
    for _ in range(3):
        save_bytes(path, old)
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        assert path.read_bytes() in (old, b"n" * size)


def test_folder_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "cohort"

    def build_half() -> None:
        with complete_folder(target) as building:
            (building / "half").write_text("x")
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        build_half()
    assert list(tmp_path.iterdir()) == []
    with complete_folder(target, marker="done.json") as building:
        (building / "done.json").write_text("{}")
        assert not target.exists()
    assert (target / "done.json").is_file()
    assert list(tmp_path.iterdir()) == [target]


def test_folder_without_its_marker_or_in_a_taken_place_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "cohort"
    with (
        pytest.raises(RadiogenError, match=r"done\.json is missing"),
        complete_folder(target, marker="done.json"),
    ):
        pass
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(RadiogenError, match="already exists"), complete_folder(target):
        pass
    assert (target / "old").read_text() == "old"
    with complete_folder(target, overwrite=True) as building:
        (building / "new").write_text("new")
    assert [p.name for p in target.iterdir()] == ["new"]


def _text(text: str):
    return lambda temporary: save_text(temporary, text)


def test_together_writes_all_and_leaves_nothing_else(tmp_path: Path) -> None:
    first, second = tmp_path / "a.nii.gz", tmp_path / "b.json"
    save_text(first, "old")
    save_together((first, _text("one")), (second, _text("two")))
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_together_keeps_the_old_files_when_a_writer_fails(tmp_path: Path) -> None:
    first, second = tmp_path / "a.nii.gz", tmp_path / "b.json"
    save_text(first, "old")

    def refuse(temporary: Path) -> None:
        raise RadiogenError("cannot be written: no", temporary)

    with pytest.raises(RadiogenError, match=r"^[^ ]*/b\.json: cannot") as refused:
        save_together((first, _text("new")), (second, refuse))
    assert ".radiogen-" not in str(refused.value)
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]


def test_together_takes_back_what_it_replaced_when_a_place_is_taken(tmp_path: Path) -> None:
    old, new, taken = tmp_path / "a.txt", tmp_path / "n.txt", tmp_path / "b.json"
    save_text(old, "old")
    taken.mkdir()
    with pytest.raises(RadiogenError, match=r"b\.json: cannot be written"):
        save_together((old, _text("x")), (new, _text("y")), (taken, _text("z")))
    assert old.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [old, taken]
