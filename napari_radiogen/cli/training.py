"""``radiogen train``: the same runs as the scripts in ``training/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from napari_radiogen.cli.train_flags import LINES_EVERY_S, NullFlags, RunFlags, command

if TYPE_CHECKING:
    from napari_radiogen.trainers.system import Trained


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Train a system on a cohort folder.")
    group.callback()(_group)
    group.command("unet")(command(RunFlags, unet))
    group.command("mcgan")(command(NullFlags, mcgan))
    for name, (flags, body) in PUBLISHED.items():
        group.command(name)(command(flags, body))
    app.add_typer(group, name="train")


def _group() -> None:
    """Train a system on a cohort folder."""


def unet(flags: RunFlags) -> None:
    """Train a U-Net (Li 2018) on a cohort's slices."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.trainers.unet import UNetConfig
    from napari_radiogen.trainers.unet_run import run_unet

    config, options = flags.read(UNetConfig), flags.options()
    cohort = open_cohort(flags.cohort)
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        weights = run_unet(config, cohort, flags.folder, options=options, progress=tell)
    typer.echo(str(weights))


def mcgan(flags: NullFlags) -> None:
    """Train the multi-conditional GAN (Xu 2019), plus mode."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.trainers.mcgan_config import MCGANTraining
    from napari_radiogen.trainers.mcgan_run import run_mcgan

    config, options = flags.read(MCGANTraining), flags.options()
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        trained = run_mcgan(flags.cohort, config, flags.folder, options=options, progress=tell)
    scores = ", ".join(f"{k} {v:.3f}" for k, v in trained.validation.items())
    typer.echo(f"step {trained.step} after {trained.minutes:.1f} min: {scores}")
    typer.echo(str(flags.folder))


def autoencoder(flags: NullFlags) -> None:
    """Train the gene-mapping autoencoder H (Li 2018): image to genes and back."""
    from napari_radiogen.trainers.autoencoder import AutoencoderTraining

    _train(flags, AutoencoderTraining)


def cgan(flags: NullFlags) -> None:
    """Train the conditional GAN on metagenes (Li 2018)."""
    from napari_radiogen.trainers.cgan import CGANTraining

    _train(flags, CGANTraining)


def mcgan_paper(flags: NullFlags) -> None:
    """Train the multi-conditional GAN as published (Xu 2019), paper mode."""
    from napari_radiogen.trainers.gene_gan import MCGANPaperTraining

    _train(flags, MCGANPaperTraining)


def mcgan_baseline(flags: NullFlags) -> None:
    """Train the MC-GAN baseline (Park 2018), genes in place of words."""
    from napari_radiogen.trainers.gene_gan import MCGANBaselineTraining

    _train(flags, MCGANBaselineTraining)


def inpainting(flags: RunFlags) -> None:
    """Train the in-painting baseline (Jin 2018)."""
    from napari_radiogen.trainers.inpainting import InpaintingTraining

    _train(flags, InpaintingTraining)


#: The published systems: their flags and what runs them.
PUBLISHED: dict[str, tuple[Any, Any]] = {
    "autoencoder": (NullFlags, autoencoder),
    "cgan": (NullFlags, cgan),
    "mcgan-paper": (NullFlags, mcgan_paper),
    "mcgan-baseline": (NullFlags, mcgan_baseline),
    "inpainting": (RunFlags, inpainting),
}


def _train(flags: RunFlags, kind: Any) -> None:
    from napari_radiogen.cli.output import progress
    from napari_radiogen.trainers.systems_run import run_published

    config, options = flags.read(kind), flags.options()
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        trained = run_published(flags.cohort, config, flags.folder, options=options, progress=tell)
    typer.echo(summary(trained))
    typer.echo(str(flags.folder))


def summary(trained: Trained) -> str:
    """Return one line on a run: its steps, its time, its validation."""
    scores = ", ".join(f"{k} {v:.3f}" for k, v in trained.scores.items())
    return f"step {trained.step} of {trained.steps}, {trained.all_minutes:.1f} min: {scores}"
