"""Masks: DICOM SEG, RTSTRUCT, LIDC readings and label images, on a CT and alone."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813
from matplotlib.path import Path as Outline
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless, generate_uid

from tests.battery.case import Case, Expectation, Truth
from tests.battery.stack import IDENTITY
from tests.fixtures_dicom import COLUMNS, ORIGIN, ROWS, SLICES, STEP_MM, write_series
from tests.fixtures_masks import box_outline, lidc_xml, ring, write_foreign_seg, write_rtstruct
from tests.io import test_rtstruct as outlines_of
from tests.io import test_seg_read as faults

SHAPE = (SLICES, ROWS, COLUMNS)
ON_CT = ("--reference", "{}/ct")
FRAME = generate_uid(entropy_srcs=["frame"])
SERIES = generate_uid(entropy_srcs=["series", "a"])
CENTRE = (-2.0, 42.0)
AFFINE = np.array([[0, 0, 0.9, -20], [0, 0.7, 0, 30], [STEP_MM, 0, 0, -100], [0, 0, 0, 1.0]])
#: Points to a pixel's side, of the other rasteriser.
FINE = 9
Change = Callable[[Dataset], Any]

OTHER_FRAME = "another frame of reference than the CT"
NO_FRAME = ("no frame of reference on one side (always so for NIfTI, NRRD and MetaImage), "
            "and no reference to the CT's series")  # fmt: skip
QUIRKS = ("an image referenced twice; the segment number of several in the shared groups; "
          "no segment number but one segment")  # fmt: skip
CUT = "number of frames and their descriptions differ; pixels cut short"
BROKEN_OUTLINE = "no closed outline at all; points that are not finite or not as many as stated"


def case(
    name: str,
    build: Callable[[Path], Path],
    labels: np.ndarray | None = None,
    says: str = "",
    fault: str = "",
    options: tuple[str, ...] = ON_CT,
    **truth: Any,
) -> Case:
    """With labels it must be read, and with what it says it must be warned of."""
    expect: Expectation = "refused" if labels is None else "warned" if says else "valid"

    def made(folder: Path) -> tuple[Path, Truth | None]:
        write_series(folder / "ct", lambda _z, header: identify(header))
        right = (
            None if labels is None else Truth(labels.astype(float), **{"affine": AFFINE, **truth})
        )
        return build(folder), right

    peers = ("highdicom",) if name.startswith("SEG") else ()
    return Case("masks", name, expect, made, says, None, fault, options, peers=peers)


def identify(header: Dataset) -> None:
    for keyword, value in IDENTITY.items():
        setattr(header, keyword, value)


def parts() -> np.ndarray:
    return faults.two_parts()


def one() -> np.ndarray:
    return (parts() == 1).astype(np.uint8)


def on_slices(*slices: int) -> np.ndarray:
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[list(slices), 3:6, 3:6] = 1
    return pixels


def seg(
    pixels: np.ndarray, change: Change | None = None, kind: str = "BINARY"
) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = write_foreign_seg(folder / "ct", folder / "m.dcm", pixels, kind=kind,
                                 keep_empty=not pixels.any())  # fmt: skip
        header = pydicom.dcmread(path)
        identify(header)
        if change is not None:
            change(header)
        header.save_as(path)
        return path

    return build


def cases() -> Iterator[Case]:
    yield from _seg()
    yield from _seg_quirks()
    yield from _seg_broken()
    yield from _outlines()
    yield from _outline_faults()
    yield from _lidc()
    yield from _images()


def _seg() -> Iterator[Case]:
    yield case("SEG of one segment", seg(one()), one())
    yield case("SEG of two on fewer slices", seg(parts()), parts())
    alone = AFFINE.copy()
    alone[2, 3] += STEP_MM
    yield case("SEG alone", seg(parts()), parts()[1:4], options=(), affine=alone)
    yield case("SEG with a gap", seg(on_slices(0, 1, 4)), on_slices(0, 1, 4))
    yield case("SEG of one slice", seg(on_slices(2)), on_slices(2))
    yield case("SEG on every other slice", seg(on_slices(0, 2, 4)), on_slices(0, 2, 4),
               "5.00 mm apart", "frames further apart than the CT's slices")  # fmt: skip
    both = np.zeros((*SHAPE, 2), np.uint8)
    both[1:3, 4:9, 5:20, 0], both[2, 6:12, 5:8, 1] = 1, 1
    second = Truth(2.0 * both[..., 1], AFFINE)
    yield case(
        "SEG that overlaps", seg(both), both[..., 0], "overlapping segments", further=(second,)
    )
    yield case("SEG label map", seg(parts(), kind="LABELMAP"), parts())
    packed: Change = lambda header: header.compress(RLELossless)  # noqa: E731
    yield case("SEG label map, RLE", seg(parts(), packed, "LABELMAP"), parts())

    def deflate(header: Dataset) -> None:
        header.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    yield case("SEG deflated", seg(parts(), deflate), parts())
    share = np.zeros(SHAPE, np.float32)
    share[2, 5, 5:9] = (0.3, 0.49, 0.51, 1.0)
    yield case("SEG of fractions", seg(share, kind="FRACTIONAL"), share >= 0.5, "50%", "fractional")
    yield case("SEG of nothing", seg(np.zeros(SHAPE, np.uint8)), np.zeros(SHAPE),
               "no labelled voxel", "no labelled voxel")  # fmt: skip

    def flip(header: Dataset) -> None:
        shared = header.SharedFunctionalGroupsSequence[0]
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        for group in header.PerFrameFunctionalGroupsSequence:
            x, y, z = group.PlanePositionSequence[0].ImagePositionPatient
            faults._place(group, [x + 0.9 * (COLUMNS - 1), y, z])

    yield case("SEG flipped", seg(parts()[:, :, ::-1], flip), parts())


def _seg_quirks() -> Iterator[Case]:
    yield case("SEG numbered in its shared groups", seg(one(), faults._number_in_shared), one())
    for change, says in (
        (faults._references_twice, "referenced more than once"),
        (faults._no_number, "the only one is taken"),
    ):
        yield case(f"SEG where {says}", seg(one(), change), one(), says, QUIRKS)

    def other(header: Dataset) -> None:
        header.FrameOfReferenceUID = "1.2.3"

    def none(header: Dataset) -> None:
        header.FrameOfReferenceUID = ""
        del header.ReferencedSeriesSequence

    yield case("SEG of another frame", seg(one(), other), None, "another frame", OTHER_FRAME)
    yield case("SEG of no frame", seg(one(), none), one(), "cannot be known", NO_FRAME)
    partly = np.zeros(SHAPE)
    partly[3:] = parts()[1:3]
    yield case("SEG partly outside", seg(parts(), faults._moved(2 * STEP_MM)), partly, "outside",
               "some labelled voxels outside the CT")  # fmt: skip
    yield case("SEG wholly outside", seg(parts(), faults._moved(1000)), None, "wholly outside",
               "every labelled voxel outside the CT")  # fmt: skip


def _seg_broken() -> Iterator[Case]:
    for name, change, says, fault in (
        ("no number of several", faults._no_number_of_several, "which segment",
         "no segment number among several segments"),
        ("no position", faults._no_position, "ImagePositionPatient",
         "frames without a position, an orientation or a pixel spacing, or that differ in them"),
        ("a lost frame", faults._lost_frame, "descriptions of frames", CUT),
        ("cut pixels", faults._cut_pixels, "damaged", CUT),
        ("a huge matrix", faults._huge, "more voxels|matrix", ""),
        ("a frame far away", faults._far, "more voxels|outside", ""),
        ("a place beyond numbers", faults._not_finite, "", ""),
    ):  # fmt: skip
        for where, options in (("", ON_CT), (", alone", ())):
            if not (options and "frame far" in name):
                yield case(
                    f"SEG with {name}{where}", seg(parts(), change), None, says, fault, options
                )

    def same(header: Dataset) -> None:
        first, second = header.PerFrameFunctionalGroupsSequence[:2]
        second.PlanePositionSequence = first.PlanePositionSequence

    pixels = (parts() == 2).astype(np.uint8)
    pixels[3, 12] = 0
    yield case("SEG of two frames at a place", seg(pixels, same), None, "two different frames",
               "two frames of a segment at one place: different")  # fmt: skip
    for share in (0.3, 0.7, 0.95):

        def cut(folder: Path, share: float = share) -> Path:
            path = seg(parts())(folder)
            raw = path.read_bytes()
            path.write_bytes(raw[: int(len(raw) * share)])
            return path

        yield case(f"SEG cut at {share}", cut)


def height(z: float) -> float:
    return ORIGIN[2] + z * STEP_MM


def filled(**by_slice: list[np.ndarray]) -> np.ndarray:
    """Pixels of which half the area has odd parity, by matplotlib."""
    shift = (np.arange(FINE) - (FINE - 1) / 2) / FINE
    y = 30.0 + 0.7 * (np.arange(ROWS)[:, None] + shift).ravel()
    x = -20.0 + 0.9 * (np.arange(COLUMNS)[:, None] + shift).ravel()
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    labels = np.zeros(SHAPE)
    for name, outlines in by_slice.items():
        odd = np.zeros(len(points), bool)
        for outline in outlines:
            odd ^= Outline(outline[:, :2]).contains_points(points)
        share = odd.reshape(ROWS, FINE, COLUMNS, FINE).mean(axis=(1, 3))
        labels[int(name[1:])] = share >= 0.5
    return labels


def structure(
    outlines: list[np.ndarray], change: Change | None = None, **options: Any
) -> Callable[[Path], Path]:
    def changed(header: Dataset) -> None:
        identify(header)
        if change is not None:
            change(header)

    def build(folder: Path) -> Path:
        options.setdefault("frame_uid", FRAME)
        return write_rtstruct(folder / "m.dcm", [("GTV", outlines)], change=changed, **options)

    return build


def _outlines() -> Iterator[Case]:
    def drawn(
        name: str, outlines: list[np.ndarray], right: np.ndarray, says: str = "", fault: str = "",
        **options: Any,
    ) -> Case:  # fmt: skip
        return case(
            f"RTSTRUCT {name}", structure(outlines, **options), right, says, fault, dice=0.99
        )

    big, hole = ring(CENTRE, 8, height(2)), ring(CENTRE, 4, height(2))
    others = [ring(CENTRE, 6 + z, height(z)) for z in (1, 2)]
    yield drawn("on non-square pixels", others, filled(z1=others[:1], z2=others[1:]))
    with_hole = filled(z2=[big, hole])
    yield drawn("with a hole", [big, hole], with_hole)
    yield drawn("with a hole as XOR", [big, hole], with_hole, kind="CLOSEDPLANAR_XOR")
    keyhole = np.concatenate([big, big[:1], hole[:1], hole[::-1], big[:1]])
    yield drawn("with a keyhole", [keyhole], with_hole)
    island = ring((9.0, 50.0), 2, height(2))
    yield drawn("with an island", [big, hole, island], filled(z2=[big, hole, island]))
    between = ring(CENTRE, 8, height(2) + 0.8)
    yield drawn("between slices", [between], filled(z2=[between]), "moved to the nearest",
                "outlines between slices")  # fmt: skip
    gap = [ring(CENTRE, 8, height(z)) for z in (1, 3)]
    yield drawn("with a gap", gap, filled(z1=gap[:1], z3=gap[1:]), "stay empty",
                "slices without outline between outlined ones")  # fmt: skip
    yield drawn("twice", [big, big], filled(z2=[big]), "there twice",
                "the same outline twice on a slice")  # fmt: skip
    cross = [ring((x, 42.0), 9, height(2)) for x in (-5.0, 2.0)]
    yield drawn("that cross", cross, filled(z2=cross), "cross", "outlines that cross")
    yield drawn("of no frame", [big], filled(z2=[big]), "cannot be known", NO_FRAME, frame_uid="")
    far = ring(CENTRE, 8, 900.0)
    yield drawn("partly outside", [big, far], filled(z2=[big]), "outside the CT")


def _outline_faults() -> Iterator[Case]:
    ring_in = ring(CENTRE, 8, height(2))
    yield case("RTSTRUCT of another frame", structure([ring_in], frame_uid="1.2.3"), None,
               "another frame", OTHER_FRAME)  # fmt: skip
    yield case("RTSTRUCT outside", structure([ring(CENTRE, 8, 900.0)]), None, "wholly outside",
               "every labelled voxel outside the CT")  # fmt: skip
    yield case("RTSTRUCT alone", structure([ring_in]), None, "give the CT", options=())
    slanted = ring_in.copy()
    slanted[:, 2] += slanted[:, 0] - CENTRE[0]
    yield case("RTSTRUCT across slices", structure([slanted]), None, "across slices",
               "an outline across slices")  # fmt: skip
    for name, change, says in (
        ("another count", outlines_of._count, "says 7"), ("an odd number", outlines_of._odd, "points"),
        ("an endless point", outlines_of._endless, "points|damaged"),
        ("points only", outlines_of._points, "no closed outline"),
    ):  # fmt: skip
        yield case(
            f"RTSTRUCT with {name}", structure([ring_in], change), None, says, BROKEN_OUTLINE
        )
    yield case(
        "RTSTRUCT without outlines", structure([]), None, "no closed outline", BROKEN_OUTLINE
    )


def _lidc() -> Iterator[Case]:
    def box(z: float, low: tuple[int, int], high: tuple[int, int]) -> Any:
        return (height(z), "TRUE", box_outline(low, high))

    def readings(*sessions: Any, series: str = SERIES, swap: tuple[str, str] = ("", "")) -> Any:
        def build(folder: Path) -> Path:
            text = lidc_xml(sessions, series)
            (folder / "r.xml").write_text(text.replace(*swap) if swap[0] else text)
            return folder / "r.xml"

        return build

    first, second = box(1, (10, 10), (20, 20)), box(1, (12, 12), (22, 24))
    both = np.zeros(SHAPE)
    both[1, 12:21, 12:21] = 1
    two = ([[first]], [[second]])
    yield case("LIDC consensus", readings(*two), both, "counted in|outline")
    yield case("LIDC of another series", readings(*two, series="1.2.3"), None, "another series",
               "another series than the CT")  # fmt: skip
    yield case("LIDC beyond the matrix", readings([[box(1, (30, 10), (80, 20))]]), None, "beyond the CT",
               "a CT that is not axial, or outlines beyond its matrix")  # fmt: skip
    more = ([[first, box(1.5, (1, 1), (4, 4))]], [[second]])
    yield case("LIDC on a slice that is not there", readings(*more), both, "lie on slices")
    yield case("LIDC alone", readings(*two), None, "give the CT", options=())
    entity = "a document type or entities, damaged XML, more than 64 MiB"
    head, bomb = (
        '<?xml version="1.0"?>',
        '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b SYSTEM "file:///etc/hostname">]>',
    )
    yield case(
        "LIDC with entities", readings(*two, swap=(head, head + bomb)), None, "not a safe", entity
    )
    yield case(
        "LIDC cut", readings(*two, swap=("</LidcReadMessage>", "")), None, "not a safe", entity
    )
    yield case("LIDC with a word for a number", readings(*two, swap=(">10<", ">ZEBRACANARY<")), None,
               "no number")  # fmt: skip
    yield case(
        "LIDC of neither in nor out", readings(*two, swap=("TRUE", "MAYBE")), None, "TRUE or FALSE"
    )


def image(labels: np.ndarray, name: str = "m.nii.gz", shift: float = 0.0) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        volume = sitk.GetImageFromArray(labels)
        volume.SetSpacing((0.9, 0.7, STEP_MM))
        volume.SetOrigin((ORIGIN[0], ORIGIN[1], ORIGIN[2] + shift))
        sitk.WriteImage(volume, str(folder / name))
        return folder / name

    return build


def _images() -> Iterator[Case]:
    for name in ("m.nii.gz", "m.nii", "m.nrrd", "m.mha"):
        yield case(f"{name} alone", image(parts(), name), parts(), options=())
        yield case(f"{name} on a CT", image(parts(), name), parts(), "cannot be known", NO_FRAME)
    for kind in ("int16", "uint16", "float32", "float64"):
        yield case(
            f"labels of {kind}", image(parts().astype(kind)), parts(), "cannot be known", NO_FRAME
        )
    no_labels = "negative numbers or fractions"
    for name, value in (("fractions", 0.5), ("NaN", np.nan), ("infinity", np.inf)):
        wrong = parts().astype(np.float32)
        wrong[2, 2, 2] = value
        yield case(f"labels with {name}", image(wrong), None, "", no_labels)
    negative = parts().astype(np.int16)
    negative[2, 2, 2] = -1
    yield case("labels with negatives", image(negative), None, "", no_labels)
    yield case("labels outside", image(parts(), shift=900), None, "wholly outside",
               "every labelled voxel outside the CT")  # fmt: skip
    partly = np.zeros(SHAPE)
    partly[3:] = parts()[1:3]
    yield case("labels partly outside", image(parts(), shift=2 * STEP_MM), partly, "outside",
               "some labelled voxels outside the CT")  # fmt: skip
    yield case("labels of nothing", image(np.zeros(SHAPE, np.uint8)), np.zeros(SHAPE),
               "no labelled voxel", "no labelled voxel")  # fmt: skip

    def cut(folder: Path) -> Path:
        path = image(parts(), "m.nii")(folder)
        raw = path.read_bytes()
        path.write_bytes(gzip.compress(raw[:-500]))
        return path.rename(folder / "m.nii.gz")

    yield case("labels cut", cut)
    yield case("a text as a mask", _text, None, "not a DICOM SEG")


def _text(folder: Path) -> Path:
    (folder / "m.nrrd").write_text("text " * 100)
    return folder / "m.nrrd"
