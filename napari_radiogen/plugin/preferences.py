"""Preferences, which stand in napari's own dialog: read at the start, followed while it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from napari_radiogen.constants import APP_NAME, AUTOSAVE_S
from napari_radiogen.session.figure_choice import FigureChoice
from napari_radiogen.session.view import Convention

if TYPE_CHECKING:
    from napari_radiogen.plugin.workbench import Workbench


@dataclass(frozen=True)
class Preferences:
    """What a person prefers; names and defaults are those of the manifest.

    Parameters
    ----------
    convention
        Side on which the patient's right stands at the start.
    window
        Preset in which scans open.
    model
        Generator that loads at the start.
    autosave_s
        How often a changed session is kept for recovery, s.
    figure_dpi
        Resolution that the figure composer proposes.
    """

    convention: Convention = "radiological"
    window: str = "Lung"
    model: str = "mcgan-planted"
    autosave_s: int = AUTOSAVE_S
    figure_dpi: int = FigureChoice.dpi


NAMES = tuple(field.name for field in fields(Preferences))


class PreferenceDesk:
    """Applies preferences to a workbench: the ones saved, and each change of napari's dialog.

    Parameters
    ----------
    follow
        Whether there are saved ones: a window with a session of the caller's
        has the defaults.
    """

    def __init__(self, workbench: Workbench, follow: bool) -> None:
        self._workbench = workbench
        self._groups: dict[str, Any] = _settings() if follow else {}
        self._apply: dict[str, Callable[[Any], object]] = {
            "convention": self._set_convention,
            "window": workbench.session.choose_window,
            "model": self._load,
            "autosave_s": workbench.desk.keep_every,
        }
        for name, group in self._groups.items():
            getattr(group.events, name).connect(self._on_change)

    @property
    def model(self) -> str | None:
        """Name of the generator to start with; None for the one that ships."""
        return self.now.model if self._groups else None

    @property
    def now(self) -> Preferences:
        """What is preferred now."""
        return Preferences(**{name: getattr(g, name) for name, g in self._groups.items()})

    def start(self) -> None:
        """Bring a new window to what is preferred, but for its model."""
        preferred = self.now
        for name in ("convention", "window", "autosave_s"):
            self._apply[name](getattr(preferred, name))

    def close(self) -> None:
        """Follow no more."""
        for name, group in self._groups.items():
            getattr(group.events, name).disconnect(self._on_change)

    def _on_change(self, event: Any) -> None:
        apply = self._apply.get(event.type)
        if apply is not None:
            apply(getattr(self.now, event.type))

    def _set_convention(self, convention: Convention) -> None:
        self._workbench.session.view.convention = convention

    def _load(self, name: str) -> None:
        generator = self._workbench.session.generator
        if generator is None or generator.name != name:
            self._workbench.session.load_models(name)


def _settings() -> dict[str, Any]:
    """Return napari's group of settings that holds each preference; none while it has none."""
    from napari.settings import get_plugin_settings

    try:
        settings = get_plugin_settings(APP_NAME)
    except KeyError:  # the plugin is switched off in napari, or not installed
        return {}
    groups = [getattr(settings, name) for name in ("viewing", "working")]
    return {name: group for group in groups for name in NAMES if hasattr(group, name)}
