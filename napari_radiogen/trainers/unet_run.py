"""One training run of a U-Net: cohort in; weights, log and card in a folder out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_radiogen import __version__
from napari_radiogen.analysis.bootstrap import cluster_bootstrap
from napari_radiogen.constants import HU_PATCH_RANGE, RESEARCH_USE
from napari_radiogen.domain import people_of
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.checkpoint import digest, load_strictly, pack, parameter_count, unpack
from napari_radiogen.models.unet import UNet
from napari_radiogen.trainers.run import MODEL_FILE, Progress, RunFolder, RunOptions, cohort_facts
from napari_radiogen.trainers.unet import (
    TrainedUNet,
    UNetConfig,
    build_unet,
    case_dice,
    slice_counts,
    train_unet,
)
from napari_radiogen.trainers.unet_data import LabelledSlices, phantom_slices, slices_of

#: Where the pixels of a kind of cohort come from.
_SOURCE = {
    "planted": """Real nodules of
  LIDC-IDRI (TCIA, CC BY 3.0, doi 10.7937/K9/TCIA.2015.LO9QL9SX; Armato 2011) through LUNA16
  (Setio 2017) and NODE21 (Sogancioglu 2024); the planted genes play no part here.""",
    "surrogate": """Real nodules of
  LIDC-IDRI (TCIA, CC BY 3.0) through LUNA16 and NODE21; the genes, of other people, play no part
  here.""",
    "phantom": "Rendered phantoms: no patient.",
}
_LIMITS = {
    "finder": """patches hold nodules of 8 mm and more and little of the mediastinum; masks are
  of uneven quality; masses beyond 48 mm, consolidation and effusion were never seen. It reads one
  slice at a time. Not a detector for clinical use.""",
    "measuring": """it knows axial slices whose middle is a nodule or lung. Each of its measures has
  a bias, which stands in every report of control fidelity. Used in no loss, feature or choice of
  checkpoint of a generator.""",
}
#: Resamples of patients behind an interval.
RESAMPLES = 2000


def run_unet(
    config: UNetConfig,
    cohort: CohortStore,
    folder: Path,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Train on a cohort and leave config, log, weights and card in a folder.

    Parameters
    ----------
    options
        Resume the run in the folder, threads, consent to a long run.

    Returns
    -------
    Path
        The weights, in half precision.

    Raises
    ------
    Cancelled
        When ``cancelled`` says so.
    RadiogenError
        When the folder is not empty.
    """
    # Data
    options = options or RunOptions()
    run = RunFolder(folder, options.resume)
    run.begin("unet", config, cohort)
    train = slices_of(cohort, "train", config.planes)
    for seed in config.phantom_seeds:
        train = train.joined(phantom_slices(seed, progress=progress, cancelled=cancelled))
    validation = slices_of(cohort, "validation", config.planes)
    # Training
    trained = train_unet(
        config,
        train,
        validation,
        run=run,
        options=options,
        progress=progress,
        cancelled=cancelled,
    )
    if not trained.first_process:
        return run.path / MODEL_FILE
    # Model
    data = pack_unet(trained, config, cohort)
    stored = stored_unet(data, config)
    scores = test_scores(stored, slices_of(cohort, "test", config.planes))
    return run.write_model(data, model_card(config, cohort, trained, data, scores))


def pack_unet(trained: TrainedUNet, config: UNetConfig, cohort: CohortStore) -> bytes:
    """Serialise a network in half precision, with what it needs to be judged."""
    tensors = {
        f"network.{name}": tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in trained.network.state_dict().items()
    }
    description = {
        "system": "unet",
        "name": config.name,
        "role": config.role,
        "config": config.model_dump(mode="json"),
        "cohort": cohort_facts(cohort),
        "patients": sorted(people_of(s for s in cohort.subjects if s.split != "test")),
        "pixel_mm": cohort.pixel_mm,
        "hu_range": list(HU_PATCH_RANGE),
        "parameters": parameter_count(trained.network),
        "validation_dice": trained.dice,
        "steps": trained.steps,
        "minutes": trained.minutes,
        "versions": {"napari-radiogen": __version__, "torch": torch.__version__},
    }
    return pack(tensors, description)


