"""Small whole scans in the layout of a TCIA collection, quick to make."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np

from napari_radiogen.domain import CTVolume, ExpressionMatrix, LabelVolume, VolumeGeometry
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.expression import write_geo_table
from napari_radiogen.io.seg_write import write_seg

SPACING_MM = (5.0, 3.0, 3.0)
SHAPE = (22, 70, 100)
ORIGIN_MM = (-150.0, -105.0, -52.5)
GENES = 40
#: Patients of a collection of twelve that a build must leave out, and why.
NO_GENES, NO_MASK, GAP = "PHT-004", "PHT-007", "PHT-010"


def patient_id(number: int) -> str:
    return f"PHT-{number:03d}"


def chest(
    seed: int, centre_mm: tuple[float, float, float] | None = None
) -> tuple[CTVolume, LabelVolume]:
    """Return a body with two lungs and a ball in the left one, and the ball's mask."""
    rng = np.random.default_rng(seed)
    geometry = VolumeGeometry(SHAPE, SPACING_MM, ORIGIN_MM)
    z, y, x = np.meshgrid(
        *[o + s * np.arange(n) for n, s, o in zip(SHAPE, SPACING_MM, ORIGIN_MM[::-1], strict=True)],
        indexing="ij",
    )
    body = (x / 145) ** 2 + (y / 100) ** 2 < 1
    lungs = ((np.abs(x) - 68) / 52) ** 2 + (y / 72) ** 2 < 1
    hu = np.where(lungs, -850.0, np.where(body, 40.0, -1000.0))
    cx, cy, cz = centre_mm or tuple(rng.uniform((62, -15, -12), (74, 15, 12)))
    radius = rng.uniform(8, 14)
    ball = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 < radius**2
    hu = np.where(ball, rng.uniform(-300, 60), hu) + rng.normal(0, 15, SHAPE)
    ct = CTVolume(hu.astype(np.int16), geometry, description="phantom chest", synthetic=True)
    return ct, LabelVolume(ball.astype(np.uint8), geometry, {1: "Nodule"})


def write_patient(folder: Path, identity: str, seed: int, **shape: object) -> None:
    """Write one patient's CT and SEG below a folder, in folders that say nothing."""
    ct, nodule = chest(seed, **shape)  # type: ignore[arg-type]
    study = folder / identity / "01-01-1990-NA-CT-00001"
    write_ct_series(
        ct,
        study / "3.000-NA-1",
        patient_id=identity,
        series_description="phantom chest",
        seed=str(seed),
    )
    (study / "1000.000-NA-2").mkdir()
    write_seg(
        nodule, study / "3.000-NA-1", study / "1000.000-NA-2" / "1-1.dcm", patient_id=identity
    )


def write_tables(folder: Path, patients: list[str], seed: int = 0) -> None:
    """Write a GEO text table (genes in rows, FPKM, some NA) and a clinical CSV."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 14, (len(patients), GENES + 5)).astype(np.float32)
    values[0, GENES:] = np.nan
    genes = tuple(f"PHG{i:05d}" for i in range(GENES + 5))
    write_geo_table(
        ExpressionMatrix(values, tuple(patients), genes, "log2"), folder / "expression.txt"
    )
    with (folder / "clinical.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Case ID", "Histology", "%GG"])
        writer.writerows([p, "Adenocarcinoma", "=1+1"] for p in patients)


def write_collection(folder: Path, patients: int = 12, *, faults: bool = True) -> Path:
    """Write a collection; with faults one patient has no genes, one no mask, one a gap."""
    ids = [patient_id(i + 1) for i in range(patients)]
    for seed, identity in enumerate(ids):
        write_patient(folder / "dicom", identity, seed)
    write_tables(folder, [i for i in ids if not (faults and i == NO_GENES)])
    if faults and patients >= 12:
        study = next((folder / "dicom" / NO_MASK).iterdir())
        shutil.rmtree(study / "1000.000-NA-2")
        slices = sorted(next((folder / "dicom" / GAP).iterdir()).glob("3.000*/*.dcm"))
        slices[len(slices) // 2].unlink()
    return folder
