"""Intent: what the person asks for, as one evented dataclass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

from psygnal import evented

from napari_radiogen.domain import NoduleSite

#: (name, number) in the order of the first edit.
Edits = tuple[tuple[str, float], ...]


def _set(edits: Edits, name: str, value: float) -> Edits:
    return tuple((dict(edits) | {name: value}).items())


@dataclass(frozen=True)
class NoduleIntent:
    """What decides the pixels of one nodule.

    Parameters
    ----------
    subject_id
        Whose genes are the start, or "" before any choice.
    averaged
        Subjects whose mean metagenes are the start instead; usually empty.
    edits
        Metagenes that the person moved, as z-scores before any gene's edit.
    site
        Scan and place, or None before a click.
    seed
        Of the noise.
    strength
        Of the blend, 0 to 1.
    weights
        Shares of the averaged subjects, which sum to 1; empty for equal ones.
    gene_edits
        Genes that the person moved, as changes in SD of the gene; each moves
        the metagenes that it is a member of.
    """

    subject_id: str = ""
    averaged: tuple[str, ...] = ()
    edits: Edits = ()
    site: NoduleSite | None = None
    seed: int = 0
    strength: float = 1.0
    weights: tuple[float, ...] = ()
    gene_edits: Edits = ()

    @property
    def edited(self) -> bool:
        """Whether a metagene or a gene was moved."""
        return bool(self.edits or self.gene_edits)

    @property
    def start_in_words(self) -> str:
        """Say whose genes are the start."""
        if not self.averaged:
            return self.subject_id
        if not self.weights:
            return f"the mean of {len(self.averaged)} subjects"
        shares = zip(self.averaged, self.weights, strict=True)
        return "a mixture of " + ", ".join(f"{name} {share:.0%}" for name, share in shares)

    @property
    def edits_in_words(self) -> tuple[str, ...]:
        """Say what was moved, one item each: metagenes to a score, genes by a change."""
        genes = (f"gene {name} by {change:+.2f} SD" for name, change in self.gene_edits)
        return (*(f"{name} {z:+.2f}" for name, z in self.edits), *genes)

    def starting_from(
        self, subject_id: str = "", averaged: tuple[str, ...] = (), weights: tuple[float, ...] = ()
    ) -> Self:
        """Return the intent with other genes to start from, and no edit."""
        return replace(
            self, subject_id=subject_id, averaged=averaged, weights=weights, edits=(), gene_edits=()
        )

    def with_genes_of(self, other: NoduleIntent) -> Self:
        """Return the intent with start and edits of another; place, seed and strength stay."""
        return replace(
            self,
            subject_id=other.subject_id,
            averaged=other.averaged,
            weights=other.weights,
            edits=other.edits,
            gene_edits=other.gene_edits,
        )

    def with_edit(self, name: str, z: float) -> Self:
        """Return the intent with one metagene set, the others as they are."""
        return replace(self, edits=_set(self.edits, name, z))

    def without_edit(self, name: str) -> Self:
        """Return the intent with one metagene back at its start."""
        return replace(self, edits=tuple(e for e in self.edits if e[0] != name))

    def with_gene(self, symbol: str, change: float) -> Self:
        """Return the intent with one gene changed by some SD, the others as they are."""
        return replace(self, gene_edits=_set(self.gene_edits, symbol, change))

    def without_genes(self, symbols: Iterable[str]) -> Self:
        """Return the intent with some genes back at their start."""
        gone = set(symbols)
        return replace(self, gene_edits=tuple(e for e in self.gene_edits if e[0] not in gone))


@dataclass(frozen=True)
class Intent(NoduleIntent):
    """The part of the state that decides pixels, and that undo restores.

    Its own fields are those of the nodule in hand.

    Parameters
    ----------
    others
        The other nodules of the scan, each with its own genes, place and seed.
    active
        Where the nodule in hand stands among them, from 0.
    """

    others: tuple[NoduleIntent, ...] = ()
    active: int = 0

    @property
    def in_hand(self) -> NoduleIntent:
        """The nodule that genes and clicks change."""
        return NoduleIntent(**{f.name: getattr(self, f.name) for f in fields(NoduleIntent)})

    @property
    def nodules(self) -> tuple[NoduleIntent, ...]:
        """All nodules of the scan, in the order in which they were added."""
        return (*self.others[: self.active], self.in_hand, *self.others[self.active :])


@evented
@dataclass
class SessionState:
    """Mutable intent and view; ``state.events.<field>`` tells of changes.

    Only `Session` writes the fields of `Intent`, which come first. Widgets
    may set the view fields: they change no pixels of a nodule.

    Parameters
    ----------
    selected
        Subjects marked on the map.
    window
        Name in ``constants.WINDOWS_HU``.
    overlay_visible
        Whether the tumour outline shows.
    show_synthetic
        Whether the synthetic nodule shows; False shows the scan as it is.
    projection, map_colour, map_spaces
        What the person chose on the Gene Map; empty before any choice.
    """

    subject_id: str = ""
    averaged: tuple[str, ...] = ()
    edits: Edits = ()
    site: NoduleSite | None = None
    seed: int = 0
    strength: float = 1.0
    weights: tuple[float, ...] = ()
    gene_edits: Edits = ()
    others: tuple[NoduleIntent, ...] = ()
    active: int = 0
    selected: tuple[str, ...] = ()
    window: str = "Lung"
    overlay_visible: bool = True
    show_synthetic: bool = True
    projection: str = ""
    map_colour: str = ""
    map_spaces: tuple[str, ...] = ()

    @property
    def intent(self) -> Intent:
        """The frozen copy of the fields that decide pixels."""
        return Intent(**{f.name: getattr(self, f.name) for f in fields(Intent)})

    def apply(self, intent: Intent) -> None:
        """Write an intent into the fields; unchanged fields tell nobody."""
        for f in fields(Intent):
            setattr(self, f.name, getattr(intent, f.name))
