"""What the gene map asks of a session: maps, exact places, clusters, thumbnails."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_radiogen.analysis.umap_process import UmapProcess
from napari_radiogen.errors import Cancelled, ModelError
from napari_radiogen.session.jobs import JobContext, JobRunner
from napari_radiogen.session.map_spaces import MapSpace, MapSpaces
from napari_radiogen.session.map_work import CohortPictures, Placers, compute_map
from napari_radiogen.session.ports import Engines, FloatArray
from napari_radiogen.session.reactions import Reactions
from napari_radiogen.session.resolve import start_of

if TYPE_CHECKING:
    from napari_radiogen.analysis.clusters import Clusters

#: Thumbnails that are remembered; each is 16 kB.
THUMBNAILS_KEPT = 512
#: A map: the name of its space, and the projection.
MapKey = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture of a subject.

    Parameters
    ----------
    pixels_hu
        (H, W).
    synthetic
        False for the cohort's own central slice.
    """

    pixels_hu: FloatArray
    synthetic: bool


class MapActions(Reactions):
    """The gene map's half of `Session`.

    Signals
    -------
    maps_changed(): a map was computed here, or own patients were placed.
    marker_placed(): exact places of the current genes are known.
    clusters_changed(): the clusters of a space are known.
    thumbnail_ready(subject_id, Thumbnail).

    Job kinds: map, places, clusters, thumbnail.
    """

    maps_changed = Signal()
    marker_placed = Signal()
    clusters_changed = Signal()
    thumbnail_ready = Signal(str, object)

    def __init__(self, runner: JobRunner, engines: Engines, seed: int | None = None) -> None:
        super().__init__(runner, engines)
        self.clusters: dict[str, Clusters] = {}
        self._exact: dict[MapKey, npt.NDArray[np.float64]] = {}
        self._umap = UmapProcess()
        self._placers = Placers(self._umap)
        self._pictures = CohortPictures()
        self._thumbnails: OrderedDict[tuple[str, str], Thumbnail] = OrderedDict()
        self.vector_changed.connect(self._forget_places)
        self.models_changed.connect(self._forget_maps)
        self.patients_changed.connect(self._forget_clusters)

    @property
    def spaces(self) -> dict[str, MapSpace]:
        """The spaces of the map by name, in the order of its buttons."""
        made = self.models.spaces
        return {} if made is None else made.spaces

    def gene_start(self, symbol: str) -> float:
        """Return the z-score of a gene before any edit; 0 where the model holds no genes."""
        genes, generator = self._genes(), self.generator
        if genes is None or generator is None:
            return 0.0
        column = generator.metagenes.gene_symbols.index(symbol)
        return float(start_of(self.state.intent, generator, genes[:, column : column + 1])[0])

    def gene_distribution(self, symbol: str) -> FloatArray:
        """Return the training z-scores (N,) of a gene; empty where the model holds no genes."""
        genes, generator, reference = self._genes(), self.generator, self.models.reference
        if genes is None or generator is None or reference is None:
            return np.zeros(0, np.float32)
        known = set(reference.training_ids)
        rows = [i for i, s in enumerate(generator.subject_ids) if s in known]
        return genes[rows, generator.metagenes.gene_symbols.index(symbol)]

    # --- places ----------------------------------------------------------------

    def marker(self, space: str, projection: str) -> npt.NDArray[np.float64] | None:
        """Return the place (2,) of the current genes on a map.

        By their neighbours, until `place_exactly` has done its work; None
        where there is no such map.
        """
        shown, vector = self.spaces.get(space), self._vector(space)
        if shown is None or vector is None or projection not in shown.known.coordinates:
            return None
        exact = self._exact.get((space, projection))
        return shown.quick_place(vector[None], projection)[0] if exact is None else exact

    def place_exactly(self, maps: Iterable[MapKey]) -> None:
        """Place the current genes, and own patients, by each map's own ``transform``."""
        before, asked = self.models, []
        for space, projection in maps:
            shown, vector = self.spaces.get(space), self._vector(space)
            if shown is None or vector is None or projection not in shown.known.coordinates:
                continue
            asked.append((shown, projection, vector))
        vector_then = self.vector

        def work(ctx: JobContext) -> list[tuple[MapKey, Any, Any]]:
            return self._placers.place(asked, ctx.cancelled)

        def done(found: list[tuple[MapKey, Any, Any]]) -> None:
            if self.models is not before:
                return
            spaces = before.spaces
            for (space, projection), here, own in found:
                if vector_then is self.vector:
                    self._exact[space, projection] = here
                if own is not None and spaces is not None:
                    spaces = spaces.replaced(spaces.spaces[space].moved(projection, own))
            if spaces is not before.spaces:
                self._adopt_spaces(spaces)
            self.marker_placed.emit()

        if asked:
            self.work.start("places", work, done)

    def make_map(self, space: str, projection: str) -> None:
        """Compute a map that did not come with the model; it is kept for the next time."""
        wanted, before = self.spaces.get(space), self.models
        if wanted is None or projection in wanted.known.coordinates:
            return
        codes, umap = wanted.known.codes, self._umap

        def done(places: FloatArray) -> None:
            shown = self.spaces.get(space)
            if self.models.generator is None or shown is None or self.models.spaces is None:
                return
            if shown.known.codes is codes:
                self._adopt_spaces(self.models.spaces.replaced(shown.with_map(projection, places)))

        if before.generator is not None:
            self.work.start(
                "map", lambda ctx: compute_map(space, projection, codes, ctx, umap), done
            )

    # --- clusters and pictures -------------------------------------------------

    def find_clusters(self, space: str) -> None:
        """Part the vectors of a space into clusters, fitted on training subjects."""
        shown, generator, before = self.spaces.get(space), self.generator, self.models
        if shown is None or generator is None or space in self.clusters:
            return
        split = {s.subject_id: s.split for s in generator.subjects}
        fitted = np.array([split[s] == "train" for s in shown.table.subject_ids])
        codes = shown.table.codes

        def work(ctx: JobContext) -> Clusters:
            from napari_radiogen.analysis.clusters import find_clusters

            if fitted.sum() < 4:
                raise ModelError("has too few training subjects for clusters", generator.name)
            return find_clusters(codes, fitted)

        def done(found: Clusters) -> None:
            if self.models.generator is before.generator:
                self.clusters[space] = found
                self.clusters_changed.emit()

        self.work.start("clusters", work, done)

    def ask_thumbnail(self, subject_id: str) -> None:
        """Show a subject through `thumbnail_ready`: their image, or a synthetic one."""
        generator, engines, own = self.generator, self.engines, self.models.own
        pictures = self._pictures
        if generator is None or subject_id not in generator.subject_ids:
            return
        key = generator.digest, subject_id
        if key in self._thumbnails:
            self._thumbnails.move_to_end(key)
            self.thumbnail_ready.emit(subject_id, self._thumbnails[key])
            return
        row = generator.subject_ids.index(subject_id)
        scores = generator.subject_metagenes[row]

        def work(ctx: JobContext) -> Thumbnail:
            picture = pictures.picture(own, subject_id)
            if picture is not None:
                return Thumbnail(picture, synthetic=False)
            if ctx.cancelled():
                raise Cancelled
            return Thumbnail(engines.thumbnail(generator, scores), synthetic=True)

        def done(made: Thumbnail) -> None:
            self._thumbnails[key] = made
            while len(self._thumbnails) > THUMBNAILS_KEPT:
                self._thumbnails.popitem(last=False)
            self.thumbnail_ready.emit(subject_id, made)

        self.work.start("thumbnail", work, done)

    def close(self) -> None:
        """Stop all work; call when the window closes."""
        self.work.runner.close()
        self._umap.close()

    # --- inner -----------------------------------------------------------------

    def _genes(self) -> FloatArray | None:
        spaces = self.models.spaces
        return None if spaces is None or spaces.genes is None else spaces.genes.codes

    def _vector(self, space: str) -> FloatArray | None:
        spaces, generator, code = self.models.spaces, self.generator, self.code
        if spaces is None or generator is None or code is None:
            return None
        return spaces.vector(space, self.state.intent, generator, code.vector)

    def _adopt_spaces(self, spaces: MapSpaces | None) -> None:
        self.models = replace(self.models, spaces=spaces)
        self.maps_changed.emit()

    def _forget_places(self, *_: object) -> None:
        self._exact.clear()

    def _forget_maps(self) -> None:
        self._exact.clear()
        self._placers = Placers(self._umap)
        self._forget_clusters()

    def _forget_clusters(self, *_: object) -> None:
        self.clusters.clear()
        self._thumbnails.clear()
