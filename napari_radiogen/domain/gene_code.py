"""Learned gene codes: what the generator reads of a tumour's expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

#: From a code (D,) and the name of a projection to its place (2,) on that map.
Place = Callable[[npt.NDArray[np.float32], str], npt.NDArray[Any]]
CodeSource = Literal["patient", "edited", "mean", "interpolated"]


@dataclass(frozen=True, eq=False)
class GeneCode:
    """One code.

    Parameters
    ----------
    vector
        (D,) float32, the output of the model's gene mapping.
    source
        Where the genes came from.
    encoder_digest
        sha256 of the weights that made it.
    """

    vector: npt.NDArray[np.float32]
    source: CodeSource
    encoder_digest: str


@dataclass(frozen=True, eq=False)
class GeneCodeTable:
    """The codes of a cohort's subjects and their place on the map.

    Parameters
    ----------
    subject_ids
        (N,) keys of everything below.
    codes
        (N, D) float32.
    coordinates
        Name of a projection (``t-SNE``, ``UMAP``, ``PCA``) to (N, 2) float32.
    """

    subject_ids: tuple[str, ...]
    codes: npt.NDArray[np.float32]
    coordinates: dict[str, npt.NDArray[np.float32]]

    def joined(
        self, ids: Sequence[str], codes: npt.NDArray[np.float32], place: Place
    ) -> GeneCodeTable:
        """Return the table with codes (M, D) of more subjects, each put on every map.

        An id that the table has takes the new code and its place; all other
        subjects keep theirs.

        Raises
        ------
        ValueError
            When ids repeat.
        """
        rows = joined_rows(self.subject_ids, ids)
        names = (*self.subject_ids, *ids)
        coordinates = {
            name: np.concatenate(
                [places, np.array([place(c, name) for c in codes], np.float32).reshape(-1, 2)]
            )[rows]
            for name, places in self.coordinates.items()
        }
        return GeneCodeTable(
            tuple(names[row] for row in rows),
            np.concatenate([self.codes, codes])[rows],
            coordinates,
        )


def joined_rows(known: Sequence[str], added: Sequence[str]) -> list[int]:
    """Return which rows of known and added, one under the other, make the joined table.

    An added id takes the row of its known namesake; the others follow.

    Raises
    ------
    ValueError
        When added ids repeat.
    """
    if len(set(added)) < len(added):
        raise ValueError("expected distinct ids")
    new = {name: len(known) + i for i, name in enumerate(added)}
    return [new.pop(name, row) for row, name in enumerate(known)] + list(new.values())
