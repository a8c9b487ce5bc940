"""Faults of a series, one at a time, and what may lie beside one."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import (
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
)

from tests.battery.case import Case, Expectation, Truth
from tests.battery.stack import Stack, item, save, uid

GROUP = "series"
SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def cases() -> Iterator[Case]:
    yield from _gaps()
    yield from _one_slice_differs()
    yield from _all_slices()
    yield from _several_series()
    yield from _beside()


def put(only: int | None = None, **values: Any) -> Callable[[int, Dataset], None]:
    """Set header values, of one slice or all; None takes one out."""

    def change(z: int, ds: Dataset) -> None:
        for keyword, value in values.items() if only in (None, z) else ():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value(z) if callable(value) else value)

    return change


def case(
    name: str,
    expect: Expectation,
    says: str,
    change: Callable[[int, Dataset], Any] | None = None,
    after: Callable[[Path], Any] | None = None,
    fault: str = "",
    series: str | None = None,
    stack: Stack | None = None,
    **options: Any,
) -> Case:
    def build(folder: Path) -> tuple[Path, Truth | None]:
        made = stack or Stack()
        path = made.write(folder, change, **options)
        if after is not None:
            after(path)
        return path, None if expect == "refused" else made.truth()

    return Case(GROUP, name, expect, build, says, series, fault)


def _gaps() -> Iterator[Case]:
    for z in (1, 2, 4):
        yield case(f"slice {z} missing", "refused", "gap", skip=[z], fault="missing slice")
    yield case("two slices missing", "refused", "gap", skip=[2, 3], fault="missing slice")
    yield case("every second slice missing", "warned", "instance numbers",
               stack=Stack(step=(0, 0, 5)), change=put(InstanceNumber=lambda z: 2 * z + 1),
               fault="skipped instance numbers")  # fmt: skip

    def shift(share: float) -> Callable[[int, Dataset], None]:
        return put(3, ImagePositionPatient=[-20.0, 30.0, -100 + 2.5 * (3 + share)])

    for share in (0.15, 0.3, -0.4):
        yield case(f"one slice {share} steps off", "refused", "uneven", shift(share),
                   fault="uneven steps")  # fmt: skip
    yield case("steps change", "refused", "gap|uneven", put(
        ImagePositionPatient=lambda z: [-20, 30, -100 + (2 * z if z < 3 else 4 * z - 6)]),
        fault="uneven steps")  # fmt: skip
    yield case("steps grow", "refused", "gap|uneven", put(
        ImagePositionPatient=lambda z: [-20, 30, -100 + 2.5 * z + 0.2 * z * z]),
        fault="uneven steps")  # fmt: skip
    yield case("one slice moved sideways", "refused", "uneven", put(
        2, ImagePositionPatient=[-17.0, 30.0, -95.0]), fault="uneven steps")  # fmt: skip

    def copy(folder: Path) -> None:
        shutil.copy(folder / "im7.dcm", folder / "copy of im7.dcm")

    yield case("a file twice", "refused", "duplicate", after=copy, fault="duplicate slice")
    yield case("two slices at one place", "refused", "duplicate", put(
        4, ImagePositionPatient=[-20.0, 30.0, -92.5]), fault="duplicate slice")  # fmt: skip
    yield case("all slices at one place", "refused", "duplicate", put(
        ImagePositionPatient=[-20.0, 30.0, -92.5]), fault="duplicate slice")  # fmt: skip
    yield case("several times", "refused", "duplicate|gap", put(
        ImagePositionPatient=lambda z: [-20.0, 30.0, -100.0 + 2.5 * (z // 2)]),
        fault="duplicate slice")  # fmt: skip
    yield case("acquisitions interleave", "refused", "acquisitions", put(
        AcquisitionNumber=lambda z: 1 + z % 2), fault="interleaved acquisitions")  # fmt: skip
    yield case(
        "one slice alone", "refused", "one slice", skip=[1, 2, 3, 4, 5], fault="single slice"
    )


def _one_slice_differs() -> Iterator[Case]:
    lut = item(LUTDescriptor=[4, 0, 16], ModalityLUTType="HU", LUTData=b"\1\0\2\0\3\0\4\0")
    for name, values, says, fault in (
        ("patient", {"PatientID": "Other"}, "another patient", "mixed series"),
        ("study", {"StudyInstanceUID": uid("s2")}, "another study", "mixed series"),
        ("frame of reference", {"FrameOfReferenceUID": uid("f2")}, "frame of ref", "mixed series"),
        ("orientation", {"ImageOrientationPatient": [0, 1, 0, -1, 0, 0]}, "orient", "mixed series"),
        ("flipped rows", {"ImageOrientationPatient": [-1, 0, 0, 0, 1, 0]}, "orient", "mixed series"),
        ("pixel spacing", {"PixelSpacing": [0.8, 0.9]}, "spacing", "mixed series"),
        ("spacing swapped", {"PixelSpacing": [0.9, 0.7]}, "spacing", "mixed series"),
        ("scout", {"ImageType": SCOUT}, "localizer", "scout among the slices"),
        ("class MR", {"SOPClassUID": MRImageStorage}, "not a CT", "not CT"),
        ("capture", {"SOPClassUID": SecondaryCaptureImageStorage}, "not a CT", "not CT"),
        ("modality", {"Modality": "PT"}, "not a CT", "not CT"),
        ("no position", {"ImagePositionPatient": None}, "no position", "no place in the header"),
        ("two coordinates", {"ImagePositionPatient": [1, 2]}, "3 finite", "no place in the header"),
        ("position NaN", {"ImagePositionPatient": [1, 2, float("nan")]}, "fini",
         "no place in the header"),
        ("no orientation", {"ImageOrientationPatient": None}, "no orient", "no place in the header"),
        ("no spacing", {"PixelSpacing": None}, "no pixel spacing", "no place in the header"),
        ("zero spacing", {"PixelSpacing": [0, 0.9]}, "positive", "no place in the header"),
        ("negative spacing", {"PixelSpacing": [-0.7, 0.9]}, "positive", "no place in the header"),
        ("infinite spacing", {"PixelSpacing": [float("inf"), 1]}, "fini", "no place in the header"),
        ("skewed cosines", {"ImageOrientationPatient": [1, 0, 0, 0.5, 1, 0]}, "right angles",
         "no place in the header"),
        ("zero cosines", {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "right angles",
         "no place in the header"),
        ("no slope", {"RescaleSlope": None}, "no rescale", "no rescale"),
        ("no intercept", {"RescaleIntercept": None}, "no rescale", "no rescale"),
        ("zero slope", {"RescaleSlope": 0}, "slope is 0", "no rescale"),
        ("slope NaN", {"RescaleSlope": float("nan")}, "fini", "no rescale"),
        ("lookup table", {"ModalityLUTSequence": [lut]}, "lookup", "modality lookup table"),
        ("colour", {"SamplesPerPixel": 3}, "colour", "colour pixels"),
        ("several frames", {"NumberOfFrames": 3}, "several frames", "frames in a single-frame image"),
        ("no pixels", {"PixelData": None}, "no pixel data", "cut short"),
        ("rows", {"Rows": 11}, "matrix", "mixed series"),
        ("bits", {"BitsStored": 20}, "do not fit", "impossible bits"),
        ("high bit", {"HighBit": 3}, "do not fit", "impossible bits"),
        ("no bits", {"BitsStored": None}, "damaged", "impossible bits"),
    ):  # fmt: skip
        change = put(3, **values)
        yield case(f"{name} of one slice", "refused", says, change, fault=fault)


def _all_slices() -> Iterator[Case]:
    for name, values, says, fault in (
        ("no rescale", {"RescaleSlope": None, "RescaleIntercept": None}, "no rescale", "no rescale"),
        ("scout", {"ImageType": SCOUT}, "localizer", "scout alone"),
        ("MR", {"SOPClassUID": MRImageStorage, "Modality": "MR"}, "not a CT", "not CT"),
        ("PET", {"SOPClassUID": PositronEmissionTomographyImageStorage, "Modality": "PT"},
         "not a CT", "not CT"),
        ("no modality", {"Modality": None}, "not a CT", "not CT"),
        ("unknown class", {"SOPClassUID": "1.2.3.4"}, "not a CT", "not CT"),
        ("no class", {"SOPClassUID": None}, "not a CT", "not CT"),
        ("no series UID", {"SeriesInstanceUID": None}, "no series UID", "no series UID"),
        ("no position", {"ImagePositionPatient": None}, "no position", "no place in the header"),
        ("no orientation", {"ImageOrientationPatient": None}, "no orient", "no place in the header"),
        ("no spacing", {"PixelSpacing": None}, "no pixel spacing", "no place in the header"),
        ("empty position", {"ImagePositionPatient": ""}, "no position", "no place in the header"),
    ):  # fmt: skip
        yield case(f"{name} of every slice", "refused", says, put(**values), fault=fault)


def _several_series() -> Iterator[Case]:
    def second(**changes: Any) -> Callable[[Path], Any]:
        def after(folder: Path) -> None:
            Stack(series="b").write(folder, put(**changes), file=lambda z: f"b{z}.dcm")

        return after

    says = "2 CT series; choose"
    yield case("two series", "refused", says, after=second(), fault="several series")
    yield case("two series, one asked", "warned", "left aside", after=second(),
               series=uid("series", "a"), fault="series left aside")  # fmt: skip
    yield case("asked for none", "refused", "no series", series="1.2.3", fault="several series")
    other = {"PatientID": "Other", "StudyInstanceUID": uid("s2"), "FrameOfReferenceUID": uid("f2")}
    yield case("two patients", "refused", says, after=second(**other), fault="several series")
    yield case("two patients, one asked", "warned", "left aside", after=second(**other),
               series=uid("series", "a"), fault="series left aside")  # fmt: skip
    same = {**other, "SeriesInstanceUID": uid("series", "a")}
    yield case("two patients, one series UID", "refused", "another patient|another study",
               after=second(**same), fault="mixed series")  # fmt: skip
    shifted = {"SeriesInstanceUID": uid("series", "a"), "AcquisitionNumber": 2, "ImagePositionPatient":
               lambda z: [-20.0, 30.0, -98.75 + 2.5 * z]}  # fmt: skip
    yield case("two stacks, half a step apart", "refused", "acquisitions", after=second(**shifted),
               fault="interleaved acquisitions")  # fmt: skip
    yield case("two stacks at one place", "refused", "duplicate", after=second(
        SeriesInstanceUID=uid("series", "a")), fault="duplicate slice")  # fmt: skip
    yield case("a scout series beside", "warned", "left aside", after=lambda folder: Stack(
        series="s").write(folder / "scout", put(ImageType=SCOUT), skip=range(1, 6)),
        fault="series left aside")  # fmt: skip
    yield case("an MR series beside", "warned", "left aside", after=second(
        SOPClassUID=MRImageStorage, Modality="MR"), fault="series left aside")  # fmt: skip


def _beside() -> Iterator[Case]:
    def text(name: str, content: bytes = b"notes on this scan") -> Callable[[Path], Any]:
        return lambda folder: (folder / name).write_bytes(content)

    def archive(folder: Path) -> None:
        with zipfile.ZipFile(folder / "more.zip", "w") as made:
            made.writestr("a.txt", "text")

    def hidden(folder: Path) -> None:
        (folder / "._im3.dcm").write_bytes(b"\0\5\x16\7 of a Mac")
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")

    def loop(folder: Path) -> None:
        (folder / "again").symlink_to(folder, target_is_directory=True)

    yield case("notes beside", "warned", "not DICOM left aside", after=text("notes.txt"),
               fault="foreign files")  # fmt: skip
    yield case("a table beside", "warned", "not DICOM", after=text("a.csv", b"a,b\n1,2\n"),
               fault="foreign files")  # fmt: skip
    yield case("an archive beside", "warned", "not DICOM", after=archive, fault="foreign files")
    yield case("files of the system beside", "valid", "", after=hidden, fault="files of the system")
    yield case("a link to itself beside", "valid", "", after=loop)
    yield case(
        "an empty file beside", "refused", "empty", after=text("im2", b""), fault="empty file"
    )
    yield case("text named dcm", "refused", "not DICOM though", after=text("im2.dcm"),
               fault="DICOM by name only")  # fmt: skip
    yield case("a report of the series", "refused", "not a CT", after=_report, fault="not CT")


def _report(folder: Path) -> None:
    ds = Stack().slice(0)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.67"
    ds.Modality, ds.SOPInstanceUID = "SR", uid("sr")
    del ds["PixelData"]
    save(ds, folder / "report.dcm")
