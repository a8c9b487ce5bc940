"""A fabricated cohort of discs and generators whose faults are known."""

from dataclasses import dataclass, field

import numpy as np

from napari_radiogen.domain import ExpressionMatrix, Metagenes, Subject
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.cohort_store import CohortContent

SIZE, PIXEL = 64, 0.75
LUNG_HU = -850.0
GENES = ("PHG1", "PHG2", "PHG3")


def disc(radius_mm, size=SIZE):
    y, x = (np.indices((size, size)) - (size - 1) / 2) * PIXEL
    return x**2 + y**2 <= radius_mm**2


def radius_of(z):
    return float(np.clip(6 + 2 * z, 1.5, 14))


def density_of(z):
    return float(np.clip(-100 + 80 * z, -350, 400))


def lung(rng, shape=(SIZE, SIZE)):
    return np.round(rng.normal(LUNG_HU, 20, size=shape)).astype(np.int16)


def fabricate(seed=0, patients=18, subjects_each=2, test_from=6):
    """Build a planted cohort; gene 1 is size, gene 2 density, gene 3 nothing."""
    rng = np.random.default_rng(seed)
    subjects, genes, images, masks, columns = [], [], [], [], []
    for p in range(patients):
        patient, split = f"P{p:02d}", "train" if p < test_from else "test"
        for s in range(subjects_each):
            name, z = f"{patient}-{s}", rng.normal(size=3)
            for dz in (-2.0, 0.0, 2.0):
                mask = disc(radius_of(z[0]) - abs(dz) / 4)
                image = lung(rng)
                image[mask] = density_of(z[1]) + rng.normal(0, 20, size=mask.sum())
                if dz == 0:
                    measured = slice_attributes(image, mask, PIXEL)
                images.append(image)
                masks.append(mask)
                columns.append((name, patient, split, "nodule", dz, int(dz == 0)))
            subjects.append(Subject(name, patient, split, attributes=measured))
            genes.append(z)
        for _ in range(2):
            images.append(lung(rng))
            masks.append(disc(0))
            columns.append((name, patient, split, "background", 0.0, 0))
    names = ("subject_id", "patient_id", "split", "role", "dz_mm", "central")
    slices = {k: np.array(v) for k, v in zip(names, zip(*columns, strict=True), strict=True)}
    slices["plane"] = np.full(len(columns), "axial")
    slices["area_mm2"] = np.array([m.sum() * PIXEL**2 for m in masks])
    return CohortContent(
        name="discs",
        kind="planted",
        subjects=tuple(subjects),
        expression=ExpressionMatrix(
            np.array(genes, dtype=np.float32),
            tuple(s.subject_id for s in subjects),
            GENES,
            "log2",
        ),
        slices=slices,
        image=np.array(images),
        mask=np.array(masks).astype(np.uint8),
        paired=np.array(images),
        truth={"ceiling": {"diameter": 0.9}},
    )


def identity_metagenes(genes=GENES):
    count = len(genes)
    zero, one = np.zeros(count, np.float32), np.ones(count, np.float32)
    return Metagenes(
        tuple(f"M{i + 1:02d}" for i in range(count)),
        genes,
        zero,
        one,
        np.eye(count, dtype=np.float32),
        zero,
        one,
    )


@dataclass
class Painted:
    image_hu: np.ndarray
    mask: np.ndarray
    composed_hu: np.ndarray


@dataclass
class DiscGenerator:
    """Paints the disc that the genes ask for; each field adds one fault."""

    name: str = "discs"
    digest: str = "d0"
    metagenes: Metagenes = field(default_factory=identity_metagenes)
    subjects: tuple = ()
    size_px: int = SIZE
    pixel_mm: float = PIXEL
    hu_range: tuple = (-1000.0, 500.0)
    deaf: bool = False
    scramble: int | None = None
    learned_permuted_genes: bool = False
    training_digest: str = ""
    cohort_digest: str = ""
    leak_hu: float = 0.0
    touches_background: bool = False
    vanish_above: float = np.inf
    same_whatever_noise: bool = False
    forgetful: np.random.Generator | None = None

    def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
        assert metagenes.shape == (len(noise), 3)
        assert (np.asarray(dz_mm) == 0).all()
        parts = [
            self._paint(background, genes, seed)
            for background, genes, seed in zip(backgrounds_hu, metagenes, noise, strict=True)
        ]
        return Painted(*(np.stack(part) for part in zip(*parts, strict=True)))

    def _paint(self, background, genes, seed):
        rng = np.random.default_rng(0 if self.same_whatever_noise else seed)
        rng = self.forgetful or rng
        shape = rng.normal(size=2) * 0.1
        z = np.zeros(3) if self.deaf else np.array(genes, dtype=float)
        if self.scramble is not None and not self.deaf:
            z = z[2] * np.random.default_rng(self.scramble).choice([-1, 1], 3)
        mask = disc(radius_of(z[0] + shape[0]))
        if z[0] > self.vanish_above:
            mask = disc(0)
        texture = rng.normal(density_of(z[1] + shape[1]), 20, size=background.shape)
        composed = np.where(mask, texture, background).astype(np.float32)
        raw = composed + np.float32(self.leak_hu * z[0]) * ~mask
        if self.touches_background:
            composed[0, 0] += 1
        return raw, mask.astype(np.float32), composed


class Ball(DiscGenerator):
    """Slices of a ball whose radius follows the first gene."""

    def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
        radii = [radius_of(z[0]) for z in metagenes]
        half = [np.sqrt(max(r**2 - dz**2, 0)) for r, dz in zip(radii, dz_mm, strict=True)]
        masks = np.stack([disc(h) if h > 0 else disc(-1) & False for h in half])
        composed = np.where(masks, 0, backgrounds_hu)
        return Painted(composed, masks.astype(np.float32), composed)


class ThresholdNetwork:
    name, digest = "threshold", "t0"
    patients = frozenset()

    def masks(self, images_hu, pixel_mm):
        assert pixel_mm == PIXEL
        return images_hu > -550
