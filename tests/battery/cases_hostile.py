"""Inputs that mean harm: bombs, huge claims, ways out of the folder, identity."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1

from tests.battery.case import CANARY, Case, Expectation, Truth
from tests.battery.cases_images import Nifti, affine_xyz, truth_of, values
from tests.battery.cases_pixels import LARGE
from tests.battery.cases_series import put
from tests.battery.stack import Stack, enhanced, item, pixels, save, set_streams

CONTROL = f"{CANARY}\x1b[31m\x07\nradiogen: fine"


def case(
    name: str,
    says: str,
    build: Callable[[Path], Path],
    expect: Expectation = "refused",
    truth: Callable[[], Truth] | None = None,
    fault: str = "",
) -> Case:
    def made(folder: Path) -> tuple[Path, Truth | None]:
        return build(folder), truth() if truth else None

    return Case("hostile", name, expect, made, says, fault=fault)


def cases() -> Iterator[Case]:
    yield from _huge()
    yield from _bombs()
    yield from _ways_out()
    yield from _identity()
    yield from _devices()


def _with(
    change: Callable[[int, Dataset], Any], stack: Stack | None = None
) -> Callable[[Path], Path]:
    return lambda folder: (stack or Stack()).write(folder, change)


def _huge() -> Iterator[Case]:
    yield case("matrix of 65535", "more than|matrix", _with(put(Rows=65535, Columns=65535)))
    yield case("a million frames", "several frames|groups", _with(put(NumberOfFrames=1_000_000)))
    yield case("multi-frame claims frames", "groups", lambda folder: _frames(folder, 2**31 - 1))

    def length(folder: Path) -> Path:
        path = Stack().write(folder) / "im8.dcm"
        raw = path.read_bytes()
        at = raw.find(b"\xe0\x7f\x10\x00OW")
        path.write_bytes(raw[: at + 8] + struct.pack("<I", 0xFFFFFFF0) + raw[at + 12 :])
        return folder

    yield case("pixel length of 4 GiB", "", length, "valid", lambda: Stack().truth())

    def early(folder: Path) -> Path:
        path = Stack().write(folder) / "im8.dcm"
        raw = path.read_bytes()
        at = raw.find(b"\x08\x00\x60\x00CS")
        path.write_bytes(raw[: at + 4] + b"UN\0\0" + struct.pack("<I", 0xFFFFFF00) + raw[at + 8 :])
        return folder

    yield case("header length of 4 GiB", "cut short|damaged|not a CT|no ", early)

    def nested(_z: int, ds: Dataset) -> None:
        inner = item(SeriesDescription="x")
        for _ in range(60):
            inner = item(ReferencedImageSequence=[inner])
        ds.ReferencedImageSequence = [inner]

    yield case("sequences 60 deep", "", _with(nested), "valid", lambda: Stack().truth())

    def private(_z: int, ds: Dataset) -> None:
        block = ds.private_block(0x0099, CANARY, create=True)
        for n in range(2, 60):
            block.add_new(n, "UN", os.urandom(500))

    yield case("many private elements", "", _with(private), "valid", lambda: Stack().truth())
    for name, syntax, marker, at in (("JPEG 2000", JPEG2000Lossless, b"\xff\x4f\xff\x51", 8),
                                     ("JPEG", JPEGLosslessSV1, b"\xff\xc3", 5)):  # fmt: skip
        layout = ">2I" if name == "JPEG 2000" else ">2H"

        def claim(_z: int, ds: Dataset, m: bytes = marker, a: int = at, lay: str = layout) -> None:
            from pydicom.encaps import generate_frames

            raw = bytearray(next(generate_frames(ds.PixelData, number_of_frames=1)).rstrip(b"\0"))
            struct.pack_into(lay, raw, raw.find(m) + a, 60000, 60000)
            set_streams(ds, [bytes(raw)])

        stack = Stack(pixels(LARGE), syntax=syntax)
        yield case(f"{name} claims 60000 x 60000", "pixels are|damaged", _with(claim, stack))


def _frames(folder: Path, count: int) -> Path:
    ds = enhanced(Stack(), range(6))
    ds.NumberOfFrames = count
    return save(ds, folder / "m.dcm")


def _bombs() -> Iterator[Case]:
    def deflated(folder: Path) -> Path:
        path = Stack(syntax=DeflatedExplicitVRLittleEndian).write(folder) / "im8.dcm"
        raw = path.read_bytes()
        start = 128 + 4 + 12 + struct.unpack_from("<I", raw, 140)[0]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = zlib.decompress(raw[start:], -15)
        packed = packer.compress(data) + b"".join(
            packer.compress(bytes(1 << 24)) for _ in range(66)
        )
        path.write_bytes(raw[:start] + packed + packer.flush())
        return folder

    yield case("deflated slice of 1 GiB", "unpacks to more", deflated, fault="bomb")

    def packed(folder: Path) -> Path:
        path = folder / "a.nii.gz"
        path.write_bytes(gzip.compress(Nifti().raw() + bytes(64 << 20), 1))
        return path

    yield case("NIfTI with 64 MiB behind", "far more", packed, fault="bomb")
    for kind, dims in (("i2", (2000, 2000, 2000)), ("f8", (1000, 1000, 1000))):
        raw = Nifti(kind=kind, dims=dims).raw()
        yield case(f"NIfTI claims {dims} of {kind}", "more than this program",
                   lambda folder, raw=raw: _put(folder / "a.nii.gz", gzip.compress(raw)), fault="bomb")  # fmt: skip
    head = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 4000 4000 4000\nencoding: gzip\nendian: little\n\n"
    yield case("NRRD claims 128 GB", "more than this program",
               lambda folder: _put(folder / "a.nrrd", head + gzip.compress(bytes(1 << 20))), fault="bomb")  # fmt: skip
    meta = (b"ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = True\n"
            b"DimSize = 4000 4000 4000\nElementType = MET_SHORT\nElementDataFile = LOCAL\n")  # fmt: skip
    yield case("MetaImage claims 128 GB", "truncated|more than",
               lambda folder: _put(folder / "a.mha", meta + zlib.compress(bytes(1 << 20))), fault="bomb")  # fmt: skip
    for magic, name in ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\0", "rar"),
                        (bytes(257) + b"ustar\00000", "tar")):  # fmt: skip
        yield case(f"archive {name}", "archive",
                   lambda folder, magic=magic: _put(folder / "a", magic + bytes(600)), fault="archive")  # fmt: skip


def _put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _ways_out() -> Iterator[Case]:
    lines = ("NRRD0004", "type: short", "dimension: 3", "sizes: 9 7 5", "encoding: raw",
             "endian: little")  # fmt: skip

    def detached(extra: tuple[str, ...], link: bool = False) -> Callable[[Path], Path]:
        def build(folder: Path) -> Path:
            _put(folder / "secret.raw", values().tobytes())
            inner = folder / "inner"
            inner.mkdir()
            _put(inner / "a.raw", values().tobytes())
            if link:
                (inner / "link.raw").symlink_to(folder / "secret.raw")
            return _put(inner / "a.nhdr", ("\n".join((*lines, *extra)) + "\n").encode("latin-1"))

        return build

    says = "outside|end within|twice|not there"
    yield case("a way up", says, detached(("data file: ../secret.raw",)))
    yield case("a link up", says, detached(("data file: link.raw",), link=True))
    yield case("a way up behind a long comment", says,
               detached(("#" + "x" * 70_000, "data file: ../secret.raw")))  # fmt: skip
    yield case("a second line behind another end", says,
               detached(("data file: ../secret.raw", "# \x85data file: a.raw")))  # fmt: skip
    yield case("two ways", says, detached(("data file: ../secret.raw", "data file: a.raw")))


def _identity() -> Iterator[Case]:
    truth = lambda: Stack().truth()  # noqa: E731
    yield case("description of control characters", "", _with(put(
        SeriesDescription=CONTROL, PatientID=CONTROL)), "valid", truth)  # fmt: skip
    for keyword, value in (
        ("Modality", CANARY), ("RescaleType", CANARY), ("ImageType", [CANARY] * 3),
        ("SpecificCharacterSet", CANARY), ("FrameOfReferenceUID", CANARY),
    ):  # fmt: skip
        expect: Expectation = "refused" if keyword == "Modality" else "valid"
        says = "not a CT" if keyword == "Modality" else ""
        if keyword == "RescaleType":
            expect, says = "warned", "does not say HU"
        yield case(f"a name as {keyword}", says, _with(put(**{keyword: value})), expect,
                   None if expect == "refused" else truth)  # fmt: skip
    for tag, vr in ((b"\x28\x00\x08\x00", b"IS"), (b"\x20\x00\x32\x00", b"DS"),
                    (b"\x28\x00\x30\x00", b"DS"), (b"\x28\x00\x53\x10", b"DS")):  # fmt: skip
        yield case(f"a name as {tag.hex()}", "", _raw_text(tag, vr), fault="damaged header")
    yield case("a name as series UID of two series", "choose", _named_series)
    two = "1.2.840.10008.5.1.4.1.1.2\\1.2"
    yield case("two classes", "not a CT", _with(put(SOPClassUID=two)))
    yield case("two modalities", "not a CT", _with(put(Modality=["CT", "MR"])))
    yield case("a name as class", "not a CT", _with(put(SOPClassUID=CANARY)))
    control = (
        Nifti(affine=affine_xyz())
        .raw()
        .replace(CANARY.encode(), CONTROL[::-1][: len(CANARY)].encode())
    )
    yield case("NIfTI of control characters", "", lambda folder: _put(folder / "a.nii", control),
               "valid", lambda: truth_of(values(), affine_xyz()))  # fmt: skip
    odd = "a\x1b[31m\nradiogen: fine"
    yield case("a file name of control characters", "not a DICOM",
               lambda folder: _put(folder / odd, b"text"))  # fmt: skip


def _raw_text(tag: bytes, vr: bytes) -> Callable[[Path], Path]:
    """Put a name where a number belongs, past what pydicom would write."""
    text = (CANARY + " " * (len(CANARY) % 2)).encode()
    element = tag + vr + struct.pack("<H", len(text)) + text

    def build(folder: Path) -> Path:
        path = Stack().write(folder) / "im8.dcm"
        raw = path.read_bytes()
        at = raw.find(tag + vr)
        if at >= 0:
            end = at + 8 + struct.unpack_from("<H", raw, at + 6)[0]
        else:
            at = end = raw.find(b"\x28\x00\x10\x00US")
        path.write_bytes(raw[:at] + element + raw[end:])
        return folder

    return build


def _named_series(folder: Path) -> Path:
    Stack().write(folder / "a", put(SeriesInstanceUID=CANARY))
    Stack(series="b").write(folder / "b")
    return folder


def _devices() -> Iterator[Case]:
    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "pipe.dcm")
        return folder / "pipe.dcm"

    def beside(folder: Path) -> Path:
        os.mkfifo(folder / "pipe.dcm")
        return Stack().write(folder)

    yield case("a pipe", "neither a file", pipe, fault="not a scan")
    yield case("a device", "neither a file", lambda _folder: Path("/dev/zero"), fault="not a scan")
    yield case("a pipe beside a series", "", beside, "valid", lambda: Stack().truth())
