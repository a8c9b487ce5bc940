"""What a NIfTI header promises, checked before its voxels are read.

Readers fill a truncated file with zeros and pick one of two affines without a
word; both are caught here. RAS lives in this module only.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError

FloatArray = npt.NDArray[np.float64]

GZIP_MAGIC = b"\x1f\x8b"
HEADER_BYTES = 348
HEADER_BYTES_2 = 540
#: Affines further apart than this at a corner disagree, mm.
AFFINE_TOLERANCE_MM = 0.01
#: xyzt_units of millimetres; 0 is unknown, read as millimetres by everybody.
UNIT_MASK, UNITS_MM = 0x07, (0, 2)
#: Millimetres in the other units of length: metre and micrometre.
OTHER_UNITS = {1: 1000.0, 3: 0.001}
#: Voxel sizes of the header and of the affine used differ by less, share.
SIZE_TOLERANCE = 1e-3
READ_CHUNK = 1 << 22
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """The fields that decide size and place.

    Parameters
    ----------
    shape
        Sizes along (x, y, z) and on.
    bits
        Per voxel.
    voxel_offset
        Bytes before the first voxel.
    units
        ``xyzt_units``.
    sform, qform
        4x4 from index (x, y, z) to LPS mm, or None when the file has none.
    spacing_mm
        Voxel sizes (x, y, z) of ``pixdim``.
    description
        Free text, which may name a person.
    """

    shape: tuple[int, ...]
    bits: int
    voxel_offset: int
    units: int
    sform: FloatArray | None
    qform: FloatArray | None
    spacing_mm: FloatArray
    description: str

    @property
    def affine(self) -> FloatArray:
        """4x4 from index (x, y, z) to LPS mm: sform before qform before sizes alone."""
        if self.sform is not None:
            return self.sform
        return np.diag([*self.spacing_mm, 1.0]) if self.qform is None else self.qform

    @property
    def expected_bytes(self) -> int:
        """Length of the whole file after decompression."""
        voxels = 1
        for size in self.shape:
            voxels *= size
        return self.voxel_offset + voxels * self.bits // 8


def is_nifti(path: Path) -> bool:
    """Whether the content says NIfTI in one file, compressed or not."""
    try:
        with open_nifti(path) as stream:
            start = stream.read(HEADER_BYTES)
    except (OSError, EOFError, zlib.error):
        return False
    return start[344:348] == b"n+1\0" or start[4:8] == b"n+2\0"


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read and check the header.

    Raises
    ------
    InputError
        When it is cut short, or holds sizes or an affine that make no sense.
    """
    try:
        with open_nifti(path) as stream:
            start = stream.read(HEADER_BYTES_2)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be decompressed: {error}", path) from error
    if len(start) < HEADER_BYTES:
        raise InputError("NIfTI header is cut short", path)
    try:
        return _parse_2(start, path) if start[4:8] == b"n+2\0" else _parse_1(start, path)
    except struct.error as error:
        raise InputError("NIfTI header is cut short", path) from error


def check_length(path: Path, header: NiftiHeader) -> None:
    """Refuse a file whose decompressed length is not what its header says.

    Raises
    ------
    InputError
        When bytes are missing, or so many more that the header must be wrong.
    """
    expected = header.expected_bytes
    length = 0
    try:
        with open_nifti(path) as stream:
            while chunk := stream.read(READ_CHUNK):
                length += len(chunk)
                if length > expected + READ_CHUNK:
                    raise InputError(f"holds far more than the {expected} bytes expected", path)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"truncated or damaged after {length} bytes: {error}", path) from error
    if length < expected:
        raise InputError(f"truncated: {length} bytes where the header says {expected}", path)


def affine_warnings(header: NiftiHeader) -> list[str]:
    """Say what is doubtful about the place of the voxels."""
    warnings = []
    unit = header.units & UNIT_MASK
    if unit in OTHER_UNITS:
        warnings.append("the header's unit is not mm; sizes were converted to mm")
    elif unit not in UNITS_MM:
        warnings.append("the header's unit is no length; sizes were taken as mm")
    if header.sform is None and header.qform is None:
        return [*warnings, "no orientation in the header: left and right are not known"]
    sizes = np.linalg.norm(header.affine[:3, :3], axis=0)
    if np.abs(sizes / header.spacing_mm - 1).max() > SIZE_TOLERANCE:
        warnings.append("the header's voxel sizes are not those of its sform, which is used")
    if header.sform is not None and header.qform is not None:
        distance = _corner_distance(header.sform, header.qform, header.shape)
        if distance > AFFINE_TOLERANCE_MM:
            warnings.append(
                f"the qform puts voxels up to {distance:.2f} mm from the place used, the sform's"
            )
    return warnings


def to_ras(affine_lps: FloatArray) -> FloatArray:
    """Turn a 4x4 into LPS mm to one into RAS mm."""
    return np.asarray(RAS_TO_LPS @ affine_lps)


