"""Valid files of every reader, small, for a fuzzer to damage: those that are not text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.battery import cases_images
from tests.battery.fuzz_texts import TEXTS, Target
from tests.battery.stack import Stack, enhanced, pixels, save


def scan(folder: Path, syntax: str | None = None) -> Target:
    from napari_radiogen.io.read import inspect_path, read_ct

    shape = (3, 33, 35) if syntax else (3, 6, 7)
    stack = Stack(pixels(shape), **({"syntax": syntax} if syntax else {}))
    stack.write(folder)

    def read() -> None:
        inspect_path(folder)
        read_ct(folder)

    return Target(sorted(folder.iterdir()), read)


def multi_frame(folder: Path) -> Target:
    from napari_radiogen.io.read import read_ct

    path = save(enhanced(Stack(pixels((4, 6, 7))), range(4)), folder / "m.dcm")
    return Target([path], partial(read_ct, path))


def image(folder: Path, make: Callable[[], object]) -> Target:
    from napari_radiogen.io.read import read_ct

    folder.mkdir(parents=True)
    path, _ = make().build(folder)
    return Target([path], partial(read_ct, path))


def seg(folder: Path) -> Target:
    from napari_radiogen.io.masks import read_mask
    from napari_radiogen.io.read import read_ct
    from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, write_series
    from tests.fixtures_masks import write_foreign_seg

    labels = np.zeros((SLICES, ROWS, COLUMNS), np.uint8)
    labels[1:3, 4:9, 5:20] = 1
    labels[2:4, 12:30, 5:8] = 2
    ct_folder = write_series(folder / "ct")
    path = write_foreign_seg(ct_folder, folder / "s.dcm", labels)
    return Target([path], partial(read_mask, path, read_ct(ct_folder)))


def rtstruct(folder: Path) -> Target:
    from napari_radiogen.io.masks import read_mask
    from tests.fixtures_masks import ct_on, write_rtstruct

    folder.mkdir(parents=True)
    ct = ct_on()
    centre = ct.geometry.index_to_lps(np.array(ct.geometry.shape) // 2)
    square = centre + np.array([[-3, -3, 0], [3, -3, 0], [3, 3, 0], [-3, 3, 0]])
    path = write_rtstruct(folder / "r.dcm", [("one", [square])])
    return Target([path], partial(read_mask, path, ct))


def lidc(folder: Path) -> Target:
    from napari_radiogen.io.masks import read_mask
    from tests.fixtures_masks import box_outline, ct_on, lidc_xml

    folder.mkdir(parents=True)
    outline = [(-97.5, "TRUE", box_outline((2, 2), (5, 6)))]
    (folder / "l.xml").write_text(lidc_xml([[outline], [outline]]))
    return Target([folder / "l.xml"], partial(read_mask, folder / "l.xml", ct_on()))


def h5ad(folder: Path) -> Target:
    from napari_radiogen.domain import ExpressionMatrix
    from napari_radiogen.io.expression import read_expression
    from napari_radiogen.io.expression_h5ad import write_h5ad

    folder.mkdir(parents=True)
    path = folder / "a.h5ad"
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_h5ad(ExpressionMatrix(values, ("P1", "P2"), ("A", "B", "C"), "log2"), path)
    return Target([path], partial(read_expression, path))


def h5ad_parser(folder: Path) -> Target:
    """What the reader's own process does, without starting one for each input."""
    from napari_radiogen.io.expression_h5ad import parse_h5ad

    (path,) = h5ad(folder).parts
    return Target([path], partial(parse_h5ad, path))


def cohort(folder: Path) -> Target:
    from napari_radiogen.io.cohort_store import open_cohort, write_cohort
    from tests.evaluation.doubles import fabricate

    folder.mkdir(parents=True)
    path = folder / "cohort"
    write_cohort(path, fabricate(patients=6, subjects_each=1, test_from=3))

    def read() -> None:
        # Without the digest, which would refuse every change at once.
        store = open_cohort(path, verify=False)
        _ = store.split, store.image, store.mask, store.paired

    return Target(sorted(p for p in path.rglob("*") if p.is_file()), read)


def unet(folder: Path) -> Target:
    from napari_radiogen.inference.slice_reader import load_reader
    from napari_radiogen.models.checkpoint import pack
    from napari_radiogen.models.unet import UNet

    folder.mkdir(parents=True)
    path = folder / "a.safetensors"
    description = {
        "system": "unet", "name": "a", "parameters": 1, "cohort": {"name": "x"},
        "config": {"base": 1}, "patients": ["P1"],
    }  # fmt: skip
    tensors = {f"network.{name}": t for name, t in UNet(base=1).state_dict().items()}
    path.write_bytes(pack(tensors, description))
    return Target([path], partial(load_reader, str(path)))


def generator(folder: Path) -> Target:
    """The shipped generator: damage falls on its description as often as on its numbers."""
    from napari_radiogen.inference.generator import load_generator
    from napari_radiogen.inference.library import find_model

    folder.mkdir(parents=True)
    path = folder / "a.safetensors"
    path.write_bytes(find_model().path.read_bytes())
    return Target([path], partial(load_generator, str(path)))


#: What the program reads in a process of its own, which damaged bytes may crash.
CONTAINED = {"h5ad-parser"}
TARGETS: dict[str, Callable[[Path], Target]] = {
    "dicom": scan,
    "deflated": partial(scan, syntax=DeflatedExplicitVRLittleEndian),
    "rle": partial(scan, syntax=RLELossless),
    "jpeg": partial(scan, syntax=JPEGLosslessSV1),
    "jpeg-ls": partial(scan, syntax=JPEGLSLossless),
    "jpeg2000": partial(scan, syntax=JPEG2000Lossless),
    "enhanced": multi_frame,
    "nifti": partial(image, make=partial(cases_images.nifti, "seed")),
    "nifti-gz": partial(image, make=partial(cases_images.nifti, "seed", packed=True)),
    "nrrd": partial(image, make=partial(cases_images.nrrd, "seed")),
    "nrrd-gz": partial(image, make=partial(cases_images.nrrd, "seed", encoding="gzip")),
    "mha": partial(image, make=partial(cases_images.meta, "seed")),
    "mha-packed": partial(image, make=partial(cases_images.meta, "seed", packed=True)),
    "seg": seg,
    "rtstruct": rtstruct,
    "lidc": lidc,
    "h5ad": h5ad,
    "h5ad-parser": h5ad_parser,
    "cohort": cohort,
    "unet": unet,
    "generator": generator,
    **TEXTS,
}
