"""``radiogen train``: the same runs as the scripts in ``training/``."""

from __future__ import annotations

import typer

from napari_radiogen.cli.train_flags import LINES_EVERY_S, NullFlags, RunFlags, command


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Train a system on a cohort folder.")
    group.callback()(_group)
    group.command("unet")(command(RunFlags, unet))
    group.command("mcgan")(command(NullFlags, mcgan))
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
