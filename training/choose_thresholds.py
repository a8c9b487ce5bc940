"""Choose the thresholds of the segmenter, without the scans that judge it.

    python training/choose_thresholds.py NODULES --cohort COHORT --model RUN --phantoms 105 106

Sensitivity comes from the nodule patches of the cohort's validation patients,
false positives from those patches, per litre of lung, and from phantom scans.
The test phantoms (seeds 9001 to 9005) and whole real scans take no part.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import HU_LUNG_MAX
from napari_radiogen.domain import CTVolume, LabelVolume
from napari_radiogen.errors import RadiogenError
from napari_radiogen.imaging.lung import closed_over_nodules, lung_mask
from napari_radiogen.inference.findings import Finding
from napari_radiogen.inference.scan_grid import work_grid
from napari_radiogen.inference.segmenter import Segmenter, load_segmenter
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.io.labels import read_labels
from napari_radiogen.io.read import read_ct
from napari_radiogen.phantom import render_scan

TEST_PHANTOMS = range(9001, 9006)
CONFIRM = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
SMALLEST_MM3 = (50.0, 100.0)
ELONGATION = (2.0, 2.5, 3.0)
#: A hit lies on the nodule or within this of it, mm.
HIT_MM = 3.0
#: Voxels by which a patch is continued.
MIRROR = 24
#: Rows that are false on more than this per litre of lung are not recommended.
FALSE_PER_LITRE = 1.0


@dataclass(frozen=True)
class Reading:
    """All findings of one volume, and which of them hit its nodule."""

    findings: tuple[Finding, ...]
    hits: tuple[bool, ...]
    litres: float


def read_volume(
    segmenter: Segmenter, ct: CTVolume, lung: LabelVolume, nodule: LabelVolume
) -> Reading:
    work, inside = work_grid(ct, lung)
    findings = tuple(segmenter.findings(work, inside))
    points = nodule.geometry.index_to_lps(np.argwhere(nodule.labels > 0))
    hits = []
    for finding in findings:
        middle = np.argwhere(finding.mask).mean(axis=0) + finding.start
        place = work.geometry.index_to_lps(middle)
        distance = np.linalg.norm(points - place, axis=1).min() if len(points) else np.inf
        hits.append(bool(distance <= HIT_MM))
    litres = float((lung.labels > 0).sum()) * ct.geometry.voxel_volume_mm3 / 1e6
    return Reading(findings, tuple(hits), litres)


def patch_lung(ct: CTVolume) -> LabelVolume:
    """Return the lung of a patch: too small for the search in a whole chest."""
    air = ct.voxels < HU_LUNG_MAX
    closed = closed_over_nodules(air, ct.geometry.spacing_mm)
    return LabelVolume(closed.astype(np.uint8), ct.geometry)


def mirrored(ct: CTVolume, lung: LabelVolume) -> tuple[CTVolume, LabelVolume]:
    """Continue a patch beyond its faces by its mirror image, where nothing is sought.

    A whole scan goes on; air from a patch's face on would be an edge that no lung has.
    """
    before = (-MIRROR, -MIRROR, -MIRROR)
    voxels = np.pad(ct.voxels, MIRROR, mode="reflect")
    grid = ct.geometry.crop(before, voxels.shape)
    return CTVolume(voxels, grid), LabelVolume(np.pad(lung.labels, MIRROR), grid)


def read_patches(segmenter: Segmenter, nodules: Path, patients: set[str]) -> list[Reading]:
    with (nodules / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["pid"] in patients]
    readings = []
    for row in rows:
        ct = read_ct(nodules / "patches" / row["image"])
        mask = read_labels(nodules / "patches" / row["mask"])
        readings.append(read_volume(segmenter, *mirrored(ct, patch_lung(ct)), mask))
        print(f"\rpatch {len(readings)}/{len(rows)}", end="", file=sys.stderr)
    return readings


def read_phantoms(segmenter: Segmenter, seeds: list[int]) -> list[Reading]:
    readings = []
    for seed in seeds:
        scan = render_scan(seed)
        readings.append(read_volume(segmenter, scan.ct, lung_mask(scan.ct), scan.nodules))
        print(f"\rphantom {seed}", end="", file=sys.stderr)
    return readings


def score(
    readings: list[Reading], confirm: float, smallest: float, elongation: float
) -> tuple[float, npt.NDArray[np.float64]]:
    """Return sensitivity, and false positives of each volume."""
    found, false = [], []
    for reading in readings:
        keep = [
            hit
            for finding, hit in zip(reading.findings, reading.hits, strict=True)
            if finding.confirm >= confirm
            and finding.volume_mm3 >= smallest
            and finding.elongation <= elongation
        ]
        found.append(any(keep))
        false.append(keep.count(False))
    return float(np.mean(found)), np.array(false, dtype=float)


def table(patches: list[Reading], phantoms: list[Reading]) -> None:
    print("confirm  mm3  elongation | sensitivity  false/litre | phantoms: found  false a scan")
    litres = sum(r.litres for r in patches)
    best: tuple[float, float, str] = (-1.0, 0.0, "")
    for confirm, smallest, elongation in itertools.product(CONFIRM, SMALLEST_MM3, ELONGATION):
        sensitivity, false = score(patches, confirm, smallest, elongation)
        seen, phantom_false = score(phantoms, confirm, smallest, elongation)
        per_litre = float(false.sum()) / litres
        line = (
            f"{confirm:7.2f} {smallest:4.0f} {elongation:11.1f} | {sensitivity:11.3f} "
            f"{per_litre:12.2f} | {seen:15.2f} {phantom_false.mean():13.1f}"
        )
        print(line)
        if per_litre <= FALSE_PER_LITRE:
            best = max(best, (sensitivity, -per_litre - float(phantom_false.mean()), line))
    print(f"\nhighest sensitivity at {FALSE_PER_LITRE} false per litre or fewer:\n{best[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodules", type=Path)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--model", default="unet-planted")
    parser.add_argument("--phantoms", type=int, nargs="*", default=[105, 106, 107, 108])
    args = parser.parse_args()
    if set(args.phantoms) & set(TEST_PHANTOMS):
        parser.error("the test phantoms must not choose thresholds")

    segmenter = load_segmenter(args.model)
    validation = {s.patient_id for s in open_cohort(args.cohort).split.validation}
    patches = read_patches(segmenter, args.nodules, validation)
    phantoms = read_phantoms(segmenter, args.phantoms)
    table(patches, phantoms)


if __name__ == "__main__":
    try:
        main()
    except RadiogenError as error:
        sys.exit(str(error))
