"""Sessions that were saved or opened last, in the user's state folder."""

from __future__ import annotations

from pathlib import Path

from napari_radiogen.constants import APP_NAME, RECENT_LIMIT
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.json_file import read_json
from napari_radiogen.io.save import save_json
from napari_radiogen.session.session_file import looks_like_session


def state_folder() -> Path:
    """Return the folder for what the program remembers from one start to the next."""
    import platformdirs

    return Path(platformdirs.user_state_dir(APP_NAME))


class RecentSessions:
    """The list, newest first; a file that is gone is not in it.

    Parameters
    ----------
    folder
        Made when the first session is added.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "recent-sessions.json"

    def paths(self) -> tuple[Path, ...]:
        """Return the sessions that are there still, newest first; none when unreadable."""
        return tuple(path for path in self._all() if looks_like_session(path))

    def add(self, path: Path) -> None:
        """Put a session first; a folder that cannot be written keeps no list."""
        newest = path.absolute()
        listed = [newest, *(p for p in self._all() if p != newest)][:RECENT_LIMIT]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            save_json(self._file, {"recent": [str(p) for p in listed]})
        except (OSError, RadiogenError):
            return

    def _all(self) -> list[Path]:
        try:
            values = read_json(self._file, "a list of sessions")
        except RadiogenError:
            return []
        listed = values.get("recent") if isinstance(values, dict) else None
        return [Path(p) for p in listed or () if isinstance(p, str)] if listed else []
