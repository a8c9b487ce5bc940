"""A collection comes from a mirror: whole, continued, and never outside of its folder."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from napari_radiogen import cli
from napari_radiogen.cohorts import fetch
from napari_radiogen.cohorts.fetch import fetch_collection
from napari_radiogen.errors import Cancelled, InputError, RadiogenError
from napari_radiogen.io.mirror import MANIFEST
from tests.stopping import Asked

NAME = "nsclc-radiogenomics"
FILES = {f"R01-00{i}/CT_1.{i}/{k}.dcm": bytes([i, k]) * 5000 for i in (1, 2) for k in (1, 2)}


def _manifest(files: dict[str, bytes]) -> str:
    lines = ["file,size,sha256,patient_id,series_uid,modality"]
    for name, data in files.items():
        digest = hashlib.sha256(data).hexdigest()
        lines.append(f"{name},{len(data)},{digest},{name[:7]},{name.split('_')[1][:3]},CT")
    return "\n".join(lines) + "\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_text(_manifest(FILES))
    return folder


class _Ranges(http.server.SimpleHTTPRequestHandler):
    """Serves files, and parts of them."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        if wanted:
            self.asked.append(wanted)
            data = Path(self.translate_path(self.path)).read_bytes()
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:])
        else:
            super().do_GET()


@pytest.fixture
def address(mirror: Path) -> Iterator[str]:
    handler = functools.partial(_Ranges, directory=str(mirror))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _same(out: Path) -> bool:
    return all((out / name).read_bytes() == data for name, data in FILES.items())


@pytest.mark.parametrize("form", ["folder", "file", "http"])
def test_every_kind_of_mirror_gives_every_file(
    mirror: Path, address: str, tmp_path: Path, form: str
) -> None:
    place = {"folder": str(mirror), "file": mirror.as_uri(), "http": address}[form]
    fetched = fetch_collection(NAME, tmp_path / "out", mirror=place)
    assert (fetched.files, fetched.new, fetched.series) == (4, 4, 2)
    assert _same(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_fetched_folder_is_a_mirror_itself(mirror: Path, tmp_path: Path) -> None:
    fetch_collection(NAME, tmp_path / "one", mirror=str(mirror))
    fetch_collection(NAME, tmp_path / "two", mirror=str(tmp_path / "one"))
    assert _same(tmp_path / "two")


def test_a_partial_file_is_continued_and_a_whole_one_left(
    mirror: Path, address: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first, second, *_ = FILES
    (out / first).parent.mkdir(parents=True)
    (out / first).write_bytes(FILES[first])
    (out / f"{second}.part").write_bytes(FILES[second][:1234])
    _Ranges.asked.clear()
    fetched = fetch_collection(NAME, out, mirror=address)
    assert fetched.new == 3
    assert _Ranges.asked == ["bytes=1234-"]
    assert _same(out)


def test_a_file_cut_short_is_kept_as_a_part_and_named(mirror: Path, tmp_path: Path) -> None:
    name = next(iter(FILES))
    (mirror / name).write_bytes(FILES[name][:3000])
    with pytest.raises(InputError, match="broke off at 3000 of 10000"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))
    assert not (tmp_path / "out" / name).exists()
    assert not (tmp_path / "out" / MANIFEST).exists()
    (mirror / name).write_bytes(FILES[name])
    fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))
    assert _same(tmp_path / "out")


def test_a_file_of_another_checksum_is_not_kept(mirror: Path, tmp_path: Path) -> None:
    name = next(iter(FILES))
    (mirror / name).write_bytes(b"x" * len(FILES[name]))
    with pytest.raises(InputError, match="another checksum"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


def test_more_bytes_than_promised_are_not_taken(mirror: Path, tmp_path: Path) -> None:
    name = next(iter(FILES))
    (mirror / name).write_bytes(FILES[name] * 9)
    with pytest.raises(RadiogenError, match="more than the 10000 bytes"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))


