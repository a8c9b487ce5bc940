"""Maps of a model's subjects: raw genes and a baseline's codes beside the learned ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import numpy.typing as npt
from torch import nn

from napari_radiogen.analysis.projection import pca, tsne, umap
from napari_radiogen.domain import BaselineEncoder, GeneCodeTable, GeneMaps, Metagenes
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.inference.gene_painter import GenePainter
from napari_radiogen.inference.generator import Generator
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.baselines import BaselineGenerator

FloatArray = npt.NDArray[np.float32]
#: Told the share that is done and what is next.
Progress = Callable[[float, str], None]
PROJECTIONS = {"t-SNE": tsne, "UMAP": umap, "PCA": pca}


def make_gene_maps(
    generator: Generator,
    store: CohortStore,
    baseline: GenePainter | None = None,
    progress: Progress | None = None,
) -> GeneMaps:
    """Project raw genes and baseline codes of a generator's subjects to the plane.

    The same subjects, seed and perplexity as for the learned codes (METHODS 2).

    Raises
    ------
    InputError
        When the cohort is not the generator's.
    ModelError
        When the baseline has no gene code, or other genes.
    """
    genes = subject_genes(generator, store)
    tell = progress or (lambda share, words: None)
    count = len(PROJECTIONS) * (1 if baseline is None else 2)
    raw = _projected(genes, "raw genes", lambda i, words: tell(i / count, words))
    ids = generator.subject_ids
    table = GeneCodeTable(ids, genes, raw)
    if baseline is None:
        return GeneMaps(generator.digest, table)
    encoder = baseline_encoder(baseline, generator.metagenes)
    codes = encoder.encode(genes)
    made = _projected(codes, "baseline code", lambda i, words: tell(0.5 + i / count, words))
    return GeneMaps(generator.digest, table, encoder, GeneCodeTable(ids, codes, made))


def subject_genes(generator: Generator, store: CohortStore) -> FloatArray:
    """Return the z-scores (N, G) of a generator's subjects, checked to be its own.

    Raises
    ------
    InputError
        When the cohort lacks a subject or gene, or its values make other metagenes.
    """
    known, metagenes = store.expression, generator.metagenes
    column = {g: i for i, g in enumerate(known.gene_symbols)}
    lacking = [g for g in metagenes.gene_symbols if g not in column]
    if lacking:
        raise InputError(
            f"lacks {len(lacking)} genes of {generator.name} ({lacking[0]})", store.path
        )
    values = known.rows(generator.subject_ids)[:, [column[g] for g in metagenes.gene_symbols]]
    if not np.allclose(metagenes.transform(values), generator.subject_metagenes, atol=1e-3):
        raise InputError(
            f"its genes are not those that {generator.name} was trained on", store.path
        )
    return np.asarray((values - metagenes.gene_mean) / metagenes.gene_sd, dtype=np.float32)


def baseline_encoder(baseline: GenePainter, metagenes: Metagenes) -> BaselineEncoder:
    """Return the gene code of an MC-GAN as a layer on a generator's gene z-scores.

    Raises
    ------
    ModelError
        When it is no MC-GAN, or reads other genes.
    """
    network = baseline.network
    if not isinstance(network, BaselineGenerator):
        raise ModelError(f"is a {baseline.system}, not an mcgan-baseline", baseline.name)
    own = baseline.metagenes
    column = {g: i for i, g in enumerate(own.gene_symbols)}
    if set(column) != set(metagenes.gene_symbols):
        raise ModelError("reads other genes than the generator", baseline.name)
    order = [column[g] for g in metagenes.gene_symbols]
    layer = cast(nn.Linear, network.conditioning.layers[0])
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    # The first half of the values and of the gates make the mean, the rest its variance.
    quarter = len(bias) // 4
    rows = np.r_[0:quarter, 2 * quarter : 3 * quarter]
    weight, bias = weight[rows][:, order].astype(np.float64), bias[rows].astype(np.float64)
    # Both scale genes by training patients, but perhaps not by the same.
    scale = metagenes.gene_sd / own.gene_sd[order]
    shift = (metagenes.gene_mean - own.gene_mean[order]) / own.gene_sd[order]
    return BaselineEncoder(
        baseline.name,
        baseline.digest,
        np.asarray(weight * scale, dtype=np.float32),
        np.asarray(bias + weight @ shift, dtype=np.float32),
    )


def _projected(codes: FloatArray, what: str, tell: Progress) -> dict[str, FloatArray]:
    maps = {}
    for number, (name, project) in enumerate(PROJECTIONS.items()):
        tell(number, f"{name} of {what}")
        maps[name] = project(codes)
    return maps
