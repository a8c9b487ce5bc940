"""``radiogen open``: what it refuses before any window."""

import pytest

from napari_radiogen.cli import demo, main


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert main(["open", str(tmp_path / "none.radiogen.json")]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "none.radiogen.json" in line
    assert "no such file" in line


def test_without_a_display_it_says_what_to_do(tmp_path, capsys, monkeypatch):
    (tmp_path / "s.radiogen.json").write_text("{}")
    monkeypatch.setattr(demo, "_has_display", lambda: False)
    assert main(["open", str(tmp_path / "s.radiogen.json")]) == 1
    assert "--screenshot" in capsys.readouterr().err


def test_a_picture_restarts_on_a_virtual_screen(tmp_path, monkeypatch):
    started = []

    def restart(launcher, words):
        started.append(words)
        raise SystemExit(0)

    monkeypatch.setattr(demo, "_has_display", lambda: False)
    monkeypatch.setattr(demo.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(demo.os, "execv", restart)
    monkeypatch.setenv("QT_QPA_PLATFORM", "")
    (tmp_path / "s.radiogen.json").write_text("{}")
    assert main(["open", str(tmp_path / "s.radiogen.json"), "--screenshot", "a.png"]) == 0
    assert started[0][-6:] == [
        "open", "--screenshot", "a.png", "--size", "1280x800", str(tmp_path / "s.radiogen.json")
    ]  # fmt: skip


@pytest.mark.parametrize("size", ["10x10", "big", "99999x99999"])
def test_a_size_that_no_screen_has_is_refused(tmp_path, size, capsys):
    assert main(["open", str(tmp_path), "--size", size]) == 1
    assert size in capsys.readouterr().err
