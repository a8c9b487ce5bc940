"""What a cohort folder holds, and how it is written: whole, or not at all.

``cohort.json`` is written last: a folder without it is not a cohort.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import zarr

from napari_radiogen.constants import (
    FIELD_OF_VIEW_MM,
    HU_PATCH_RANGE,
    LTR_FIELD_OF_VIEW_MM,
    PATCH_SIZE_PX,
)
from napari_radiogen.domain import CohortKind, CohortSplit, ExpressionMatrix, Subject
from napari_radiogen.errors import CohortError, Stop, check_stop
from napari_radiogen.io.cohort_tables import check_homes, format_tables
from napari_radiogen.io.cohort_work import cohort_folder
from napari_radiogen.io.save import save_json, save_text

FORMAT = "radiogen-cohort"
VERSION = 1
#: Slices of one file of an array.
CHUNK_ROWS = 256
ARRAYS = {"image": np.int16, "mask": np.uint8, "paired": np.int16}
#: Arrays that a cohort may hold beside: see `CohortContent.regions`.
REGION_ARRAYS = {"ltr": np.int16, "ttr": np.int16}


@dataclass(frozen=True, eq=False)
class CohortContent:
    """Everything that a cohort folder holds.

    Parameters
    ----------
    name, kind
        ``kind`` is planted, phantom, surrogate or real.
    subjects
        One tumour with genes each.
    expression
        Rows are the subjects, in their order.
    slices
        Column name to (N,) values: subject_id, patient_id, split, role,
        plane, dz_mm, area_mm2, central.
    image, mask, paired
        (N, H, W): HU, 0/1, and HU of the background without the nodule.
    truth
        Known relations of a planted or phantom cohort, else None.
    regions
        HU (M, H, W) for the M nodule slices whose mask is not empty, in their
        order: ``ltr`` (a wide crop around the tumour) and ``ttr`` (its tight
        box, stretched to a square). Empty where a cohort has none.
    extras
        Further text files by name, sealed by digests in the manifest.
    """

    name: str
    kind: CohortKind
    subjects: tuple[Subject, ...]
    expression: ExpressionMatrix
    slices: Mapping[str, npt.NDArray[Any]]
    image: npt.NDArray[np.int16]
    mask: npt.NDArray[np.uint8]
    paired: npt.NDArray[np.int16]
    truth: dict[str, Any] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    field_of_view_mm: float = FIELD_OF_VIEW_MM
    size_px: int = PATCH_SIZE_PX
    hu_range: tuple[float, float] = HU_PATCH_RANGE
    regions: Mapping[str, npt.NDArray[np.int16]] = field(default_factory=dict)
    ltr_field_of_view_mm: float = LTR_FIELD_OF_VIEW_MM
    extras: Mapping[str, str] = field(default_factory=dict)


def write_cohort(path: Path, content: CohortContent, *, cancelled: Stop | None = None) -> str:
    """Write a cohort folder, whole or not at all, and return its digest.

    Parameters
    ----------
    path
        Folder to make; must not exist.
    content
        What it holds.
    cancelled
        Asked between the chunks of the arrays.

    Raises
    ------
    CohortError
        When the folder exists, or tables and arrays do not fit together.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    _check(content)
    if path.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=path)
    tables = format_tables(content.subjects, content.expression, content.slices)
    arrays = {**{name: getattr(content, name) for name in ARRAYS}, **content.regions}
    digest = content_digest(tables, arrays, content.truth)
    with cohort_folder(path, "cohort.json", cancelled) as folder:
        for name, text in tables.items():
            save_text(folder / name, text)
        group = zarr.open_group(folder / "patches.zarr", mode="w")
        for name, array in arrays.items():
            _write_array(group, name, array, cancelled)
        for name, text in content.extras.items():
            save_text(folder / name, text)
        if content.truth is not None:
            save_json(folder / "truth.json", content.truth)
        save_json(folder / "cohort.json", _manifest(content, digest))
    return digest


def _write_array(
    group: zarr.Group, name: str, array: npt.NDArray[Any], cancelled: Stop | None
) -> None:
    rows = min(CHUNK_ROWS, max(1, len(array)))
    stored = group.create_array(
        name, shape=array.shape, dtype=array.dtype, chunks=(rows, *array.shape[1:])
    )
    for start in range(0, len(array), rows):
        check_stop(cancelled)
        stored[start : start + rows] = array[start : start + rows]


def region_rows(slices: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.intp]:
    """Return the nodule slices whose mask is not empty, (M,) rows."""
    area = np.asarray(slices["area_mm2"]).astype(np.float32)
    return np.flatnonzero((np.asarray(slices["role"]) == "nodule") & (area > 0))


def content_digest(
    tables: Mapping[str, str],
    arrays: Mapping[str, npt.NDArray[Any]],
    truth: dict[str, Any] | None,
) -> str:
    """Return the sha256 of tables, array values and truth, however stored."""
    whole = hashlib.sha256()
    for name in sorted(tables):
        whole.update(name.encode() + tables[name].encode())
    for name in sorted(arrays):
        whole.update(f"{name}{arrays[name].shape}{arrays[name].dtype}".encode())
        whole.update(np.ascontiguousarray(arrays[name]).tobytes())
    whole.update(json.dumps(truth, sort_keys=True).encode())
    return whole.hexdigest()


def _check(content: CohortContent) -> None:
    rows = len(content.slices["role"])
    shape = (rows, content.size_px, content.size_px)
    for name, dtype in ARRAYS.items():
        array = getattr(content, name)
        if array.shape != shape or array.dtype != dtype:
            raise CohortError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
    for name, array in content.regions.items():
        if REGION_ARRAYS.get(name) != array.dtype or len(array) != len(region_rows(content.slices)):
            raise CohortError(f"{name} is {array.dtype} {array.shape}, not one a nodule slice")
    if content.kind not in get_args(CohortKind):
        raise CohortError(f"unknown kind {content.kind!r}")
    if content.expression.patient_ids != tuple(s.subject_id for s in content.subjects):
        raise CohortError("expression rows must be the subjects, in their order")
    CohortSplit.of(content.subjects)
    check_homes(content.subjects, content.slices)


def _manifest(content: CohortContent, digest: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "kind": content.kind,
        "name": content.name,
        "subjects": len(content.subjects),
        "slices": len(content.slices["role"]),
        "field_of_view_mm": content.field_of_view_mm,
        "size_px": content.size_px,
        "hu_range": list(content.hu_range),
        "expression_scale": content.expression.scale,
        "digest": digest,
        "provenance": content.provenance,
    }
    if content.regions:
        fields = {"ltr": {"field_of_view_mm": content.ltr_field_of_view_mm}, "ttr": {}}
        about["regions"] = {
            n: {**fields[n], "size_px": a.shape[-1]} for n, a in content.regions.items()
        }
    if content.extras:
        about["extras"] = {n: text_digest(t) for n, t in sorted(content.extras.items())}
    return about


def text_digest(text: str) -> str:
    """Return the sha256 of a text file."""
    return hashlib.sha256(text.encode()).hexdigest()
