"""NIfTI, NRRD and MetaImage written byte by byte."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.battery.case import CANARY, Case, Expectation, Truth
from tests.battery.cases_geometry import rotation

SHAPE = (5, 7, 9)
SPACING, ORIGIN = np.array([0.7, 0.9, 2.5]), np.array([10.0, -20.0, 30.0])
LPS_RAS = np.diag([-1.0, -1, 1, 1])
NIFTI_CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768,
               "i8": 1024, "u8": 1280}  # fmt: skip
NRRD_NAMES = {"u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "f4": "float",
              "f8": "double", "i1": "signed char", "i8": "int64"}  # fmt: skip
META_NAMES = {"u1": "MET_UCHAR", "i2": "MET_SHORT", "u2": "MET_USHORT", "i4": "MET_INT",
              "f4": "MET_FLOAT", "f8": "MET_DOUBLE", "i1": "MET_CHAR"}  # fmt: skip
TURNED = rotation((10, 20, 30))
SHEARED = np.array([[1, 0, 0], [0, 1, 0.2], [0, 0, 0.98]])


def values(kind: str = "i2") -> np.ndarray:
    """(Z, Y, X) HU that the type holds; whole numbers of 8 bits count as labels."""
    low, high = {"u1": (0, 255), "i1": (-128, 127)}.get(kind, (-1000, 3000))
    if kind[0] == "u" and kind != "u1":
        low, high = 0, 4000
    return np.random.default_rng(3).integers(low, high, SHAPE).astype("<" + kind)


def affine_xyz(direction: np.ndarray | None = None) -> np.ndarray:
    """4x4 from index (x, y, z) to LPS."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if direction is None else direction) * SPACING
    affine[:3, 3] = ORIGIN
    return affine


def truth_of(voxels: np.ndarray, affine: np.ndarray) -> Truth:
    turned = affine.copy()
    turned[:, :3] = affine[:, 2::-1]
    return Truth(voxels.astype(float), turned)


@dataclass
class Nifti:
    """A NIfTI-1 or 2 file; fields as the standard names them."""

    kind: str = "i2"
    order: str = "<"
    affine: np.ndarray | None = None
    sform: int = 1
    qform: int = 0
    quaternion: tuple[float, ...] = (0, 0, 0, 0, 0, 0)
    qfac: float = 1
    slope: float = 1
    intercept: float = 0
    units: int = 2
    offset: int = 352
    dims: tuple[int, ...] = ()
    second: bool = False
    code: int | None = None
    pixdim: tuple[float, ...] = tuple(SPACING)
    voxels: np.ndarray | None = None

    def array(self) -> np.ndarray:
        return values(self.kind) if self.voxels is None else self.voxels

    def raw(self) -> bytes:
        array = self.array()
        dims = self.dims or array.shape[::-1]
        full = (len(dims), *dims, *[1] * (7 - len(dims)))
        ras = LPS_RAS @ (affine_xyz() if self.affine is None else self.affine)
        code = NIFTI_CODES[self.kind] if self.code is None else self.code
        bits = array.dtype.itemsize * 8
        pixdim = (self.qfac, *self.pixdim, 0, 0, 0, 0)
        e, head = self.order, bytearray(540 if self.second else 348)
        put = lambda layout, at, *v: struct.pack_into(e + layout, head, at, *v)  # noqa: E731
        if self.second:
            put("i", 0, 540)
            head[4:12] = b"n+2\0\r\n\x1a\n"
            put("2h", 12, code, bits)
            put("8q", 16, *full)
            put("8d", 104, *pixdim)
            put("q2d", 168, self.offset, self.slope, self.intercept)
            head[240:320] = CANARY.encode().ljust(80, b"\0")
            put("2i6d12d", 344, self.qform, self.sform, *self.quaternion, *ras[:3].ravel())
            put("i", 500, self.units)
        else:
            put("i", 0, 348)
            put("8h", 40, *full)
            put("2h", 70, code, bits)
            put("8f", 76, *pixdim)
            put("3f", 108, self.offset, self.slope, self.intercept)
            head[123] = self.units
            head[148:228] = CANARY.encode().ljust(80, b"\0")
            head[228:252] = CANARY.encode().ljust(24, b"\0")
            put("2h6f12f", 252, self.qform, self.sform, *self.quaternion, *ras[:3].ravel())
            head[344:348] = b"n+1\0"
        body = array.astype(array.dtype.newbyteorder(e)).tobytes()
        return bytes(head).ljust(self.offset, b"\0") + body


