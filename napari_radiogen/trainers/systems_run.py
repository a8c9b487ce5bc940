"""From a cohort folder to a run folder, for each published system.

A run reads as four paragraphs: data, system, training, model. Only the
first process writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from napari_radiogen.io.cohort_store import CohortStore, open_cohort
from napari_radiogen.models.baselines import Inpainter
from napari_radiogen.models.cgan import CGANGenerator
from napari_radiogen.models.gene_autoencoder import GeneAutoencoder
from napari_radiogen.trainers import loop
from napari_radiogen.trainers.autoencoder import AutoencoderTraining
from napari_radiogen.trainers.cgan import CGANTraining
from napari_radiogen.trainers.devices import make_fabric
from napari_radiogen.trainers.gene_gan import MCGANPaperTraining, build_generator
from napari_radiogen.trainers.inpainting import InpaintingTraining
from napari_radiogen.trainers.published import (
    build_autoencoder,
    build_cgan,
    build_gene_gan,
    build_inpainting,
    for_genes,
)
from napari_radiogen.trainers.run import Progress, RunFolder, RunOptions
from napari_radiogen.trainers.system import System, Trained
from napari_radiogen.trainers.system_package import (
    card,
    describe,
    gene_tensors,
    package,
    require_size,
)

if TYPE_CHECKING:
    from lightning.fabric import Fabric

Published = AutoencoderTraining | CGANTraining | MCGANPaperTraining | InpaintingTraining
_METAGENES = ("gene_mean", "gene_sd", "weights", "mean", "sd")


@dataclass(frozen=True, eq=False)
class Product:
    """What a system becomes when its weights are known.

    Parameters
    ----------
    network
        Makes the network that reads the weights.
    what, lines
        Of the card: the system and its source, and what else must be known.
    about, tensors
        What the model file says and holds beside the network.
    """

    network: Callable[[], nn.Module]
    what: str
    lines: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)


def run_published(
    cohort: Path,
    config: Published,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train the published system that a config is of, and save it.

    Raises
    ------
    RadiogenError
        When cohort, config and run folder do not fit together.
    Cancelled
        When the person asked to stop.
    """
    # Data
    store = open_cohort(cohort)
    if isinstance(config, AutoencoderTraining | MCGANPaperTraining):
        config = for_genes(config, store)
    require_size(config.network.size_px, store)
    options = options or RunOptions()
    run = RunFolder(out, options.resume)
    run.begin(config.systems[0], config, store)
    # System
    fabric = make_fabric(config)
    system, product = _build(store, config, fabric)
    # Training
    trained = loop.train(
        system, config, fabric, run=run, options=options, progress=progress, cancelled=cancelled
    )
    # Model
    if fabric.is_global_zero:
        network = product.network()
        network.load_state_dict(trained.weights)
        about = describe(config.systems[0], store, config, trained, network) | product.about
        written = card(about, product.what, store, product.lines)
        run.write_model(package(network, product.tensors, about), written)
    return trained


def _build(store: CohortStore, config: Published, fabric: Fabric) -> tuple[System, Product]:
    match config:
        case AutoencoderTraining():
            return _autoencoder(store, config, fabric)
        case CGANTraining():
            return _cgan(store, config, fabric)
        case MCGANPaperTraining():
            return _gene_gan(store, config, fabric)
    product = Product(
        partial(Inpainter, config.network),
        "in-painting GAN (Jin 2018), in two dimensions",
        ("**Limits**: it reads no genes; a nodule's place is the middle of the patch.",),
    )
    return build_inpainting(store, config, fabric), product


def _autoencoder(
    store: CohortStore, config: AutoencoderTraining, fabric: Fabric
) -> tuple[System, Product]:
    system, scale, label = build_autoencoder(store, config, fabric)
    lines = (
        f"**Feature loss**: {label}.",
        "**Genes**: scaled to [0, 1] on training patients. Their error says little by "
        "itself: the mean of the training patients stands beside it.",
    )
    return system, Product(
        partial(GeneAutoencoder, config.network),
        f"gene-mapping autoencoder H (Li 2018), {config.mode} mode",
        lines,
        {"genes": _genes(store), "feature_loss": label},
        gene_tensors({"low": scale.low, "span": scale.span}),
    )


def _cgan(store: CohortStore, config: CGANTraining, fabric: Fabric) -> tuple[System, Product]:
    system, metagenes = build_cgan(store, config, fabric)
    tensors = {f"metagenes.{f}": torch.from_numpy(getattr(metagenes, f)) for f in _METAGENES}
    scores = metagenes.transform(store.expression.values)
    facts = {
        "names": list(metagenes.names),
        "gene_symbols": list(metagenes.gene_symbols),
        "scale": metagenes.scale,
    }
    return system, Product(
        partial(CGANGenerator, config.network),
        f"conditional GAN on metagenes (Li 2018), {config.mode} mode",
        ("**Limits**: it paints region and surroundings together and no mask.",),
        {"metagenes": facts},
        tensors | {"subjects.metagenes": torch.from_numpy(scores)},
    )


def _gene_gan(
    store: CohortStore, config: MCGANPaperTraining, fabric: Fabric
) -> tuple[System, Product]:
    system, genes = build_gene_gan(store, config, fabric)
    what = {
        "mcgan-paper": "multi-conditional GAN as published (Xu 2019)",
        "mcgan-baseline": "MC-GAN (Park 2018), genes in place of words",
    }[config.systems[0]]
    lines = (
        f"**False tuples**: another patient's {config.mismatch}.",
        "**Use**: for comparison. It knows no offset from a nodule's centre, and its raw "
        "output changes the background too.",
    )
    return system, Product(
        partial(build_generator, config.network),
        what,
        lines,
        {"genes": _genes(store)},
        gene_tensors({"mean": genes.gene_mean, "sd": genes.gene_sd}),
    )


def _genes(store: CohortStore) -> dict[str, Any]:
    table = store.expression
    return {"symbols": list(table.gene_symbols), "scale": table.scale}
