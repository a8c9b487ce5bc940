"""Places: every orientation, oblique, tilted, uneven names and misleading headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.battery.case import Case, Expectation, Truth
from tests.battery.stack import Stack, pixels

OBLIQUE = "oblique"
AXES = np.eye(3)


def case(
    name: str,
    stack: Stack,
    change: Callable[[int, Dataset], Any] | None = None,
    expect: Expectation = "valid",
    says: str = "",
    fault: str = "",
    **options: Any,
) -> Case:
    def build(folder: Path) -> tuple[Path, Truth | None]:
        return stack.write(folder, change, **options), stack.truth()

    return Case("geometry", name, expect, build, says, fault=fault)


def cases() -> Iterator[Case]:
    yield from _orientations()
    yield from _oblique_and_tilted()
    yield from _spacings()
    yield from _misleading()


def _orientations() -> Iterator[Case]:
    for row in range(3):
        for column in range(3):
            for signs in range(4) if row != column else ():
                first, second = 1 - 2 * (signs & 1), 1 - (signs & 2)
                cosines = (*(first * AXES[row]), *(second * AXES[column]))
                name = f"row{'-+'[first > 0]}{'xyz'[row]} column{'-+'[second > 0]}{'xyz'[column]}"
                yield case(name, Stack(orientation=cosines, series=name))


def rotation(degrees: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        turn = np.eye(3)
        i, j = [n for n in range(3) if n != axis]
        turn[[i, j, i, j], [i, j, j, i]] = [
            np.cos(angle),
            np.cos(angle),
            -np.sin(angle),
            np.sin(angle),
        ]
        matrix = turn @ matrix
    return matrix


def _oblique_and_tilted() -> Iterator[Case]:
    for degrees in ((0, 0, 30), (15, 0, 0), (0, -20, 0), (10, 20, 30), (90, 10, 5), (-45, 35, 80)):
        turned = rotation(degrees)
        stack = Stack(orientation=(*turned[:, 0], *turned[:, 1]))
        yield case(f"oblique {degrees}", stack, None, "warned", OBLIQUE, "oblique axes")
    for degrees in (-30, -12.5, -3, 1, 8, 24, 30):
        step = (0, 2.5 * np.tan(np.radians(degrees)), 2.5)
        yield case(
            f"gantry tilt {degrees}", Stack(step=step), None, "warned", "tilt", "gantry tilt"
        )
        fixed = (0.0, 2.5 * np.sin(np.radians(degrees)), 2.5 * np.cos(np.radians(degrees)))
        turned = rotation((degrees, 0, 0))
        tilted = Stack(orientation=(*turned[:, 0], *turned[:, 1]), step=(0, 0, 2.5))
        yield case(f"tilted plane {degrees}", tilted, None, "warned", "tilt")
        stack = Stack(orientation=(*AXES[1], *-AXES[2]), step=(-fixed[2], fixed[1], 0))
        yield case(f"sagittal shear {degrees}", stack, None, "warned", "tilt")


def _spacings() -> Iterator[Case]:
    for spacing in ((0.5, 0.5), (0.3, 1.2), (2, 0.1), (0.9765625, 0.9765625), (0.703125, 0.31)):
        yield case(f"pixels {spacing}", Stack(spacing=spacing))
    for step in (0.1, 0.3, 0.625, 1.25, 5, 12):
        yield case(f"step {step}", Stack(step=(0, 0, step)))
        yield case(f"step -{step}", Stack(step=(0, 0, -step)))
    for shape in ((2, 12, 16), (40, 3, 5), (6, 30, 2), (5, 1, 7)):
        yield case(f"shape {shape}", Stack(pixels(shape)), file=lambda z: f"im{z}")
    yield case("far origin", Stack(origin=(-1234.56, 2345.678, -3456.789)))
    rounded = Stack(origin=(0, 0, -1000.04), step=(0, 0, 1.3333), decimals=2)
    yield case("positions rounded", rounded, None)
    coarse = Stack(origin=(0, 0, -100.04), step=(0, 0, 0.625), decimals=1)
    yield case("positions rounded to 0.1", coarse, None, "warned", "stray", "slightly uneven steps")


def _misleading() -> Iterator[Case]:
    def put(**values: Any) -> Callable[[int, Dataset], None]:
        def change(z: int, ds: Dataset) -> None:
            for keyword, value in values.items():
                setattr(ds, keyword, value(z) if callable(value) else value)

        return change

    yield case("thickness lies", Stack(), put(SliceThickness=9.0))
    yield case("spacing between slices lies", Stack(), put(SpacingBetweenSlices=1.0))
    yield case("slice location lies", Stack(), put(SliceLocation=lambda z: -7.0 * z))
    yield case("instance numbers reversed", Stack(), put(InstanceNumber=lambda z: 9 - z))
    shuffled = [3, 1, 6, 2, 5, 4]
    yield case("instance numbers shuffled", Stack(), put(InstanceNumber=lambda z: shuffled[z]))
    yield case("instance numbers all 1", Stack(), put(InstanceNumber=1))
    yield case("instance numbers empty", Stack(), put(InstanceNumber=None))
    yield case("patient position prone", Stack(), put(PatientPosition="FFP"))
    yield case("no frame of reference", Stack(), lambda z, ds: ds.pop("FrameOfReferenceUID"))
    yield case(
        "an acquisition a slice",
        Stack(),
        put(AcquisitionNumber=lambda z: z + 1),
        "warned",
        "6 acquisitions",
        "several acquisitions in a row",
    )
    yield case(
        "two breath-holds",
        Stack(),
        put(AcquisitionNumber=lambda z: 1 + z // 3),
        "warned",
        "2 acquisitions",
        "several acquisitions in a row",
    )
    yield case("names shuffled", Stack(), file=lambda z: f"{(z * 5 + 3) % 7}")
    yield case("names without suffix", Stack(), file=lambda z: f"IM{z:04d}")
    yield case("names with another suffix", Stack(), file=lambda z: f"{z}.IMA")
    yield case("names in folders", Stack(), file=lambda z: f"DISK{z % 2}/S{z // 3}/{z}")
    yield case("names with spaces and accents", Stack(), file=lambda z: f"tête à {z} .dcm")
    yield case("names numbered 1 to 10", Stack(pixels((11, 3, 4))), file=lambda z: f"{z}.dcm")
