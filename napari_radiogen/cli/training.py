"""``radiogen train``: the same runs as the scripts in ``training/``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Cohort = Annotated[Path, typer.Option(help="Cohort folder.")]
Out = Annotated[Path, typer.Option(help="Run folder to make.")]
Config = Annotated[Path | None, typer.Option(help="YAML, as in training/configs.")]
Seed = Annotated[int | None, typer.Option(help="Of the run.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps.")]
Minutes = Annotated[float | None, typer.Option(help="Stop after this long.")]
Threads = Annotated[int, typer.Option(help="Processor threads.")]

#: Seconds between progress lines where standard error is no terminal.
LINES_EVERY_S = 15.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Train a system on a cohort folder.")
    group.callback()(_group)
    group.command("unet")(unet)
    group.command("mcgan")(mcgan)
    app.add_typer(group, name="train")


def _group() -> None:
    """Train a system on a cohort folder."""


def unet(
    cohort: Cohort,
    out: Out,
    config: Config = None,
    seed: Seed = None,
    steps: Steps = None,
    max_minutes: Minutes = None,
    threads: Threads = 2,
) -> None:
    """Train a U-Net (Li 2018) on a cohort's slices."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.trainers.run import use_threads
    from napari_radiogen.trainers.unet import read_config
    from napari_radiogen.trainers.unet_run import run_unet

    use_threads(threads)
    settings = read_config(config, _given(seed=seed, steps=steps, max_minutes=max_minutes))
    with progress(settings.name, lines_every_s=LINES_EVERY_S) as tell:
        weights = run_unet(settings, open_cohort(cohort), out, progress=tell)
    typer.echo(str(weights))


def mcgan(
    cohort: Cohort,
    out: Out,
    config: Config = None,
    name: Annotated[str | None, typer.Option(help="Of the model.")] = None,
    seed: Seed = None,
    steps: Steps = None,
    permute: Annotated[
        int | None, typer.Option(help="Null model: deal genes by this seed.")
    ] = None,
    max_minutes: Minutes = None,
    threads: Threads = 2,
) -> None:
    """Train the multi-conditional GAN (Xu 2019), plus mode."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.trainers.mcgan_config import read_config
    from napari_radiogen.trainers.mcgan_run import run_mcgan
    from napari_radiogen.trainers.run import use_threads

    use_threads(threads)
    settings = read_config(config, _given(name=name, seed=seed, steps=steps, permute=permute))
    with progress(settings.name, lines_every_s=LINES_EVERY_S) as tell:
        trained = run_mcgan(cohort, settings, out, max_minutes=max_minutes, progress=tell)
    scores = ", ".join(f"{k} {v:.3f}" for k, v in trained.validation.items())
    typer.echo(f"step {trained.step} after {trained.minutes:.1f} min: {scores}")
    typer.echo(str(out))


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
