"""The spaces that the gene map shows: raw genes, a baseline's code, the learned code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.neighbours import by_neighbours
from napari_radiogen.constants import MAP_NEIGHBOURS
from napari_radiogen.domain import BaselineEncoder, GeneCodeTable, GeneMaps, joined_rows
from napari_radiogen.errors import ModelError
from napari_radiogen.session.ports import FloatArray, Generator
from napari_radiogen.session.resolve import gene_shift, start_of
from napari_radiogen.session.state import Intent

RAW, METAGENES, BASELINE, LEARNED = "raw genes", "metagenes", "baseline code", "learned code"
#: In the order of the map's buttons; the one shown first at the front.
PROJECTIONS = ("t-SNE", "UMAP", "PCA")


@dataclass(frozen=True, eq=False)
class MapSpace:
    """One kind of vector of all subjects, with their places.

    Parameters
    ----------
    name
        ``raw genes``, ``metagenes`` where a model holds no genes,
        ``baseline code`` or ``learned code``.
    table
        Vectors and places of all subjects, own patients included, rows as
        ``generator.subject_ids``.
    known
        Of the model's own subjects alone: by them new vectors are placed.
    about
        Where the vectors come from, one line.
    made_here
        Projections that did not come with the model.
    """

    name: str
    table: GeneCodeTable
    known: GeneCodeTable
    about: str = ""
    made_here: frozenset[str] = frozenset()

    def quick_place(self, vectors: npt.NDArray[Any], projection: str) -> npt.NDArray[np.float64]:
        """Place vectors (M, D) by their neighbours, at once."""
        places = self.known.coordinates[projection]
        return by_neighbours(self.known.codes, places, vectors, MAP_NEIGHBOURS)

    def joined(self, ids: Sequence[str], vectors: FloatArray) -> MapSpace:
        """Return the space with vectors (M, D) of more subjects, quickly placed."""
        rows = joined_rows(self.table.subject_ids, ids)
        names = (*self.table.subject_ids, *ids)
        coordinates = {
            name: np.concatenate([xy, self.quick_place(vectors, name).astype(np.float32)])[rows]
            for name, xy in self.table.coordinates.items()
        }
        codes = np.concatenate([self.table.codes, vectors])[rows]
        return replace(self, table=GeneCodeTable(tuple(names[r] for r in rows), codes, coordinates))

    def with_map(self, projection: str, places: FloatArray) -> MapSpace:
        """Return the space with a map (N, 2) of the model's own subjects that was made here."""
        known = GeneCodeTable(
            self.known.subject_ids,
            self.known.codes,
            {**self.known.coordinates, projection: places},
        )
        made = replace(self, known=known, made_here=self.made_here | {projection})
        row = {s: i for i, s in enumerate(known.subject_ids)}
        everyone = made.quick_place(self.table.codes, projection).astype(np.float32)
        for i, subject in enumerate(self.table.subject_ids):
            if subject in row and np.array_equal(self.table.codes[i], known.codes[row[subject]]):
                everyone[i] = places[row[subject]]
        return made.moved(projection, everyone)

    def moved(self, projection: str, places: FloatArray) -> MapSpace:
        """Return the space with other places (N, 2) of all subjects on one map."""
        coordinates = {**self.table.coordinates, projection: places}
        table = GeneCodeTable(self.table.subject_ids, self.table.codes, coordinates)
        return replace(self, table=table)

    def strangers(self) -> list[int]:
        """Return the rows that a person opened: not, or not so, among the model's own."""
        row = {s: i for i, s in enumerate(self.known.subject_ids)}
        return [
            i
            for i, s in enumerate(self.table.subject_ids)
            if s not in row or not np.array_equal(self.table.codes[i], self.known.codes[row[s]])
        ]


