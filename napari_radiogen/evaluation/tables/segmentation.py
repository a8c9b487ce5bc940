"""How well U-Nets outline the nodules of test patients (Li 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.segmentation import count_lesions, dice, hausdorff95
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.tables.published import SEGMENTATION_DICE
from napari_radiogen.evaluation.tables.study import Study, finite_mean
from napari_radiogen.evaluation.tables.table import Published, Row, Table
from napari_radiogen.inference.measuring import MeasuringUNet
from napari_radiogen.io.cohort_store import CohortStore

BoolArray = npt.NDArray[np.bool_]
#: Probability above which a pixel is nodule.
THRESHOLD = 0.5
_Printed = tuple[Published, ...]
_CONTROL = "sphere of the median training radius at the centre"


@dataclass(frozen=True, eq=False)
class Case:
    """A test nodule: rows of its axial slices from end to end.

    ``spacing_mm`` is (z, y, x) of the stack.
    """

    patient: str
    rows: npt.NDArray[np.intp]
    dz_mm: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float, float]


def segmentation_table(study: Study) -> Table:
    """Score each U-Net on the test nodules, slice by slice, put together as stacks.

    Raises
    ------
    CohortError
        When there is no test nodule.
    """
    cases = nodule_cases(study.cohort)
    blind = _Scores.of(study.cohort, cases, _spheres(study.cohort, cases))
    rows: list[Row] = []
    for i, unet in enumerate(study.models.unets):
        study.progress(i / len(study.models.unets), unet.name)
        found = [_outlines(unet, study.cohort, case.rows) for case in cases]
        scores = _Scores.of(study.cohort, cases, found)
        rows += _nodule_rows(study, unet.name, cases, scores, blind)
        rows += _background_rows(study, unet)
    return Table(
        "segmentation",
        "Segmentation",
        tuple(rows),
        notes=(
            "Axial slices through a nodule in the middle of its patch: an easier task than a whole "
            "scan, on which the published figures were measured.",
            "A case is one nodule as a stack of its slices; a pixel is nodule above a probability "
            f"of {THRESHOLD}.",
            "HD95 leaves out nodules of which nothing was found; n says how many were.",
        ),
    )


def nodule_cases(cohort: CohortStore) -> tuple[Case, ...]:
    """Return the test nodules with the axial slices that show them.

    Raises
    ------
    CohortError
        When there is none.
    """
    columns = cohort.slices
    chosen = (columns["split"] == "test") & (columns["role"] == "nodule")
    chosen &= (columns["plane"] == "axial") & (columns["subject_id"] != "")
    cases = []
    for subject in cohort.split.test:
        rows = np.flatnonzero(chosen & (columns["subject_id"] == subject.subject_id))
        if not len(rows) or not cohort.mask[rows].any():
            continue
        rows = rows[np.argsort(columns["dz_mm"][rows], kind="stable")]
        dz = columns["dz_mm"][rows].astype(float)
        step = float(np.median(np.diff(dz))) if len(dz) > 1 else cohort.pixel_mm
        spacing = (step or cohort.pixel_mm, cohort.pixel_mm, cohort.pixel_mm)
        cases.append(Case(subject.patient_id, rows, dz, spacing))
    if not cases:
        raise CohortError("no test nodule has axial slices", subject=cohort.path)
    return tuple(cases)


@dataclass(frozen=True, eq=False)
class _Scores:
    """Of each case, (N,): overlap, surface distance, share of lesions hit, findings beside."""

    dice: npt.NDArray[np.float64]
    hd95: npt.NDArray[np.float64]
    hit: npt.NDArray[np.float64]
    beside: npt.NDArray[np.float64]

    @classmethod
    def of(cls, cohort: CohortStore, cases: tuple[Case, ...], found: list[BoolArray]) -> _Scores:
        scores = []
        for case, told in zip(cases, found, strict=True):
            truth = cohort.mask[case.rows] > 0
            lesions = count_lesions(truth, told)
            distance = hausdorff95(truth, told, case.spacing_mm)
            scores.append(
                (dice(truth, told), distance, lesions.sensitivity, lesions.false_positives)
            )
        return cls(*(np.array(column, dtype=float) for column in zip(*scores, strict=True)))


def _nodule_rows(
    study: Study, name: str, cases: tuple[Case, ...], scores: _Scores, blind: _Scores
) -> list[Row]:
    patients = [case.patient for case in cases]

    def row(measure: str, which: str, unit: str = "", printed: _Printed = ()) -> Row:
        values, control = getattr(scores, which), getattr(blind, which)
        known = np.isfinite(values)
        return Row(
            name,
            "unet",
            measure,
            finite_mean(values),
            n=int(known.sum()),
            patients=len({p for p, k in zip(patients, known, strict=True) if k}),
            on="nodules",
            unit=unit,
            ci95=study.mean_interval(values, patients),
            control=finite_mean(control),
            control_is=_CONTROL,
            published=printed,
        )

    return [
        row("Dice per case", "dice", printed=SEGMENTATION_DICE),
        row("HD95", "hd95", "mm"),
        row("lesion sensitivity", "hit"),
        row("findings beside the nodule, per patch", "beside"),
    ]


def _background_rows(study: Study, unet: MeasuringUNet) -> list[Row]:
    cohort, columns = study.cohort, study.cohort.slices
    chosen = (columns["split"] == "test") & (columns["role"] == "background")
    rows = np.flatnonzero(chosen & (columns["plane"] == "axial"))
    if not len(rows):
        return []
    found = _outlines(unet, cohort, rows)
    empty = np.zeros(found.shape[1:], dtype=bool)
    counts = np.array([count_lesions(empty, f).false_positives for f in found], dtype=float)
    patients = list(columns["patient_id"][rows])
    return [
        Row(
            unet.name,
            "unet",
            "false positives per slice",
            finite_mean(counts),
            n=len(rows),
            patients=len(set(patients)),
            on="nodule-free slices",
            ci95=study.mean_interval(counts, patients),
        )
    ]


def _outlines(unet: MeasuringUNet, cohort: CohortStore, rows: npt.NDArray[Any]) -> BoolArray:
    images = cohort.image[rows].astype(np.float32)
    return np.asarray(unet.probability(images, cohort.pixel_mm) > THRESHOLD)


def _spheres(cohort: CohortStore, cases: tuple[Case, ...]) -> list[BoolArray]:
    """Outline in each case what a sphere at the patch's centre would fill."""
    columns = cohort.slices
    central = (columns["split"] == "train") & (columns["central"] == 1)
    areas = cohort.mask[np.flatnonzero(central)].sum(axis=(1, 2)) * cohort.pixel_mm**2
    radius = float(np.sqrt(np.median(areas) / np.pi)) if len(areas) else 0.0
    axis = (np.arange(cohort.size_px) - (cohort.size_px - 1) / 2) * cohort.pixel_mm
    plane = axis[:, None] ** 2 + axis[None, :] ** 2
    return [plane[None] + case.dz_mm[:, None, None] ** 2 <= radius**2 for case in cases]
