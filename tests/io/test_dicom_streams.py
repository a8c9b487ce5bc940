"""Compressed frames: their size, depth and end are read before a decoder runs."""

import numpy as np
import pytest
from pydicom.uid import MPEG2MPML, UID, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_streams import check_streams
from tests.battery import jpeg_lossless
from tests.battery.stack import Stack, pixels, set_streams

STACK = pixels((2, 33, 35))


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless])
def test_depth_of_a_whole_stream(syntax: str) -> None:
    ds = Stack(STACK, syntax=syntax).slice(0)
    assert check_streams(ds, UID(syntax)) in (12, 16)
    ds.Rows = 34
    with pytest.raises(InputError, match=r"pixels are \(33, 35\), header says \(34, 35\)"):
        check_streams(ds, UID(syntax))


@pytest.mark.parametrize(
    ("bend", "reason"),
    [
        (lambda s: s[:-2], "no end"),
        (lambda s: s[:2] + b"\xff\xd9", "no size"),
        (lambda s: s[:2] + b"\xff\xff" + s[2:], None),
        (lambda s: s.replace(b"\x0c\x00\x21\x00\x23\x01", b"\x0c\x00\x21\x00\x23\x03"), "colour"),
        (lambda s: s.replace(b"\x0c\x00\x21\x00\x23", b"\x14\x00\x21\x00\x23"), "20 bits in 16"),
    ],
    ids=["no end", "no frame header", "fill bytes", "colour", "too deep"],
)
def test_streams_that_lie(bend: object, reason: str | None) -> None:
    ds = Stack(STACK, syntax=JPEGLosslessSV1).slice(0)
    set_streams(ds, [bend(jpeg_lossless.encode(STACK[0], 12))])
    if reason is None:
        assert check_streams(ds, JPEGLosslessSV1) == 12
        return
    with pytest.raises(InputError, match=reason):
        check_streams(ds, JPEGLosslessSV1)


def test_a_film_is_refused() -> None:
    with pytest.raises(InputError, match="not one that CT"):
        check_streams(Stack(np.array(STACK)).slice(0), MPEG2MPML)