def put_file(
    group: str,
    name: str,
    file: str,
    content: Callable[[], bytes],
    truth: Callable[[], Truth] | None,
    expect: Expectation = "valid",
    says: str = "",
    fault: str = "",
    beside: dict[str, bytes] | None = None,
) -> Case:
    def build(folder: Path) -> tuple[Path, Truth | None]:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content())
        for other, data in (beside or {}).items():
            (folder / other).write_bytes(data)
        return path, truth() if truth is not None and expect != "refused" else None

    return Case(group, name, expect, build, says, fault=fault)


def nifti(
    name: str,
    expect: Expectation = "valid",
    says: str = "",
    fault: str = "",
    bend: Callable[[bytes], bytes] | None = None,
    packed: bool = False,
    used: np.ndarray | None = None,
    **fields: Any,
) -> Case:
    made = Nifti(**fields)

    def content() -> bytes:
        raw = bend(made.raw()) if bend else made.raw()
        return gzip.compress(raw, mtime=0) if packed else raw

    def truth() -> Truth:
        scaled = made.array().astype(float)
        if made.slope == made.slope and made.slope:
            scaled = scaled * made.slope + made.intercept
        affine = made.affine if used is None else used
        return truth_of(scaled, affine_xyz() if affine is None else affine)

    file = f"a.nii{'.gz' * packed}"
    return put_file("NIfTI", name, file, content, truth, expect, says, fault)


def cases() -> Iterator[Case]:
    yield from _nifti_valid()
    yield from _nifti_faults()
    yield from _nrrd()
    yield from _meta()


def _nifti_valid() -> Iterator[Case]:
    for kind in NIFTI_CODES:
        for order in "<>":
            unsigned = kind in ("u2", "u4", "u8", "i1")
            expect, says = ("warned", "Hounsfield") if unsigned else ("valid", "")
            fault = "values that seem no HU" if unsigned else ""
            name = f"{kind} {'little' if order == '<' else 'big'}"
            yield nifti(name, expect, says, fault, kind=kind, order=order)
            yield nifti(f"{name} packed 2", expect, says, kind=kind, order=order, packed=True,
                        second=True, offset=544)  # fmt: skip
    for name, slope, intercept in (("2 -24", 2, -24), ("fraction", 0.5, -0.25), ("0 ignored", 0, 50),
                                   ("NaN ignored", float("nan"), 50), ("negative", -1, 0)):  # fmt: skip
        yield nifti(f"scale {name}", slope=slope, intercept=intercept)
    for degrees in ((10, 20, 30), (0, 0, 45), (80, -5, 10)):
        yield nifti(f"oblique {degrees}", "warned", "oblique", affine=affine_xyz(rotation(degrees)))
    yield nifti("sheared", "warned", "oblique", affine=affine_xyz(SHEARED), fault="gantry tilt")
    for n, signs in enumerate(((-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, -1))):
        yield nifti(f"flipped {n}", affine=affine_xyz(np.diag(signs)))
    swapped = affine_xyz(np.eye(3)[:, [1, 2, 0]])
    yield nifti("axes swapped", affine=swapped)
    # No rotation from RAS: x and y of LPS run backwards.
    placed = np.array([-1.0, -1, 1]) * ORIGIN
    q = {"quaternion": (0, 0, 0, *placed), "qform": 1}
    backwards = affine_xyz(np.diag([-1, -1, 1]))
    yield nifti("qform alone", sform=0, used=backwards, **q)
    yield nifti("qform with qfac -1", sform=0, qfac=-1, used=affine_xyz(np.diag([-1, -1, -1])), **q)
    yield nifti("qform with qfac 0", sform=0, qfac=0, used=backwards, **q)
    yield nifti("both agree", affine=backwards, **q)
    yield nifti("both disagree", "warned", "qform puts", "two places in one NIfTI", **q)
    yield nifti("no place", "warned", "no orientation", "NIfTI without a place", sform=0,
                used=np.diag([*SPACING, 1.0]))  # fmt: skip
    yield nifti("sizes disagree", "warned", "voxel sizes", "two voxel sizes in one NIfTI",
                pixdim=(1, 1, 1))  # fmt: skip
    metres = affine_xyz()
    metres[:3] /= 1000
    yield nifti("metres", "warned", "not mm", "unit other than mm", affine=metres, units=1,
                pixdim=tuple(SPACING / 1000), used=affine_xyz())  # fmt: skip
    yield nifti("units unknown", units=0)
    yield nifti("four dimensions, one volume", dims=(*SHAPE[::-1], 1))
    yield nifti("seven dimensions", dims=(*SHAPE[::-1], 1, 1, 1, 1))
    yield nifti("extension before the voxels", offset=512)
    yield nifti("trailing bytes", bend=lambda raw: raw + b"\0" * 100)


