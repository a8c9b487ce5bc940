"""The window on a file of the person's own: a session, a scan, genes."""

from __future__ import annotations

from pathlib import Path

from napari_radiogen.io.save import save_bytes
from napari_radiogen.plugin.demo import picture, wait_until_quiet
from napari_radiogen.plugin.docks import open_window
from napari_radiogen.plugin.window import close_notifications
from napari_radiogen.session.controller import Session


class Opening:
    """Says whether what was asked of a session still runs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def busy(self) -> bool:
        """Whether anything still runs."""
        return self._session.work.is_busy()


def run(size: tuple[int, int], path: Path, screenshot: Path | None) -> list[str]:
    """Open a file until the window closes, or until its picture is taken.

    Returns
    -------
    list of str
        What went wrong on the way, one line each.
    """
    import napari

    viewer, workbench = open_window(size)
    problems: list[str] = []
    workbench.session.failed.connect(problems.append)
    asked = workbench.session.files.asked
    asked.connect(lambda missing: problems.append(f"{missing.name}: {missing.reason}"))
    workbench.session.open_any(path)
    if screenshot is None:
        napari.run()
        return []
    wait_until_quiet(Opening(workbench.session))
    close_notifications(viewer)
    save_bytes(screenshot, picture(viewer))
    workbench.close()
    viewer.close()
    return problems
