"""Multi-frame CT: functional groups shared or not, frames in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
)

from tests.battery.case import Case, Expectation, Truth
from tests.battery.cases_geometry import rotation
from tests.battery.cases_pixels import SYNTAXES, limits
from tests.battery.stack import SHAPE, Stack, enhanced, item, pixels, save

ORDER = [3, 0, 5, 1, 4, 2]
ALL = ("spacing", "orientation", "rescale")


def case(
    name: str,
    stack: Stack,
    change: Callable[[Dataset], Any] | None = None,
    expect: Expectation = "valid",
    says: str = "",
    fault: str = "",
    order: Sequence[int] = ORDER,
    **options: Any,
) -> Case:
    def build(folder: Path) -> tuple[Path, Truth | None]:
        ds = enhanced(stack, order, **options)
        if change is not None:
            change(ds)
        path = save(ds, folder / "multi.dcm")
        return path, None if expect == "refused" else stack.truth()

    return Case("multi-frame", name, expect, build, says, fault=fault)


def cases() -> Iterator[Case]:
    for name, syntax in SYNTAXES.items():
        yield case(name, Stack(pixels((6, 33, 35)), syntax=syntax))
        for table in ("none", "extended") if "JPEG lossless" in name else ():
            yield case(f"{name} table {table}", Stack(syntax=syntax), table=table)
    signed = Stack(pixels(SHAPE, *limits(16, True)), bits=16, signed=True, intercept=0)
    yield case("signed", signed)
    for shared in ((), ("spacing",), ("orientation", "rescale"), ("spacing", "rescale")):
        yield case(f"shared {' '.join(shared) or 'nothing'}", Stack(), shared=shared)
    for name, order in (("in order", range(6)), ("reversed", range(5, -1, -1))):
        yield case(name, Stack(), order=list(order))
    slopes = [1 + 0.5 * z for z in range(6)]
    yield case("rescale of each frame", Stack(slope=slopes, intercept=[-1000.0 - z for z in range(6)]),
               shared=("spacing", "orientation"))  # fmt: skip
    turned = rotation((10, 20, 30))
    oblique = Stack(orientation=(*turned[:, 0], *turned[:, 1]))
    yield case("oblique", oblique, None, "warned", "oblique")
    yield case("tilt", Stack(step=(0, 0.5, 2.5)), None, "warned", "tilt")
    yield case("sagittal", Stack(orientation=(0, 1, 0, 0, 0, -1)))
    yield case("legacy converted", Stack(), sop_class=LegacyConvertedEnhancedCTImageStorage)
    yield case("two acquisitions in a row", Stack(), _acquisitions([1, 1, 1, 2, 2, 2]), "warned",
               "2 acquisitions", order=list(range(6)))  # fmt: skip
    yield Case("multi-frame", "concatenation of two files", "valid", _concatenation)
    yield from _faults()


def _acquisitions(numbers: Sequence[int]) -> Callable[[Dataset], None]:
    def change(ds: Dataset) -> None:
        for number, frame in zip(numbers, ds.PerFrameFunctionalGroupsSequence, strict=True):
            frame.FrameContentSequence[0].FrameAcquisitionNumber = number

    return change


def _concatenation(folder: Path) -> tuple[Path, Truth]:
    stack = Stack()
    for n, order in enumerate(([4, 0, 2], [5, 1, 3])):
        save(enhanced(stack, order, name=n), folder / f"{n}.dcm")
    return folder, stack.truth()


def _faults() -> Iterator[Case]:
    def frame(ds: Dataset, n: int) -> Dataset:
        return ds.PerFrameFunctionalGroupsSequence[n]

    def lose(*path: str) -> Callable[[Dataset], None]:
        def change(ds: Dataset) -> None:
            del ds[path[0]]

        return change

    def move(ds: Dataset) -> None:
        frame(ds, 1).PlanePositionSequence = frame(ds, 0).PlanePositionSequence

    def turn(ds: Dataset) -> None:
        del ds.SharedFunctionalGroupsSequence[0]["PlaneOrientationSequence"]
        for n in range(6):
            cosines = [1, 0, 0, 0, 1, 0] if n else [0, 1, 0, -1, 0, 0]
            frame(ds, n).PlaneOrientationSequence = [item(ImageOrientationPatient=cosines)]

    yield case("missing frame", Stack(), None, "refused", "gap", order=[3, 0, 5, 1, 4])
    yield case("two frames at one place", Stack(), move, "refused", "duplicate|gap")
    yield case("frames of two orientations", Stack(), turn, "refused", "orientation")
    yield case("fewer groups than frames", Stack(), lambda ds: setattr(
        ds, "PerFrameFunctionalGroupsSequence", ds.PerFrameFunctionalGroupsSequence[:4]),
        "refused", "functional groups")  # fmt: skip
    yield case("more frames than pixels", Stack(), _count(7), "refused", "groups differ")
    yield case("no groups", Stack(), lose("PerFrameFunctionalGroupsSequence"), "refused", "groups")
    yield case(
        "no shared groups", Stack(), lose("SharedFunctionalGroupsSequence"), "refused", "no "
    )
    yield case("no rescale", Stack(), lambda ds: ds.SharedFunctionalGroupsSequence[0].pop(
        "PixelValueTransformationSequence"), "refused", "no rescale")  # fmt: skip
    yield case("no position", Stack(), lambda ds: frame(ds, 2).pop("PlanePositionSequence"),
               "refused", "no position")  # fmt: skip
    yield case("interleaved acquisitions", Stack(), _acquisitions([1, 2, 1, 2, 1, 2]), "refused",
               "acquisitions", order=list(range(6)))  # fmt: skip
    yield case(
        "too few pixels", Stack(syntax=ExplicitVRLittleEndian), _halve, "refused", "cut short"
    )
    yield case("one frame", Stack(np.array(pixels()[:1])), None, "refused", "one slice", order=[0])


def _count(n: int) -> Callable[[Dataset], None]:
    return lambda ds: setattr(ds, "NumberOfFrames", n)


def _halve(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 2]
