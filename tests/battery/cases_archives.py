"""Archives and packed files where a scan, a mask or a table is expected: never unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.battery.case import CANARY, Case
from tests.battery.cases_images import Nifti
from tests.battery.cases_tables import LOG2, OUTPUTS, rows
from tests.battery.stack import Stack

SAYS = "archive|packed"


def case(
    name: str, build: Callable[[Path], Path], says: str = SAYS, fault: str = "archive",
    options: tuple[str, ...] = (), outputs: tuple[str, str] = (".nrrd", ".nii.gz"),
) -> Case:  # fmt: skip
    def made(folder: Path) -> tuple[Path, None]:
        return build(folder), None

    return Case("archives", name, "refused", made, says, None, fault, options, outputs, ())


def members() -> dict[str, bytes]:
    """A series by name, as a folder holds it."""
    folder = Path("never")
    stack = Stack()
    found = {}
    for z in range(len(stack.stored)):
        stream = io.BytesIO()
        stack.slice(z).save_as(stream, enforce_file_format=True)
        found[str(folder / f"{CANARY}{z}.dcm")] = stream.getvalue()
    return found


def zipped(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return stream.getvalue()


def tarred(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT, link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        if link:
            way_out = tarfile.TarInfo("never")
            way_out.type, way_out.linkname = tarfile.SYMTYPE, link
            archive.addfile(way_out)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def put(name: str, make: Callable[[], bytes]) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(make())
        return folder / name

    return build


def cases() -> Iterator[Case]:
    yield from _kinds()
    yield from _named_otherwise()
    yield from _ways_out()
    yield from _bombs()
    yield from _for_masks_and_tables()


def _kinds() -> Iterator[Case]:
    kinds: dict[str, Callable[[], bytes]] = {
        "a.zip": lambda: zipped(members()),
        "stored.zip": lambda: zipped(members(), zipfile.ZIP_STORED),
        "empty.zip": lambda: zipped({}),
        "a.tar": lambda: tarred(members()),
        "pax.tar": lambda: tarred(members(), tarfile.PAX_FORMAT),
        "a.tar.gz": lambda: gzip.compress(tarred(members())),
        "a.tgz": lambda: gzip.compress(tarred(members())),
        "a.tar.xz": lambda: lzma.compress(tarred(members())),
        "a.tar.bz2": lambda: bz2.compress(tarred(members())),
        "a.dcm.gz": lambda: gzip.compress(next(iter(members().values()))),
        "a.dcm.xz": lambda: lzma.compress(next(iter(members().values()))),
        "a.nii.bz2": lambda: bz2.compress(Nifti().raw()),
        "a.nii.xz": lambda: lzma.compress(Nifti().raw()),
        "a.tar.zst": lambda: b"\x28\xb5\x2f\xfd" + bytes(300),
        "a.tar.Z": lambda: b"\x1f\x9d\x90" + bytes(300),
        "a.cab": lambda: b"MSCF" + bytes(300),
    }
    for name, make in kinds.items():
        yield case(name, put(name, make))
    yield case("gzip within gzip", put("a.nii.gz", lambda: gzip.compress(gzip.compress(Nifti().raw()))),
               "", "not a scan")  # fmt: skip
    yield case("a cut zip", put("a.zip", lambda: zipped(members())[:200]))
    yield case("a zip behind a script", put("a.zip", lambda: b"#!/bin/sh\n" + zipped(members())),
               "", "not a scan")  # fmt: skip
    yield case("a folder with nothing but a zip",
               lambda f: put("a.zip", lambda: zipped(members()))(f).parent, "no DICOM", "not a scan")  # fmt: skip


def _named_otherwise() -> Iterator[Case]:
    for name in ("a.dcm", "a.nii.gz", "a.nii", "a.nrrd", "a.mha", "a"):
        yield case(f"a zip named {name}", put(name, lambda: zipped(members())))
        yield case(f"a tar named {name}", put(name, lambda: tarred(members())))
    for name in ("a.dcm", "a.nii.gz"):
        packed = lambda: gzip.compress(tarred(members()))  # noqa: E731
        yield case(f"a packed tar named {name}", put(name, packed))
        yield case(f"an xz named {name}", put(name, lambda: lzma.compress(Nifti().raw())))
    yield case("a packed slice named nii.gz",
               put("a.nii.gz", lambda: gzip.compress(next(iter(members().values())))))  # fmt: skip


def _ways_out() -> Iterator[Case]:
    names = ("../slipped.dcm", "../../slipped.dcm", "/slipped.dcm", "..\\slipped.dcm",
             "C:\\slipped.dcm", "a/../../slipped.dcm", "a\x1b[31m\nradiogen: fine")  # fmt: skip
    for name in names:
        files = {name: b"text"}
        yield case(f"a zip with {name!a}", put("a.zip", lambda f=files: zipped(f)))
        yield case(f"a tar with {name!a}", put("a.tar", lambda f=files: tarred(f)))
    yield case("a tar with a link out",
               put("a.tar", lambda: tarred({"never/slipped.dcm": b"text"}, link="..")))  # fmt: skip


def _bombs() -> Iterator[Case]:
    zeros = bytes(64 << 20)
    yield case("a zip of 64 MiB of zeros", put("a.zip", lambda: zipped({"a.dcm": zeros})))
    yield case(
        "a tar of zeros, packed", put("a.tar.gz", lambda: gzip.compress(tarred({"a": zeros}), 1))
    )
    many = {f"{n}": b"" for n in range(5000)}
    yield case("a zip of 5000 members", put("a.zip", lambda: zipped(many)))
    inner = lambda: zipped({"a.zip": zipped({"b.zip": zipped({"c.dcm": zeros})})})  # noqa: E731
    yield case("a zip in a zip in a zip", put("a.zip", inner))


def _for_masks_and_tables() -> Iterator[Case]:
    def with_ct(make: Callable[[], bytes], name: str) -> Callable[[Path], Path]:
        def build(folder: Path) -> Path:
            Stack().write(folder / "ct")
            return put(name, make)(folder)

        return build

    for name, make in (("m.zip", lambda: zipped(members())), ("m.tar.gz", lambda: gzip.compress(
            tarred(members()))), ("m.dcm", lambda: zipped(members()))):  # fmt: skip
        yield case(f"{name} as a mask", with_ct(make, name), options=("--reference", "{}/ct"))
    text = {"t.csv": rows().encode()}
    for name, packed in (("t.zip", lambda: zipped(text)), ("t.csv", lambda: zipped(text)),
                         ("t.h5ad", lambda: zipped(text)), ("t.tar", lambda: tarred(text)),
                         ("t.csv.gz", lambda: gzip.compress(tarred(text))),
                         ("t.csv.xz", lambda: lzma.compress(text["t.csv"])),
                         ("t.csv.bz2", lambda: bz2.compress(text["t.csv"]))):  # fmt: skip
        yield case(f"{name} as a table", put(name, packed), options=LOG2, outputs=OUTPUTS)
