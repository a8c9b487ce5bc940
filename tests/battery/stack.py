"""CT series and multi-frame CT with a known truth, written with pydicom's data model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGLossless,
    JPEGLosslessSV1,
    generate_uid,
)

from tests.battery import jpeg_lossless
from tests.battery.case import CANARY, Truth

SHAPE = (6, 12, 16)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
STEP_MM = 2.5
IDENTITY = {
    "PatientName": f"{CANARY}^Zoe", "PatientID": CANARY, "PatientBirthDate": "19010203",
    "InstitutionName": CANARY, "ReferringPhysicianName": CANARY, "OperatorsName": CANARY,
    "StationName": CANARY, "StudyDescription": CANARY, "SeriesDescription": CANARY,
    "ProtocolName": CANARY, "AccessionNumber": CANARY, "PatientComments": CANARY,
}  # fmt: skip


def uid(*words: object) -> str:
    return str(generate_uid(entropy_srcs=[str(w) for w in words]))


def pixels(shape: tuple[int, ...] = SHAPE, low: int = 0, high: int = 4096) -> np.ndarray:
    """(Z, Y, X) random stored values, the same every time, both limits in it."""
    values = np.random.default_rng(7).integers(low, high, shape)
    values[0, 0, 0], values[-1, -1, -1] = low, high - 1
    return values


@dataclass
class Stack:
    """Slices with a place and a rescale each; every field may be bent."""

    stored: np.ndarray = field(default_factory=pixels)
    orientation: Sequence[float] = AXIAL
    spacing: tuple[float, float] = (0.7, 0.9)
    origin: Sequence[float] = (-20.0, 30.0, -100.0)
    step: Sequence[float] | None = None
    slope: Sequence[float] | float = 1
    intercept: Sequence[float] | float = -1024
    allocated: int = 16
    bits: int = 12
    high: int | None = None
    signed: bool = False
    syntax: str = ExplicitVRLittleEndian
    predictor: int = 1
    junk: int = 0
    series: str = "a"
    decimals: int | None = None
    tolerance: float = 0.01

    @property
    def step_mm(self) -> np.ndarray:
        if self.step is not None:
            return np.array(self.step, dtype=float)
        return STEP_MM * np.cross(self.orientation[:3], self.orientation[3:])

    def position(self, z: int) -> list[float]:
        place = np.array(self.origin) + z * self.step_mm
        return [float(v) for v in (place if self.decimals is None else place.round(self.decimals))]

    def rescale(self, z: int) -> tuple[float, float]:
        count = len(self.stored)
        slopes = np.broadcast_to(np.array(self.slope, dtype=float), count)
        return float(slopes[z]), float(np.broadcast_to(np.array(self.intercept, float), count)[z])

    def truth(self) -> Truth:
        hu = np.stack(
            [p * self.rescale(z)[0] + self.rescale(z)[1] for z, p in enumerate(self.stored)]
        )
        affine = np.eye(4)
        count = len(self.stored)
        first, last = np.array(self.position(0)), np.array(self.position(count - 1))
        affine[:3, 0] = (last - first) / max(1, count - 1)
        affine[:3, 1] = np.array(self.orientation[3:]) * self.spacing[0]
        affine[:3, 2] = np.array(self.orientation[:3]) * self.spacing[1]
        affine[:3, 3] = first
        return Truth(hu.astype(float), affine, self.tolerance)

    def words(self, z: int) -> np.ndarray:
        """(Y, X) as the words of the file hold them, before byte order."""
        high = self.bits - 1 if self.high is None else self.high
        mask = (1 << self.bits) - 1
        word = (self.stored[z].astype(np.int64) & mask) << (high + 1 - self.bits)
        kind = {8: np.uint8, 16: np.uint16, 32: np.uint32}[self.allocated]
        return (word | self.junk).astype(kind)

    def slice(self, z: int) -> Dataset:
        ds = base(self.syntax, CTImageStorage, self.series, z)
        ds.InstanceNumber = z + 1
        ds.AcquisitionNumber = 1
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.ImagePositionPatient = [number(v) for v in self.position(z)]
        ds.ImageOrientationPatient = [number(v) for v in self.orientation]
        ds.PixelSpacing = list(self.spacing)
        ds.RescaleSlope, ds.RescaleIntercept = (number(v) for v in self.rescale(z))
        ds.RescaleType = "HU"
        self.describe(ds)
        put_pixels(ds, self, [z])
        return ds

    def describe(self, ds: Dataset) -> None:
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored = self.allocated, self.bits
        ds.HighBit = self.bits - 1 if self.high is None else self.high
        ds.PixelRepresentation = int(self.signed)
        ds.Rows, ds.Columns = self.stored.shape[1:]

    def write(
        self,
        folder: Path,
        change: Callable[[int, Dataset], Any] | None = None,
        *,
        skip: Sequence[int] = (),
        file: Callable[[int], str] = lambda z: f"im{9 - z}.dcm",
    ) -> Path:
        for z in range(len(self.stored)):
            if z not in skip:
                ds = self.slice(z)
                if change is not None:
                    change(z, ds)
                save(ds, folder / file(z))
        return folder


def number(value: float) -> float | str:
    """A decimal string of at most 16 characters, as the standard asks."""
    text = repr(float(value))
    for digits in range(15, 4, -1):
        if len(text) <= 16:
            break
        text = f"{value:.{digits}g}"
    return text


def base(syntax: str, sop_class: str, series: str, z: object = 0) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid("i", series, z)
    ds.StudyInstanceUID, ds.FrameOfReferenceUID = uid("study"), uid("frame")
    ds.SeriesInstanceUID = uid("series", series)
    ds.Modality = "CT"
    for keyword, value in IDENTITY.items():
        setattr(ds, keyword, value)
    block = ds.private_block(0x0099, CANARY, create=True)
    block.add_new(1, "LO", CANARY)
    return ds


def put_pixels(ds: Dataset, stack: Stack, frames: Sequence[int], table: str = "basic") -> None:
    """Store frames in the data set's transfer syntax."""
    words = [stack.words(z) for z in frames]
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and syntax in (JPEGLossless, JPEGLosslessSV1):
        streams = [jpeg_lossless.encode(w, stack.bits, stack.predictor) for w in words]
        set_streams(ds, streams, table)
        return
    raw = np.stack(words)
    if syntax == ExplicitVRBigEndian:
        raw = raw.byteswap()
    data = raw.tobytes() + b"\0" * (raw.nbytes % 2)
    if syntax == ExplicitVRBigEndian and stack.allocated == 8:
        # They are written as words of the other byte order.
        data = np.frombuffer(data, np.uint16).byteswap().tobytes()
    ds.PixelData = data
    ds["PixelData"].VR = "OW"
    if syntax.is_encapsulated:
        compress(ds, stack, frames)


