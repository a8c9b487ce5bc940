"""Headers of NRRD and MetaImage, which are text, checked before ITK sees them.

ITK follows a header to any file on the disk and prints on standard error when
voxels are missing.
"""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path

from napari_radiogen.errors import InputError

#: Longest text header, bytes.
MAX_HEADER = 1 << 16
NRRD_END = re.compile(rb"\r?\n\r?\n")
META_END = re.compile(rb"ElementDataFile[^\n]*(\n|$)")
#: Fields that say where the voxels are and how many.
DECIDING = (
    "data file", "datafile", "sizes", "type", "encoding", "dimsize", "elementtype",
    "elementdatafile", "compresseddata", "compresseddatasize",
)  # fmt: skip
META_REQUIRED = ("ndims", "dimsize", "elementtype", "elementdatafile")
#: What ITK reads and then ignores, and the value that changes nothing.
META_INTENSITY = {"elementtointensityfunctionslope": "1", "elementtointensityfunctionoffset": "0"}
META_BYTES = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
NRRD_TYPES = {
    1: "signed char, int8, int8_t, uchar, unsigned char, uint8, uint8_t",
    2: "short, short int, signed short, signed short int, int16, int16_t, "
    "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    4: "int, signed int, int32, int32_t, uint, unsigned int, uint32, uint32_t, float",
    8: "longlong, long long, long long int, signed long long, signed long long int, int64, "
    "int64_t, ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t, double",
}
NRRD_BYTES = {name: size for size, names in NRRD_TYPES.items() for name in names.split(", ")}
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
    fields, start = _fields(path, ":", NRRD_END)
    data = fields.get("data file") or fields.get("datafile")
    target = path
    if data:
        target, start = _detached(path, data), 0
    _check_nrrd_length(path, fields, target.stat().st_size - start)
    units = fields.get("space units", "").replace('"', " ").split()
    if any(unit not in ("mm", "millimeter") for unit in units):
        raise InputError("its space units are not mm", path)
    if fields.get("space", "").lower() not in NRRD_SPACES:
        return ["no patient space in the header: left and right are not known"]
    return []


def _check_nrrd_length(path: Path, fields: dict[str, str], length: int) -> None:
    """Refuse raw voxels that are cut short; ITK checks what is packed."""
    sizes = fields.get("sizes", "").split()
    if not sizes or not all(size.isdecimal() for size in sizes):
        raise InputError("damaged header: sizes are not numbers", path)
    expected = math.prod(map(int, sizes)) * NRRD_BYTES.get(fields.get("type", "").lower(), 0)
    if fields.get("encoding", "").lower() == "raw" and length < expected:
        raise InputError(f"truncated: {length} bytes of voxels, header says {expected}", path)


def check_metaimage(path: Path) -> list[str]:
    """Refuse voxels outside the file's folder or cut short; return warnings.

    Raises
    ------
    InputError
        When fields or voxels are missing, or lie elsewhere.
    """
    fields, start = _fields(path, "=", META_END)
    missing = [name for name in META_REQUIRED if not fields.get(name)]
    if missing:
        raise InputError(f"damaged header: no {', '.join(missing)}", path)
    if any(fields.get(name, plain) != plain for name, plain in META_INTENSITY.items()):
        raise InputError("its intensities are scaled, which readers disagree about", path)
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


def _fields(path: Path, separator: str, end: re.Pattern[bytes]) -> tuple[dict[str, str], int]:
    """Return the fields by lower-case name, and the byte after the header.

    Lines end where ITK ends them, and no field may come twice, so that both
    see the same values.
    """
    with path.open("rb") as stream:
        raw = stream.read(MAX_HEADER)
    last = end.search(raw)
    if last is None and len(raw) == MAX_HEADER:
        raise InputError(f"damaged header: no end within {MAX_HEADER} bytes", path)
    start = last.end() if last else len(raw)
    fields: dict[str, str] = {}
    for line in raw[:start].decode("latin-1").split("\n"):
        key, found, value = line.partition(separator)
        if not found or line.startswith("#"):
            continue
        key = key.strip().lower()
        if key in DECIDING and key in fields:
            raise InputError(f"damaged header: {key} comes twice", path)
        fields[key] = value.strip()
    return fields, start


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
            there = path.stat().st_size
            packed = stream.read(min(int(size), there) if size.isdecimal() else -1)
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
