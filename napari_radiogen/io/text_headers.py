"""Headers of NRRD and MetaImage, which are text, checked before ITK sees them.

ITK follows a header to any file on the disk and prints on standard error when
voxels are missing.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

from napari_radiogen.errors import InputError

#: Longest text header, bytes.
MAX_HEADER = 1 << 16
META_REQUIRED = ("ndims", "dimsize", "elementtype", "elementdatafile")
META_BYTES = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
#: Spaces of NRRD that ITK turns into LPS.
NRRD_SPACES = (
    "left-posterior-superior", "lps", "right-anterior-superior", "ras",
    "left-anterior-superior", "las",
)  # fmt: skip


def check_nrrd(path: Path) -> list[str]:
    """Refuse voxels outside the file's folder; return warnings.

    Raises
    ------
    InputError
        When the voxels lie elsewhere or are not there.
    """
    fields, _ = _fields(path, ":", b"\n\n")
    data = fields.get("data file") or fields.get("datafile")
    if data:
        _detached(path, data)
    if fields.get("space", "").lower() not in NRRD_SPACES:
        return ["no patient space in the header: left and right are not known"]
    return []


def check_metaimage(path: Path) -> list[str]:
    """Refuse voxels outside the file's folder or cut short; return warnings.

    Raises
    ------
    InputError
        When fields or voxels are missing, or lie elsewhere.
    """
    fields, start = _fields(path, "=", b"ElementDataFile")
    missing = [name for name in META_REQUIRED if not fields.get(name)]
    if missing:
        raise InputError(f"damaged header: no {', '.join(missing)}", path)
    target = path
    if fields["elementdatafile"].upper() != "LOCAL":
        target, start = _detached(path, fields["elementdatafile"]), 0
    expected = _expected_bytes(path, fields)
    packed = fields.get("compresseddata", "").lower() == "true"
    length = target.stat().st_size - start
    if packed:
        length = _unpacked_length(target, start, fields.get("compresseddatasize", ""), expected)
    if length < expected:
        raise InputError(f"truncated: {length} bytes of voxels, header says {expected}", path)
    return []


def _expected_bytes(path: Path, fields: dict[str, str]) -> int:
    """Return how many bytes the voxels need, 0 for a type that ITK may know."""
    numbers = [*fields["dimsize"].split(), fields.get("elementnumberofchannels", "1")]
    if not all(number.isdecimal() for number in numbers):
        raise InputError("damaged header: sizes are not numbers", path)
    return math.prod(map(int, numbers)) * META_BYTES.get(fields["elementtype"].upper(), 0)


def _fields(path: Path, separator: str, end: bytes) -> tuple[dict[str, str], int]:
    """Return the fields by lower-case name, and the byte after the header."""
    with path.open("rb") as stream:
        raw = stream.read(MAX_HEADER)
    last = raw.find(end)
    stop = raw.find(b"\n", last) if last >= 0 else -1
    stop = len(raw) - 1 if stop < 0 else stop
    lines = raw[:stop].decode("latin-1").replace("\r", "").splitlines()
    pairs = (line.split(separator, 1) for line in lines if separator in line)
    return {key.strip().lower(): value.strip() for key, value in pairs}, stop + 1


def _detached(path: Path, data: str) -> Path:
    folder = path.parent.resolve()
    try:
        target = (folder / data).resolve()
        there = target.is_file()
    except (OSError, ValueError) as error:
        raise InputError("its voxels lie in a file that cannot be named", path) from error
    if not target.is_relative_to(folder):
        raise InputError("its voxels lie outside its own folder", path)
    if not there:
        raise InputError("its voxels lie in a file that is not there, or in several", path)
    return target


def _unpacked_length(path: Path, start: int, size: str, expected: int) -> int:
    """Return how many bytes unpack, reading no further than expected.

    ``size`` is what the header says of the packed bytes, or nothing.
    """
    unpacker = zlib.decompressobj()
    length = 0
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            packed = stream.read(int(size) if size.isdecimal() else -1)
        if size.isdecimal() and len(packed) < int(size):
            raise InputError(f"truncated: {len(packed)} packed bytes, header says {size}", path)
        while packed and not unpacker.eof and length <= expected:
            length += len(unpacker.decompress(packed, 1 << 24))
            packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise InputError(f"damaged voxels: {error}", path) from error
    if length == expected and not unpacker.eof:
        raise InputError("truncated: the packed voxels have no end", path)
    return length
