"""Figure 6 of Li 2018: image features against metagenes, clustered."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import dendrogram

from napari_radiogen.analysis.cluster_map import ClusterMap, cluster_map
from napari_radiogen.evaluation.figures.bench import Bench
from napari_radiogen.evaluation.figures.page import TEXT, Page, blank, caption, panel
from napari_radiogen.evaluation.figures.sheets import required
from napari_radiogen.evaluation.tables.cluster_maps import features_and_genes
from napari_radiogen.evaluation.tables.gene_errors import RATE
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.inference.gene_mapping import GeneMapper

#: Inches of the map, its trees, its rows' words and the colour bar.
MAP, TREE, NAMES, BAR = (4.9, 5.4), 0.55, 0.55, 0.9
#: Rows and columns whose names fit.
NAMED_ROWS, NAMED_COLUMNS = 24, 25


def clustered_features(models: GivenModels, bench: Bench) -> Page:
    """Draw figure 6: which pooled features of the autoencoder go with which metagenes.

    Raises
    ------
    ModelError
        Without an autoencoder.
    CohortError
        With fewer than five test patients.
    """
    mapper = required(models.mappers, "autoencoder")
    everyone = list(range(len(bench.plan.subjects)))
    data = features_and_genes(bench.cohort, mapper)
    table = cluster_map(data.features, data.metagenes)
    return draw_cluster_map(table, feature_names(mapper), data.names, mapper, bench,
                            bench.ids(everyone))  # fmt: skip


def feature_names(mapper: GeneMapper) -> tuple[str, ...]:
    """Name the pooled features by block and channel: b1.001."""
    widths = mapper.network.config.widths[:2]
    return tuple(f"b{b}.{i + 1:03d}" for b, n in enumerate(widths, 1) for i in range(n))


def draw_cluster_map(
    table: ClusterMap,
    features: tuple[str, ...],
    metagenes: tuple[str, ...],
    mapper: GeneMapper,
    bench: Bench,
    subjects: tuple[str, ...] = (),
) -> Page:
    """Draw the map with its trees, some names and a colour bar; dots mark discoveries."""
    width, height = NAMES + TREE + MAP[0] + BAR, MAP[1] + TREE + NAMES
    title = "Li 2018, figure 6, remade: image features and metagenes"
    text = (
        f"Spearman correlation of {len(features)} pooled features of the autoencoder's first two "
        f"blocks (rows) with {len(metagenes)} metagenes fitted on training patients (columns), "
        f"means of {table.patients} patients; average linkage on 1 - |rho|. {features[0]} is the "
        f"first channel of block 1. {found(table)}"
    )
    words = caption(text, [mapper], bench.cohort)
    figure, (left, bottom) = blank(title, words, width, height)
    with rc_context(TEXT):
        x, y = left + TREE + NAMES, bottom + NAMES
        axes = panel(figure, x, y, *MAP)
        ordered = table.rho[np.ix_(table.feature_order, table.metagene_order)]
        limit = max(float(np.abs(ordered).max()), 0.1)
        shown = axes.imshow(ordered, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto",
                            interpolation="nearest")  # fmt: skip
        q = table.q[np.ix_(table.feature_order, table.metagene_order)]
        axes.scatter(*np.argwhere(q <= RATE)[:, ::-1].T, s=1.5, color="black", lw=0)
        _name_axis(axes.xaxis, [metagenes[i] for i in table.metagene_order], NAMED_COLUMNS, 90)
        _name_axis(axes.yaxis, [features[i] for i in table.feature_order], NAMED_ROWS, 0)
        axes.set_xlabel("Metagenes", fontsize=8)
        _tree(panel(figure, x, y + MAP[1] + 0.02, MAP[0], TREE), table.metagene_tree, False)
        _tree(panel(figure, left, y, TREE - 0.04, MAP[1]), table.feature_tree, True)
        bar = figure.colorbar(shown, cax=panel(figure, x + MAP[0] + 0.15, y, 0.14, 1.6))
        bar.set_label("Spearman rho", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    return Page("li-2018-figure-6", title, words, figure, subjects)


def found(table: ClusterMap) -> str:
    """Tell how many cells pass the false-discovery rate."""
    count = table.discoveries(RATE)
    if not count:
        return f"No cell passes a false-discovery rate of {RATE:.0%} (Benjamini-Hochberg)."
    return (
        f"Dots: {count} of {table.rho.size} cells at a false-discovery rate of {RATE:.0%} "
        "(Benjamini-Hochberg)."
    )


def _name_axis(axis: Any, names: list[str], most: int, rotation: int) -> None:
    step = -(-len(names) // most)
    axis.set_ticks(range(0, len(names), step), names[::step], fontsize=6, rotation=rotation)
    axis.set_tick_params(length=2, pad=1.5)


def _tree(axes: Any, linkage: Any, sideways: bool) -> None:
    drawn = dendrogram(linkage, no_plot=True)
    # SciPy puts leaf i at 10 i + 5; the map's cell i is centred on i.
    places, heights = (np.array(drawn[k], dtype=float) for k in ("icoord", "dcoord"))
    places = (places - 5) / 10
    pairs = (heights, places) if sideways else (places, heights)
    axes.add_collection(LineCollection(list(np.stack(pairs, axis=-1)), colors="#475569", lw=0.5))
    leaves, top = len(drawn["leaves"]), float(heights.max()) * 1.02 or 1.0
    if sideways:
        axes.set_xlim(top, 0)
        axes.set_ylim(leaves - 0.5, -0.5)
    else:
        axes.set_xlim(-0.5, leaves - 0.5)
        axes.set_ylim(0, top)
    axes.set_axis_off()
