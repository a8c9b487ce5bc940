"""From a cohort folder to a run folder with a generator and its card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.checkpoint import unpack
from napari_radiogen.trainers.mcgan import train_mcgan
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import TrainedGenerator
from napari_radiogen.trainers.mcgan_package import card, fit_cohort_metagenes, package
from napari_radiogen.trainers.run import Progress, RunFolder


def run_mcgan(
    cohort: Path,
    config: MCGANTraining,
    out: Path,
    *,
    max_minutes: float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainedGenerator:
    """Open the cohort, fit metagenes on training patients, train, and save.

    Permuted (null) models are stored in half precision.

    Raises
    ------
    RadiogenError
        When the cohort is not whole, or the run folder not empty.
    Cancelled
        When the person asked to stop.
    """
    store = open_cohort(cohort)
    run = RunFolder(out)
    run.write_config(config.model_dump(mode="json"), store.manifest)
    metagenes = fit_cohort_metagenes(store, config.network.metagenes)
    scores = metagenes.transform(store.expression.values)
    trained = train_mcgan(
        store,
        scores,
        config,
        run,
        max_minutes=max_minutes,
        progress=progress,
        cancelled=cancelled,
    )
    half = config.permute is not None
    data = package(store, metagenes, scores, trained, config, half=half)
    source = str(store.manifest["provenance"].get("nodules", "see the cohort's provenance"))
    run.write_model(data, card(unpack(data)[1], source))
    return trained
