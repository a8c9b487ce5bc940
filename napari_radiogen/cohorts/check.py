"""Every fault of a cohort folder, not only the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from napari_radiogen.constants import ATTRIBUTES, HU_STORED_RANGE, NODULE_PATIENT
from napari_radiogen.domain import CohortKind, Scale
from napari_radiogen.errors import CohortError
from napari_radiogen.io.cohort_content import text_digest
from napari_radiogen.io.cohort_store import CohortStore, content_digest, open_cohort
from napari_radiogen.io.cohort_tables import TABLES

ROLES = ("nodule", "background", "segmentation")
PLANES = ("axial", "coronal", "sagittal")
#: HU below or above what a CT stores by more than this are no HU.
HU_SLACK = 1.0


@dataclass(frozen=True)
class CohortCheck:
    """What a cohort folder is, and its faults, one line each."""

    path: Path
    kind: str = ""
    name: str = ""
    subjects: int = 0
    slices: int = 0
    faults: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen cohort check --json`` prints."""
        return {
            "cohort": str(self.path),
            "ok": not self.faults,
            "kind": self.kind,
            "name": self.name,
            "subjects": self.subjects,
            "slices": self.slices,
            "faults": list(self.faults),
        }


def check_cohort(path: Path) -> CohortCheck:
    """Verify manifest, digests, shapes, splits, ranges and provenance of a cohort folder."""
    try:
        store = open_cohort(path, verify=False)
    except CohortError as error:
        return CohortCheck(path, faults=(error.reason,))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        return CohortCheck(path, faults=(f"a table or the manifest is damaged ({error!r})",))
    faults = [
        *_manifest(store),
        *_extras(store),
        *_subjects(store),
        *_slices(store),
        *_truth(store),
    ]
    try:
        arrays = store.arrays()
        tables = {name: (path / name).read_text(encoding="utf-8") for name in TABLES}
        if content_digest(tables, arrays, store.truth) != store.digest:
            faults.append("content does not match its digest: it was altered")
        faults += _pixels(store)
    except CohortError as error:
        faults.append(error.reason)
    except (KeyError, ValueError, TypeError, OSError) as error:
        faults.append(f"an array cannot be read ({type(error).__name__})")
    return CohortCheck(
        path, store.kind, store.name, len(store.subjects), len(store.slices["role"]), tuple(faults)
    )


def _manifest(store: CohortStore) -> Iterator[str]:
    about = store.manifest
    if store.kind not in get_args(CohortKind):
        yield f"cohort.json names the unknown kind {str(store.kind)[:40]!r}"
    if about.get("expression_scale") not in get_args(Scale):
        yield "cohort.json names an unknown scale of expression"
    for key, count in (("subjects", len(store.subjects)), ("slices", len(store.slices["role"]))):
        if about.get(key) != count:
            yield f"cohort.json says {about.get(key)} {key}, the tables hold {count}"
    low, high = store.hu_range
    if not (np.isfinite([low, high]).all() and low < high):
        yield f"the range of HU is {low:g} to {high:g}"
    if not (store.field_of_view_mm > 0 and store.size_px > 0):
        yield "field of view and size of patches must be positive"
    if not isinstance(about.get("provenance"), dict) or not about["provenance"]:
        yield "cohort.json holds no provenance"
    if not store.name:
        yield "the cohort has no name"


def _extras(store: CohortStore) -> Iterator[str]:
    for name, digest in store.manifest.get("extras", {}).items():
        file = (store.path / name).resolve()
        if not file.is_relative_to(store.path.resolve()):
            yield "cohort.json names a file outside of its folder"
            continue
        try:
            same = text_digest(file.read_text(encoding="utf-8")) == digest
        except (OSError, UnicodeDecodeError):
            yield f"{name} is missing or cannot be read"
            continue
        if not same:
            yield f"{name} does not match its digest: it was altered"


