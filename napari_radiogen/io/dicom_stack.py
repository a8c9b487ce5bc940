"""Slices of a CT series in a row: sorted, even, without gap or duplicate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_frames import Frame

FloatArray = npt.NDArray[np.float64]

#: Slices nearer than this share of the usual step lie at the same place.
DUPLICATE_SHARE = 0.01
#: A step beyond this multiple of the usual one is a gap.
GAP_FACTOR = 1.5
#: Straying from an even line: refused above, share of the step. Positions
#: rounded to 0.1 mm at 0.625 mm stray by 8 %.
STRAY_REFUSED = 0.10
#: Straying worth a warning, share of the step.
STRAY_WARNED = 0.01
#: Angle between the stack and the slice normal that deserves a warning, degrees.
TILT_WARNED_DEG = 0.05


def sorted_along_normal(frames: Sequence[Frame]) -> tuple[list[Frame], FloatArray]:
    """Return the frames by rising position along row x column, and (N,) mm."""
    normal = normal_of(frames[0])
    along = np.array([frame.position_mm @ normal for frame in frames])
    order = np.argsort(along, kind="stable")
    return [frames[i] for i in order], along[order]


def normal_of(frame: Frame) -> FloatArray:
    """Return row x column, (3,) of length 1."""
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def check_steps(frames: Sequence[Frame], along_mm: FloatArray, folder: Path) -> None:
    """Refuse duplicates and gaps."""
    if len(frames) < 2:
        raise InputError(
            "one slice alone has no slice spacing; open the folder of the whole series",
            frames[0].path,
        )
    steps = np.diff(along_mm)
    usual = float(np.median(steps))
    narrow = int(np.argmin(steps))
    if steps[narrow] <= DUPLICATE_SHARE * usual:
        pair = frames[narrow], frames[narrow + 1]
        raise InputError(
            f"duplicate slices: {_name(pair[0])} and {_name(pair[1])} lie at the same position "
            f"({along_mm[narrow]:.2f} mm along the normal)",
            folder,
        )
    wide = int(np.argmax(steps))
    if steps[wide] > GAP_FACTOR * usual:
        missing = max(1, round(float(steps[wide]) / usual) - 1)
        raise InputError(
            f"gap: about {missing} missing slice(s) between {_name(frames[wide])} and "
            f"{_name(frames[wide + 1])}, {steps[wide]:.2f} mm apart, usually {usual:.2f} mm",
            folder,
        )


def check_line(frames: Sequence[Frame], folder: Path) -> list[str]:
    """Refuse uneven steps; return what is worth a warning."""
    positions = np.array([frame.position_mm for frame in frames])
    step = step_mm(frames)
    length = float(np.linalg.norm(step))
    line = positions[0] + np.arange(len(frames))[:, None] * step
    stray = np.linalg.norm(positions - line, axis=1)
    worst = int(np.argmax(stray))
    if stray[worst] > STRAY_REFUSED * length:
        raise InputError(
            f"uneven slices: {_name(frames[worst])} lies {stray[worst]:.2f} mm off the even line "
            f"from first to last slice (step {length:.2f} mm)",
            folder,
        )
    warnings = []
    if stray[worst] > STRAY_WARNED * length:
        warnings.append(f"slice positions stray by up to {stray[worst]:.3f} mm from even steps")
    cosine = float(step @ normal_of(frames[0])) / length
    tilt = float(np.degrees(np.arccos(min(1.0, abs(cosine)))))
    if tilt > TILT_WARNED_DEG:
        warnings.append(f"slices are stacked at a tilt of {tilt:.1f} degrees, kept as shear")
    missing = _skipped_numbers(frames)
    if missing:
        warnings.append(
            f"{missing} instance numbers are skipped: even slices, but some may be missing"
        )
    return warnings


def step_mm(frames: Sequence[Frame]) -> FloatArray:
    """(3,) mm from a slice to the next, by the first and the last."""
    return np.asarray((frames[-1].position_mm - frames[0].position_mm) / (len(frames) - 1))


def check_acquisitions(frames: Sequence[Frame], folder: Path) -> list[str]:
    """Refuse acquisitions that lie among one another; tell of several in a row.

    Scanners number every slice, or each breath-hold of one stack. Two stacks
    that interleave are two scans, however even they look together.
    """
    numbers = [frame.acquisition for frame in frames]
    runs = len(list(groupby(numbers)))
    count = len(set(numbers))
    if runs > count:
        raise InputError(f"{count} acquisitions lie among one another: part them", folder)
    return [f"slices come from {count} acquisitions"] if count > 1 else []


def _skipped_numbers(frames: Sequence[Frame]) -> int:
    """Return how many instance numbers are left out between first and last."""
    numbers = {frame.instance for frame in frames if frame.instance is not None}
    if len(numbers) != len(frames):
        return 0
    return max(numbers) - min(numbers) + 1 - len(numbers)


def _name(frame: Frame) -> str:
    return f"{frame.path.name}#{frame.index + 1}" if frame.index else frame.path.name