def _nifti_faults() -> Iterator[Case]:
    for share in (0.3, 0.6, 0.9, 0.999):
        cut = lambda raw, s=share: raw[: int(len(raw) * s)]  # noqa: E731
        yield nifti(
            f"cut at {share}", "refused", "truncated|cut short|not a DICOM", "cut short", bend=cut
        )
        yield nifti(f"packed after a cut at {share}", "refused", "truncated|cut short|not a DICOM", "cut short",
                    bend=cut, packed=True)  # fmt: skip
        yield put_file("NIfTI", f"gzip cut at {share}", "a.nii.gz", partial(_packed, share), None, "refused",
                       "truncated|not a DICOM|decompressed|cut", "cut short")  # fmt: skip
    yield put_file("NIfTI", "gzip damaged", "a.nii.gz", _damaged, None, "refused", "", "cut short")
    nan = float("nan")
    singular, bent = affine_xyz(), affine_xyz()
    singular[:3, 1] = singular[:3, 0]
    bent[0, 0] = nan
    for name, says, fields in (
        ("four volumes", "3-D", {"dims": (9, 7, 5, 4)}), ("flat", "3-D", {"dims": (9, 35)}),
        ("sizes too large", "truncated", {"dims": (90, 7, 5)}),
        ("sizes huge", "more than this", {"dims": (32000, 32000, 32000)}),
        ("size zero", "make no sense", {"dims": (9, 0, 5)}),
        ("size negative", "make no sense", {"dims": (9, -7, 5)}),
        ("colour", "colours|one real|damaged", {"code": 128}), ("complex", "one real|truncated|damaged", {"code": 32}),
        ("unknown type", "damaged", {"code": 999}), ("sform singular", "singular", {"affine": singular}),
        ("sform NaN", "finite", {"affine": bent}), ("sizes NaN", "positive", {"pixdim": (nan, 1, 1)}),
        ("sizes negative", "positive", {"pixdim": (-1, 1, 1)}),
        ("quaternion NaN", "finite", {"sform": 0, "qform": 1, "quaternion": (nan, 0, 0, 0, 0, 0)}),
        ("voxels in the header", "start at", {"offset": 352, "bend": lambda r: r[:108] + struct.pack("<f", 10) + r[112:]}),
        ("offset far away", "truncated", {"bend": lambda r: r[:108] + struct.pack("<f", 1e9) + r[112:]}),
        ("offset NaN", "start at", {"bend": lambda r: r[:108] + struct.pack("<f", nan) + r[112:]}),
        ("scale infinite", "finite|damaged|beyond", {"slope": float("inf")}),
        ("scale overflows", "beyond|finite|damaged", {"slope": 3e38}),
    ):  # fmt: skip
        yield nifti(name, "refused", says, "header that makes no sense", **fields)
    for bad in (nan, float("inf"), 1e38 * 100):
        voxels = values("f4").astype("f4")
        voxels[2, 3, 4] = bad
        yield nifti(f"voxel {bad}", "refused", "not finite", "voxels that are not finite", kind="f4",
                    voxels=voxels)  # fmt: skip
        break


def _packed(share: float) -> bytes:
    packed = gzip.compress(Nifti().raw(), mtime=0)
    return packed[: int(len(packed) * share)]


def _damaged() -> bytes:
    packed = gzip.compress(Nifti().raw(), mtime=0)
    return packed[:400] + b"\xff" * 20 + packed[420:]


def _nrrd_raw(kind: str, encoding: str, order: str, lines: tuple[str, ...], affine: np.ndarray,
              data: str = "", end: str = "\n") -> tuple[bytes, bytes]:  # fmt: skip
    array = values(kind)
    vectors = " ".join(
        "(" + ",".join(repr(float(v)) for v in affine[:3, j]) + ")" for j in range(3)
    )
    head = ["NRRD0004", f"# {CANARY}", f"type: {NRRD_NAMES[kind]}", "dimension: 3",
            "sizes: 9 7 5", f"encoding: {encoding}", f"endian: {order}",
            *lines, f"space directions: {vectors}",
            "space origin: (" + ",".join(repr(float(v)) for v in affine[:3, 3]) + ")",
            f"{CANARY}:={CANARY}"]  # fmt: skip
    if data:
        head.append(f"data file: {data}")
    body = array.astype(array.dtype.newbyteorder("<" if order == "little" else ">")).tobytes()
    if encoding == "gzip":
        body = gzip.compress(body, mtime=0)
    elif encoding == "ascii":
        body = " ".join(str(v) for v in array.ravel()).encode()
    elif encoding == "hex":
        body = body.hex().encode()
    return (end.join(head) + end + end).encode(), body


