"""Compressed frames of a DICOM image, checked before a decoder sees them.

Decoders fill in what a stream lacks, and take its size before the header's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from napari_radiogen.errors import InputError

JPEG = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes)
JPEG_2000 = tuple(JPEG2000TransferSyntaxes)
#: Marker at the end of every JPEG, JPEG-LS and JPEG 2000 stream.
END_OF_IMAGE = b"\xff\xd9"
#: Start of a codestream, and the marker of its sizes.
J2K_START = b"\xff\x4f\xff\x51"
#: SOF0 to SOF15 without DHT, JPG and DAC; SOF55 is JPEG-LS.
FRAME_MARKERS = (*(n for n in range(0xC0, 0xD0) if n not in (0xC4, 0xC8, 0xCC)), 0xF7)


def check_streams(dataset: Dataset, syntax: UID) -> int:
    """Check that every frame is whole, grey and as large as the header says.

    Returns
    -------
    int
        Bits of the deepest frame, 0 when the streams do not say.

    Raises
    ------
    InputError
        When one is not, or nothing here decodes the transfer syntax.
    """
    if syntax == RLELossless:
        return 0
    if syntax not in JPEG + JPEG_2000:
        raise InputError("its compression is not one that CT images use")
    expected = (int(dataset.Rows), int(dataset.Columns))
    deepest = 0
    for stream in _frames(dataset):
        if not stream.rstrip(b"\0").endswith(END_OF_IMAGE):
            raise InputError(f"truncated: the {syntax.name} stream has no end")
        size = _jpeg_2000_size(stream) if syntax in JPEG_2000 else _jpeg_size(stream)
        if size is None:
            raise InputError(f"damaged: the {syntax.name} stream has no size")
        if size[:2] != expected:
            raise InputError(f"compressed pixels are {size[:2]}, header says {expected}")
        if size[2] != 1:
            raise InputError("compressed pixels are in colour, not a CT")
        deepest = max(deepest, size[3])
    if deepest > int(dataset.BitsAllocated):
        raise InputError(f"compressed values of {deepest} bits in {dataset.BitsAllocated}")
    return deepest


def _frames(dataset: Dataset) -> Iterator[bytes]:
    offsets = None
    if "ExtendedOffsetTable" in dataset and "ExtendedOffsetTableLengths" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    count = int(dataset.get("NumberOfFrames") or 1)
    yield from generate_frames(dataset.PixelData, number_of_frames=count, extended_offsets=offsets)


def _jpeg_2000_size(stream: bytes) -> tuple[int, int, int, int] | None:
    """Return rows, columns, components and bits of a codestream (ISO 15444-1, A.5.1)."""
    start = stream.find(J2K_START)
    if start < 0 or len(stream) < start + 43:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
    components, depth = struct.unpack_from(">HB", stream, start + 40)
    return bottom - top, right - left, components, (depth & 0x7F) + 1


def _jpeg_size(stream: bytes) -> tuple[int, int, int, int] | None:
    """Return rows, columns, components and bits from the frame header (ISO 10918-1, B.2.2)."""
    place = 2
    while place + 10 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker in FRAME_MARKERS:
            bits, rows, columns, components = struct.unpack_from(">BHHB", stream, place + 4)
            return rows, columns, components, bits
        # A marker may be padded by any number of fill bytes.
        place += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", stream, place + 2)[0]
    return None
