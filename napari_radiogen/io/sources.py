"""What may be opened at all: files and folders, no pipes, no archives."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from napari_radiogen.errors import InputError

#: First bytes of archives: zip, 7z, rar, cab.
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"MSCF")
#: First bytes of what bzip2, xz, Zstandard and compress pack.
PACKERS = (b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x1f\x9d")
GZIP_START = b"\x1f\x8b"
TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
DICOM_MAGIC, DICOM_MAGIC_AT = b"DICM", 128
LOOKED_AT = TAR_MAGIC_AT + len(TAR_MAGIC)


def check_openable(path: Path) -> None:
    """Refuse what is neither a file nor a folder.

    Raises
    ------
    InputError
        For a pipe or a device, which would be read for ever, and for a link
        that leads back to itself.
    """
    try:
        odd = path.exists() and not path.is_dir() and not path.is_file()
    except (OSError, RuntimeError) as error:
        raise InputError("cannot be opened: its links lead nowhere", path) from error
    if odd:
        raise InputError("neither a file nor a folder", path)


def check_no_archive(path: Path) -> None:
    """Refuse archives and packed files that no reader here unpacks.

    Parameters
    ----------
    path
        File; gzip is looked into, since NIfTI and tables may be packed so.

    Raises
    ------
    InputError
        When the first bytes say so, or nothing can be read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(LOOKED_AT)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from error
    if _is_archive(start):
        raise InputError("an archive; unpack it first and give the folder", path)
    inner = _unpacked(path) if start.startswith(GZIP_START) else b""
    dicom = inner[DICOM_MAGIC_AT:].startswith(DICOM_MAGIC)
    if dicom or _is_archive(inner) or start.startswith(PACKERS):
        raise InputError("packed; unpack it first and give what it holds", path)


def _is_archive(start: bytes) -> bool:
    return start.startswith(ARCHIVES) or start[TAR_MAGIC_AT:].startswith(TAR_MAGIC)


def _unpacked(path: Path) -> bytes:
    """Return the first bytes in a gzip stream, none where it is damaged."""
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(LOOKED_AT)
    except (OSError, EOFError, zlib.error):
        return b""