def open_nifti(path: Path) -> BinaryIO:
    """Open a file for reading, decompressed when its content is gzip."""
    with path.open("rb") as stream:
        packed = stream.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _parse_1(raw: bytes, path: Path) -> NiftiHeader:
    order = _byte_order(raw, HEADER_BYTES, path)
    return _build(
        path,
        dim=struct.unpack_from(order + "8h", raw, 40),
        bits=struct.unpack_from(order + "h", raw, 72)[0],
        pixdim=struct.unpack_from(order + "8f", raw, 76),
        offset=struct.unpack_from(order + "f", raw, 108)[0],
        scaling=struct.unpack_from(order + "2f", raw, 112),
        units=raw[123],
        codes=struct.unpack_from(order + "2h", raw, 252),
        quaternion=struct.unpack_from(order + "6f", raw, 256),
        rows=struct.unpack_from(order + "12f", raw, 280),
        description=raw[148:228],
    )


def _parse_2(raw: bytes, path: Path) -> NiftiHeader:
    order = _byte_order(raw, HEADER_BYTES_2, path)
    return _build(
        path,
        dim=struct.unpack_from(order + "8q", raw, 16),
        bits=struct.unpack_from(order + "h", raw, 14)[0],
        pixdim=struct.unpack_from(order + "8d", raw, 104),
        offset=struct.unpack_from(order + "q", raw, 168)[0],
        scaling=struct.unpack_from(order + "2d", raw, 176),
        units=struct.unpack_from(order + "i", raw, 500)[0],
        codes=struct.unpack_from(order + "2i", raw, 344),
        quaternion=struct.unpack_from(order + "6d", raw, 352),
        rows=struct.unpack_from(order + "12d", raw, 400),
        description=raw[240:320],
    )


def _byte_order(raw: bytes, size: int, path: Path) -> str:
    for order in "<>":
        if struct.unpack_from(order + "i", raw, 0)[0] == size:
            return order
    raise InputError("not a NIfTI header", path)


def _build(
    path: Path,
    *,
    dim: tuple[int, ...],
    bits: int,
    pixdim: tuple[float, ...],
    offset: float,
    scaling: tuple[float, ...],
    units: int,
    codes: tuple[int, ...],
    quaternion: tuple[float, ...],
    rows: tuple[float, ...],
    description: bytes,
) -> NiftiHeader:
    if not 1 <= dim[0] <= 7 or min(dim[1 : dim[0] + 1]) < 1 or bits < 1:
        raise InputError(f"sizes make no sense: {dim}", path)
    if not np.isfinite(pixdim[1:4]).all() or min(pixdim[1:4]) <= 0:
        raise InputError(f"voxel sizes must be positive, got {pixdim[1:4]}", path)
    # A slope of 0 or NaN says that nothing is scaled.
    scaled = scaling[0] != 0 and not np.isnan(scaling[0])
    if scaled and not np.isfinite(scaling).all():
        raise InputError("the scale of the voxels is not finite", path)
    if not np.isfinite(offset) or offset < HEADER_BYTES:
        raise InputError(f"voxels cannot start at byte {offset}", path)
    qform = _qform(pixdim, quaternion) if codes[0] > 0 else None
    sform = np.array([*rows, 0, 0, 0, 1.0]).reshape(4, 4) if codes[1] > 0 else None
    for name, affine in (("qform", qform), ("sform", sform)):
        if affine is not None and not np.isfinite(affine).all():
            raise InputError(f"the {name} holds numbers that are not finite", path)
    if sform is not None and abs(np.linalg.det(sform[:3, :3])) == 0:
        raise InputError("the sform is singular: two axes point the same way", path)
    scale = np.diag([*[OTHER_UNITS.get(units & UNIT_MASK, 1.0)] * 3, 1.0])
    return NiftiHeader(
        shape=tuple(int(n) for n in dim[1 : dim[0] + 1]),
        bits=int(bits),
        voxel_offset=int(offset),
        units=int(units),
        sform=None if sform is None else RAS_TO_LPS @ scale @ sform,
        qform=None if qform is None else RAS_TO_LPS @ scale @ qform,
        spacing_mm=np.array(pixdim[1:4]) * scale[0, 0],
        description=description.split(b"\0")[0].decode("latin-1"),
    )


def _qform(pixdim: tuple[float, ...], quaternion: tuple[float, ...]) -> FloatArray:
    """4x4 in RAS from the quaternion (NIfTI-1 standard, method 2)."""
    b, c, d, *offset = quaternion
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    sign = -1.0 if pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * np.array([pixdim[1], pixdim[2], sign * pixdim[3]])
    affine[:3, 3] = offset
    return affine


def _corner_distance(a: FloatArray, b: FloatArray, shape: tuple[int, ...]) -> float:
    sizes = [n - 1 for n in shape[:3]]
    corners = np.array(np.meshgrid(*[(0, n) for n in sizes])).reshape(len(sizes), -1)
    homogeneous = np.vstack([corners, np.ones(corners.shape[1])])
    return float(np.linalg.norm((a - b) @ homogeneous, axis=0).max())
