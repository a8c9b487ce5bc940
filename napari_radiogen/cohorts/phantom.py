"""Phantom patients on disk: the demo's, and a cohort in the formats of real ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from napari_radiogen.cohorts.phantom_people import draw_people, known_truth
from napari_radiogen.errors import InputError, Stop
from napari_radiogen.io.csv_cells import csv_cell
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.expression import write_geo_table
from napari_radiogen.io.save import complete_folder, save_json, save_text
from napari_radiogen.io.seg_write import write_seg
from napari_radiogen.phantom import PhantomScan, Scene, chest_geometry, demo_patient, render_scene
from napari_radiogen.phantom.biology import LATENT_NAMES, morphology_of
from napari_radiogen.phantom.transcriptome import Transcriptome, TranscriptomePlan

Progress = Callable[[float, str], None]

#: Raised when the demo patient would look different: older caches are made again.
DEMO_VERSION = 1
COHORT_VERSION = 1
MARKER = "phantom.json"
SERIES_FOLDER = "ct"
#: Grid of cohort scans: finer than a whole chest needs, over a slab in z, mm.
COHORT_SPACING_MM = (1.5, 0.9, 0.9)
COHORT_SLAB_MM = 100.0
EXPRESSION_FILE = "expression_fpkm.txt"


@dataclass(frozen=True)
class PhantomCohort:
    """What was written, and where."""

    path: Path
    patients: tuple[str, ...]
    genes: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "kind": "phantom",
            "path": str(self.path),
            "patients": list(self.patients),
            "genes": self.genes,
        }


def demo_folder(
    progress: Progress | None = None,
    *,
    root: Path | None = None,
    cancelled: Stop | None = None,
) -> Path:
    """Return the folder of the demo patient, rendered on the first call.

    Parameters
    ----------
    progress
        Called with a fraction and a line of text.
    root
        Where caches lie; the user's own by default.
    cancelled
        Asked between steps and slices.

    Returns
    -------
    Path
        Folder of the CT series; ``nodule.dcm`` beside it is the nodule.

    Raises
    ------
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    base = root if root is not None else Path(user_cache_dir("napari-radiogen"))
    folder = base / f"demo-v{DEMO_VERSION}"
    if (folder / MARKER).is_file():
        return folder / SERIES_FOLDER
    scan = demo_patient(progress, cancelled)
    with complete_folder(folder, marker=MARKER, overwrite=True, cancelled=cancelled) as building:
        _write_patient(scan, building, cancelled)
        save_json(building / MARKER, {"kind": "phantom", "version": DEMO_VERSION, **_facts(scan)})
    return folder / SERIES_FOLDER


def write_phantom_cohort(
    out: Path,
    patients: int,
    seed: int,
    *,
    genes: int = TranscriptomePlan.genes,
    spacing_mm: tuple[float, float, float] = COHORT_SPACING_MM,
    slab_mm: float | None = COHORT_SLAB_MM,
    progress: Progress | None = None,
    cancelled: Stop | None = None,
) -> PhantomCohort:
    """Write patients whose gene-to-image truth is known, as real data comes.

    Parameters
    ----------
    out
        New folder: ``dicom/PATIENT/ct``, ``dicom/PATIENT/nodule.dcm``, a
        GEO-style FPKM table, ``clinical.csv``, ``truth.json``. It appears when
        complete.
    patients, seed
        How many, and what makes them.
    genes
        Genes without missing values; about three times as many have some.
    spacing_mm
        Of the CT, along (z, y, x).
    slab_mm
        Height around the nodule; None renders the whole chest.
    progress, cancelled
        Told of, and asked between, patients and steps.

    Raises
    ------
    InputError
        When numbers make no cohort.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    if patients < 1 or genes < 1:
        raise InputError(f"expected at least 1 patient and 1 gene, got {patients} and {genes}")
    people = draw_people(patients, seed, genes)
    ids, latents, transcriptome = people.ids, people.latents, people.transcriptome
    truths = {}
    with complete_folder(out, marker=MARKER, cancelled=cancelled) as building:
        for i, patient in enumerate(ids):
            scene = Scene.draw(people.seeds[i], morphology_of(latents[i]))
            geometry = chest_geometry(spacing_mm, scene.who, slab=_slab(scene, slab_mm))
            told = _part_of(progress, i, patients, patient)
            scan = render_scene(
                scene, geometry, patient_id=patient, progress=told, cancelled=cancelled
            )
            _write_patient(scan, building / "dicom" / patient, cancelled)
            truths[patient] = _patient_truth(scan, latents[i])
        _write_tables(building, transcriptome, ids, people.clinical)
        truth = known_truth(seed, transcriptome) | {"patients": truths}
        save_json(building / "truth.json", truth)
        save_json(building / MARKER, _manifest(seed, ids, transcriptome))
    return PhantomCohort(Path(out), ids, transcriptome.expression.values.shape[1])


def _slab(scene: Scene, height_mm: float | None) -> tuple[float, float] | None:
    if height_mm is None or scene.nodule is None:
        return None
    middle = scene.nodule.centre[2]
    return middle - height_mm / 2, middle + height_mm / 2


def _part_of(progress: Progress | None, i: int, count: int, patient: str) -> Progress | None:
    if progress is None:
        return None
    whole = progress

    def report(fraction: float, message: str) -> None:
        whole((i + fraction) / count, f"{patient}: {message}")

    return report


def _write_patient(scan: PhantomScan, folder: Path, cancelled: Stop | None = None) -> None:
    series = folder / SERIES_FOLDER
    write_ct_series(
        scan.ct,
        series,
        patient_id=scan.ct.patient_id,
        series_description=scan.ct.description,
        seed=json.dumps(scan.parameters, sort_keys=True),
        cancelled=cancelled,
    )
    if scan.nodules.labels.any():
        write_seg(
            scan.nodules,
            series,
            folder / "nodule.dcm",
            patient_id=scan.ct.patient_id,
            description="phantom nodule",
            cancelled=cancelled,
        )


def _facts(scan: PhantomScan) -> dict[str, Any]:
    return {"patient": scan.ct.patient_id, "scene": scan.parameters}


def _patient_truth(scan: PhantomScan, latents: Any) -> dict[str, Any]:
    values = {n: round(float(b), 6) for n, b in zip(LATENT_NAMES, latents, strict=True)}
    return {"latents": values, **_facts(scan)}


def _write_tables(
    folder: Path, transcriptome: Transcriptome, ids: tuple[str, ...], clinical: list[dict[str, str]]
) -> None:
    write_geo_table(transcriptome.expression, folder / EXPRESSION_FILE)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["Case ID", *clinical[0]])
    for patient, row in zip(ids, clinical, strict=True):
        writer.writerow([csv_cell(patient), *map(csv_cell, row.values())])
    save_text(folder / "clinical.csv", stream.getvalue())


def _manifest(seed: int, ids: tuple[str, ...], transcriptome: Transcriptome) -> dict[str, Any]:
    return {
        "format": "radiogen phantom cohort",
        "version": COHORT_VERSION,
        "kind": "phantom",
        "seed": seed,
        "patients": list(ids),
        "genes": transcriptome.expression.values.shape[1],
        "expression": EXPRESSION_FILE,
    }
