"""DICOM cut short, damaged, or with streams that are not what the header says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.battery import jpeg_lossless
from tests.battery.case import Case, Truth
from tests.battery.cases_pixels import LARGE, SYNTAXES
from tests.battery.stack import Stack, enhanced, pixels, save, set_streams


def case(name: str, says: str, build: Callable[[Path], Path], fault: str = "cut short") -> Case:
    def made(folder: Path) -> tuple[Path, Truth | None]:
        return build(folder), None

    return Case("broken", name, "refused", made, says, fault=fault)


def cases() -> Iterator[Case]:
    for name, syntax in SYNTAXES.items():
        for share in (0.1, 0.4, 0.7, 0.97):
            yield case(
                f"{name} cut at {share}", "", _cut(Stack(pixels(LARGE), syntax=syntax), share)
            )
    for share in (0.2, 0.5, 0.9):
        yield case(f"multi-frame cut at {share}", "", _cut_enhanced(share))
    for name, syntax in (("JPEG lossless", JPEGLosslessSV1), ("JPEG 2000", JPEG2000Lossless),
                         ("JPEG-LS", JPEGLSLossless)):  # fmt: skip
        stack = Stack(pixels(LARGE), syntax=syntax)
        yield case(f"{name} of another shape", r"pixels are \(33, 35\)", _transposed(stack))
        yield case(f"{name} without an end", "no end", _streams(stack, lambda s: s[:-8]))
        yield case(f"{name} of zeros", "no end|damaged", _streams(stack, lambda s: bytes(len(s))))
        yield case(f"{name} of two bytes", "damaged", _streams(stack, lambda s: b"\xff\xd9"))
    yield case("JPEG deeper than the header", "10 stored bits", _deeper)
    yield case("RLE of zeros", "damaged", _rle_zeros)
    yield case("too few bytes", "damaged|cut short", _shorten(lambda data: data[:-40]))
    yield case("no bytes", "damaged|cut short|no pixel", _shorten(lambda data: b""))
    yield case("too many bytes", "damaged", _shorten(lambda data: data + b"\0" * 512))
    yield case(
        "noise", "not a DICOM", lambda folder: _file(folder / "a.bin", _noise()), "not a scan"
    )
    yield case("noise named dcm", "not a DICOM", lambda folder: _file(folder / "a.dcm", _noise()),
               "not a scan")  # fmt: skip
    yield case("noise after the magic", "header|no ", _magic, "not a scan")
    yield case("an empty file", "not a DICOM|empty", lambda folder: _file(folder / "a.dcm", b""),
               "not a scan")  # fmt: skip
    yield case("an empty folder", "no DICOM", lambda folder: folder, "not a scan")
    yield case("nothing there", "no such file", lambda folder: folder / "absent", "not a scan")
    yield case("a text", "not a DICOM", lambda folder: _file(folder / "a.txt", b"text " * 100),
               "not a scan")  # fmt: skip
    for suffix in (".zip", ".dcm", ".nii.gz"):
        yield case(f"a zip named {suffix}", "archive", _zip(suffix), "archive")


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _noise() -> bytes:
    return np.random.default_rng(0).bytes(5000)


def _magic(folder: Path) -> Path:
    return _file(folder / "a.dcm", bytes(128) + b"DICM" + _noise())


def _zip(suffix: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        inner = Stack().write(folder / "inner")
        with zipfile.ZipFile(folder / f"scan{suffix}", "w") as archive:
            for file in inner.iterdir():
                archive.write(file, file.name)
        return folder / f"scan{suffix}"

    return build


def _cut(stack: Stack, share: float) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = stack.write(folder) / "im8.dcm"
        whole = path.read_bytes()
        return _file(path, whole[: int(len(whole) * share)]).parent

    return build


def _cut_enhanced(share: float) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = save(enhanced(Stack(), range(6)), folder / "m.dcm")
        whole = path.read_bytes()
        return _file(path, whole[: int(len(whole) * share)])

    return build


def _transposed(stack: Stack) -> Callable[[Path], Path]:
    """As many pixels, in rows of another length."""

    def change(_z: int, ds: Dataset) -> None:
        ds.Rows, ds.Columns = ds.Columns, ds.Rows

    return lambda folder: stack.write(folder, change)


def _streams(stack: Stack, bend: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def change(z: int, ds: Dataset) -> None:
        if z == 1:
            stream = next(generate_frames(ds.PixelData, number_of_frames=1)).rstrip(b"\0")
            set_streams(ds, [bend(stream)])

    return lambda folder: stack.write(folder, change)


def _deeper(folder: Path) -> Path:
    stack = Stack(syntax=JPEGLosslessSV1)

    def change(z: int, ds: Dataset) -> None:
        set_streams(ds, [jpeg_lossless.encode(stack.words(z), 12)])
        ds.BitsStored, ds.HighBit = 10, 9

    return stack.write(folder, change)


def _rle_zeros(folder: Path) -> Path:
    def change(z: int, ds: Dataset) -> None:
        if z == 1:
            stream = next(generate_frames(ds.PixelData, number_of_frames=1))
            set_streams(ds, [stream[:64] + bytes(20)])

    return Stack(syntax=RLELossless).write(folder, change)


def _shorten(bend: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def change(z: int, ds: Dataset) -> None:
        if z == 2:
            ds.PixelData = bend(ds.PixelData)

    return lambda folder: Stack().write(folder, change)
