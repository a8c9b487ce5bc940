"""Cut patients to the content of a cohort folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen import __version__
from napari_radiogen.cohorts.gene_table import GeneTable
from napari_radiogen.cohorts.metagene_table import (
    METAGENE_FILE,
    format_metagenes,
    training_metagenes,
)
from napari_radiogen.cohorts.rejections import Rejections
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.domain import CohortKind, Split, Subject
from napari_radiogen.io.clinical import ClinicalTable
from napari_radiogen.io.cohort_content import REGION_ARRAYS, CohortContent
from napari_radiogen.io.cohort_work import kept_arrays

#: Shares of real patients in training and validation; the rest is for test.
SPLIT_SHARES = (0.6, 0.2)
#: Columns of slices.csv that each patient's facts hold.
ROW_COLUMNS = ("role", "plane", "dz_mm", "area_mm2", "central")
#: Clinical columns may not take the names of our own.
OWN_COLUMNS = ("subject_id", "patient_id", "split")


@dataclass(frozen=True)
class Kept:
    """A patient whose cut result lies in the work folder under a key."""

    patient_id: str
    key: str
    facts: dict[str, Any]


def assemble(
    name: str,
    kept: list[Kept],
    work: Path,
    genes: GeneTable,
    clinical: ClinicalTable | None,
    config: CutConfig,
    rejected: Rejections,
    inputs: dict[str, str],
    *,
    shares: tuple[float, float] = SPLIT_SHARES,
) -> CohortContent:
    """Join images, genes and clinical columns of the patients that are left.

    Parameters
    ----------
    name
        Of the cohort.
    kept
        Patients in the order of their ids.
    work
        Folder of their results.
    genes, clinical
        Tables; the clinical one may lack patients.
    config
        How scans were cut.
    rejected
        Who was left out.
    inputs
        sha256 of the tables, by what they are.
    shares
        Of patients in training and validation; the rest is for test.
    """
    patients = [k.patient_id for k in kept]
    split_of = split_patients(patients, config.seed, shares)
    phantom = all(k.facts["synthetic"] for k in kept)
    kind: CohortKind = "phantom" if phantom else "real"
    subjects = tuple(
        Subject(
            subject_id=f"S-{i + 1:04d}",
            patient_id=k.patient_id,
            split=split_of[k.patient_id],
            clinical=_clinical(clinical, k.patient_id),
            attributes=k.facts["attributes"],
        )
        for i, k in enumerate(kept)
    )
    ids = tuple(s.subject_id for s in subjects)
    columns, arrays = _stack(kept, work, subjects)
    symbols = len(genes.matrix.gene_symbols)
    expression = genes.of(tuple(patients), ids)
    metagenes = training_metagenes(expression, subjects)
    extras = {"rejected.csv": rejected.to_csv()}
    if metagenes is not None:
        extras[METAGENE_FILE] = format_metagenes(metagenes)
    return CohortContent(
        name=name,
        kind=kind,
        subjects=subjects,
        expression=expression,
        slices=columns,
        image=arrays["image"],
        mask=arrays["mask"],
        paired=arrays["paired"],
        provenance={
            "source": "phantom scans"
            if phantom
            else "scans, masks and expression of the same people",
            "napari-radiogen": __version__,
            "config": asdict(config),
            "split_shares": [*shares],
            "genes": {"kept": symbols, "dropped_for_missing_values": genes.dropped},
            "metagenes": 0 if metagenes is None else len(metagenes.names),
            "patients": {"in": len(kept), "left_out": len(rejected.rows)},
            "inputs": {**inputs, "patients": {k.patient_id: k.key for k in kept}},
            "warnings": {k.patient_id: k.facts["warnings"] for k in kept if k.facts["warnings"]},
        },
        field_of_view_mm=config.field_of_view_mm,
        size_px=config.size_px,
        regions={name: arrays[name] for name in REGION_ARRAYS if name in arrays},
        extras=extras,
    )


def split_patients(
    patients: list[str], seed: int, shares: tuple[float, float] = SPLIT_SHARES
) -> dict[str, Split]:
    """Deal patients to training, validation and test, one at least to each.

    Test has two where there are four patients: an interval needs as many.

    Parameters
    ----------
    patients
        Three or more, each once.
    seed
        Decides the order.
    shares
        Of training and validation.
    """
    rng = np.random.default_rng([seed, 1])
    order = [patients[i] for i in rng.permutation(len(patients))]
    validation = max(1, round(shares[1] * len(order)))
    test = max(min(2, len(order) - 2), round((1 - sum(shares)) * len(order)))
    home: dict[str, Split] = dict.fromkeys(order, "train")
    home |= dict.fromkeys(order[:validation], "validation")
    return home | dict.fromkeys(order[validation : validation + test], "test")


def _clinical(table: ClinicalTable | None, patient: str) -> dict[str, str]:
    if table is None:
        return {}
    row = table.rows.get(patient, dict.fromkeys(table.columns, ""))
    return {f"clinical_{k}" if k in OWN_COLUMNS else k: v for k, v in row.items()}


def _stack(
    kept: list[Kept], work: Path, subjects: tuple[Subject, ...]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
    """Return slices.csv by column and every array, patients one after the other."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("subject_id", "patient_id", "split", *ROW_COLUMNS)
    }
    parts: dict[str, list[npt.NDArray[Any]]] = {}
    for one, subject in zip(kept, subjects, strict=True):
        for row in one.facts["rows"]:
            columns["subject_id"].append(subject.subject_id)
            columns["patient_id"].append(subject.patient_id)
            columns["split"].append(subject.split)
            for name in ROW_COLUMNS:
                number = name in ("dz_mm", "area_mm2")
                columns[name].append(f"{row[name]:.3f}" if number else row[name])
        for name, array in kept_arrays(work, one.key).items():
            parts.setdefault(name, []).append(array)
    stacked = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return {name: np.array(values) for name, values in columns.items()}, stacked
