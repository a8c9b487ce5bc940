"""The one place that opens files for writing: whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_radiogen.errors import Cancelled, RadiogenError, Stop, check_stop
from napari_radiogen.io.exchange import exchange

FOLDER_MODE = 0o777
#: A library's own thread may still add a file while a stopped folder is removed.
REMOVALS, REMOVAL_PAUSE_S = 20, 0.05


def atomic_write(path: Path, write: Callable[[Path], None]) -> None:
    """Replace a file by what ``write`` puts into the temporary path it is given.

    The temporary file lies in the same folder and ends with the same name, so
    that writers which look at the suffix work. After SIGKILL or an error the
    old file is intact.

    Raises
    ------
    RadiogenError
        When the system refuses (no such folder, read-only, disk full).
    """
    path = Path(path)
    try:
        folder = Path(tempfile.mkdtemp(prefix=".radiogen-", dir=path.parent))
    except OSError as error:
        raise _unwritable(error, path) from error
    try:
        temporary = folder / path.name
        write(temporary)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save_together(*parts: tuple[Path, Callable[[Path], None]]) -> None:
    """Replace several files at once: all of them or none.

    Parameters
    ----------
    parts
        Each path with the function that fills the temporary path it is given,
        which lies in the same folder and ends with the same name.

    Raises
    ------
    RadiogenError
        When a writer or the system refuses; the old files are intact.
    """
    with ExitStack() as stack:
        ready: list[tuple[Path, Path]] = []
        for path, write in parts:
            try:
                folder = Path(tempfile.mkdtemp(prefix=".radiogen-", dir=path.parent))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                temporary = folder / path.name
                write(temporary)
                _sync(temporary)
            except OSError as error:
                raise _unwritable(error, path) from error
            except Cancelled:
                raise
            except RadiogenError as error:
                raise RadiogenError(error.reason, path) from error
            ready.append((temporary, path))
        _replace_all(ready)


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Fill the temporary path that `atomic_write` or another of these gave."""
    with path.open("wb") as stream:
        stream.writelines(pieces)


def save_bytes(path: Path, data: bytes) -> None:
    """Write bytes atomically."""
    atomic_write(path, lambda temporary: write_pieces(temporary, [data]))


def save_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, line ends as given."""
    save_bytes(path, text.encode("utf-8"))


def save_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically; NaN and infinity are refused.

    Raises
    ------
    ValueError
        When a number is not finite.
    """
    save_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def complete_folder(
    path: Path,
    *,
    marker: str | None = None,
    overwrite: bool = False,
    within: Path | None = None,
    cancelled: Stop | None = None,
) -> Iterator[Path]:
    """Build a folder beside its final place and move it there when complete.

    Parameters
    ----------
    path
        Final place; it must be absent or empty unless ``overwrite``.
    marker
        Name of the file whose presence says that the folder is complete. The
        body must have written it; it reaches the disk after all others.
    overwrite
        Replace an older folder, which stays until the new one is ready.
    within
        Folder on the same disk to build it in, rather than the parent's: a
        kill leaves its remains there.
    cancelled
        Asked while the filled folder is brought to the disk.

    Yields
    ------
    Path
        The temporary folder to fill.

    Raises
    ------
    RadiogenError
        When the place is taken, the marker missing or the system refuses.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    path = Path(path)
    if not overwrite and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RadiogenError("already exists; choose another name or remove it", path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(prefix=".radiogen-", dir=within or path.parent))
    except OSError as error:
        raise _unwritable(error, path) from error
    try:
        building = outer / path.name
        building.mkdir(mode=FOLDER_MODE)
        yield building
        if marker is not None and not (building / marker).is_file():
            raise RadiogenError(f"{marker} is missing: the folder is not complete", path)
        _sync_tree(building, marker, cancelled)
        _move_into_place(building, path, outer / "replaced")
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        _remove(outer)


def fill_part(part: Path, chunks: Iterable[bytes], *, offset: int, limit: int) -> int:
    """Write what arrives of a file from a place on, and return its length.

    The part is no file yet: `finish_part` makes it one.

    Parameters
    ----------
    part
        File that grows.
    chunks
        What follows after ``offset`` bytes.
    offset
        Bytes kept of an earlier try; what lies beyond is cut off.
    limit
        Bytes of the whole file.

    Raises
    ------
    RadiogenError
        When more arrives than the limit, or the system refuses.
    """
    length = offset
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("r+b" if offset else "wb") as stream:
            stream.truncate(offset)
            stream.seek(offset)
            for chunk in chunks:
                length += len(chunk)
                if length > limit:
                    raise RadiogenError(f"more than the {limit} bytes promised", part)
                stream.write(chunk)
    except OSError as error:
        raise _unwritable(error, part) from error
    return length


def finish_part(part: Path, path: Path) -> None:
    """Give a complete part its name.

    Raises
    ------
    RadiogenError
        When the system refuses.
    """
    try:
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _unwritable(error, path) from error


def _remove(folder: Path) -> None:
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVAL_PAUSE_S)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path, marker: str | None, cancelled: Stop | None) -> None:
    paths = sorted(folder.rglob("*"), key=lambda p: p.name == marker and p.parent == folder)
    for path in paths:
        check_stop(cancelled)
        _sync(path)
    _sync(folder)


def _move_into_place(building: Path, path: Path, aside: Path) -> None:
    if path.exists() and exchange(building, path):
        _sync(path.parent)
        return
    # Not in one step: between the two a crash leaves the old folder aside.
    if path.exists():
        path.replace(aside)
    try:
        building.replace(path)
    except OSError:
        if aside.exists():
            with suppress(OSError):
                aside.replace(path)
        raise
    _sync(path.parent)


def _replace_all(ready: list[tuple[Path, Path]]) -> None:
    """Move each temporary file to its place; when one fails, take all back."""
    with ExitStack() as undo:
        for temporary, path in ready:
            try:
                aside = temporary.with_name(f"{temporary.name}.replaced")
                if path.exists():
                    _keep_aside(path, aside)
                temporary.replace(path)
                undo.callback(_put_back, aside, path)
                _sync(path.parent)
            except OSError as error:
                raise _unwritable(error, path) from error
        undo.pop_all()


def _keep_aside(path: Path, aside: Path) -> None:
    try:
        aside.hardlink_to(path)
    except OSError:
        shutil.copy2(path, aside)


def _put_back(aside: Path, path: Path) -> None:
    with suppress(OSError):
        if aside.exists():
            aside.replace(path)
        else:
            path.unlink()


def _unwritable(error: OSError, path: Path) -> RadiogenError:
    return RadiogenError(f"cannot be written: {error.strerror or error}", path)
