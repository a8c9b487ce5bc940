"""Colours of the docks in napari's dark and light themes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from napari.settings import get_settings
from napari.utils.theme import get_theme
from psygnal import Signal

#: Backgrounds brighter than this (0 to 255) want dark text.
BRIGHT = 128


@dataclass(frozen=True)
class Palette:
    """Colours as ``#rrggbb``; every text has at least 4.5:1 on the grounds it stands on."""

    background: str
    panel: str
    field: str
    button: str
    button_hover: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    handle: str
    synthetic: str
    selection: str
    active_row: str
    histogram: str
    track: str
    missing: str
    #: Hues that stay apart for colour-blind readers (Okabe-Ito).
    categories: tuple[str, ...]
    #: Low to high, even in lightness (points of viridis, fit for the ground).
    ramp: tuple[str, ...]


DARK: Final = Palette(
    background="#262930",
    panel="#2c3038",
    field="#1f222a",
    button="#414851",
    button_hover="#4d5560",
    border="#3b414b",
    text="#f0f1f2",
    muted="#9aa2ad",
    disabled="#6b727c",
    accent="#3f72c6",
    handle="#8ab4f8",
    synthetic="#f5c065",
    selection="#33486b",
    active_row="#303642",
    histogram="#424c5c",
    track="#56627a",
    missing="#5a6069",
    categories=(
        "#56b4e9",
        "#e69f00",
        "#cc79a7",
        "#2bb38a",
        "#f0e442",
        "#d55e00",
        "#8f8fe8",
        "#b0b0b0",
    ),
    ramp=("#5b5ea6", "#3f86a8", "#2fae8f", "#8fce4f", "#fde725"),
)
LIGHT: Final = Palette(
    background="#ebe7e6",
    panel="#e0dbd9",
    field="#fbfaf9",
    button="#d3cdca",
    button_hover="#c5bebb",
    border="#b5adaa",
    text="#1f1d1c",
    muted="#5c5653",
    disabled="#8f8884",
    accent="#2f66c0",
    handle="#2f66c0",
    synthetic="#7a4e00",
    selection="#c4d5f0",
    active_row="#dbe4f2",
    histogram="#c0c9d8",
    track="#8793a8",
    missing="#b5adaa",
    categories=(
        "#2b86bd",
        "#b87a00",
        "#b0568a",
        "#008766",
        "#a08f00",
        "#c04f00",
        "#5f5fc8",
        "#777777",
    ),
    ramp=("#3d2f85", "#2d6a96", "#1c8b77", "#5f9b2a", "#b98a00"),
)


class _ThemeWatch:
    """Tells the docks that napari's theme changed; napari's own signals keep dead widgets."""

    changed = Signal()

    def __init__(self) -> None:
        get_settings().appearance.events.theme.connect(self._tell)

    def _tell(self, _event: object = None) -> None:
        self.changed.emit()


@lru_cache(maxsize=1)
def theme_watch() -> _ThemeWatch:
    """Return the one watch of this process."""
    return _ThemeWatch()


def palette() -> Palette:
    """Return the colours that suit napari's theme now."""
    return palette_of(get_settings().appearance.theme)


@lru_cache(maxsize=16)
def palette_of(theme: str) -> Palette:
    """Return the colours that suit a theme, ours or another plugin's, by its background."""
    red, green, blue = get_theme(theme).background.as_rgb_tuple()[:3]
    return LIGHT if 0.2126 * red + 0.7152 * green + 0.0722 * blue > BRIGHT else DARK
