"""An opened cohort folder: tables, Zarr patches, and the manifest that seals them."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import zarr

from napari_radiogen.domain import CohortKind, CohortSplit, ExpressionMatrix, Subject
from napari_radiogen.errors import CohortError
from napari_radiogen.io.cohort_content import (
    ARRAYS,
    FORMAT,
    REGION_ARRAYS,
    VERSION,
    CohortContent,
    content_digest,
    region_rows,
    write_cohort,
)
from napari_radiogen.io.cohort_tables import (
    TABLES,
    check_homes,
    parse_expression,
    parse_slices,
    parse_subjects,
)

#: What zarr and its codecs raise on damaged files: JSON of another kind has no keys, say.
_DAMAGED = (AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)

__all__ = [
    "CohortContent",
    "CohortStore",
    "content_digest",
    "open_cohort",
    "write_cohort",
]


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

    @cached_property
    def region_rows(self) -> npt.NDArray[np.intp]:
        """(M,) rows of ``slices`` that ``regions`` belong to."""
        return region_rows(self.slices)

    @cached_property
    def regions(self) -> dict[str, npt.NDArray[np.int16]]:
        """``ltr`` and ``ttr`` (M, H, W) HU, where the cohort has them."""
        about = self.manifest.get("regions", {})
        rows = len(self.region_rows)
        try:
            sizes = {name: int(about[name]["size_px"]) for name in sorted(about)}
        except (KeyError, TypeError, ValueError) as error:
            raise CohortError("cohort.json describes its regions badly", self.path) from error
        unknown = [name for name in sizes if name not in REGION_ARRAYS]
        if unknown:
            raise CohortError(f"cohort.json names the unknown region {unknown[0]!r}", self.path)
        return {name: _read_array(self.path, name, rows, size) for name, size in sizes.items()}

    def central_slice(self, subject_id: str) -> npt.NDArray[np.float32] | None:
        """Return a subject's central nodule slice (H, W), HU, alone; None without one.

        Raises
        ------
        CohortError
            When the arrays are missing or damaged.
        """
        at = (self.slices["subject_id"] == subject_id) & (self.slices["role"] == "nodule")
        rows = np.flatnonzero(at & (self.slices["central"] > 0))
        if not len(rows):
            return None
        try:
            stored = zarr.open_group(self.path / "patches.zarr", mode="r")["image"]
            shown = np.asarray(cast(zarr.Array[Any], stored)[int(rows[0])], dtype=np.float32)
        except _DAMAGED as error:
            kind = type(error).__name__
            raise CohortError(f"patches.zarr/image is damaged ({kind})", self.path) from error
        if shown.shape != (self.size_px, self.size_px):
            raise CohortError("patches.zarr/image does not fit slices.csv", self.path)
        return shown

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return every array, as the digest covers them."""
        return {**{name: getattr(self, name) for name in ARRAYS}, **self.regions}


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
    store = _parse(path, manifest, tables, truth)
    if store.expression.patient_ids != tuple(s.subject_id for s in store.subjects):
        raise CohortError("expression and subjects list different subjects", subject=path)
    _ = store.split
    check_homes(store.subjects, store.slices, path)
    if verify and content_digest(tables, store.arrays(), truth) != store.digest:
        raise CohortError("content does not match its digest: it was altered", subject=path)
    return store


def _parse(
    path: Path, manifest: dict[str, Any], tables: dict[str, str], truth: dict[str, Any] | None
) -> CohortStore:
    try:
        return CohortStore(
            path=path,
            manifest=manifest,
            subjects=parse_subjects(tables),
            expression=parse_expression(
                tables["expression.csv"], manifest["expression_scale"], path
            ),
            slices=parse_slices(tables["slices.csv"], path),
            truth=truth,
        )
    except (LookupError, TypeError, ValueError, csv.Error) as error:
        kind = type(error).__name__
        raise CohortError(f"its tables do not hold together ({kind})", path) from error


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
    low_high = manifest.get("hu_range")
    numbers = [manifest.get("field_of_view_mm"), manifest.get("size_px")]
    numbers += low_high if isinstance(low_high, list) and len(low_high) == 2 else [None]
    texts = [manifest.get(key) for key in ("name", "digest", "kind", "expression_scale")]
    if not (
        all(isinstance(n, int | float) for n in numbers)
        and all(isinstance(t, str) for t in texts)
        and isinstance(manifest.get("provenance"), dict)
        and all(isinstance(n, int | float) and n > 0 for n in numbers[:2])
    ):
        raise CohortError("cohort.json lacks a field, or one is of the wrong type", subject=path)
    if manifest["kind"] not in get_args(CohortKind):
        raise CohortError("cohort.json names an unknown kind of cohort", subject=path)
    return manifest


def _read_array(path: Path, name: str, rows: int, size: int) -> npt.NDArray[Any]:
    try:
        stored = zarr.open_group(path / "patches.zarr", mode="r")[name]
    except (KeyError, FileNotFoundError) as error:
        raise CohortError(f"incomplete cohort: patches.zarr/{name} is missing", path) from error
    except _DAMAGED as error:
        raise CohortError(
            f"patches.zarr/{name} is damaged ({type(error).__name__})", path
        ) from error
    if not isinstance(stored, zarr.Array) or stored.shape != (rows, size, size):
        raise CohortError(f"patches.zarr/{name} does not fit slices.csv", subject=path)
    expected = {**ARRAYS, **REGION_ARRAYS}[name]
    if stored.dtype != expected:
        raise CohortError(f"patches.zarr/{name} is {stored.dtype}, not {expected}", path)
    try:
        return np.asarray(stored[:])
    except _DAMAGED as error:
        raise CohortError(
            f"patches.zarr/{name} is damaged ({type(error).__name__})", path
        ) from error
