"""A trained generator as one file that the viewer opens, and its card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from napari_radiogen.analysis.projection import pca, tsne, umap
from napari_radiogen.constants import ATTRIBUTES, RESEARCH_USE
from napari_radiogen.domain import Metagenes
from napari_radiogen.genomics.metagenes import Weighting, fit_metagenes
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.checkpoint import parameter_count
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import TrainedGenerator
from napari_radiogen.trainers.packed_patients import PackedPatients, drawn_lines
from napari_radiogen.trainers.run import cohort_facts, environment

SYSTEM = "mcgan"
#: What a card says of kinds whose genes and nodules are not of the same people.
KIND_NOTES = {
    "planted": " The nodules are real, the expression is invented.",
    "phantom": " Patients, scans and genes are invented.",
    "surrogate": " Genes and nodules are of *different* people, matched by semantics.",
}


def fit_cohort_metagenes(
    store: CohortStore, count: int, weighting: Weighting = "sign"
) -> Metagenes:
    """Fit metagenes on a cohort's training patients, ordered by what images show."""
    train = np.array([s.split == "train" for s in store.subjects])
    shown = [[s.attributes.get(a, 0.0) for a in ATTRIBUTES] for s in store.subjects]
    fitted = fit_metagenes(
        store.expression.values[train],
        store.expression.gene_symbols,
        k=count,
        relevance=np.array(shown)[train],
        weighting=weighting,
    )
    return replace(fitted, scale=store.expression.scale)


def model_tensors(
    metagenes: Metagenes,
    people: PackedPatients,
    trained: TrainedGenerator,
    *,
    half: bool = False,
) -> dict[str, torch.Tensor]:
    """Return a generator's weights with its metagenes and patients.

    Parameters
    ----------
    people
        Whose genes go along.
    half
        Store the network in half precision, as for permuted models.
    """
    precision = torch.float16 if half else torch.float32
    network = trained.generator
    tensors = {f"network.{k}": v.to(precision) for k, v in network.state_dict().items()}
    for name in ("gene_mean", "gene_sd", "weights", "mean", "sd"):
        tensors[f"metagenes.{name}"] = torch.from_numpy(getattr(metagenes, name))
    if trained.effects is not None:
        tensors["metagenes.effects"] = torch.from_numpy(trained.effects)
    tensors["subjects.metagenes"] = torch.from_numpy(people.metagenes)
    return tensors | people.tensors


def code_maps(
    scores: npt.NDArray[np.float32], trained: TrainedGenerator
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Project the subjects' codes to the plane.

    Returns
    -------
    tuple
        The maps as tensors of a model file, and why others could not be made.
    """
    with torch.no_grad():
        codes = trained.generator.encode(torch.from_numpy(scores)).numpy()
    maps: dict[str, torch.Tensor] = {}
    failed: dict[str, str] = {}
    for name, project in (("t-SNE", tsne), ("UMAP", umap), ("PCA", pca)):
        try:
            maps[f"map.{name}"] = torch.from_numpy(project(codes))
        except Exception as error:  # A picture of the codes is not worth a trained model.
            failed[name] = type(error).__name__
    return maps, failed


def describe(
    store: CohortStore,
    metagenes: Metagenes,
    people: PackedPatients,
    trained: TrainedGenerator,
    config: MCGANTraining,
) -> dict[str, Any]:
    """Return what a model file says of itself."""
    about = {
        "name": config.name,
        "system": SYSTEM,
        "parameters": parameter_count(trained.generator),
        "config": config.model_dump(mode="json"),
        "cohort": cohort_facts(store),
        "patch": {
            "field_of_view_mm": store.field_of_view_mm,
            "size_px": store.size_px,
            "hu_range": list(store.hu_range),
        },
        "metagenes": {
            "names": list(metagenes.names),
            "gene_symbols": list(metagenes.gene_symbols),
            "scale": metagenes.scale,
        },
        "subjects": people.subjects,
        "use": {"noise_scale": trained.noise_scale, "closing_radii": trained.closing_radii},
        "training": {
            "steps": trained.step,
            "minutes": round(trained.minutes, 1),
            "validation": {k: round(v, 4) for k, v in trained.validation.items()},
            "environment": environment(),
        },
        "warning": RESEARCH_USE,
    }
    return about if people.about is None else about | {"drawn": people.about}


def card(about: dict[str, Any], source: str) -> str:
    """Return the model card in Markdown.

    Parameters
    ----------
    about
        What :func:`describe` returned.
    source
        The licence and citation of the images.
    """
    cohort, training = about["cohort"], about["training"]
    validation = ", ".join(f"{k} {v:.2f}" for k, v in training["validation"].items())
    permuted = about["config"]["permute"] is not None
    lines = [
        f"# {about['name']}",
        "",
        f"**{about['warning']}.** Multi-conditional GAN, plus mode (after Xu 2019), "
        f"{about['parameters']:,} parameters.",
        "",
        "## Data",
        f"- Cohort `{cohort['name']}`: **{cohort['kind']}**." + KIND_NOTES.get(cohort["kind"], ""),
        f"- Images: {source}",
        f"- Split by patient, digest `{cohort['split_digest'][:16]}`; "
        f"content digest `{cohort['digest'][:16]}`.",
        "",
        "## Training",
        f"- {training['steps']} steps, {training['minutes']} minutes, seed "
        f"{about['config']['seed']}, on {training['environment']['device']} with "
        f"{training['environment']['threads']} thread(s), torch "
        f"{training['environment']['torch']}.",
        f"- Chosen on validation patients (Spearman): {validation}.",
        f"- Used with noise times {about['use']['noise_scale']}, chosen there too; the network "
        f"closes nodules at {about['use']['closing_radii']} radii, and offsets are rounded to one.",
    ]
    for name, reason in about.get("maps_missing", {}).items():
        lines.append(f"- The map {name} could not be made ({reason}).")
    if permuted:
        lines.append(
            "- **A null model**: gene vectors were dealt to other subjects before training. "
            "It shows how much control appears by chance."
        )
    if "drawn" in about:
        lines += drawn_lines(about["drawn"])
    return "\n".join(lines) + "\n"
