"""The published systems, built untrained for a cohort, with what was fitted for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from pydantic import ValidationError

from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.gene_scale import GeneScale, fit_gene_scale, fit_single_genes
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.trainers.autoencoder import AutoencoderSystem, AutoencoderTraining
from napari_radiogen.trainers.cgan import CGANSystem, CGANTraining
from napari_radiogen.trainers.gene_gan import GeneGANSystem, MCGANPaperTraining
from napari_radiogen.trainers.inpainting import InpaintingSystem, InpaintingTraining
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.perceptual import feature_network
from napari_radiogen.trainers.region_data import region_set
from napari_radiogen.trainers.slices import slice_set
from napari_radiogen.trainers.system_package import require_size, training_rows

if TYPE_CHECKING:
    from lightning.fabric import Fabric

GeneConfig = TypeVar("GeneConfig", bound=AutoencoderTraining | MCGANPaperTraining)


def for_genes(config: GeneConfig, store: CohortStore) -> GeneConfig:
    """Let a config's network read as many genes as the cohort has.

    Raises
    ------
    InputError
        When its code cannot hold them.
    """
    values = {**config.network.model_dump(), "genes": len(store.expression.gene_symbols)}
    try:
        network = type(config.network).model_validate(values)
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]), subject=config.name) from error
    return cast(GeneConfig, config.model_copy(update={"network": network}))


def build_autoencoder(
    store: CohortStore, config: AutoencoderTraining, fabric: Fabric
) -> tuple[AutoencoderSystem, GeneScale, str]:
    """Build H; return it with the scale of its genes and the label of its feature loss.

    Raises
    ------
    RadiogenError
        When config and cohort do not fit together.
    """
    require_size(config.network.size_px, store)
    config = for_genes(config, store)
    features, label = feature_network(config.feature_vgg, config.feature_unet, store)
    values, symbols = store.expression.values, store.expression.gene_symbols
    scale = fit_gene_scale(values[training_rows(store)], symbols, store.expression.scale)
    unit = scale.transform(values)
    train, validation = (region_set(store, s, unit, config.permute) for s in _LEARNED_FROM)
    return AutoencoderSystem(train, validation, features, config, fabric), scale, label


def build_cgan(
    store: CohortStore, config: CGANTraining, fabric: Fabric
) -> tuple[CGANSystem, Metagenes]:
    """Build the CGAN; return it with its metagenes.

    Raises
    ------
    RadiogenError
        When config and cohort do not fit together.
    """
    require_size(config.network.size_px, store)
    metagenes = fit_cohort_metagenes(store, config.network.metagenes)
    scores = metagenes.transform(store.expression.values)
    train, validation = (slice_set(store, s, scores, config.permute) for s in _LEARNED_FROM)
    return CGANSystem(train, validation, config, fabric), metagenes


def build_gene_gan(
    store: CohortStore, config: MCGANPaperTraining, fabric: Fabric
) -> tuple[GeneGANSystem, Metagenes]:
    """Build paper mode or the MC-GAN; return it with the z-scores of its genes.

    Raises
    ------
    RadiogenError
        When config and cohort do not fit together.
    """
    require_size(config.network.size_px, store)
    config = for_genes(config, store)
    values, symbols = store.expression.values, store.expression.gene_symbols
    genes = fit_single_genes(values[training_rows(store)], symbols, store.expression.scale)
    return GeneGANSystem(store, genes.transform(values), config, fabric), genes


def build_inpainting(
    store: CohortStore, config: InpaintingTraining, fabric: Fabric
) -> InpaintingSystem:
    """Build the in-painting GAN, which reads no genes.

    Raises
    ------
    RadiogenError
        When config and cohort do not fit together.
    """
    require_size(config.network.size_px, store)
    none = np.zeros((len(store.subjects), 1), dtype=np.float32)
    train, validation = (slice_set(store, s, none) for s in _LEARNED_FROM)
    return InpaintingSystem(train, validation, config, fabric)


#: Splits that a run may read.
_LEARNED_FROM = ("train", "validation")
