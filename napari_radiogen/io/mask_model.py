"""What a mask file says, before and after it is placed on a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom.multival import MultiValue

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import plain_text

MaskKind = Literal["dicom-seg", "rtstruct", "lidc-readings", "labels"]
#: Largest label: what a 16-bit mask holds.
MAX_LABEL = 2**16 - 1


@dataclass(frozen=True, eq=False)
class MaskReading:
    """A mask as labels.

    Parameters
    ----------
    kind
        Format that it came in.
    layers
        Usually one. Segments that overlap lie in different layers, each with
        the number it has in the file; all layers share one grid.
    warnings
        What a person should see, one line each.
    same_frame
        Whether the CT has the same frame of reference; None when it cannot
        be known or no CT was given.
    """

    kind: MaskKind
    layers: tuple[LabelVolume, ...]
    warnings: tuple[str, ...] = ()
    same_frame: bool | None = None

    @property
    def names(self) -> dict[int, str]:
        """Names of all segments by number."""
        return {k: v for layer in self.layers for k, v in sorted(layer.names.items())}

    @property
    def sole_layer(self) -> LabelVolume:
        """The labels, where no segments overlap.

        Raises
        ------
        InputError
            When they do: one label volume cannot hold them.
        """
        if len(self.layers) != 1:
            raise InputError(f"segments overlap: they need {len(self.layers)} label volumes")
        return self.layers[0]


@dataclass(frozen=True)
class Origin:
    """What a mask was drawn on: DICOM frame of reference and series, where known."""

    frame_of_reference_uid: str | None = None
    series_uids: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Segment:
    """One structure on a grid: (Z, Y, X) bool, with the number and name of the file."""

    number: int
    name: str
    inside: npt.NDArray[np.bool_]


def plain_name(value: object) -> str:
    """Return the name of a structure as plain text; a backslash splits it in DICOM."""
    parts = value if isinstance(value, MultiValue) else [value]
    return " / ".join(text for part in parts if (text := plain_text(part).strip()))


def check_same_frame(origin: Origin, ct: CTVolume, path: Path) -> tuple[bool | None, list[str]]:
    """Check that a mask lives in the frame of reference of a CT.

    Returns
    -------
    tuple
        True, or None when it cannot be known, with the warnings.

    Raises
    ------
    InputError
        When both are known and differ: coordinates then mean different places.
    """
    ours, theirs = ct.geometry.frame_of_reference_uid, origin.frame_of_reference_uid
    if ours and theirs and ours != theirs:
        raise InputError(
            "made in another frame of reference than the CT, so its coordinates mean other "
            "places; give the CT that it was made on",
            path,
        )
    named = not origin.series_uids or ct.series_uid in origin.series_uids
    if ours and theirs:
        note = "made on another series of the same frame of reference"
        return True, [] if named else [note]
    if origin.series_uids and named:
        return True, []
    return None, [
        "it cannot be known whether the frame of reference is the CT's (one of them names "
        "none): placed by coordinates alone"
    ]


def pack_layers(segments: Iterable[Segment], geometry: VolumeGeometry) -> tuple[LabelVolume, ...]:
    """Put segments into as few label volumes as their overlaps allow, first fit.

    Segments without a voxel keep their name in the first layer.
    """
    arrays: list[npt.NDArray[Any]] = [np.zeros(geometry.shape, np.uint8)]
    names: list[dict[int, str]] = [{}]
    for segment in segments:
        at = next(
            (i for i, a in enumerate(arrays) if not (a.astype(bool) & segment.inside).any()), None
        )
        if at is None:
            at = len(arrays)
            arrays.append(np.zeros(geometry.shape, np.uint8))
            names.append({})
        if segment.number > np.iinfo(arrays[at].dtype).max:
            arrays[at] = arrays[at].astype(np.uint16)
        arrays[at][segment.inside] = segment.number
        names[at][segment.number] = segment.name
    return tuple(LabelVolume(a, geometry, n) for a, n in zip(arrays, names, strict=True))


def segments_of(layer: LabelVolume) -> Iterator[Segment]:
    """Take the segments of a label volume apart."""
    for number in np.unique(layer.labels):
        if number > 0:
            name = layer.names.get(int(number), f"Label {number}")
            yield Segment(int(number), name, layer.labels == number)
