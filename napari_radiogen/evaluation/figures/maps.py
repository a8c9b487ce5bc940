"""Figure 4 of Xu 2019: genes and codes on the plane, coloured by the proposed code's clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.figure import Figure

from napari_radiogen.analysis.projection import tsne
from napari_radiogen.analysis.separability import group_codes
from napari_radiogen.evaluation.figures.bench import Bench
from napari_radiogen.evaluation.figures.page import TEXT, Page, blank, caption, panel
from napari_radiogen.evaluation.figures.sheets import SHOWN, required
from napari_radiogen.evaluation.figures.tiles import Tile, TileRow, TileSheet
from napari_radiogen.evaluation.figures.xu import PROPOSED
from napari_radiogen.evaluation.plan import subject_expression
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.inference.painting import Painter

IndexArray = npt.NDArray[np.int64]
#: Groups of sample images as published, and rows and columns of images in each.
CLUSTERS, SAMPLES = 3, (2, 3)
#: Told apart by people with any colour vision (Okabe and Ito), and by shape.
COLOURS, MARKERS = ("#0072b2", "#e69f00", "#009e73"), ("o", "^", "s")
#: Inches of a map, between maps, of a tile, and of the words above either.
MAP, BETWEEN, TILE, WORDS = 2.3, 0.25, 0.74, 0.28


@dataclass(frozen=True, eq=False)
class GeneSpaces:
    """The same test subjects in three spaces.

    Parameters
    ----------
    vectors
        Name to (N, D).
    labels
        (N,) cluster of each subject in the proposed code, the largest first.
    samples
        Of each cluster the subjects nearest to its centre.
    silhouettes
        Mean silhouette of the groups that k-means finds in each space itself.
    """

    vectors: dict[str, npt.NDArray[np.float32]]
    labels: IndexArray
    samples: tuple[IndexArray, ...]
    silhouettes: tuple[float, ...]


def gene_maps(models: GivenModels, bench: Bench, system: str, seed: int = 0) -> Page:
    """Draw figure 4: raw genes, the baseline's code and the proposed code of test subjects.

    Parameters
    ----------
    system
        Which of ``PROPOSED``.

    Raises
    ------
    ModelError
        Without a baseline or a generator of that system.
    """
    baseline = required(models.painters_of("mcgan-baseline"), "mcgan-baseline")
    painter = required(models.painters_of(system), system)
    spaces = gene_spaces(baseline, painter, bench, seed)
    text = (
        f"t-SNE of {len(spaces.labels)} test subjects, the same seed and perplexity in all three "
        f"maps. Colours and shapes: {CLUSTERS} k-means clusters of the proposed code "
        f"({PROPOSED[system]}), kept in every map. Below: real central slices of the subjects "
        "nearest to each cluster's centre, ringed in the maps. Silhouette: of the groups that "
        "k-means finds in each space itself, not in its picture; 0 is no separation, the tables "
        f"hold it beside chance. {SHOWN}"
    )
    title = f"Xu 2019, figure 4, remade: genes and gene codes, {PROPOSED[system]}"
    words = caption(text, [baseline, painter], bench.cohort)
    groups = [_group(bench, rows, k) for k, rows in enumerate(spaces.samples)]
    width = CLUSTERS * MAP + (CLUSTERS - 1) * BETWEEN
    height = MAP + 3 * WORDS + groups[0].size_in[1]
    figure, (left, bottom) = blank(title, words, width, height)
    with rc_context(TEXT):
        for k, (name, vectors) in enumerate(spaces.vectors.items()):
            x, y = left + k * (MAP + BETWEEN), bottom + height - WORDS - MAP
            axes = panel(figure, x, y, MAP, MAP)
            _draw_map(axes, name, tsne(vectors, seed=seed), spaces)
            axes.set_xlabel(f"silhouette {spaces.silhouettes[k]:.2f}", fontsize=7.5, labelpad=3)
            groups[k].draw(figure, x, bottom)
            _say(figure, x, bottom + groups[k].size_in[1] + 0.06, about(bench, spaces.labels, k), k)
    chosen = tuple(int(i) for rows in spaces.samples for i in rows)
    return Page(f"xu-2019-figure-4-{system}", title, words, figure, bench.ids(chosen))


def gene_spaces(baseline: Painter, painter: Painter, bench: Bench, seed: int) -> GeneSpaces:
    """Return raw genes and both codes of all test subjects, and the proposed code's clusters."""
    rows = list(range(len(bench.plan.subjects)))
    table = bench.cohort.expression
    raw = subject_expression(bench.cohort, table.gene_symbols, table.scale, bench.plan.subjects)
    theirs, code = (m.encode(bench.scores(m.metagenes, rows)) for m in (baseline, painter))
    groups = [group_codes(v, CLUSTERS, seed=seed) for v in (raw, theirs, code)]
    labels = groups[-1].labels
    centres = np.stack([code[labels == k].mean(axis=0) for k in range(CLUSTERS)])
    distance = np.linalg.norm(code - centres[labels], axis=1)
    nearest = np.argsort(distance, kind="stable")
    most = SAMPLES[0] * SAMPLES[1]
    return GeneSpaces(
        {
            f"Raw genes, {raw.shape[1]} dimensions": raw,
            f"Code of the baseline, {theirs.shape[1]} dimensions": theirs,
            f"Code of the proposed, {code.shape[1]} dimensions": code,
        },
        labels,
        tuple(nearest[labels[nearest] == k][:most] for k in range(CLUSTERS)),
        tuple(float(g.silhouette.mean()) for g in groups),
    )


def about(bench: Bench, labels: IndexArray, cluster: int) -> str:
    """Say how many subjects a cluster has, and what their real nodules are like."""
    rows = np.flatnonzero(labels == cluster)
    mm = float(np.median(2 * np.sqrt(bench.areas_mm2[rows] / np.pi)))
    hu = float(np.median(np.asarray(bench.plan.truth["mean_hu"])[rows]))
    return f"{len(rows)} subjects, median {mm:.0f} mm, {hu:.0f} HU"


def _group(bench: Bench, rows: IndexArray, cluster: int) -> TileSheet:
    chosen = [int(i) for i in rows]
    images, names = bench.real(chosen), bench.ids(chosen)
    tiles = [
        Tile(image, name, frame=COLOURS[cluster]) for image, name in zip(images, names, strict=True)
    ]
    across = SAMPLES[1]
    lines = [TileRow("", tuple(tiles[i : i + across])) for i in range(0, len(tiles), across)]
    return TileSheet(tuple(lines), (), bench.cohort.pixel_mm, tile_in=TILE)


def _draw_map(axes: Any, name: str, places: npt.NDArray[np.float32], spaces: GeneSpaces) -> None:
    for k, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        own = places[spaces.labels == k]
        axes.scatter(*own.T, s=14, color=colour, marker=marker, lw=0, alpha=0.85)
        shown = places[spaces.samples[k]]
        axes.scatter(*shown.T, s=26, facecolor="none", edgecolor="black", marker=marker, lw=0.8)
    axes.set_title(name, fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.06)


def _say(figure: Figure, left: float, bottom: float, text: str, cluster: int) -> None:
    whole, total = figure.get_size_inches()
    figure.text(left / whole, bottom / total, text, fontsize=7.5, color=COLOURS[cluster],
                fontweight="bold")  # fmt: skip
