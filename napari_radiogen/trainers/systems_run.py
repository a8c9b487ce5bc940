"""From a cohort folder to a run folder, for each published system.

Each run reads as four paragraphs: data, system, training, model. Only the
first process writes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

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
from napari_radiogen.trainers.system import Trained
from napari_radiogen.trainers.system_package import (
    card,
    describe,
    gene_tensors,
    package,
    require_size,
)

_Published = AutoencoderTraining | CGANTraining | MCGANPaperTraining | InpaintingTraining
_METAGENES = ("gene_mean", "gene_sd", "weights", "mean", "sd")


def run_autoencoder(
    cohort: Path,
    config: AutoencoderTraining,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train the gene-mapping autoencoder H (Li 2018) and save it.

    Raises
    ------
    RadiogenError
        When cohort, config and run folder do not fit together.
    Cancelled
        When the person asked to stop.
    """
    # Data
    store = open_cohort(cohort)
    config = for_genes(config, store)
    options, run = _begin(out, config, store, options)
    # System
    fabric = make_fabric(config)
    system, scale, label = build_autoencoder(store, config, fabric)
    # Training
    trained = loop.train(
        system, config, fabric, run=run, options=options, progress=progress, cancelled=cancelled
    )
    # Model
    if fabric.is_global_zero:
        network = GeneAutoencoder(config.network)
        network.load_state_dict(trained.weights)
        about = describe("autoencoder", store, config, trained, network)
        about |= {"genes": _genes(store), "feature_loss": label}
        tensors = gene_tensors({"low": scale.low, "span": scale.span})
        what = f"gene-mapping autoencoder H (Li 2018), {config.mode} mode"
        lines = (
            f"**Feature loss**: {label}.",
            "**Genes**: scaled to [0, 1] on training patients. Their error says little by "
            "itself: the mean of the training patients stands beside it.",
        )
        run.write_model(package(network, tensors, about), card(about, what, store, lines))
    return trained


def run_cgan(
    cohort: Path,
    config: CGANTraining,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train the CGAN on metagenes (Li 2018) and save it.

    Raises
    ------
    RadiogenError
        When cohort, config and run folder do not fit together.
    Cancelled
        When the person asked to stop.
    """
    # Data
    store = open_cohort(cohort)
    options, run = _begin(out, config, store, options)
    # System
    fabric = make_fabric(config)
    system, metagenes = build_cgan(store, config, fabric)
    # Training
    trained = loop.train(
        system, config, fabric, run=run, options=options, progress=progress, cancelled=cancelled
    )
    # Model
    if fabric.is_global_zero:
        network = CGANGenerator(config.network)
        network.load_state_dict(trained.weights)
        about = describe("cgan", store, config, trained, network)
        about["metagenes"] = {
            "names": list(metagenes.names),
            "gene_symbols": list(metagenes.gene_symbols),
            "scale": metagenes.scale,
        }
        tensors = {f"metagenes.{f}": torch.from_numpy(getattr(metagenes, f)) for f in _METAGENES}
        scores = metagenes.transform(store.expression.values)
        tensors["subjects.metagenes"] = torch.from_numpy(scores)
        what = f"conditional GAN on metagenes (Li 2018), {config.mode} mode"
        lines = ("**Limits**: it paints region and surroundings together and no mask.",)
        run.write_model(package(network, tensors, about), card(about, what, store, lines))
    return trained


def run_gene_gan(
    cohort: Path,
    config: MCGANPaperTraining,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train the multi-conditional GAN in paper mode, or the MC-GAN baseline, and save it.

    Raises
    ------
    RadiogenError
        When cohort, config and run folder do not fit together.
    Cancelled
        When the person asked to stop.
    """
    # Data
    store = open_cohort(cohort)
    config = for_genes(config, store)
    options, run = _begin(out, config, store, options)
    # System
    fabric = make_fabric(config)
    system, genes = build_gene_gan(store, config, fabric)
    # Training
    trained = loop.train(
        system, config, fabric, run=run, options=options, progress=progress, cancelled=cancelled
    )
    # Model
    if fabric.is_global_zero:
        network = build_generator(config.network)
        network.load_state_dict(trained.weights)
        about = describe(config.systems[0], store, config, trained, network)
        about["genes"] = _genes(store)
        tensors = gene_tensors({"mean": genes.gene_mean, "sd": genes.gene_sd})
        what = {
            "mcgan-paper": "multi-conditional GAN as published (Xu 2019)",
            "mcgan-baseline": "MC-GAN (Park 2018), genes in place of words",
        }[config.systems[0]]
        lines = (
            f"**False tuples**: another patient's {config.mismatch}.",
            "**Use**: for comparison. It knows no offset from a nodule's centre, and its raw "
            "output changes the background too.",
        )
        run.write_model(package(network, tensors, about), card(about, what, store, lines))
    return trained


def run_inpainting(
    cohort: Path,
    config: InpaintingTraining,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train the in-painting baseline (Jin 2018) and save it.

    Raises
    ------
    RadiogenError
        When cohort, config and run folder do not fit together.
    Cancelled
        When the person asked to stop.
    """
    # Data
    store = open_cohort(cohort)
    options, run = _begin(out, config, store, options)
    # System
    fabric = make_fabric(config)
    system = build_inpainting(store, config, fabric)
    # Training
    trained = loop.train(
        system, config, fabric, run=run, options=options, progress=progress, cancelled=cancelled
    )
    # Model
    if fabric.is_global_zero:
        network = Inpainter(config.network)
        network.load_state_dict(trained.weights)
        about = describe("inpainting", store, config, trained, network)
        lines = ("**Limits**: it reads no genes; a nodule's place is the middle of the patch.",)
        what = "in-painting GAN (Jin 2018), in two dimensions"
        run.write_model(package(network, {}, about), card(about, what, store, lines))
    return trained


def _begin(
    out: Path, config: _Published, store: CohortStore, options: RunOptions | None
) -> tuple[RunOptions, RunFolder]:
    require_size(config.network.size_px, store)
    options = options or RunOptions()
    run = RunFolder(out, options.resume)
    run.begin(config.systems[0], config, store)
    return options, run


def _genes(store: CohortStore) -> dict[str, Any]:
    table = store.expression
    return {"symbols": list(table.gene_symbols), "scale": table.scale}
