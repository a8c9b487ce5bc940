"""What is measured of a nodule: names, units, and the table as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.constants import HU_SOLID, RESEARCH_USE
from napari_radiogen.domain import Nodule
from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import csv_cell
from napari_radiogen.io.save import save_text
from napari_radiogen.session.exports import check_suffix
from napari_radiogen.session.ports import Segmentation

CSV_SUFFIX = ".csv"


@dataclass(frozen=True)
class Measure:
    """One measurement of a `Nodule`.

    Parameters
    ----------
    key
        Field of `Nodule`; its name ends with the unit where there is one.
    title, unit
        As a table shows them.
    scale
        From the field's unit to the one shown.
    decimals
        Digits after the point.
    about
        How it is measured, in one line.
    """

    key: str
    title: str
    unit: str
    scale: float
    decimals: int
    about: str

    def value(self, nodule: Nodule | None) -> float | None:
        """Return the measurement in the unit shown, or None."""
        found = None if nodule is None else getattr(nodule, self.key)
        return None if found is None else float(found) * self.scale

    def words(self, nodule: Nodule | None) -> str:
        """Return number and unit, or a dash."""
        found = self.value(nodule)
        return "–" if found is None else f"{found:.{self.decimals}f} {self.unit}".strip()


MEASURES = (
    Measure("volume_mm3", "volume", "ml", 1e-3, 2, "voxels inside the outline"),
    Measure("long_axis_mm", "long axis", "mm", 1.0, 1, "longest diameter on an axial slice"),
    Measure("short_axis_mm", "short axis", "mm", 1.0, 1, "width across it, same slice"),
    Measure("mean_hu", "mean HU", "HU", 1.0, 0, "inside the outline"),
    Measure("solid_fraction", "solid", "%", 100.0, 0, f"voxels above {HU_SOLID:g} HU"),
    Measure("surface_mm2", "surface", "cm²", 1e-2, 2, "by lines in 13 directions"),
    Measure("sphericity", "sphericity", "", 1.0, 2, "1 for a ball"),
    Measure("spiculation", "spiculation", "", 1.0, 2, "0 for a smooth ball; largest axial slice"),
)
#: Columns of the CSV before and after the measurements.
FIRST = ("number", "name", "x_mm", "y_mm", "z_mm")
LAST = ("confidence", "source", "note")


def measure(key: str) -> Measure:
    """Return a measurement by its field.

    Raises
    ------
    KeyError
        When there is no such measurement.
    """
    return {m.key: m for m in MEASURES}[key]


def tumours_csv(found: Segmentation) -> str:
    """Return the table of tumours: places in LPS mm, numbers in the units of their columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIRST, *(m.key for m in MEASURES), *LAST])
    for nodule in found.nodules:
        name = found.labels.names.get(nodule.label) or f"{nodule.label}"
        cells: list[object] = [nodule.label, name, *nodule.centroid_lps_mm]
        cells += [getattr(nodule, m.key) for m in MEASURES]
        cells += [nodule.confidence, found.model, RESEARCH_USE]
        writer.writerow([csv_cell(_short(cell)) for cell in cells])
    return text.getvalue()


def write_measurements(found: Segmentation, path: Path) -> None:
    """Write the table of tumours as CSV.

    Raises
    ------
    RadiogenError
        When there are none, the name is another, or the file cannot be written.
    """
    check_suffix(path, (CSV_SUFFIX,))
    if not found.nodules:
        raise InputError("there is no tumour to measure", path)
    save_text(path, tumours_csv(found))


def _short(cell: object) -> object:
    """Seven digits of a number hold all that was measured."""
    return float(f"{cell:.7g}") if isinstance(cell, float) else cell
