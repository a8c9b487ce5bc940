"""Pure functions that colour the subjects of a map by one of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_radiogen.constants import ATTRIBUTE_UNITS
from napari_radiogen.domain import Subject
from napari_radiogen.plugin.palette import DARK, Palette
from napari_radiogen.session.selection import as_numbers

#: Clinical numbers with fewer different values than this are categories (grades, scores).
FEW_VALUES = 7
#: Categories that the legend names.
NAMED = 8


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
    """Colour subjects by a column; numbers on a ramp, words by category.

    A clinical column of many different numbers is one of numbers.
    """
    numbers = np.array([s.attributes.get(column, np.nan) for s in subjects], dtype=float)
    if np.isfinite(numbers).any():
        return _by_number(numbers, ATTRIBUTE_UNITS.get(column, ""), palette)
    words = [s.split if column == "split" else s.clinical.get(column, "") for s in subjects]
    read = as_numbers(words)
    if read is not None and len(set(words) - {""}) >= FEW_VALUES:
        return _by_number(read, "", palette)
    return _by_word(words, palette)


def colour_by_cluster(
    subjects: Sequence[Subject], label: Mapping[str, int], palette: Palette = DARK
) -> Colouring:
    """Colour subjects by the number (from 0) of their cluster."""
    words = [f"cluster {label[s.subject_id] + 1}" for s in subjects]
    return _by_word(words, palette, sorted(set(words), key=lambda w: (len(w), w)))


def uncoloured(subjects: Sequence[Subject], words: str, palette: Palette = DARK) -> Colouring:
    """Return one colour for all, and words in place of a legend."""
    count = len(subjects)
    return Colouring((palette.muted,) * count, ((words, palette.muted),), ("",) * count)


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
    values = tuple("" if np.isnan(n) else f"{n:.3g} {unit}".strip() for n in numbers)
    return Colouring(colours, legend, values)


def _by_word(words: list[str], palette: Palette, order: list[str] | None = None) -> Colouring:
    """Colour words in an order, by default the most frequent first."""
    common = order or sorted(set(words) - {""}, key=lambda w: (-words.count(w), w))
    colour = dict(zip(common, palette.categories, strict=False))
    colours = tuple(colour.get(w, palette.missing if not w else palette.muted) for w in words)
    legend = [(w[:24], c) for w, c in list(colour.items())[:NAMED]]
    if len(common) > NAMED:
        legend.append((f"{len(common) - NAMED} others", palette.muted))
    if "" in words:
        legend.append(("unknown", palette.missing))
    return Colouring(colours, tuple(legend), tuple(w[:48] for w in words))


def _ramp(ramp: tuple[str, ...], share: float) -> str:
    place = share * (len(ramp) - 1)
    low = min(int(place), len(ramp) - 2)
    mix = [
        round(a + (place - low) * (b - a))
        for a, b in zip(bytes.fromhex(ramp[low][1:]), bytes.fromhex(ramp[low + 1][1:]), strict=True)
    ]
    return "#" + bytes(mix).hex()
