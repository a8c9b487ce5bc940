"""Which scale values are on: stated, or inferred with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import Scale
from napari_radiogen.errors import InputError

FloatArray = npt.NDArray[np.float32]

#: log2 of any count or intensity of an instrument lies below this.
LOG2_MAX = 30.0
#: Genes of z-scores: their median mean and median SD, over at least so many patients.
Z_MEAN_MAX, Z_SD_RANGE, Z_PATIENTS_MIN = 0.5, (0.7, 1.4), 5
STATE_IT = "say --scale counts, fpkm, log2 or zscore"


@dataclass(frozen=True)
class ScaleFinding:
    """The scale of a table, who said so, and why."""

    scale: Scale
    stated: bool
    reason: str


def find_scale(
    values: FloatArray, path: Path, stated: Scale | None = None, reason: str = "as stated"
) -> ScaleFinding:
    """Return the stated scale if the values allow it, or infer one.

    Parameters
    ----------
    values
        (patients, genes), NaN where missing.

    Raises
    ------
    InputError
        When the values contradict the statement, or several scales fit.
    """
    measured = values[np.isfinite(values)]
    if measured.size == 0:
        raise InputError("holds no measured value", path)
    if stated is None:
        scale, found = _infer(values, measured, path)
        return ScaleFinding(scale, False, found)
    if stated in ("counts", "fpkm") and measured.min() < 0:
        lowest = f"a value is {measured.min():.4g}"
        raise InputError(f"{stated} cannot be negative, and {lowest}: {STATE_IT}", path)
    if stated == "log2" and measured.max() > LOG2_MAX:
        highest = f"a value is {measured.max():.6g}"
        raise InputError(f"log2 values lie below {LOG2_MAX:g}, and {highest}: {STATE_IT}", path)
    return ScaleFinding(stated, True, reason)


def _infer(values: FloatArray, measured: FloatArray, path: Path) -> tuple[Scale, str]:
    low, high = float(measured.min()), float(measured.max())
    if low < 0:
        return _infer_negative(values, path)
    if bool((measured == np.round(measured)).all()):
        if high <= 1:
            raise InputError(f"holds only 0 and 1: not expression, or {STATE_IT}", path)
        return "counts", "every value is a whole number"
    if high < LOG2_MAX:
        return "log2", f"values lie between {low:.4g} and {high:.4g}"
    return "fpkm", f"values are not whole and reach {high:.6g}"


def _infer_negative(values: FloatArray, path: Path) -> tuple[Scale, str]:
    """Tell z-scores from log ratios: each gene has mean 0 and SD 1."""
    if values.shape[0] < Z_PATIENTS_MIN:
        few = f"holds negative values of {values.shape[0]} patients, too few to tell their scale"
        raise InputError(f"{few}: {STATE_IT}", path)
    known = np.where(np.isfinite(values), values, 0.0).astype(np.float64)
    count = np.maximum(np.isfinite(values).sum(axis=0), 1)
    mean = known.sum(axis=0) / count
    square = (known**2).sum(axis=0) / count
    sd = np.sqrt(np.maximum(square - mean**2, 0))
    enough = np.isfinite(values).sum(axis=0) >= Z_PATIENTS_MIN
    if enough.any():
        middle, spread = float(np.median(mean[enough])), float(np.median(sd[enough]))
        found = f"genes have a median mean of {middle:.2f} and a median SD of {spread:.2f}"
        if abs(middle) <= Z_MEAN_MAX and Z_SD_RANGE[0] <= spread <= Z_SD_RANGE[1]:
            return "zscore", f"there are negative values, and {found}"
    else:
        found = "no gene has enough values"
    raise InputError(f"holds negative values, and {found}: {STATE_IT}", path)
