"""Failures as one line each, wherever they come from: the session, napari's menus, a slot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import (
    ErrorNotification,
    Notification,
    NotificationSeverity,
    notification_manager,
)

from napari_radiogen.errors import Cancelled, RadiogenError
from napari_radiogen.plugin.window import fit_notifications, main_window

if TYPE_CHECKING:
    from napari import Viewer

#: Longer lines are cut: a notification is read at a glance.
LINE_LENGTH = 300


class Unexpected(ErrorNotification):
    """An error that nobody expected: one line, and napari's traceback for who asks for it."""

    def __init__(self, line: str, error: Exception) -> None:
        super().__init__(error)
        self.message = line

    def __str__(self) -> str:
        # napari prints this on the console: the traceback may quote patient data.
        return str(self.message)


def say(viewer: Viewer, line: str, unexpected: Exception | None = None) -> None:
    """Show one line in the window, with the error behind it if nobody expected that."""
    text = " ".join(line.split())[:LINE_LENGTH]
    made = (
        Notification(text, NotificationSeverity.WARNING)
        if unexpected is None
        else Unexpected(text, unexpected)
    )
    notification_manager.dispatch(made)
    fit_notifications(viewer)


def offer(
    viewer: Viewer,
    question: str,
    actions: dict[str, Callable[[], object]],
    severity: NotificationSeverity = NotificationSeverity.INFO,
) -> None:
    """Ask something that may stay unanswered, with a button for each answer."""
    buttons = [(text, lambda _notice, act=act: act()) for text, act in actions.items()]
    notification_manager.dispatch(Notification(question, severity, actions=tuple(buttons)))
    fit_notifications(viewer)


def guard_napari() -> None:
    """Have napari show our errors as a line, too; with a traceback it shows all others.

    For what napari calls by itself and a script may call as well: readers,
    writers, samples. The script gets the error, a person the line.
    """
    # napari's own listeners always come before a plugin's: what they hear is changed instead.
    if not isinstance(notification_manager.dispatch, _Dispatch):
        notification_manager.dispatch = _Dispatch(notification_manager.dispatch)


class _Dispatch:
    """Hands notifications on, our errors as warnings of one line."""

    def __init__(self, hand_on: Callable[[Notification], None]) -> None:
        self._hand_on = hand_on

    def __call__(self, notification: Notification) -> None:
        error = getattr(notification, "exception", None)
        if isinstance(error, Cancelled):
            return
        if not isinstance(error, RadiogenError):
            self._hand_on(notification)
            return
        self._hand_on(Notification(str(error), NotificationSeverity.WARNING))
        viewer = open_viewer()
        if viewer is not None and threading.current_thread() is threading.main_thread():
            fit_notifications(viewer)


def open_viewer() -> Any:
    """Return the viewer whose window a person sees, or None."""
    from napari import current_viewer

    viewer = current_viewer()
    window = None if viewer is None else main_window(viewer)
    return viewer if window is not None and window.isVisible() else None
