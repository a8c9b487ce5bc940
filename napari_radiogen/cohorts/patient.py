"""One patient of a cohort: files in, cut slices kept in the work folder, or a reason why not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.cohorts.lung_places import lung_backgrounds
from napari_radiogen.cohorts.nodule_slices import (
    SliceRow,
    bare_row,
    largest_part,
    touches_border,
)
from napari_radiogen.cohorts.voi import (
    BoolArray,
    CutConfig,
    bounding_window,
    cut_voi,
    nodule_rows,
    plane_rows,
    tumour_regions,
)
from napari_radiogen.domain import CTVolume
from napari_radiogen.errors import Cancelled, CohortError, RadiogenError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.io.cohort_work import keep, kept_facts
from napari_radiogen.io.dicom_headers import is_dicom
from napari_radiogen.io.dicom_index import content_of, read_ct_files
from napari_radiogen.io.masks import read_mask
from napari_radiogen.io.read import read_ct

#: Raised when a patient would be cut differently: older results are made again.
CUT_VERSION = 1
#: A description that our phantoms carry behind the mark of synthetic scans.
PHANTOM_WORD = "phantom"
#: UIDs of files are identity; error messages quote them as file names.
UID = re.compile(r"\d+(\.\d+){5,}")


@dataclass(frozen=True)
class PatientFiles:
    """What belongs to one patient.

    Parameters
    ----------
    patient_id
        As the tables name the patient.
    ct
        Files of one DICOM series, or one image file.
    mask
        File with the outlined tumour.
    regions
        Label values that are the tumour; empty when every label is.
    """

    patient_id: str
    ct: tuple[str, ...]
    mask: str
    regions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a patient: a kept result, or a reason."""

    patient_id: str
    key: str = ""
    reason: str = ""


def prepare(
    files: PatientFiles,
    config: CutConfig,
    work: Path,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Cut one patient and keep the result, unless that was done before.

    Parameters
    ----------
    files
        The patient.
    config
        How to cut.
    work
        Folder of kept results.
    stop
        Asked between steps.

    Raises
    ------
    Cancelled
        When `stop` says so.
    RadiogenError
        When the result cannot be saved.
    """
    try:
        key = _key(files, config)
    except RadiogenError as error:
        return Outcome(files.patient_id, reason=plain_reason(error))
    facts = kept_facts(work, key)
    if facts is None:
        try:
            facts, arrays = _cut(files, config, stop or (lambda: False))
        except Cancelled:
            raise
        except RadiogenError as error:
            facts, arrays = {"rejected": plain_reason(error)}, {}
        keep(work, key, facts, arrays)
    return Outcome(files.patient_id, key, str(facts.get("rejected", "")))


def plain_reason(error: RadiogenError) -> str:
    """Return a reason without UIDs."""
    return UID.sub("UID", error.reason)


def _key(files: PatientFiles, config: CutConfig) -> str:
    said = {
        "version": CUT_VERSION,
        "patient": files.patient_id,
        "config": asdict(config),
        "regions": files.regions,
        "ct": content_of(files.ct),
        "mask": content_of([files.mask]),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _cut(
    files: PatientFiles, config: CutConfig, stop: Callable[[], bool]
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    def step() -> None:
        if stop():
            raise Cancelled

    step()
    ct = _scan(files)
    step()
    tumour, others, notes = _outlines(files, ct)
    step()
    seed = hashlib.sha256(files.patient_id.encode()).digest()[:8]
    rng = np.random.default_rng([config.seed, int.from_bytes(seed, "big")])
    lung = lung_backgrounds(ct, tumour | others, config, rng)
    if not lung:
        raise CohortError("no place for a background: lung 5 to 25 mm deep, clear of the tumour")
    step()
    voi = cut_voi(ct, tumour, others, config)
    rows = nodule_rows(voi.box, lung)
    rows += [bare_row("background", patch) for patch in lung]
    rows += plane_rows(ct, tumour, config)
    step()
    facts = {
        "rows": [row_facts(row, config.pixel_mm) for row in rows],
        "attributes": _measured(ct, tumour, rows, config),
        "synthetic": ct.synthetic,
        "warnings": [UID.sub("UID", w) for w in (*ct.warnings, *notes)],
    }
    arrays = {
        name: np.stack([getattr(r, name) for r in rows]) for name in ("image", "mask", "paired")
    }
    return facts, {**arrays, **tumour_regions(ct, voi)}


def _scan(files: PatientFiles) -> CTVolume:
    first = Path(files.ct[0])
    if not is_dicom(first):
        # The mark of other formats does not say what is synthetic about a scan.
        return read_ct(first)
    ct = read_ct_files(files.ct)
    if ct.synthetic and PHANTOM_WORD not in ct.description.lower():
        raise CohortError("a synthetic scan that is no phantom: a model may have painted it")
    return ct


def _outlines(files: PatientFiles, ct: CTVolume) -> tuple[BoolArray, BoolArray, tuple[str, ...]]:
    """Return the largest connected tumour (Z, Y, X), what else is outlined, and warnings."""
    found = read_mask(Path(files.mask), on=ct)
    wanted = np.zeros(ct.voxels.shape, dtype=bool)
    for layer in found.layers:
        wanted |= np.isin(layer.labels, files.regions) if files.regions else layer.labels > 0
    if not wanted.any():
        raise CohortError("the mask is empty on this scan")
    window = bounding_window(wanted)
    tumour = np.zeros(wanted.shape, dtype=bool)
    tumour[window] = largest_part(wanted[window])
    if touches_border(tumour):
        raise CohortError("the tumour is at the border of the scan: part of it is missing")
    return tumour, wanted & ~tumour, found.warnings


def _measured(
    ct: CTVolume, tumour: BoolArray, rows: list[SliceRow], config: CutConfig
) -> dict[str, float]:
    central = next(row for row in rows if row.central)
    whole = measure_nodule(ct, tumour, 1)
    return {
        **slice_attributes(central.image, central.mask, config.pixel_mm),
        "volume_mm3": whole.volume_mm3,
        "long_axis_mm": whole.long_axis_mm,
    }


def row_facts(row: SliceRow, pixel_mm: float) -> dict[str, Any]:
    """Return what ``slices.csv`` says of a slice."""
    return {
        "role": row.role,
        "plane": row.plane,
        "dz_mm": round(float(row.dz_mm), 3),
        "area_mm2": round(float(row.mask.sum()) * pixel_mm**2, 3),
        "central": int(row.central),
    }
