"""From a cohort folder to a run folder with a generator and its card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.checkpoint import pack
from napari_radiogen.trainers.mcgan import train_mcgan
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import TrainedGenerator
from napari_radiogen.trainers.mcgan_package import (
    SYSTEM,
    card,
    code_maps,
    describe,
    fit_cohort_metagenes,
    model_tensors,
)
from napari_radiogen.trainers.packed_patients import pack_patients
from napari_radiogen.trainers.run import Progress, RunFolder, RunOptions


def run_mcgan(
    cohort: Path,
    config: MCGANTraining,
    out: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainedGenerator:
    """Open the cohort, fit metagenes on training patients, train, and save.

    Permuted (null) models are stored in half precision. Weights are saved
    before the maps are computed, so that a map cannot cost a run.

    Parameters
    ----------
    options
        Resume the run in the folder, threads, consent to a long run.

    Raises
    ------
    RadiogenError
        When the cohort is not whole, or the run folder not empty.
    Cancelled
        When the person asked to stop.
    """
    # Data
    options = options or RunOptions()
    store = open_cohort(cohort)
    run = RunFolder(out, options.resume)
    run.begin(SYSTEM, config, store)
    metagenes = fit_cohort_metagenes(store, config.network.metagenes, config.weighting)
    scores = metagenes.transform(store.expression.values)
    people = pack_patients(store, scores, config.patients)
    # Training
    trained = train_mcgan(
        store,
        scores,
        config,
        run,
        options=options,
        progress=progress,
        cancelled=cancelled,
    )
    if not trained.first_process:
        return trained
    # Model
    half = config.half or config.permute is not None
    tensors = model_tensors(metagenes, people, trained, half=half)
    about = describe(store, metagenes, people, trained, config)
    source = str(store.manifest["provenance"].get("nodules", "see the cohort's provenance"))
    run.write_model(pack(tensors, about), card(about, source))
    if config.permute is None:
        maps, failed = code_maps(people.metagenes, trained)
        about["maps_missing"] = failed
        run.write_model(pack(tensors | maps, about), card(about, source))
        for name, reason in failed.items():
            options.say(f"the map {name} could not be made ({reason}); the model has none")
    return trained
