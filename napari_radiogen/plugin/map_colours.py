"""Pure functions that colour the subjects of a map by one of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_radiogen.constants import ATTRIBUTE_UNITS
from napari_radiogen.domain import Subject
from napari_radiogen.plugin.palette import DARK, Palette


@dataclass(frozen=True)
class Colouring:
    """A colour for each subject, and what the colours mean.

    Parameters
    ----------
    colours
        (N,) ``#rrggbb``.
    legend
        (label, colour), a few entries.
    values
        (N,) the column as text, for the hover line.
    """

    colours: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]
    values: tuple[str, ...]


def columns(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Return what subjects can be coloured by: attributes, then clinical columns."""
    attributes = dict.fromkeys(key for s in subjects for key in s.attributes)
    clinical = dict.fromkeys(key for s in subjects for key in s.clinical)
    return (*attributes, *(c for c in clinical if c not in attributes), "split")


def colour_by(subjects: Sequence[Subject], column: str, palette: Palette = DARK) -> Colouring:
    """Colour subjects by a column; numbers on a ramp, words by category."""
    numbers = np.array([s.attributes.get(column, np.nan) for s in subjects], dtype=float)
    if np.isfinite(numbers).any():
        return _by_number(numbers, ATTRIBUTE_UNITS.get(column, ""), palette)
    words = [s.split if column == "split" else s.clinical.get(column, "") for s in subjects]
    return _by_word(words, palette)


def _by_number(numbers: np.ndarray, unit: str, palette: Palette) -> Colouring:
    finite = numbers[np.isfinite(numbers)]
    low, high = np.percentile(finite, [5, 95])
    share = np.clip((numbers - low) / max(high - low, 1e-9), 0, 1)
    colours = tuple(
        palette.missing if np.isnan(s) else _ramp(palette.ramp, float(s)) for s in share
    )
    legend = tuple(
        (f"{low + s * (high - low):.3g} {unit}".strip(), _ramp(palette.ramp, s))
        for s in (0.0, 0.5, 1.0)
    )
    return Colouring(colours, legend, tuple(f"{n:.3g} {unit}".strip() for n in numbers))


def _by_word(words: list[str], palette: Palette) -> Colouring:
    common = sorted(set(words) - {""}, key=lambda w: (-words.count(w), w))
    colour = dict(zip(common, palette.categories, strict=False))
    colours = tuple(colour.get(w, palette.missing if not w else palette.muted) for w in words)
    legend = tuple((w[:24], c) for w, c in list(colour.items())[:5])
    return Colouring(colours, legend, tuple(w[:48] for w in words))


def _ramp(ramp: tuple[str, ...], share: float) -> str:
    place = share * (len(ramp) - 1)
    low = min(int(place), len(ramp) - 2)
    mix = [
        round(a + (place - low) * (b - a))
        for a, b in zip(bytes.fromhex(ramp[low][1:]), bytes.fromhex(ramp[low + 1][1:]), strict=True)
    ]
    return "#" + bytes(mix).hex()
