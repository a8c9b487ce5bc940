"""A session kept every few seconds, and found again when the program died."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from napari_radiogen.constants import UNSAVED_LIMIT
from napari_radiogen.session.session_files import SessionFiles

FILE = "unsaved.radiogen.json"
LOCK = "lock"
FOLDER = "autosave"
KIND = "autosave"
#: Begins the name of a folder that is being removed.
GONE = ".gone-"


@dataclass(frozen=True)
class Unsaved:
    """A session whose window never closed.

    Parameters
    ----------
    path
        The session file; its folder holds nothing else of anybody.
    modified
        When it was kept last, s since 1970.
    """

    path: Path
    modified: float

    def discard(self) -> None:
        """Remove it for good."""
        _remove(self.path.parent)


class Autosave:
    """Keeps one session in a folder of its own, until the window closes.

    A lock file says that the window lives: the system lets go of it when the
    process dies, however it dies.

    Parameters
    ----------
    files
        Of the session to keep.
    state
        The user's state folder; each window makes its own below it.
    """

    def __init__(self, files: SessionFiles, state: Path) -> None:
        self._files = files
        self.folder = state / FOLDER / uuid.uuid4().hex
        self._lock: FileLock | None = None
        self._changed = False
        self._taken_over: list[Unsaved] = []
        session = files.session
        wanted: Any = session.state.events  # type: ignore[attr-defined]
        shown: Any = session.view.events  # type: ignore[attr-defined]
        for signal in (
            wanted,
            shown,
            session.scan_changed,
            session.tumours_changed,
            session.result_changed,
            session.others_changed,
            session.patients_changed,
            session.snapshots_changed,
        ):
            signal.connect(self._on_change)

    @property
    def path(self) -> Path:
        """Where the session is kept."""
        return self.folder / FILE

    def tick(self) -> None:
        """Keep the session if it changed; call it every `AUTOSAVE_S`."""
        session = self._files.session
        idle = not session.is_busy(KIND) and not session.is_busy("synthesis")
        if not self._changed or not idle or session.scan is None or session.scan_path is None:
            return
        if self._hold():
            self._changed = False
            self._files.write(self.path, KIND, self._kept)

    def take_over(self, found: Unsaved) -> None:
        """Drop a session of a window that died, once this one keeps it."""
        self._taken_over.append(found)
        self._changed = True

    def close(self) -> None:
        """Remove what is kept: the window closes as it should."""
        self._files.session.work.cancel(KIND)
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        _remove(self.folder)

    def _on_change(self, *_: object) -> None:
        self._changed = True

    def _kept(self, _: None) -> None:
        while self._taken_over:
            self._taken_over.pop().discard()

    def _hold(self) -> bool:
        """Make the folder and its lock; False where that is not possible."""
        if self._lock is not None:
            return True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK)
            lock.acquire(timeout=0)
        except (OSError, Timeout):
            return False
        self._lock = lock
        return True


def unsaved(state: Path) -> tuple[Unsaved, ...]:
    """Return the sessions of windows that died, newest first; older ones are removed."""
    found = [u for folder in _folders(state) if (u := _left_in(folder)) is not None]
    found.sort(key=lambda u: -u.modified)
    for old in found[UNSAVED_LIMIT:]:
        old.discard()
    return tuple(found[:UNSAVED_LIMIT])


def _folders(state: Path) -> list[Path]:
    try:
        return [f for f in (state / FOLDER).iterdir() if f.is_dir() and not f.is_symlink()]
    except OSError:
        return []


def _remove(folder: Path) -> None:
    """Remove a folder; a job that still writes into it finds it gone."""
    gone = folder.with_name(f"{GONE}{folder.name}")
    with suppress(OSError):
        folder.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _left_in(folder: Path) -> Unsaved | None:
    if folder.name.startswith(GONE):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    lock, path = FileLock(folder / LOCK), folder / FILE
    try:
        lock.acquire(timeout=0)
    except (OSError, Timeout):
        return None  # its window lives
    try:
        if path.is_file():
            return Unsaved(path, path.stat().st_mtime)
        _remove(folder)
        return None
    except OSError:
        return None
    finally:
        lock.release()