def set_streams(ds: Dataset, streams: Sequence[bytes], table: str = "basic") -> None:
    if table == "extended":
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(
            list(streams)
        )
    else:
        ds.PixelData = encapsulate(list(streams), has_bot=table == "basic")
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


def compress(ds: Dataset, stack: Stack, frames: Sequence[int], **options: Any) -> None:
    """Let pydicom's encoders make the streams."""
    syntax = ds.file_meta.TransferSyntaxUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    kind = np.dtype(f"{'i' if stack.signed else 'u'}{stack.allocated // 8}")
    array = stack.stored[list(frames)].astype(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.compress(
            syntax, array if len(frames) > 1 else array[0], generate_instance_uid=False, **options
        )


def save(ds: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path


def item(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def enhanced(
    stack: Stack,
    order: Sequence[int],
    *,
    shared: Sequence[str] = ("spacing", "orientation", "rescale"),
    table: str = "basic",
    sop_class: str = EnhancedCTImageStorage,
    name: object = "e",
) -> Dataset:
    """Return one multi-frame CT of the slices, in the order given."""
    ds = base(stack.syntax, sop_class, stack.series, name)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    stack.describe(ds)
    ds.NumberOfFrames = len(order)
    groups = [_groups(stack, z) for z in order]
    common = Dataset()
    for part in shared:
        common.update(groups[0][part])
    frames = []
    for n, group in enumerate(groups):
        frame = Dataset()
        frame.FrameContentSequence = [item(FrameAcquisitionNumber=1, DimensionIndexValues=[n + 1])]
        for part, values in group.items():
            if part not in shared:
                frame.update(values)
        frames.append(frame)
    ds.SharedFunctionalGroupsSequence = [common]
    ds.PerFrameFunctionalGroupsSequence = frames
    put_pixels(ds, stack, order, table)
    return ds


def _groups(stack: Stack, z: int) -> dict[str, Dataset]:
    slope, intercept = stack.rescale(z)
    position = [number(v) for v in stack.position(z)]
    cosines = [number(v) for v in stack.orientation]
    measures = item(PixelSpacing=list(stack.spacing), SliceThickness=9.0)
    rescale = item(RescaleSlope=number(slope), RescaleIntercept=number(intercept), RescaleType="HU")
    return {
        "position": item(PlanePositionSequence=[item(ImagePositionPatient=position)]),
        "orientation": item(PlaneOrientationSequence=[item(ImageOrientationPatient=cosines)]),
        "spacing": item(PixelMeasuresSequence=[measures]),
        "rescale": item(PixelValueTransformationSequence=[rescale]),
    }