def nrrd(name: str, expect: Expectation = "valid", says: str = "", fault: str = "",
         bend: Callable[[bytes], bytes] = bytes, kind: str = "i2", encoding: str = "raw",
         order: str = "little", lines: tuple[str, ...] = ("space: left-posterior-superior",),
         affine: np.ndarray | None = None, used: np.ndarray | None = None, data: str = "",
         end: str = "\n") -> Case:  # fmt: skip
    placed = affine_xyz() if affine is None else affine
    head, body = _nrrd_raw(kind, encoding, order, lines, placed, data, end)
    truth = lambda: truth_of(values(kind), placed if used is None else used)  # noqa: E731
    beside = {data: body} if data and not data.startswith(("/", "..", "LIST", "a%")) else None
    content = (lambda: bend(head)) if data else (lambda: bend(head + body))
    return put_file("NRRD", name, "a.nhdr" if data else "a.nrrd", content, truth, expect, says,
                    fault, beside)  # fmt: skip


def _nrrd() -> Iterator[Case]:
    for kind in NRRD_NAMES:
        unsigned = kind in ("u2", "i1")
        expect, says = ("warned", "Hounsfield") if unsigned else ("valid", "")
        yield nrrd(f"{kind}", expect, says, kind=kind)
        yield nrrd(f"{kind} big gzip", expect, says, kind=kind, order="big", encoding="gzip")
    yield nrrd("ascii", encoding="ascii")
    yield nrrd("hex", encoding="hex")
    yield nrrd("oblique", "warned", "oblique", affine=affine_xyz(TURNED))
    yield nrrd("sheared", "warned", "oblique", affine=affine_xyz(SHEARED))
    for signs in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        yield nrrd(f"flipped {signs}", affine=affine_xyz(np.diag(signs)))
    for space, signs in (("right-anterior-superior", (-1, -1, 1)), ("RAS", (-1, -1, 1)),
                         ("left-anterior-superior", (1, -1, 1)), ("LPS", (1, 1, 1))):  # fmt: skip
        used = np.diag([*signs, 1.0]) @ affine_xyz()
        yield nrrd(f"space {space}", lines=(f"space: {space}",), used=used)
    yield nrrd("detached", data="a.raw")
    yield nrrd("detached gzip", data="a.raw.gz", encoding="gzip")
    yield nrrd("lines end with CR LF", end="\r\n")
    yield nrrd("units mm", lines=("space: LPS", 'space units: "mm" "mm" "mm"'))
    yield nrrd("no space", "warned", "no patient space", "NRRD without a patient space",
               lines=("space dimension: 3",))  # fmt: skip
    for name, says, bend in (
        ("cut", "truncated", lambda r: r[:-40]), ("cut in the header", "", lambda r: r[:100]),
        ("sizes too large", "truncated", lambda r: r.replace(b"sizes: 9", b"sizes: 99")),
        ("sizes huge", "truncated|more than", lambda r: r.replace(b"9 7 5", b"99999 99999 99999")),
        ("sizes words", "not numbers", lambda r: r.replace(b"9 7 5", b"nine 7 5")),
        ("sizes negative", "not numbers", lambda r: r.replace(b"9 7 5", b"-9 7 5")),
        ("type unknown", "damaged", lambda r: r.replace(b"short", CANARY.encode())),
        ("encoding unknown", "damaged", lambda r: r.replace(b"raw", CANARY.encode())),
        ("directions words", "damaged", lambda r: r.replace(b"(0.7", b"(" + CANARY.encode())),
        ("directions NaN", "", lambda r: r.replace(b"(0.7", b"(nan")),
        ("field twice", "twice", lambda r: r.replace(b"sizes", b"sizes: 1 1 1\nsizes", 1)),
    ):  # fmt: skip
        yield nrrd(name, "refused", says, "header that makes no sense", bend)
    yield nrrd("gzip cut", "refused", "damaged", "cut short", lambda r: r[:-40], encoding="gzip")
    yield nrrd("units cm", "refused", "not mm", "unit other than mm",
               lines=("space: LPS", 'space units: "cm" "cm" "cm"'))  # fmt: skip
    for data in ("../a.raw", "/etc/passwd", "LIST", "a%03d.raw 1 5 1"):
        yield nrrd(
            f"voxels in {data}",
            "refused",
            "outside|not there|cannot be",
            "voxels outside the folder",
            data=data,
        )