@dataclass(frozen=True, eq=False)
class MapSpaces:
    """All spaces of a model, by name, in the order of the map's buttons."""

    spaces: dict[str, MapSpace]
    encoder: BaselineEncoder | None = None

    @property
    def genes(self) -> GeneCodeTable | None:
        """z-scores (N, G) of the subjects' genes, where the model has them."""
        raw = self.spaces.get(RAW)
        return None if raw is None else raw.table

    def replaced(self, space: MapSpace) -> MapSpaces:
        """Return the spaces with one of them changed."""
        return replace(self, spaces={**self.spaces, space.name: space})

    def joined(self, ids: Sequence[str], generator: Generator, genes: FloatArray) -> MapSpaces:
        """Return the spaces with more subjects.

        Parameters
        ----------
        generator
            They joined it before.
        genes
            (M, G) their z-scores.
        """
        row = {s: i for i, s in enumerate(generator.subject_ids)}
        rows = [row[s] for s in ids]
        vectors = {
            RAW: genes,
            METAGENES: generator.subject_metagenes[rows],
            LEARNED: generator.codes.codes[[generator.codes.subject_ids.index(s) for s in ids]],
        }
        if self.encoder is not None:
            vectors[BASELINE] = self.encoder.encode(genes)
        made = {name: space.joined(ids, vectors[name]) for name, space in self.spaces.items()}
        return replace(self, spaces=made)

    def vector(
        self, name: str, intent: Intent, generator: Generator, code: FloatArray
    ) -> FloatArray:
        """Return what an intent is in a space (D,).

        Metagene edits move all genes of the metagene alike, the smallest
        change of genes that makes them; gene edits move their gene.

        Parameters
        ----------
        code
            (D,) the learned code of the intent.
        """
        if name == LEARNED:
            return code
        moved = _moved(intent, generator)
        if name == METAGENES:
            start = start_of(intent, generator, generator.subject_metagenes)
            return start + moved + gene_shift(intent, generator.metagenes)
        genes = start_of(intent, generator, self.spaces[RAW].table.codes)
        genes = genes + generator.metagenes.genes_moved(moved)
        place = {g: i for i, g in enumerate(generator.metagenes.gene_symbols)}
        for symbol, change in intent.gene_edits:
            genes[place[symbol]] += change
        if name == RAW or self.encoder is None:
            return np.asarray(genes, dtype=np.float32)
        return np.asarray(self.encoder.encode(genes[None])[0])


def _moved(intent: Intent, generator: Generator) -> FloatArray:
    """Return (K,) what the metagene sliders alone changed."""
    start = start_of(intent, generator, generator.subject_metagenes)
    moved, names = np.zeros_like(start), generator.metagenes.names
    for name, z in intent.edits:
        moved[names.index(name)] = z - start[names.index(name)]
    return moved


def make_spaces(generator: Generator, maps: GeneMaps | None) -> MapSpaces:
    """Prepare the spaces of a model.

    Raises
    ------
    ModelError
        When the maps are of other subjects.
    """
    learned = _in_order(generator.codes, generator.subject_ids)
    spaces = {}
    if maps is None:
        scores = GeneCodeTable(generator.subject_ids, generator.subject_metagenes, {})
        about = "the model holds no single genes: these are the metagenes that it reads"
        spaces[METAGENES] = MapSpace(METAGENES, scores, scores, about)
    else:
        if set(maps.genes.subject_ids) != set(generator.subject_ids):
            raise ModelError("its maps are of other subjects", generator.name)
        genes = _in_order(maps.genes, generator.subject_ids)
        about = f"z-scores of {genes.codes.shape[1]:,} genes"
        spaces[RAW] = MapSpace(RAW, genes, genes, about)
        if maps.baseline is not None and maps.encoder is not None:
            codes = _in_order(maps.baseline, generator.subject_ids)
            about = f"gene code of {maps.encoder.name} (MC-GAN, Park 2018)"
            spaces[BASELINE] = MapSpace(BASELINE, codes, codes, about)
    spaces[LEARNED] = MapSpace(LEARNED, learned, learned, f"gene code of {generator.name}")
    return MapSpaces(spaces, None if maps is None else maps.encoder)


def _in_order(table: GeneCodeTable, ids: tuple[str, ...]) -> GeneCodeTable:
    if table.subject_ids == ids:
        return table
    row = {s: i for i, s in enumerate(table.subject_ids)}
    rows = [row[s] for s in ids]
    return GeneCodeTable(
        ids, table.codes[rows], {name: xy[rows] for name, xy in table.coordinates.items()}
    )
