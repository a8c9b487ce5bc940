"""What the descriptions of model files share."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypedDict, cast, get_args

from napari_radiogen.domain import Subject
from napari_radiogen.domain.expression import Scale
from napari_radiogen.errors import ModelError
from napari_radiogen.inference.library import LoadedModel


class PatchFacts(TypedDict):
    """Names, subjects and patch geometry that every system on patches states."""

    name: str
    digest: str
    cohort: str
    cohort_digest: str
    subjects: tuple[Subject, ...]
    field_of_view_mm: float
    size_px: int
    hu_range: tuple[float, float]


def patch_facts(model: LoadedModel) -> PatchFacts:
    """Read what every system on patches states of itself."""
    about = model.description
    low, high = about["patch"]["hu_range"]
    return {
        "name": model.name,
        "digest": model.digest,
        "cohort": f"{about['cohort']['kind']}:{about['cohort']['name']}",
        "cohort_digest": str(about["cohort"]["digest"]),
        "subjects": tuple(Subject(**s) for s in about["subjects"]),
        "field_of_view_mm": float(about["patch"]["field_of_view_mm"]),
        "size_px": int(about["patch"]["size_px"]),
        "hu_range": (float(low), float(high)),
    }


def scale_of(section: dict[str, Any], name: str) -> Scale:
    """Return the scale of the genes that a model learned; all were log2 before it was stored.

    Raises
    ------
    ModelError
        When it is none that we know.
    """
    scale = section.get("scale", "log2")
    if scale not in get_args(Scale):
        raise ModelError("its genes are on an unknown scale", subject=name)
    return cast(Scale, scale)


def training_digest(about: dict[str, Any]) -> str:
    """Return the sha256 of cohort and config less name, seed and permutation.

    It is equal for a model and its null.
    """
    config = {k: v for k, v in about["config"].items() if k not in ("name", "seed", "permute")}
    text = json.dumps([config, about["cohort"]["digest"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
