"""Stored pixels: transfer syntaxes, bits, sign and rescale."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests.battery.case import Case, Expectation, Truth
from tests.battery.stack import SHAPE, Stack, compress, pixels, set_streams, uid

SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG 2000": JPEG2000Lossless,
    "JPEG-LS": JPEGLSLossless,
    "JPEG lossless": JPEGLosslessSV1,
    "JPEG process 14": JPEGLossless,
}
NATIVE = ("implicit", "explicit", "big endian", "deflated")
#: (allocated, stored, signed)
LAYOUTS = ((16, 12, False), (16, 16, False), (16, 16, True), (16, 12, True), (16, 10, False),
           (8, 8, False))  # fmt: skip
#: HTJ2K of (157 y + 41 x) mod 4096 on 12 x 16 pixels, since nothing here writes it.
HTJ2K = (
    "/0//UQApQAAAAAAQAAAADAAAAAAAAAAAAAAAEAAAAAwAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUE"
    "BEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAH8AAf+TwAAm"
    "c/kFB3QAAMAAE0AAEwDs/gIHdAB++gMHdADAABNAABMAdHQBgnQA1+sAIjQAwAAVMAAFWDab7aBCMQJ2AMACCyyw"
    "wEIBvrYAwAArIAAWmBAEQRD054p6cIJ3ADhxcHBwcHBw/voMYHv2MYHsugD/2Q=="
)


#: JPEG 2000 is written with five levels of wavelets, which need 32 pixels.
LARGE = (3, 33, 35)


def case(
    name: str,
    stack: Stack,
    change: Callable[[int, Dataset], Any] | None = None,
    expect: Expectation = "valid",
    says: str = "",
    fault: str = "",
) -> Case:
    def build(folder: Path) -> tuple[Path, Truth | None]:
        path = stack.write(folder, change)
        return path, stack.truth()

    return Case("pixels", name, expect, build, says, fault=fault)


def limits(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)


def cases() -> Iterator[Case]:
    for name, syntax in SYNTAXES.items():
        for allocated, bits, signed in LAYOUTS:
            stack = Stack(
                pixels(LARGE, *limits(bits, signed)), syntax=syntax, allocated=allocated,
                bits=bits, signed=signed, intercept=0 if signed else -1024,
                predictor=1 if syntax == JPEGLosslessSV1 else 4,
            )  # fmt: skip
            yield case(f"{name} {bits} of {allocated}{' signed' * signed}", stack)
    for predictor in (2, 3, 5, 6, 7):
        stack = Stack(syntax=JPEGLossless, predictor=predictor)
        yield case(f"JPEG lossless predictor {predictor}", stack)
    yield from _high_throughput()
    yield from _near_lossless()
    yield from _bits()
    yield from _rescales()
    yield from _headers()


def _high_throughput() -> Iterator[Case]:
    y, x = np.mgrid[:12, :16]
    frame = np.stack([(157 * y + 41 * x) % 4096] * 4)
    for name, syntax in (("HTJ2K", HTJ2KLossless), ("HTJ2K RPCL", HTJ2KLosslessRPCL)):
        plain = Stack(frame, intercept=[-1024, -1023, -1022, -1021])

        def put(_z: int, ds: Dataset, syntax: str = syntax) -> None:
            ds.file_meta.TransferSyntaxUID = syntax
            ds.PixelData = encapsulate([base64.b64decode(HTJ2K)])
            ds["PixelData"].VR = "OB"
            ds["PixelData"].is_undefined_length = True

        yield case(name, plain, put)


def _near_lossless() -> Iterator[Case]:
    for near in (1, 3):
        stack = Stack(tolerance=near)

        def lossy(z: int, ds: Dataset, near: int = near, stack: Stack = stack) -> None:
            ds.file_meta.TransferSyntaxUID = JPEGLSNearLossless
            compress(ds, stack, [z], jls_error=near)
            ds.LossyImageCompression = "01"

        yield case(f"JPEG-LS near lossless {near}", stack, lossy, "warned", "with loss",
                   "compressed with loss")  # fmt: skip


def _bits() -> Iterator[Case]:
    for name in NATIVE:
        syntax = SYNTAXES[name]
        yield case(f"{name} high bit 15", Stack(high=15, syntax=syntax, junk=5))
        signed = pixels(SHAPE, -2048, 2048)
        yield case(
            f"{name} signed high bit 13",
            Stack(signed, high=13, signed=True, intercept=0, syntax=syntax),
        )
        yield case(f"{name} overlay in unused bits", Stack(syntax=syntax, junk=0x8000))
        yield case(
            f"{name} signed overlay bits",
            Stack(signed, signed=True, intercept=0, syntax=syntax, junk=0x5000),
        )
        yield case(
            f"{name} 20 of 32",
            Stack(pixels(SHAPE, 0, 100_000), allocated=32, bits=20, syntax=syntax),
        )
    yield case("32 of 32 beyond float32", Stack(pixels(SHAPE, 0, 2**31), allocated=32, bits=32),
               None, "refused", "beyond any Hounsfield", "values beyond HU")  # fmt: skip


def _rescales() -> Iterator[Case]:
    count = SHAPE[0]
    for name, slope, intercept in (
        ("fraction", 0.5, -1024), ("small slope", 0.0123, -500), ("negative slope", -1, 3000),
        ("each slice", [1 + 0.25 * z for z in range(count)], [-1024 - z for z in range(count)]),
        ("each slice whole", [1 + z for z in range(count)], [-1000 * z for z in range(count)]),
        ("intercept 0", 1, 0), ("intercept fraction", 1, -1024.375), ("wide", 40, -1024),
        ("one slice of six differs", [1, 1, 1, 2, 1, 1], -1024),
    ):  # fmt: skip
        yield case(f"rescale {name}", Stack(slope=slope, intercept=intercept))
    yield case("rescale wide signed", Stack(pixels(SHAPE, -32768, 32768), bits=16, signed=True,
                                            intercept=-1024))  # fmt: skip
    yield case("rescale in exponents", Stack(slope=1, intercept=-1024),
               lambda z, ds: setattr(ds, "RescaleIntercept", "-1.024E+03"))  # fmt: skip
    yield case("rescale overflows", Stack(slope=1e300), None, "refused", "beyond any Hounsfield",
               "values beyond HU")  # fmt: skip


def _headers() -> Iterator[Case]:
    def put(**values: Any) -> Callable[[int, Dataset], None]:
        def change(z: int, ds: Dataset) -> None:
            for keyword, value in values.items():
                setattr(ds, keyword, value)

        return change

    for name in ("explicit", "JPEG 2000", "RLE", "JPEG-LS"):
        stack = Stack(pixels(LARGE), syntax=SYNTAXES[name])
        yield case(f"MONOCHROME1 {name}", stack, put(PhotometricInterpretation="MONOCHROME1"))
    padded = pixels(SHAPE, -2000, 2000)
    padded[:, :2] = -2000
    yield case("padding value", Stack(padded, bits=16, signed=True),
               put(PixelPaddingValue=-2000))  # fmt: skip
    yield case("padding range", Stack(padded, bits=16, signed=True),
               put(PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1990))  # fmt: skip
    yield case("smallest and largest lie", Stack(),
               put(SmallestImagePixelValue=9, LargestImagePixelValue=10))  # fmt: skip
    yield case("window", Stack(), put(WindowCenter=40, WindowWidth=1))
    yield case("no rescale type", Stack(), lambda z, ds: ds.pop("RescaleType"))
    yield case("rescale type not HU", Stack(), put(RescaleType="US"), "warned", "does not say HU",
               "rescale of another unit")  # fmt: skip
    yield case("new UIDs", Stack(), lambda z, ds: setattr(ds, "SOPInstanceUID", uid("n", z)))
    for parts in (2, 5):
        yield case(
            f"J2K in {parts} fragments",
            Stack(pixels(LARGE), syntax=JPEG2000Lossless),
            _fragment(parts),
        )
    yield case("JPEG with fill bytes", Stack(syntax=JPEGLosslessSV1), _pad)


def _fragment(parts: int) -> Callable[[int, Dataset], None]:
    def change(_z: int, ds: Dataset) -> None:
        stream = _stream(ds)
        ds.PixelData = encapsulate([stream], fragments_per_frame=parts, has_bot=False)

    return change


def _pad(_z: int, ds: Dataset) -> None:
    stream = _stream(ds)
    set_streams(ds, [stream[:2] + b"\xff\xff" + stream[2:]])


def _stream(ds: Dataset) -> bytes:
    from pydicom.encaps import generate_frames

    return next(generate_frames(ds.PixelData, number_of_frames=1))
