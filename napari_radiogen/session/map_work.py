"""The gene map's work in jobs: computing a map, placing new codes, reading a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.neighbours import known_among
from napari_radiogen.analysis.umap_process import UmapProcess
from napari_radiogen.errors import Cancelled, ModelError, RadiogenError
from napari_radiogen.io.map_cache import keep_map, map_key, read_map
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.map_spaces import MapSpace
from napari_radiogen.session.patients import OwnPatients
from napari_radiogen.session.ports import FloatArray

if TYPE_CHECKING:
    from napari_radiogen.analysis.placing import Placing
    from napari_radiogen.io.cohort_store import CohortStore

#: Fewer subjects make no map.
FEWEST_SUBJECTS = 4
NEEDS_UMAP = "UMAP needs umap-learn; install napari-radiogen[gui], or look at t-SNE"
Asked = tuple[MapSpace, str, FloatArray]


def compute_map(
    space: str, projection: str, codes: npt.NDArray[Any], ctx: JobContext, umap: UmapProcess
) -> FloatArray:
    """Project codes (N, D) to the plane (N, 2), or read the map from the cache.

    Raises
    ------
    ModelError
        When there are too few subjects, or a package is missing.
    Cancelled
        When a newer map was asked for.
    """
    from napari_radiogen.analysis.projection import pca, tsne

    key, what = map_key(codes, projection), f"{projection} of {space}"
    kept = read_map(key, len(codes))
    if kept is not None:
        return kept
    if len(codes) < FEWEST_SUBJECTS:
        raise ModelError(f"a map needs {FEWEST_SUBJECTS} subjects, there are {len(codes)}")

    def step(share: float) -> None:
        if ctx.cancelled():
            raise Cancelled
        ctx.progress(share, what)

    step(0.0)
    if projection == "t-SNE":
        places = tsne(codes, step=step)
    elif projection == "UMAP":
        try:
            made = umap.project(codes, ctx.cancelled)
        except ModuleNotFoundError:
            raise ModelError(NEEDS_UMAP) from None
        except RuntimeError as ended:
            raise ModelError(str(ended)) from None
        if made is None:
            raise Cancelled
        places = made
    else:
        places = pca(codes)
    keep_map(key, places)
    return places


class Placers:
    """The ``transform`` of each map, prepared when first asked for."""

    def __init__(self, umap: UmapProcess) -> None:
        self._umap = umap
        self._ready: dict[tuple[str, str], tuple[npt.NDArray[Any], Placing]] = {}

    def place(
        self, asked: Sequence[Asked], cancelled: Callable[[], bool]
    ) -> list[tuple[tuple[str, str], npt.NDArray[np.float64], FloatArray | None]]:
        """Place one vector, and the strangers of the table, on each map asked for.

        Returns
        -------
        list
            Of ((space, projection), place (2,) of the vector, places (N, 2)
            of all subjects, or None where nobody moved).

        Raises
        ------
        Cancelled
            When newer places were asked for.
        """
        found = []
        for space, projection, vector in asked:
            if cancelled():
                raise Cancelled
            strangers = space.strangers()
            vectors = np.vstack([vector[None], space.table.codes[strangers]])
            places = self._places(space, projection, vectors)
            everyone = None
            if strangers:
                everyone = space.table.coordinates[projection].copy()
                everyone[strangers] = places[1:]
            found.append(((space.name, projection), places[0], everyone))
        return found

    def _places(
        self, space: MapSpace, projection: str, vectors: npt.NDArray[Any]
    ) -> npt.NDArray[np.float64]:
        """Transform vectors; a known one keeps its own place."""
        quick = space.quick_place(vectors, projection)
        new = np.flatnonzero(~known_among(space.known.codes, vectors))
        if len(new):
            quick[new] = self._transform(space, projection)(vectors[new])
        return quick

    def _transform(self, space: MapSpace, projection: str) -> Placing:
        from napari_radiogen.analysis.placing import transformer

        key, places = (space.name, projection), space.known.coordinates[projection]
        ready = self._ready.get(key)
        if ready is None or ready[0] is not places:
            codes = space.known.codes
            made = self._by_umap(codes, places) if projection == "UMAP" else None
            ready = places, made or transformer(projection, codes, places)
            self._ready[key] = ready
        return ready[1]

    def _by_umap(self, codes: npt.NDArray[Any], places: npt.NDArray[Any]) -> Placing:
        def place(new: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
            try:
                return np.asarray(self._umap.place(codes, places, new), dtype=np.float64)
            except ModuleNotFoundError:
                raise ModelError(NEEDS_UMAP) from None
            except RuntimeError as ended:
                raise ModelError(str(ended)) from None

        return place


class CohortPictures:
    """Central slices of subjects whose cohort folder a person opened."""

    def __init__(self) -> None:
        self._stores: dict[Path, CohortStore] = {}

    def picture(self, own: Sequence[OwnPatients], subject_id: str) -> FloatArray | None:
        """Return a subject's slice (H, W), HU, of the cohort opened last; None without one."""
        from napari_radiogen.io.cohort_store import open_cohort

        for source in reversed(own):
            if not source.kind or subject_id not in {s.subject_id for s in source.subjects}:
                continue
            try:
                if source.path not in self._stores:
                    self._stores[source.path] = open_cohort(source.path, verify=False)
                return self._stores[source.path].central_slice(subject_id)
            except RadiogenError:
                return None
        return None
