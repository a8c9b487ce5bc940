"""The cohort folder: tables, Zarr patches and a manifest that seals them.

``cohort.json`` is written last: a folder without it is not a cohort.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import zarr

from napari_radiogen.constants import FIELD_OF_VIEW_MM, HU_PATCH_RANGE, PATCH_SIZE_PX
from napari_radiogen.domain import CohortKind, CohortSplit, ExpressionMatrix, Subject
from napari_radiogen.errors import CohortError
from napari_radiogen.io.cohort_tables import (
    TABLES,
    check_homes,
    format_tables,
    parse_expression,
    parse_slices,
    parse_subjects,
)
from napari_radiogen.io.save import complete_folder, save_json, save_text

FORMAT = "radiogen-cohort"
VERSION = 1
ARRAYS = {"image": np.int16, "mask": np.uint8, "paired": np.int16}


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


@dataclass(frozen=True, eq=False)
class CohortStore:
    """An opened cohort folder; arrays are read when first asked for."""

    path: Path
    manifest: dict[str, Any]
    subjects: tuple[Subject, ...]
    expression: ExpressionMatrix
    slices: dict[str, npt.NDArray[Any]]
    truth: dict[str, Any] | None

    @property
    def name(self) -> str:
        """Name of the cohort."""
        return str(self.manifest["name"])

    @property
    def kind(self) -> CohortKind:
        """planted, phantom, surrogate or real."""
        return cast(CohortKind, self.manifest["kind"])

    @property
    def digest(self) -> str:
        """sha256 of tables, arrays and truth."""
        return str(self.manifest["digest"])

    @property
    def split_digest(self) -> str:
        """sha256 of which subject stands in which split."""
        lines = "\n".join(f"{s.subject_id},{s.split}" for s in self.subjects)
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def field_of_view_mm(self) -> float:
        """Side of a patch."""
        return float(self.manifest["field_of_view_mm"])

    @property
    def size_px(self) -> int:
        """Pixels along a patch's side."""
        return int(self.manifest["size_px"])

    @property
    def pixel_mm(self) -> float:
        """Side of a patch's pixel."""
        return self.field_of_view_mm / self.size_px

    @property
    def hu_range(self) -> tuple[float, float]:
        """HU that patches keep, mapped to [-1, 1]."""
        low, high = self.manifest["hu_range"]
        return float(low), float(high)

    @cached_property
    def split(self) -> CohortSplit:
        """Subjects by split, checked to keep every patient in one."""
        return CohortSplit.of(self.subjects)

    @cached_property
    def image(self) -> npt.NDArray[np.int16]:
        """(N, H, W) HU."""
        return _read_array(self.path, "image", len(self.slices["role"]), self.size_px)

    @cached_property
    def mask(self) -> npt.NDArray[np.uint8]:
        """(N, H, W), 1 inside the nodule."""
        return _read_array(self.path, "mask", len(self.slices["role"]), self.size_px)

    @cached_property
    def paired(self) -> npt.NDArray[np.int16]:
        """(N, H, W) HU, the nodule replaced by background texture."""
        return _read_array(self.path, "paired", len(self.slices["role"]), self.size_px)


def write_cohort(path: Path, content: CohortContent) -> str:
    """Write a cohort folder, whole or not at all, and return its digest.

    Raises
    ------
    CohortError
        When the folder exists, or tables and arrays do not fit together.
    """
    _check(content)
    if path.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=path)
    tables = format_tables(content.subjects, content.expression, content.slices)
    arrays = {name: getattr(content, name) for name in ARRAYS}
    digest = content_digest(tables, arrays, content.truth)
    with complete_folder(path, marker="cohort.json") as folder:
        for name, text in tables.items():
            save_text(folder / name, text)
        group = zarr.open_group(folder / "patches.zarr", mode="w")
        for name, array in arrays.items():
            chunks = (min(256, max(1, len(array))), *array.shape[1:])
            stored = group.create_array(name, shape=array.shape, dtype=array.dtype, chunks=chunks)
            stored[:] = array
        if content.truth is not None:
            save_json(folder / "truth.json", content.truth)
        save_json(folder / "cohort.json", _manifest(content, digest))
    return digest


def open_cohort(path: Path, *, verify: bool = True) -> CohortStore:
    """Open a cohort folder and check that it is whole.

    Parameters
    ----------
    path
        The folder.
    verify
        Also recompute the digest of tables and arrays.

    Raises
    ------
    CohortError
        When a part is missing or altered, or a patient stands in two splits.
    """
    path = Path(path)
    manifest = _read_manifest(path)
    tables = {name: _read_text(path, name) for name in TABLES}
    truth = _read_json(path, "truth.json") if (path / "truth.json").is_file() else None
    subjects = parse_subjects(tables)
    store = CohortStore(
        path=path,
        manifest=manifest,
        subjects=subjects,
        expression=parse_expression(tables["expression.csv"], manifest["expression_scale"], path),
        slices=parse_slices(tables["slices.csv"], path),
        truth=truth,
    )
    if store.expression.patient_ids != tuple(s.subject_id for s in subjects):
        raise CohortError("expression and subjects list different subjects", subject=path)
    _ = store.split
    check_homes(subjects, store.slices, path)
    if verify:
        arrays = {name: getattr(store, name) for name in ARRAYS}
        if content_digest(tables, arrays, truth) != store.digest:
            raise CohortError("content does not match its digest: it was altered", subject=path)
    return store


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
    if content.kind not in get_args(CohortKind):
        raise CohortError(f"unknown kind {content.kind!r}")
    if content.expression.patient_ids != tuple(s.subject_id for s in content.subjects):
        raise CohortError("expression rows must be the subjects, in their order")
    CohortSplit.of(content.subjects)
    check_homes(content.subjects, content.slices)


def _manifest(content: CohortContent, digest: str) -> dict[str, Any]:
    return {
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


def _read_text(path: Path, name: str) -> str:
    if not (path / name).is_file():
        raise CohortError(f"incomplete cohort: {name} is missing", subject=path)
    try:
        return (path / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CohortError(f"{name} cannot be read ({error})", subject=path) from error


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(_read_text(path, name))
    except json.JSONDecodeError as error:
        raise CohortError(f"{name} is not JSON ({error})", subject=path) from error
    if not isinstance(content, dict):
        raise CohortError(f"{name} is not a JSON object", subject=path)
    return content


def _read_manifest(path: Path) -> dict[str, Any]:
    if not (path / "cohort.json").is_file():
        raise CohortError("not a cohort folder: cohort.json is missing", subject=path)
    manifest = _read_json(path, "cohort.json")
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        raise CohortError(f"expected format {FORMAT} version {VERSION}", subject=path)
    return manifest


def _read_array(path: Path, name: str, rows: int, size: int) -> npt.NDArray[Any]:
    try:
        stored = zarr.open_group(path / "patches.zarr", mode="r")[name]
    except (KeyError, FileNotFoundError) as error:
        raise CohortError(f"incomplete cohort: patches.zarr/{name} is missing", path) from error
    if not isinstance(stored, zarr.Array) or stored.shape != (rows, size, size):
        raise CohortError(f"patches.zarr/{name} does not fit slices.csv", subject=path)
    if stored.dtype != ARRAYS[name]:
        raise CohortError(f"patches.zarr/{name} is {stored.dtype}, not {ARRAYS[name]}", path)
    return np.asarray(stored[:])
