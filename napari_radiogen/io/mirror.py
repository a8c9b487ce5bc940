"""Files of a mirror, by its manifest: checked, resumable, and never outside of their folder.

A mirror is a folder, or a web address, with ``manifest.csv``: one row a file
with its path, size and sha256. A folder that was fetched is a mirror itself.
"""

from __future__ import annotations

import csv
import hashlib
import io
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from napari_radiogen.errors import InputError, Stop, check_stop
from napari_radiogen.io.csv_cells import csv_cell, plain_cell
from napari_radiogen.io.save import fill_part, finish_part

MANIFEST = "manifest.csv"
COLUMNS = ("file", "size", "sha256", "patient_id", "series_uid", "modality")
#: The largest manifest accepted: a million files.
MAX_MANIFEST_BYTES = 512 * 1024**2
CHUNK_BYTES = 2**20
#: A server that says nothing for this long is not there, seconds.
TIMEOUT_S = 30.0
PART_SUFFIX = ".part"


@dataclass(frozen=True)
class MirrorFile:
    """A file of a mirror: its path there, bytes, sha256, and what it belongs to."""

    file: str
    size: int
    sha256: str
    patient_id: str = ""
    series_uid: str = ""
    modality: str = ""


def read_manifest(mirror: str) -> list[MirrorFile]:
    """Read the manifest of a mirror.

    Parameters
    ----------
    mirror
        Folder, ``file://`` or ``http(s)://`` address.

    Raises
    ------
    InputError
        When there is none, or a row is not what it should be.
    """
    with _open(mirror, MANIFEST, 0) as (stream, _):
        data = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise InputError("its manifest is too large", mirror)
    try:
        files = [_row(row) for row in csv.DictReader(io.StringIO(data.decode("utf-8")))]
    except (UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
        raise InputError("its manifest is damaged, or none of ours", mirror) from error
    if not files:
        raise InputError("its manifest names no file", mirror)
    return files


def format_manifest(files: list[MirrorFile]) -> str:
    """Return the text of a manifest."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([[csv_cell(getattr(f, c)) for c in COLUMNS] for f in files])
    return text.getvalue()


def place_of(name: str, folder: Path) -> Path:
    """Return where a mirror's file goes.

    Raises
    ------
    InputError
        When that would lie outside of the folder.
    """
    parts = PurePosixPath(name).parts
    odd = not parts or name.startswith("/") or "\\" in name or "\0" in name or ".." in parts
    place = (folder / name) if not odd else folder
    if odd or not place.resolve().is_relative_to(folder.resolve()) or name == MANIFEST:
        raise InputError("its manifest names a file outside of the folder", folder)
    return place


def is_there(file: MirrorFile, place: Path) -> bool:
    """Whether a file was fetched whole."""
    return place.is_file() and place.stat().st_size == file.size and _sha256(place) == file.sha256


def bytes_left(file: MirrorFile, place: Path) -> int:
    """Return how much of a file has still to come."""
    return file.size - _offset(file, _part(place))


def fetch_file(mirror: str, file: MirrorFile, place: Path, cancelled: Stop | None = None) -> None:
    """Fetch a file, or the rest of one, and check it.

    Raises
    ------
    Cancelled
        When `cancelled`, asked at each piece, says so; what came is kept.
    InputError
        When the mirror breaks off (what came is kept), or the checksum is wrong.
    RadiogenError
        When it cannot be written.
    """
    part = _part(place)
    offset = _offset(file, part)
    with _open(mirror, file.file, offset) as (stream, start):
        length = fill_part(part, _chunks(stream, mirror, cancelled), offset=start, limit=file.size)
    if length < file.size:
        reason = f"{PurePosixPath(file.file).name} broke off at {length} of {file.size} bytes"
        raise InputError(f"{reason}; run again to continue", mirror)
    if _sha256(part) != file.sha256:
        part.unlink(missing_ok=True)
        raise InputError(f"{PurePosixPath(file.file).name} has another checksum", mirror)
    finish_part(part, place)


def describe(place: Path, folder: Path, **about: str) -> MirrorFile:
    """Return the manifest row of a file that lies in a folder."""
    name = place.relative_to(folder).as_posix()
    return MirrorFile(name, place.stat().st_size, _sha256(place), **about)


def _row(row: dict[str, str]) -> MirrorFile:
    plain = {key: plain_cell(row.get(key) or "") for key in COLUMNS}
    digest, size = plain["sha256"].lower(), int(plain["size"])
    if len(digest) != 64 or set(digest) - set("0123456789abcdef") or size < 0:
        raise ValueError("not a size and a sha256")
    rest = (plain["patient_id"], plain["series_uid"], plain["modality"])
    return MirrorFile(plain["file"], size, digest, *rest)


def _part(place: Path) -> Path:
    return place.with_name(place.name + PART_SUFFIX)


def _offset(file: MirrorFile, part: Path) -> int:
    """Return how many bytes of an earlier try can be kept."""
    size = part.stat().st_size if part.is_file() else 0
    return size if size < file.size else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _open(mirror: str, name: str, offset: int) -> Iterator[tuple[IO[bytes], int]]:
    """Open a mirror's file from a place on; yield it and where it really starts."""
    address = urllib.parse.urlsplit(mirror)
    try:
        if address.scheme in ("http", "https"):
            url = f"{mirror.rstrip('/')}/{urllib.parse.quote(name)}"
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                yield answer, offset if answer.status == 206 else 0
            return
        local = Path(urllib.request.url2pathname(address.path))
        folder = local if address.scheme == "file" else Path(mirror)
        with (folder / name).open("rb") as stream:
            stream.seek(offset)
            yield stream, offset
    except urllib.error.HTTPError as error:
        raise InputError(f"answers {error.code} for {PurePosixPath(name).name}", mirror) from error
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(f"{PurePosixPath(name).name} cannot be read: {reason}", mirror) from error


def _chunks(stream: IO[bytes], mirror: str, cancelled: Stop | None) -> Iterator[bytes]:
    while True:
        check_stop(cancelled)
        try:
            chunk = stream.read(CHUNK_BYTES)
        except (OSError, ValueError) as error:
            raise InputError("broke off; run again to continue", mirror) from error
        if not chunk:
            return
        yield chunk
