"""A tiny folder of nodule patches, as ``radiogen cohort plant`` reads them."""

import csv
from pathlib import Path

import numpy as np

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.io.labels import write_labels, write_volume

SIZE = 50


def write_nodules(folder: Path, patients: int = 24, seed: int = 0) -> Path:
    """Write balls of random size and density in noisy lung, one a patient.

    Patient 0's nodule touches the border; every second patch has its x and y
    axes flipped, as half of the real ones have.
    """
    rng = np.random.default_rng(seed)
    (folder / "patches").mkdir(parents=True)
    rows = []
    for i in range(patients):
        centre = np.array([25.0, 25.0, 25.0]) + rng.uniform(-1, 1, 3)
        radius, hu = rng.uniform(4, 9), rng.uniform(-400, 100)
        if i == 0:
            centre[1] = 3.0
        z, y, x = np.mgrid[:SIZE, :SIZE, :SIZE]
        distance = np.sqrt((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2)
        inside = distance <= radius
        voxels = np.where(inside, hu, -850) + rng.normal(0, 20, inside.shape)
        flip = -1.0 if i % 2 else 1.0
        geometry = VolumeGeometry(
            (SIZE,) * 3, (1.0,) * 3, (0.0, 0.0, 0.0), (flip, 0, 0, 0, flip, 0, 0, 0, 1)
        )
        write_volume(
            CTVolume(voxels.astype(np.int16), geometry), folder / "patches" / f"{i:02d}_ct.mha"
        )
        write_labels(
            LabelVolume(inside.astype(np.uint8), geometry), folder / "patches" / f"{i:02d}_seg.mha"
        )
        rows.append(
            {
                "image": f"{i:02d}_ct.mha",
                "mask": f"{i:02d}_seg.mha",
                "pid": f"LIDC-{i:04d}",
                "malignancy": "3.5",
            }
        )
    with (folder / "index.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
