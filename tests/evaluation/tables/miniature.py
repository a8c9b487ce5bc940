"""A cohort as other people might make one: 32 px, seven genes, no truth; and stub models."""

from dataclasses import dataclass, field

import numpy as np

from napari_radiogen.domain import ExpressionMatrix, Metagenes, Subject
from napari_radiogen.genomics.gene_scale import GeneScale, single_genes
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.cohort_store import CohortContent

SIZE, FIELD_MM = 32, 30.0
PIXEL = FIELD_MM / SIZE
HU = (-1024.0, 600.0)
GENES = tuple(f"ABC{i}" for i in range(7))
SPLITS = {"train": 10, "validation": 3, "test": 6}


def ball(radius_mm, dz_mm=0.0):
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL
    return axis[:, None] ** 2 + axis[None, :] ** 2 + dz_mm**2 <= radius_mm**2


def miniature(seed=0, kind="real"):
    """Fabricate balls whose radius follows the first gene; two of each test patient."""
    rng = np.random.default_rng(seed)
    subjects, genes, images, paired, masks, columns = [], [], [], [], [], []

    def add(image, mask, free, *cells):
        images.append(image.astype(np.int16))
        masks.append(mask.astype(np.uint8))
        paired.append(free.astype(np.int16))
        columns.append(cells)

    for split, count in SPLITS.items():
        for p in range(count):
            patient = f"{split}-{p}"
            for s in range(2 if split == "test" else 1):
                name, z = f"{patient}-{s}", rng.normal(size=len(GENES))
                radius = 6 + 1.5 * np.clip(z[0], -2, 2)
                for dz in (-4.0, -2.0, 0.0, 2.0, 4.0):
                    mask, free = ball(radius, dz), rng.normal(-850, 20, (SIZE, SIZE))
                    image = np.where(mask, rng.normal(-50 + 60 * z[1], 20, mask.shape), free)
                    add(image, mask, free, name, patient, split, "nodule", dz, int(dz == 0))
                    if dz == 0:
                        measured = slice_attributes(image, mask, PIXEL)
                subjects.append(Subject(name, patient, split, attributes=measured))
                genes.append(z + 8)
            for _ in range(3):
                free = rng.normal(-850, 20, (SIZE, SIZE))
                add(free, ball(-1) & False, free, name, patient, split, "background", 0.0, 0)
    names = ("subject_id", "patient_id", "split", "role", "dz_mm", "central")
    slices = {k: np.array(v) for k, v in zip(names, zip(*columns, strict=True), strict=True)}
    slices["plane"] = np.full(len(columns), "axial")
    slices["area_mm2"] = np.array([m.sum() * PIXEL**2 for m in masks])
    ids = tuple(s.subject_id for s in subjects)
    return CohortContent(
        name="other-people",
        kind=kind,
        subjects=tuple(subjects),
        expression=ExpressionMatrix(np.array(genes, dtype=np.float32), ids, GENES, "log2"),
        slices=slices,
        image=np.array(images),
        mask=np.array(masks),
        paired=np.array(paired),
        truth=None,
        field_of_view_mm=FIELD_MM,
        size_px=SIZE,
        hu_range=HU,
    )


def plain_metagenes(genes=GENES) -> Metagenes:
    zero, one = np.zeros(len(genes), np.float32), np.ones(len(genes), np.float32)
    return single_genes(genes, zero, one)


@dataclass
class Stub:
    """What every stub model states of itself."""

    name: str = "stub"
    digest: str = "stub"
    subjects: tuple = ()
    size_px: int = SIZE
    pixel_mm: float = PIXEL
    hu_range: tuple = HU
    learned_permuted_genes: bool = False
    training_digest: str = "one"


@dataclass
class StubUNet(Stub):
    """Outlines what is denser than a threshold, HU."""

    threshold: float = -500.0
    patients: frozenset = frozenset()

    def probability(self, images_hu, pixel_mm):
        assert pixel_mm == PIXEL
        return (images_hu > self.threshold).astype(np.float32)

    def masks(self, images_hu, pixel_mm):
        return self.probability(images_hu, pixel_mm) > 0.5


@dataclass
class StubMapper(Stub):
    """Tells the genes and features of whichever cohort slice it is shown."""

    scale: GeneScale = None
    known: dict = field(default_factory=dict)

    def _read(self, images):
        return np.stack([self.known[i.astype(np.int16).tobytes()] for i in images])

    def to_genes(self, images_hu, masks):
        assert masks.any(axis=(1, 2)).all()
        return self._read(images_hu)

    features = to_genes


@dataclass
class Painted:
    image_hu: np.ndarray
    mask: np.ndarray
    composed_hu: np.ndarray


@dataclass
class StubPainter(Stub):
    """Paints a ball of the first gene; ``leak_hu`` is added everywhere else."""

    system: str = "mcgan"
    metagenes: Metagenes = field(default_factory=plain_metagenes)
    leak_hu: float = 0.0
    paints: bool = True

    def encode(self, metagenes):
        return np.asarray(metagenes)[:, :2] * [100.0, 1.0]

    def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
        radii = 6 + 1.5 * np.clip(np.asarray(metagenes)[:, 0] - 8, -2, 2)
        masks = np.stack([ball(r if self.paints else -1) for r in radii]) & self.paints
        composed = np.where(masks, -50.0, backgrounds_hu)
        return Painted(composed + self.leak_hu * ~masks, masks.astype(float), composed)


@dataclass
class Filled:
    image_hu: np.ndarray
    composed_hu: np.ndarray


@dataclass
class StubFiller(Stub):
    """Fills a disc of 10 mm with one density."""

    hole_mm: float = 10.0

    def fill(self, images_hu):
        filled = np.where(ball(5.0), -50.0, images_hu)
        return Filled(filled, filled)
