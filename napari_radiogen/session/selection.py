"""Subjects selected on the map: who lies inside an outline, what sets them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.measure import points_in_poly

from napari_radiogen.domain import Subject
from napari_radiogen.session.ports import Generator

#: A mean of fewer subjects has no spread to compare.
FEWEST = 2
#: Differences that the map lists.
LISTED = 5


@dataclass(frozen=True)
class Difference:
    """How those selected differ from the rest, in one metagene or column.

    Parameters
    ----------
    name
        Of the metagene, measurement or clinical column; ``column: word`` for
        the share of those with a word.
    selected, rest
        Means, or shares (0 to 1) of those with the word.
    effect
        Standardised difference: ``(selected - rest)`` over the pooled
        standard deviation (Cohen 1988).
    share
        Whether the numbers are shares.
    known
        How many of the selected and of the rest have a value.
    """

    name: str
    selected: float
    rest: float
    effect: float
    share: bool = False
    known: tuple[int, int] = (0, 0)


def inside(
    subject_ids: Sequence[str],
    places: npt.NDArray[np.floating],
    outline: npt.NDArray[np.floating],
) -> tuple[str, ...]:
    """Return the subjects whose places (N, 2) lie inside an outline (M, 2), in their order.

    The outline is closed by itself; one of fewer than three corners holds nobody.
    """
    if len(outline) < 3:
        return ()
    within = points_in_poly(np.asarray(places, float), np.asarray(outline, float))
    return tuple(s for s, is_in in zip(subject_ids, within, strict=True) if is_in)


def differences(
    generator: Generator, selected: Iterable[str], count: int = LISTED
) -> tuple[Difference, ...]:
    """Return the metagenes that set selected subjects most apart from the rest.

    The largest absolute effect comes first. A description of those selected,
    not a test: with a hundred metagenes some differ by chance. Empty when
    either side has fewer than `FEWEST` subjects.
    """
    chosen = frozenset(selected)
    here = np.array([s in chosen for s in generator.subject_ids])
    scores = np.asarray(generator.subject_metagenes, dtype=np.float64)
    names = generator.metagenes.names
    return _largest([_compared(n, scores[:, k], here) for k, n in enumerate(names)], count)


def clinical_differences(
    subjects: Sequence[Subject], selected: Iterable[str], count: int = LISTED
) -> tuple[Difference, ...]:
    """Return the measurements and clinical columns that set selected subjects most apart.

    A column is one of numbers when every value in it is; otherwise each of
    its words counts for itself. Subjects without a value do not count.
    """
    chosen = frozenset(selected)
    here = np.array([s.subject_id in chosen for s in subjects])
    found: list[Difference | None] = []
    for name in dict.fromkeys(k for s in subjects for k in s.attributes):
        numbers = np.array([s.attributes.get(name, np.nan) for s in subjects], dtype=np.float64)
        found.append(_compared(name, numbers, here))
    for name in dict.fromkeys(k for s in subjects for k in s.clinical):
        words = [s.clinical.get(name, "").strip() for s in subjects]
        read = as_numbers(words)
        if read is not None:
            found.append(_compared(name, read, here))
            continue
        there = np.array([bool(w) for w in words])
        for word in sorted(set(words) - {""}):
            share = np.where(there, [float(w == word) for w in words], np.nan)
            found.append(_compared(f"{name}: {word}", share, here, share=True))
    return _largest(found, count)


def as_numbers(words: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Return a column as numbers, nan where it is empty; None when it holds other words."""
    numbers = np.full(len(words), np.nan)
    for row, word in enumerate(words):
        if word:
            try:
                numbers[row] = float(word)
            except ValueError:
                return None
    return numbers if np.isfinite(numbers).any() else None


def _compared(
    name: str,
    numbers: npt.NDArray[np.float64],
    here: npt.NDArray[np.bool_],
    *,
    share: bool = False,
) -> Difference | None:
    known = np.isfinite(numbers)
    ours, rest = numbers[here & known], numbers[~here & known]
    if min(len(ours), len(rest)) < FEWEST:
        return None
    freedom = np.array([len(ours) - 1, len(rest) - 1])
    variances = np.array([ours.var(ddof=1), rest.var(ddof=1)])
    pooled = float(np.sqrt(freedom @ variances / freedom.sum()))
    gap = float(ours.mean() - rest.mean())
    effect = gap / pooled if pooled > 0 else 0.0
    both = len(ours), len(rest)
    return Difference(name, float(ours.mean()), float(rest.mean()), effect, share, both)


def _largest(found: Iterable[Difference | None], count: int) -> tuple[Difference, ...]:
    known = [d for d in found if d is not None]
    return tuple(sorted(known, key=lambda d: -abs(d.effect))[:count])
