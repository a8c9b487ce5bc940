"""Which metagenes and genes the panel lists, and the numbers in their rows."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from napari_radiogen.plugin.effects import all_effects, main_effect, strength_of_effects
from napari_radiogen.plugin.widgets.metagene_row import MetageneRow
from napari_radiogen.session.controller import Session
from napari_radiogen.session.ports import FloatArray
from napari_radiogen.session.resolve import start_vector

ORDERS = ("by effect", "by name", "edited")
#: Genes that a search lists at most; more letters make it fewer.
GENES_LISTED = 60
#: A score that moved less than this is where it was.
STILL = 1e-5


class GeneRows:
    """Rows for the sliders of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._effects = np.zeros(0, np.float32)

    def prepare(self) -> None:
        """Measure a newly loaded model once."""
        generator = self.session.generator
        empty = np.zeros(0, np.float32)
        self._effects = empty if generator is None else strength_of_effects(generator)

    def rows(self, text: str, order: str) -> list[MetageneRow]:
        """Return the rows that a search finds, in an order; genes under their metagene.

        The name of a metagene finds it with all its genes, part of a name all
        that hold it, anything else the genes that hold it.
        """
        generator, vector = self.session.generator, self.session.vector
        if generator is None or vector is None:
            return []
        found = self._found(text.strip().lower())
        if order == "edited":
            found = self._edited(found, vector)
        elif order == "by effect":
            found = dict(sorted(found.items(), key=lambda item: -self._effects[item[0]]))
        start = start_vector(self.session.state.intent, generator)
        rows = []
        for index, genes in found.items():
            rows.append(self._metagene(index, float(vector[index]), float(start[index])))
            rows += [self._gene(symbol, generator.metagenes.names[index]) for symbol in genes]
        return rows

    def refresh(self, rows: Iterable[MetageneRow]) -> None:
        """Write the numbers of now into rows."""
        generator, vector = self.session.generator, self.session.vector
        if generator is None or vector is None:
            return
        start = start_vector(self.session.state.intent, generator)
        place = {name: i for i, name in enumerate(generator.metagenes.names)}
        for shown in rows:
            if shown.gene:
                shown.z, shown.start = self._gene_numbers(shown.name)
                shown.percentile = _percentile(shown.scores, shown.z)
            else:
                i = place[shown.name]
                shown.z, shown.start = float(vector[i]), float(start[i])
                shown.percentile = self.session.percentile(shown.name, shown.z)

    def gene_change(self, symbol: str, z: float) -> float:
        """Return the change, in SD, that brings a gene's slider to a z-score."""
        return z - self._gene_numbers(symbol)[1]

    def _found(self, wanted: str) -> dict[int, tuple[str, ...]]:
        """Return metagenes (indices) with the genes to list under each."""
        metagenes = self.session.generator.metagenes  # type: ignore[union-attr]
        names = [name.lower() for name in metagenes.names]
        if wanted in names:
            index = names.index(wanted)
            return {index: metagenes.members(metagenes.names[index])}
        by_name = [i for i, name in enumerate(names) if wanted in name]
        if by_name or not wanted:
            return dict.fromkeys(by_name, ())
        hits = [g for g in metagenes.gene_symbols if wanted in g.lower()]
        hits.sort(key=lambda g: (g.lower() != wanted, not g.lower().startswith(wanted)))
        found: dict[int, tuple[str, ...]] = {}
        for symbol in hits[:GENES_LISTED]:
            for place in map(int, np.flatnonzero(metagenes.loading(symbol))):
                found[place] = (*found.get(place, ()), symbol)
        return found

    def _edited(
        self, found: dict[int, tuple[str, ...]], vector: FloatArray
    ) -> dict[int, tuple[str, ...]]:
        generator, intent = self.session.generator, self.session.state.intent
        if generator is None:
            return {}
        moved = np.abs(vector - start_vector(intent, generator)) > STILL
        genes = {name for name, _ in intent.gene_edits}
        names, members = generator.metagenes.names, generator.metagenes.members
        listed = {i: tuple(g for g in members(names[i]) if g in genes) for i in found}
        return {i: under for i, under in listed.items() if moved[i] or under}

    def _metagene(self, index: int, z: float, start: float) -> MetageneRow:
        session = self.session
        generator = session.generator
        name = generator.metagenes.names[index]  # type: ignore[union-attr]
        effects = generator.effects[index]  # type: ignore[union-attr]
        count = int((generator.metagenes.weights[:, index] != 0).sum())  # type: ignore[union-attr]
        genes = f"{count} gene{'s' if count != 1 else ''}"
        tip = f"{name}: drag, or arrow keys; double click resets; search {name} for its genes"
        if effects.any():
            tip = f"{name} · {genes} · {all_effects(effects)}\n{tip}"
        return MetageneRow(
            name,
            main_effect(effects) or genes,
            z,
            start,
            session.percentile(name, z),
            session.distribution(name),
            tip,
        )

    def _gene(self, symbol: str, metagene: str) -> MetageneRow:
        z, start = self._gene_numbers(symbol)
        scores = self.session.gene_distribution(symbol)
        generator = self.session.generator
        names, loading = generator.metagenes.names, generator.metagenes.loading(symbol)  # type: ignore[union-attr]
        moves = float(loading[names.index(metagene)])
        known = "z-score" if len(scores) else "change in SD; the model holds no cohort of its genes"
        tip = (
            f"gene {symbol} ({known})\n+1 SD moves {metagene} by {moves:+.2f}; double click resets"
        )
        percentile = _percentile(scores, z)
        return MetageneRow(symbol, f"in {metagene}", z, start, percentile, scores, tip, gene=True)

    def _gene_numbers(self, symbol: str) -> tuple[float, float]:
        """Return (now, start) of a gene; both are changes where its start is not known."""
        start = self.session.gene_start(symbol)
        change = dict(self.session.state.gene_edits).get(symbol, 0.0)
        return start + change, start


def _percentile(scores: FloatArray, z: float) -> float:
    if not len(scores):
        return math.nan
    return float(100 * ((scores < z).mean() + 0.5 * (scores == z).mean()))
