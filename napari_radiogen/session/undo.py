"""Steps back and forth over intents, bounded."""

from __future__ import annotations

from collections import deque

from napari_radiogen.constants import UNDO_LIMIT
from napari_radiogen.session.state import Intent


class History:
    """Undo and redo stacks of intents.

    Within a gesture (a slider drag) all changes are one step.
    """

    def __init__(self, limit: int = UNDO_LIMIT) -> None:
        self._past: deque[Intent] = deque(maxlen=limit)
        self._future: list[Intent] = []
        self._in_gesture = False
        self._gesture_recorded = False

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self._past)

    @property
    def in_gesture(self) -> bool:
        """Whether all changes are one step now."""
        return self._in_gesture

    @property
    def can_redo(self) -> bool:
        """Whether there is a step forth."""
        return bool(self._future)

    def begin_gesture(self) -> None:
        """Let all that follows be one step, until `end_gesture`."""
        self._in_gesture, self._gesture_recorded = True, False

    def end_gesture(self) -> None:
        """Close the step."""
        self._in_gesture = False

    def record(self, before: Intent) -> None:
        """Remember the intent before a change; forgets what was undone."""
        if self._in_gesture and self._gesture_recorded:
            return
        self._gesture_recorded = self._in_gesture
        self._past.append(before)
        self._future.clear()

    def undo(self, now: Intent) -> Intent | None:
        """Return the intent one step back, or None."""
        if not self._past:
            return None
        self._future.append(now)
        return self._past.pop()

    def redo(self, now: Intent) -> Intent | None:
        """Return the intent one step forth, or None."""
        if not self._future:
            return None
        self._past.append(now)
        return self._future.pop()

    def clear(self) -> None:
        """Forget everything: another scan or model makes old steps meaningless."""
        self._past.clear()
        self._future.clear()
        self._in_gesture = False
