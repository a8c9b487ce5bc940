"""How genes steer each painter, beside the same trained on permuted genes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.evaluation.control import evaluate_control
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.slopes import NODULES
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.evaluation.tables.table import Row, Table
from napari_radiogen.inference.painting import Painter
from napari_radiogen.io.cohort_store import CohortStore

#: Largest report of ``radiogen evaluate control`` that is read, bytes.
LARGEST_REPORT = 2**20
#: Key of the report to measure and unit.
_WHOLE = {
    "leakage": ("change outside / inside the masks when genes change, raw", ""),
    "background_psnr_db": ("PSNR outside the dilated mask, raw", "dB"),
    "diversity": ("diversity over noise / of real nodules", ""),
    "mask_dice": ("Dice of own mask and measuring U-Net", ""),
    "retrieval_top1": ("own patient retrieved first", ""),
    "memorisation": ("distance to training images / of test images", ""),
}
_SWEEPS = {
    "monotonicity": "sweeps: monotonicity",
    "slope_cosine": "sweeps: cosine with slopes of {reference}",
}


def control_table(study: Study) -> Table:
    """Tell how painted nodules follow the genes of test subjects (METHODS 2).

    Reports that were given are read; any other painter is evaluated anew,
    which takes minutes.

    Raises
    ------
    CohortError, ModelError
        When model and cohort do not fit together.
    """
    rows: list[Row] = []
    notes = [
        "Spearman: median over draws of the correlation of asked and measured across subjects.",
        "No publication measured control; a model trained on permuted genes is the bar.",
    ]
    painters = study.models.painters
    for i, painter in enumerate(painters):
        share = 1 / len(painters)
        report = _given(study, painter) or _anew(study, painter, i * share, share)
        rows += control_rows(painter.name, painter.system, report)
        notes += [f"{painter.name}: {warning}." for warning in report["warnings"]]
        if not report["permuted"]["runs"]:
            notes.append(
                f"{painter.name}: no model of its kind was trained on permuted genes; the control "
                "is the same model with all genes at the mean."
            )
    return Table("control", "Control fidelity", tuple(rows), tuple(notes))


def read_control(path: Path, cohort: CohortStore, painters: Sequence[Painter]) -> dict[str, Any]:
    """Read what ``radiogen evaluate control --json`` printed.

    Raises
    ------
    InputError
        When it is no such report, or one of another cohort or model.
    """
    try:
        if path.stat().st_size > LARGEST_REPORT:
            raise InputError("is too large for a report of 'evaluate control --json'", path)
        report = dict(json.loads(path.read_text(encoding="utf-8")))
        model, digest = report["model"]["sha256"], report["cohort"]["digest"]
        report["warnings"] = [str(w) for w in report["warnings"]]
        control_rows("", "", report)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        kind = type(error).__name__
        raise InputError(f"is no output of 'evaluate control --json' ({kind})", path) from error
    if digest != cohort.digest:
        raise InputError("is a report on another cohort", path)
    if model not in {p.digest for p in painters}:
        raise InputError("is a report on a model that was not given", path)
    return report


def control_rows(name: str, system: str, report: dict[str, Any]) -> list[Row]:
    """Return the rows of one report, as ``ControlReport.to_json`` writes it."""
    about: dict[str, Any] = {
        "model": name,
        "system": system,
        "n": int(report["subjects"]),
        "patients": int(report["patients"]),
    }
    rows = [_spearman(about, report, attribute) for attribute in ATTRIBUTES]
    for key, (measure, unit) in _WHOLE.items():
        found = Row(**about, measure=measure, unit=unit, value=_number(report[key]))
        if key == "retrieval_top1":
            chance = _number(report["retrieval"]["chance_top1"])
            found = replace(found, control=chance, control_is="guessing")
        rows.append(found)
    # Reports of older versions knew no other reference.
    reference = str(report.get("slope_reference", NODULES))
    for key, measure in _SWEEPS.items():
        for attribute in ATTRIBUTES:
            value = _number(report[key][attribute])
            words = measure.format(reference=reference)
            rows.append(Row(**about, measure=words, on=attribute, value=value))
    check = report["measuring_unet"]
    low, high = (_number(v) for v in check["dice_ci95"])
    judge = Row(**about, measure="measuring U-Net, Dice on real", value=_number(check["dice"]))
    return [*rows, replace(judge, ci95=(low, high))]


def _spearman(about: dict[str, Any], report: dict[str, Any], attribute: str) -> Row:
    found = report["attributes"][attribute]
    low, high = (_number(v) for v in found["ci95"])
    runs = int(report["permuted"]["runs"])
    if runs:
        control = _number(report["permuted"][attribute]["max_abs"])
        control_is = f"largest of {runs} models trained on permuted genes"
    else:
        control = _number(report["mean_genes"][attribute]["spearman"])
        control_is = "all genes at the mean"
    return Row(
        **about,
        measure="Spearman of asked and measured",
        on=attribute,
        value=_number(found["spearman"]),
        ci95=(low, high),
        control=control,
        control_is=control_is,
    )


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _given(study: Study, painter: Painter) -> dict[str, Any] | None:
    reports = [r for r in study.controls if r["model"]["sha256"] == painter.digest]
    return reports[0] if reports else None


def _anew(study: Study, painter: Painter, start: float, share: float) -> dict[str, Any]:
    if study.measuring is None:
        raise ModelError("cannot be judged without a measuring U-Net", subject=painter.name)
    settings = ControlSettings(
        draws=study.settings.control_draws,
        seed=study.settings.seed,
        resamples=study.settings.resamples,
    )
    report = evaluate_control(
        painter,
        study.measuring,
        study.cohort,
        permuted=study.models.nulls_of(painter),
        settings=settings,
        progress=lambda done, what: study.progress(start + share * done, f"{painter.name}, {what}"),
    )
    return report.to_json()
