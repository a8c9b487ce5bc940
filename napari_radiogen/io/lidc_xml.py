"""LIDC readings: what each radiologist outlined, from the XML of the collection.

Pixels of an outline count as nodule. The collection's documentation places
them just outside it; consensus masks in use, and the usual readers of these
files, count them in, and a person is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import numpy.typing as npt
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from napari_radiogen.errors import InputError

IntArray = npt.NDArray[np.int64]

NAMESPACE = "{http://www.nih.gov}"
ROOT = "LidcReadMessage"
#: Bytes of the largest file read; the collection's stay below 3 MB.
MAX_BYTES = 64 * 2**20
#: Bytes looked at to tell what a file is.
LOOKED_AT = 1024
#: The largest pixel coordinate and slice position that a reading may name.
MAX_PIXEL, MAX_MM = 2**14, 1e5
#: A nodule below 3 mm is one point, not an outline.
FEWEST_POINTS = 3


@dataclass(frozen=True, eq=False)
class Outline:
    """One outline on one slice.

    Parameters
    ----------
    z_mm
        Slice position (LPS z).
    pixels_yx
        (N, 2) pixels (row, column) of the outline, from 0.
    included
        False for a hole.
    """

    z_mm: float
    pixels_yx: IntArray
    included: bool


@dataclass(frozen=True, eq=False)
class LidcFile:
    """Readings by reader, each a nodule's outlines; points alone are counted apart."""

    series_uid: str | None
    readers: tuple[tuple[tuple[Outline, ...], ...], ...]
    points: int


def is_lidc(path: Path) -> bool:
    """Whether the content is a message of LIDC readings."""
    with path.open("rb") as stream:
        start = stream.read(LOOKED_AT)
    return start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") and ROOT.encode() in start


def read_lidc_file(path: Path) -> LidcFile:
    """Read the outlines of every reader.

    Raises
    ------
    InputError
        When it is no such message, damaged, or declares entities.
    """
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB, which no reading is", path)
    try:
        root = parse(path, forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InputError(f"not a safe, complete XML file ({type(error).__name__})", path) from error
    if root is None or root.tag != NAMESPACE + ROOT:
        raise InputError("not a message of LIDC readings of a CT", path)
    readers, points = [], 0
    for session in root.findall(f"{NAMESPACE}readingSession"):
        found = session.findall(f"{NAMESPACE}unblindedReadNodule")
        nodules = [tuple(_outlines(nodule, path)) for nodule in found]
        drawn = tuple(n for n in nodules if any(len(o.pixels_yx) >= FEWEST_POINTS for o in n))
        points += len(nodules) - len(drawn)
        readers.append(drawn)
    series = root.findtext(f"{NAMESPACE}ResponseHeader/{NAMESPACE}SeriesInstanceUid", "").strip()
    return LidcFile(series or None, tuple(readers), points)


def _outlines(nodule: Element, path: Path) -> Iterator[Outline]:
    for roi in nodule.findall(f"{NAMESPACE}roi"):
        try:
            z_mm = float(_text(roi, "imageZposition"))
            pixels = [
                (int(_text(edge, "yCoord")), int(_text(edge, "xCoord")))
                for edge in roi.findall(f"{NAMESPACE}edgeMap")
            ]
        except ValueError as error:
            raise InputError("an outline holds something that is no number", path) from error
        array = np.array(pixels, dtype=np.int64).reshape(-1, 2)
        if not abs(z_mm) < MAX_MM or (array < 0).any() or (array > MAX_PIXEL).any():
            raise InputError("an outline lies where no CT has pixels", path)
        included = _text(roi, "inclusion").upper()
        if included not in ("TRUE", "FALSE"):
            raise InputError("expected TRUE or FALSE as inclusion of an outline", path)
        if len(array):
            yield Outline(z_mm, array, included == "TRUE")


def _text(element: Element, name: str) -> str:
    return (element.findtext(NAMESPACE + name) or "").strip()