def meta(name: str, expect: Expectation = "valid", says: str = "", fault: str = "",
         bend: Callable[[bytes], bytes] = bytes, kind: str = "i2", msb: bool = False,
         packed: bool = False, affine: np.ndarray | None = None, data: str = "LOCAL",
         place: str = "Offset") -> Case:  # fmt: skip
    placed = affine_xyz() if affine is None else affine
    array = values(kind)
    body = array.astype(array.dtype.newbyteorder(">" if msb else "<")).tobytes()
    body = zlib.compress(body) if packed else body
    direction = placed[:3, :3] / SPACING
    lines = ["ObjectType = Image", "NDims = 3", f"Comment = {CANARY}", "BinaryData = True",
             f"BinaryDataByteOrderMSB = {msb}", f"CompressedData = {packed}",
             *([f"CompressedDataSize = {len(body)}"] if packed else []),
             "TransformMatrix = " + " ".join(repr(float(v)) for v in direction.T.ravel()),
             f"{place} = " + " ".join(repr(float(v)) for v in placed[:3, 3]),
             "ElementSpacing = 0.7 0.9 2.5", "DimSize = 9 7 5", f"ElementType = {META_NAMES[kind]}",
             f"ElementDataFile = {data}", ""]  # fmt: skip
    head = "\n".join(lines).encode()
    local = data == "LOCAL"
    beside = {data: body} if not local and not data.startswith(("/", "..", "LIST", "a%")) else None
    content = (lambda: bend(head + body)) if local else (lambda: bend(head))
    return put_file("MetaImage", name, "a.mha" if local else "a.mhd", content,
                    lambda: truth_of(values(kind), placed), expect, says, fault, beside)  # fmt: skip


def _meta() -> Iterator[Case]:
    for kind in META_NAMES:
        unsigned = kind in ("u2", "i1")
        expect, says = ("warned", "Hounsfield") if unsigned else ("valid", "")
        yield meta(kind, expect, says, kind=kind)
        yield meta(f"{kind} big packed", expect, says, kind=kind, msb=True, packed=True)
    yield meta("oblique", "warned", "oblique", affine=affine_xyz(TURNED))
    for signs in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        yield meta(f"flipped {signs}", affine=affine_xyz(np.diag(signs)))
    for place in ("Position", "Origin"):
        yield meta(f"place named {place}", place=place)
    yield meta("detached", data="a.raw")
    yield meta("detached packed", data="a.zraw", packed=True)
    for name, says, bend in (
        ("cut", "truncated", lambda r: r[:-40]),
        ("no sizes", "no dimsize", lambda r: r.replace(b"DimSize", b"DimSzie")),
        ("sizes too large", "truncated", lambda r: r.replace(b"= 9 7", b"= 99 7")),
        ("sizes huge", "truncated|more than", lambda r: r.replace(b"9 7 5", b"99999 99999 99999")),
        ("type unknown", "damaged", lambda r: r.replace(b"MET_SHORT", CANARY.encode())),
        ("sizes twice", "twice", lambda r: r.replace(b"DimSize", b"DimSize = 1 1 1\nDimSize")),
        ("intensities scaled", "scaled", lambda r: r.replace(b"Comment", b"ElementToIntensityFunctionSlope = 2\nComment")),
        ("spacing zero", "", lambda r: r.replace(b"= 0.7", b"= 0")),
        ("matrix singular", "", lambda r: r.replace(b"x = 1.0 0.0 0.0", b"x = 0.0 1.0 0.0")),
        ("colour", "one number|truncated", lambda r: r.replace(b"Comment", b"ElementNumberOfChannels = 3\nComment")),
    ):  # fmt: skip
        yield meta(name, "refused", says, "header that makes no sense", bend)
    yield meta(
        "packed cut", "refused", "truncated|damaged", "cut short", lambda r: r[:-30], packed=True
    )
    for data in ("../a.raw", "/etc/passwd", "LIST"):
        yield meta(
            f"voxels in {data}",
            "refused",
            "outside|not there",
            "voxels outside the folder",
            data=data,
        )
