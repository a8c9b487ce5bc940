"""A trained system as one file with its description, and its card."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.errors import CohortError
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.checkpoint import pack, parameter_count
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.run import cohort_facts, environment
from napari_radiogen.trainers.system import Trained

#: Fields of a config that name files of the person who ran it.
PRIVATE = {"feature_vgg", "feature_unet"}


def package(network: nn.Module, extra: dict[str, Tensor], about: dict[str, Any]) -> bytes:
    """Serialise weights in half precision with their other tensors and description."""
    tensors = {
        f"network.{name}": tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    return pack(tensors | extra, about)


def describe(
    system: str, store: CohortStore, config: TrainingConfig, trained: Trained, network: nn.Module
) -> dict[str, Any]:
    """Return what the model file of any system says of itself.

    A score that is not finite is left out: JSON has no such number.
    """
    return {
        "name": config.name,
        "system": system,
        "parameters": parameter_count(network),
        "config": config.model_dump(mode="json", exclude=PRIVATE),
        "cohort": cohort_facts(store),
        "patch": {
            "field_of_view_mm": store.field_of_view_mm,
            "size_px": store.size_px,
            "hu_range": list(store.hu_range),
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
        "training": {
            "steps": trained.steps,
            "kept_step": trained.step,
            "minutes": round(trained.all_minutes, 1),
            "validation": {k: round(v, 4) for k, v in trained.scores.items() if math.isfinite(v)},
            "environment": environment(),
        },
        "warning": RESEARCH_USE,
    }


def card(about: dict[str, Any], what: str, store: CohortStore, lines: tuple[str, ...]) -> str:
    """Return the model card in Markdown.

    Parameters
    ----------
    about
        What :func:`describe` returned.
    what
        The system and its source, one phrase.
    lines
        What else must be known, a list item each.
    """
    cohort, training = about["cohort"], about["training"]
    config, machine = about["config"], training["environment"]
    scores = ", ".join(f"{k} {v:.3f}" for k, v in training["validation"].items())
    source = store.manifest["provenance"].get("nodules", "see the cohort's provenance")
    groups = ", ".join(f"{name} {len(g)}" for name, g in store.split.groups().items())
    null = config.get("permute") is not None
    invented = cohort["kind"] in ("planted", "phantom")
    items = [
        f"**System**: {what}; {about['parameters']:,} parameters, stored in half precision, "
        f"{store.size_px} x {store.size_px} px of {store.pixel_mm:.3f} mm.",
        f"**Data**: cohort `{cohort['name']}` (**{cohort['kind']}**"
        + ("; its expression is invented" if invented else "")
        + f"), content digest `{cohort['digest'][:16]}`, split by patient "
        f"`{cohort['split_digest'][:16]}` (subjects: {groups}). Images: {source}.",
        f"**Training**: {training['steps']} steps, {training['minutes']} minutes, seed "
        f"{config['seed']}, {machine['device']}, {machine['threads']} thread(s), torch "
        f"{machine['torch']}; weights of step {training['kept_step']}.",
        f"**Validation patients**: {scores or 'nothing is measured in training'}.",
        *lines,
    ]
    if null:
        items.append("**A null model**: gene vectors were dealt to other subjects before training.")
    return f"# {about['name']}\n\n**{RESEARCH_USE}.**\n\n" + "".join(f"- {i}\n" for i in items)


def require_size(size_px: int, store: CohortStore) -> None:
    """Refuse a cohort whose slices have another size than the network.

    Raises
    ------
    CohortError
    """
    if size_px != store.size_px:
        raise CohortError(
            f"its slices are {store.size_px} px wide, the config's network reads {size_px} px; "
            "take the config of the other size, or set network.size_px",
            subject=store.path,
        )


def training_rows(store: CohortStore) -> list[int]:
    """Return the rows of training subjects, on which every fit is made."""
    return [i for i, s in enumerate(store.subjects) if s.split == "train"]


def gene_tensors(fields: dict[str, Any]) -> dict[str, Tensor]:
    """Return arrays as tensors under ``genes.``."""
    return {f"genes.{name}": torch.from_numpy(value) for name, value in fields.items()}