@pytest.mark.parametrize(
    "name", ["../x.dcm", "/etc/x.dcm", "a/../../x.dcm", "a\\..\\x.dcm", MANIFEST, ""]
)
def test_a_manifest_that_leads_outside_is_refused(mirror: Path, tmp_path: Path, name: str) -> None:
    text = (mirror / MANIFEST).read_text().replace(next(iter(FILES)), name)
    (mirror / MANIFEST).write_text(text)
    with pytest.raises(InputError, match="outside"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("text", ["", "file,size\nx,1\n", "file,size,sha256\nx,-1,00\n", "\0"])
def test_a_damaged_manifest_is_refused(mirror: Path, tmp_path: Path, text: str) -> None:
    (mirror / MANIFEST).write_text(text or "file,size,sha256\nx,many," + "0" * 64)
    with pytest.raises(InputError, match=r"manifest (is damaged|names no file)"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))


def test_a_full_disk_is_told_before_anything_comes(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1000))
    with pytest.raises(RadiogenError, match="are free"):
        fetch_collection(NAME, tmp_path / "out", mirror=str(mirror))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_stop_at_any_moment_keeps_what_came(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_radiogen.io.mirror.CHUNK_BYTES", 4000)
    out = tmp_path / "out"
    kept = 0
    for stop_at in (1, 6, 3, 9, 5):
        asked = Asked(stop_at)
        with pytest.raises(Cancelled):
            fetch_collection(NAME, out, mirror=str(mirror), cancelled=asked)
        assert asked.count == stop_at
        assert not (out / MANIFEST).exists()
        whole = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.dcm")}
        assert whole.items() <= FILES.items()
        arrived = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
        assert arrived >= kept
        kept = arrived
    assert kept > 0
    assert fetch_collection(NAME, out, mirror=str(mirror)).files == len(FILES)


def test_a_missing_mirror_and_an_unknown_collection_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert cli.main(["cohort", "fetch", NAME, *out, "--mirror", str(tmp_path / "no")]) == 1
    assert cli.main(["cohort", "fetch", "everything", *out]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "manifest.csv cannot be read" in first
    assert "unknown collection" in second


def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "idc_index", None)
    assert cli.main(["cohort", "fetch", NAME, "--out", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "napari-radiogen[fetch]" in line


class _Client:
    """Stands for the Imaging Data Commons: two series of the collection, others not."""

    calls: ClassVar[list[str]] = []
    breaks = False

    def __init__(self) -> None:
        rows = [
            ("nsclc_radiogenomics", None, "R01-001", "1.1", "CT", 2),
            ("nsclc_radiogenomics", None, "R01-001", "1.2", "SEG", 1),
            ("nsclc_radiogenomics", "someone_else", "R01-001", "1.3", "SEG", 1),
            ("nsclc_radiogenomics", None, "R01-001", "1.4", "PT", 1),
            ("other", None, "X", "1.5", "CT", 1),
        ]
        names = ["collection_id", "analysis_result_id", "PatientID", "SeriesInstanceUID"]
        self.index = pd.DataFrame(rows, columns=[*names, "Modality", "instanceCount"])
        self.index["series_size_MB"] = 0.1

    def download_from_selection(self, **said: object) -> None:
        (uid,) = said["seriesInstanceUID"]  # type: ignore[misc]
        self.calls.append(uid)
        row = self.index[self.index.SeriesInstanceUID == uid].iloc[0]
        folder = Path(str(said["downloadDir"])) / row.PatientID / f"{row.Modality}_{uid}"
        folder.mkdir(parents=True)
        for i in range(int(row.instanceCount) - self.breaks):
            (folder / f"{i}.dcm").write_bytes(uid.encode())


@pytest.fixture
def commons(monkeypatch: pytest.MonkeyPatch) -> type[_Client]:
    module = types.ModuleType("idc_index")
    module.index = types.SimpleNamespace(IDCClient=_Client)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "idc_index", module)
    monkeypatch.setattr(_Client, "calls", [])
    return _Client


def test_the_commons_give_the_collection_s_own_ct_and_masks(
    commons: type[_Client], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["cohort", "fetch", NAME, "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["files"], said["series"]) == (3, 2)
    assert commons.calls == ["1.1", "1.2"]
    assert fetch_collection(NAME, out).new == 0
    assert fetch_collection(NAME, tmp_path / "copy", mirror=str(out)).files == 3


def test_a_series_that_did_not_arrive_whole_is_told(
    commons: type[_Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Client, "breaks", True)
    with pytest.raises(RadiogenError, match="did not arrive whole"):
        fetch_collection(NAME, tmp_path / "out")
    assert not (tmp_path / "out" / MANIFEST).exists()