def _subjects(store: CohortStore) -> Iterator[str]:
    twice = [i for i, n in Counter(s.subject_id for s in store.subjects).items() if n > 1]
    if twice:
        yield f"subject {twice[0]} appears more than once"
    for name, group in store.split.groups().items():
        if not group:
            yield f"no subject in the {name} split"
    if not np.isfinite(store.expression.values).all():
        yield "expression.csv holds missing or infinite values"
    for subject in store.subjects:
        if not np.isfinite(list(subject.attributes.values())).all():
            yield f"subject {subject.subject_id} has an attribute that is not finite"
    homes: dict[str, set[str]] = {}
    for subject in store.subjects:
        lender = subject.clinical.get(NODULE_PATIENT)
        if lender:
            homes.setdefault(lender, set()).add(subject.split)
    for lender, splits in sorted(homes.items()):
        if len(splits) > 1:
            yield f"nodules of {lender} stand in two splits: {', '.join(sorted(splits))}"
    if store.kind == "surrogate" and not homes:
        yield f"a surrogate cohort must say whose nodules it shows, in the column {NODULE_PATIENT}"


def _truth(store: CohortStore) -> Iterator[str]:
    """Slopes that the truth states must be there for every attribute and gene."""
    stated = (store.truth or {}).get("slopes")
    if stated is None:
        return
    genes = stated.get("genes") if isinstance(stated, dict) else None
    for attribute in ATTRIBUTES:
        slopes = genes.get(attribute) if isinstance(genes, dict) else None
        known = slopes if isinstance(slopes, dict) else {}
        values = [known.get(gene) for gene in store.expression.gene_symbols]
        missing = sum(not isinstance(v, int | float) or not np.isfinite(v) for v in values)
        if missing:
            yield f"truth.json states no slope of {attribute} for {missing} genes"


def _slices(store: CohortStore) -> Iterator[str]:
    columns = store.slices
    known = {s.subject_id: s for s in store.subjects}
    for what, allowed in (("role", ROLES), ("plane", PLANES)):
        odd = sorted(set(columns.get(what, np.array([])).tolist()) - set(allowed))
        if odd:
            yield f"slices.csv holds the unknown {what} {odd[0][:40]!r}"
    for name in ("dz_mm", "area_mm2"):
        if not np.isfinite(columns[name]).all():
            yield f"slices.csv holds a {name} that is not finite"
    central = Counter(columns["subject_id"][columns["central"] == 1].tolist())
    for subject in known.values():
        if central[subject.subject_id] != 1:
            count = central[subject.subject_id]
            yield f"subject {subject.subject_id} has {count} central slices, not 1"
    rows = zip(columns["subject_id"].tolist(), columns["patient_id"].tolist(), strict=True)
    for owner, patient in sorted({row for row in rows if row[0]}):
        if owner not in known:
            yield f"slices.csv names the unknown subject {owner[:40]}"
        elif known[owner].patient_id != patient:
            yield f"slices.csv gives subject {owner} another patient than subjects.csv"


def _pixels(store: CohortStore) -> Iterator[str]:
    low, high = HU_STORED_RANGE[0] - HU_SLACK, HU_STORED_RANGE[1] + HU_SLACK
    for name, array in (("image", store.image), ("paired", store.paired), *store.regions.items()):
        if array.size and (array.min() < low or array.max() > high):
            yield f"{name} holds {array.min()} to {array.max()} HU, outside of what a CT stores"
    if store.mask.size and store.mask.max() > 1:
        yield "mask holds other values than 0 and 1"
    shown = store.mask.any(axis=(1, 2))
    if (shown & (store.slices["role"] == "background")).any():
        yield "a background shows a nodule"
    area = store.mask.sum(axis=(1, 2), dtype=np.int64) * store.pixel_mm**2
    wrong = np.abs(area - store.slices["area_mm2"]) > 0.01 * np.maximum(area, 1.0)
    if wrong.any():
        yield f"{int(wrong.sum())} slices have another area than slices.csv says"
