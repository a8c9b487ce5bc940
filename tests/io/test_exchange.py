import ctypes
import sys

import pytest

from napari_radiogen.io.exchange import exchange
from napari_radiogen.io.save import complete_folder, save_text


def _folder(path, text):
    path.mkdir()
    (path / "a.txt").write_text(text)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
def test_two_folders_change_places(tmp_path):
    one, two = _folder(tmp_path / "one", "1"), _folder(tmp_path / "two", "2")
    assert exchange(one, two)
    assert (one / "a.txt").read_text() == "2"
    assert (two / "a.txt").read_text() == "1"


def test_a_path_that_is_missing_changes_nothing(tmp_path):
    one = _folder(tmp_path / "one", "1")
    assert not exchange(one, tmp_path / "absent")
    assert (one / "a.txt").read_text() == "1"


def test_without_the_call_a_folder_is_still_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda *a, **k: object())
    target = _folder(tmp_path / "target", "old")
    assert not exchange(target, target)
    with complete_folder(target, overwrite=True) as building:
        save_text(building / "a.txt", "new")
    assert (target / "a.txt").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["target"]
