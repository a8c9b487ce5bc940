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
from napari_radiogen.genomics.metagenes import fit_metagenes
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.checkpoint import pack, parameter_count
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import TrainedGenerator
from napari_radiogen.trainers.run import environment

SYSTEM = "mcgan"


def fit_cohort_metagenes(store: CohortStore, count: int) -> Metagenes:
    """Fit metagenes on a cohort's training patients, ordered by what images show."""
    train = np.array([s.split == "train" for s in store.subjects])
    shown = [[s.attributes.get(a, 0.0) for a in ATTRIBUTES] for s in store.subjects]
    fitted = fit_metagenes(
        store.expression.values[train],
        store.expression.gene_symbols,
        k=count,
        relevance=np.array(shown)[train],
    )
    return replace(fitted, scale=store.expression.scale)


def package(
    store: CohortStore,
    metagenes: Metagenes,
    scores: npt.NDArray[np.float32],
    trained: TrainedGenerator,
    config: MCGANTraining,
    *,
    half: bool = False,
) -> bytes:
    """Serialise a generator with its metagenes, subjects and maps.

    Parameters
    ----------
    scores
        (subjects, K) metagene z-scores of the cohort.
    half
        Store the network in half precision, as for permuted models.
    """
    precision = torch.float16 if half else torch.float32
    network = trained.generator
    tensors = {f"network.{k}": v.to(precision) for k, v in network.state_dict().items()}
    for name in ("gene_mean", "gene_sd", "weights", "mean", "sd"):
        tensors[f"metagenes.{name}"] = torch.from_numpy(getattr(metagenes, name))
    tensors["subjects.metagenes"] = torch.from_numpy(scores)
    with torch.no_grad():
        codes = network.encode(torch.from_numpy(trained.gene_gain * scores)).numpy()
    if config.permute is None:
        for name, project in (("t-SNE", tsne), ("UMAP", umap), ("PCA", pca)):
            tensors[f"map.{name}"] = torch.from_numpy(project(codes))
    return pack(tensors, describe(store, metagenes, trained, config))


def describe(
    store: CohortStore, metagenes: Metagenes, trained: TrainedGenerator, config: MCGANTraining
) -> dict[str, Any]:
    """Return what a model file says of itself."""
    return {
        "name": config.name,
        "system": SYSTEM,
        "parameters": parameter_count(trained.generator),
        "config": config.model_dump(mode="json"),
        "cohort": {
            "name": store.name,
            "kind": store.kind,
            "digest": store.digest,
            "split_digest": store.split_digest,
        },
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
        "subjects": [
            {
                "subject_id": s.subject_id,
                "patient_id": s.patient_id,
                "split": s.split,
                "clinical": s.clinical,
                "attributes": s.attributes,
            }
            for s in store.subjects
        ],
        "use": {"gene_gain": trained.gene_gain, "noise_scale": trained.noise_scale},
        "training": {
            "steps": trained.step,
            "minutes": round(trained.minutes, 1),
            "validation": {k: round(v, 4) for k, v in trained.validation.items()},
            "environment": environment(),
        },
        "warning": RESEARCH_USE,
    }


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
        f"- Cohort `{cohort['name']}`: **{cohort['kind']}**."
        + (" The nodules are real, the expression is invented." * (cohort["kind"] == "planted")),
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
        f"- Used with metagenes times {about['use']['gene_gain']} and noise times "
        f"{about['use']['noise_scale']}, chosen there too.",
    ]
    if permuted:
        lines.append(
            "- **A null model**: gene vectors were dealt to other subjects before training. "
            "It shows how much control appears by chance."
        )
    return "\n".join(lines) + "\n"