def stored_unet(data: bytes, config: UNetConfig) -> UNet:
    """Read a packed network back: what is judged is what is stored."""
    network = build_unet(config)
    load_strictly(network, unpack(data)[0])
    return network


def test_scores(network: UNet, slices: LabelledSlices) -> dict[str, float]:
    """Return mean Dice per case with its interval over patients, and the median.

    The interval is nan for a single patient.
    """
    scores = case_dice(network, slices)
    patient_of = dict(zip(slices.cases.tolist(), slices.patients.tolist(), strict=True))
    values = np.array(list(scores.values()))
    patients = [str(patient_of[case]) for case in scores]
    low, high = math.nan, math.nan
    if len(set(patients)) > 1:
        low, high = cluster_bootstrap(
            patients,
            lambda rows: float(values[rows].mean()),
            resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        )
    return {
        "dice": float(values.mean()),
        "low": low,
        "high": high,
        "median": float(np.median(values)),
        "cases": float(len(values)),
        "patients": float(len(set(patients))),
        "false_slices": false_slices(network, slices),
    }


def false_slices(network: UNet, slices: LabelledSlices) -> float:
    """Return the share of nodule-free slices in which anything is outlined; nan without one."""
    empty = np.flatnonzero(~slices.positive)
    if not len(empty):
        return math.nan
    chosen = LabelledSlices(
        slices.image[empty], slices.mask[empty], slices.cases[empty], slices.patients[empty]
    )
    _, found = slice_counts(network, chosen)
    return float((found > 0).mean())


def model_card(
    config: UNetConfig,
    cohort: CohortStore,
    trained: TrainedUNet,
    data: bytes,
    scores: dict[str, float],
) -> str:
    """Write what a person must know before using the weights."""
    counts: dict[str, Any] = {
        name: f"{len(group)} subjects of {len({s.patient_id for s in group})} patients"
        for name, group in cohort.split.groups().items()
    }
    return f"""# {config.name}

{RESEARCH_USE}.

- **What**: U-Net (Li 2018, METHODS 1.1), base {config.base}, {parameter_count(trained.network):,}
  parameters, one 2-D slice of 64 x 64 at {cohort.pixel_mm:.2f} mm, {" / ".join(config.planes)}.
  Stored in half precision, computed in single. Role: {config.role}.
- **Data**: cohort `{cohort.name}` ({cohort.kind}), digest `{cohort.digest[:16]}`, split digest
  `{cohort.split_digest[:16]}`. Training {counts["train"]}, validation {counts["validation"]},
  test {counts["test"]}; no patient stands in two. {_SOURCE.get(cohort.kind, "")}
- **Training**: {trained.steps:,} steps of {config.batch_size} in {trained.minutes:.1f} minutes,
  BCE + Dice, checkpoint chosen on validation (Dice per case {trained.dice:.3f}), seed
  {config.seed}. {_phantom_line(config)}
- **Test**: Dice per case {scores["dice"]:.3f} (95 % interval over patients {scores["low"]:.3f} to
  {scores["high"]:.3f}; median {scores["median"]:.3f}) on {scores["cases"]:.0f} nodules of
  {scores["patients"]:.0f} patients; a case is all slices of a nodule's patch, empty ones included.
  Something is outlined in {100 * scores["false_slices"]:.1f} % of the nodule-free slices.
- **Limits**: {_LIMITS[config.role]}
- **sha256**: `{digest(data)}`
"""


def _phantom_line(config: UNetConfig) -> str:
    if not config.phantom_seeds:
        return "No slices of further phantom scans were added."
    seeds = ", ".join(str(s) for s in config.phantom_seeds)
    return f"Slices of phantom scans (seeds {seeds}) were added, their nodules included."
