"""Saving, opening and keeping sessions: what a front end asks of a session's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from psygnal import Signal

from napari_radiogen.errors import InputError
from napari_radiogen.session import session_save
from napari_radiogen.session.recent import RecentSessions
from napari_radiogen.session.session_file import SUFFIX, Part, Viewport
from napari_radiogen.session.session_open import Kind, MissingFile, Restored, restore

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

KIND = "session"


class Window(Protocol):
    """What a front end adds to a session: where its window looks."""

    def viewport(self) -> Viewport | None:
        """Return where the window looks, None while it shows no scan."""

    def look(self, at: Viewport) -> None:
        """Look there, at once or when the scan shows."""


class SessionFiles:
    """Saves and opens sessions, in jobs; refusals are one line through ``session.failed``.

    Signals
    -------
    saved(path), opened(path), asked(MissingFile): the session names a file
    that is not where it was; answer with `locate`.

    Parameters
    ----------
    session
        What is saved and restored.
    recent
        The list of sessions that were saved or opened, if one is kept.
    """

    saved = Signal(object)
    opened = Signal(object)
    asked = Signal(object)

    def __init__(self, session: Session, recent: RecentSessions | None = None) -> None:
        self.session, self.recent = session, recent
        self.path: Path | None = None
        self.window: Window | None = None
        self._places: dict[tuple[Kind, int], Path] = {}

    def save(self, path: str | Path) -> None:
        """Write the session; a name without ``.radiogen.json`` gets it."""
        target = with_suffix(Path(path))

        def done(_: None) -> None:
            self._remember(target)
            self.saved.emit(target)
            self.session.exported.emit(str(target))

        self.write(target, "export", done)

    def write(self, target: Path, kind: str, done: Callable[[None], None]) -> None:
        """Write the session as it is now, as a job of a kind."""
        try:
            what = session_save.take(
                self.session, None if self.window is None else self.window.viewport()
            )
        except InputError as error:
            self.session.failed.emit(str(error))
            return
        self.session.work.start(
            kind, lambda ctx: session_save.write(what, target, cancelled=ctx.cancelled), done
        )

    def open(self, path: str | Path) -> None:
        """Bring back what a session file names, in place of all that is open."""
        self._places.clear()
        self._open(Path(path))

    def locate(self, missing: MissingFile, path: str | Path | None) -> None:
        """Say where a missing file lies; None leaves the session closed."""
        if path is None:
            name = missing.session.name
            self.session.failed.emit(
                f"{name}: not opened, {missing.name} is missing; say where it lies when asked"
            )
            return
        self._places[missing.kind, missing.number] = Path(path)
        self._open(missing.session)

    def _open(self, path: Path) -> None:
        session, places = self.session, dict(self._places)
        now, engines = session.models, session.engines

        def done(found: Restored | MissingFile) -> None:
            if isinstance(found, MissingFile):
                self.asked.emit(found)
            else:
                self._show(found)

        session.work.start(KIND, lambda ctx: restore(path, places, engines, now, ctx), done)

    def _show(self, found: Restored) -> None:
        session = self.session
        session.adopt_restored(found)
        session.restore_snapshots(found.kept)
        pairs: tuple[tuple[Part, object], ...] = (
            (found.file.view, session.state),
            (found.file.shown, session.view),
        )
        for part, state in pairs:
            for name in type(part).model_fields:
                setattr(state, name, getattr(part, name))
        if self.window is not None and found.file.viewport is not None:
            self.window.look(found.file.viewport)
        for line in found.notices:
            session.failed.emit(line)
        self._remember(found.path)
        self.opened.emit(found.path)

    def _remember(self, path: Path) -> None:
        self.path = path
        if self.recent is not None:
            self.recent.add(path)


def with_suffix(path: Path) -> Path:
    """Return a session's name with its suffix."""
    name = path.name.removesuffix(".json").removesuffix(".radiogen")
    return path if path.name.lower().endswith(SUFFIX) else path.with_name(f"{name}{SUFFIX}")
