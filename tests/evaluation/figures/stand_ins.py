"""Models whose pictures tell which subject, genes and background they were given."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from napari_radiogen.genomics.gene_scale import GeneScale
from napari_radiogen.inference.painting import RawNodules
from tests.evaluation.doubles import GENES, SIZE, disc, identity_metagenes

#: A pixel of every made-up slice, outside the middle, that carries the first gene.
MARK = (2, 3)


def marked(images, genes):
    out = np.array(images, dtype=np.float32)
    out[(slice(None), *MARK)] = np.asarray(genes)[:, 0]
    return out


@dataclass
class UNet:
    name: str = "finder"
    digest: str = "a" * 64

    def masks(self, images_hu, pixel_mm):
        return np.stack([disc(5.0)] * len(images_hu)) & (images_hu > -700)


@dataclass
class Mapper:
    name: str = "h"
    digest: str = "b" * 64
    scale = GeneScale(GENES, np.zeros(3, np.float32) - 4, np.zeros(3, np.float32) + 8)
    network = SimpleNamespace(config=SimpleNamespace(widths=(2, 4, 8)))

    def autoencode(self, images_hu, masks):
        return np.asarray(images_hu + 1000 * masks, dtype=np.float32)

    def to_images(self, genes):
        return marked(np.full((len(genes), SIZE, SIZE), -500.0), genes)

    def features(self, images_hu, masks):
        area = masks.sum(axis=(1, 2))
        rng = np.random.default_rng(0)
        noise = rng.normal(size=(len(area), 5))
        return np.column_stack([area, noise])


@dataclass
class Sheet:
    name: str = "cgan"
    digest: str = "c" * 64
    metagenes = identity_metagenes()

    def sheet(self, metagenes, seed, count=64):
        made = marked(np.full((count, SIZE, SIZE), -400.0), [metagenes] * count)
        made[:, 0, 0] = np.arange(count)
        return made


@dataclass
class Filler:
    name: str = "filler"
    digest: str = "d" * 64
    hole_mm: float = 20.0

    def fill(self, images_hu):
        filled = np.array(images_hu)
        filled[:, 20:40, 20:40] = 0.0
        return SimpleNamespace(image_hu=filled, composed_hu=filled)


@dataclass
class Painter:
    system: str
    digest: str = "e" * 64
    metagenes = identity_metagenes()

    @property
    def name(self):
        return f"the-{self.system}"

    def encode(self, metagenes):
        return metagenes[:, :2] * (1.0 if self.system == "mcgan" else -1.0)

    def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
        assert (np.asarray(dz_mm) == 0).all()
        made = marked(backgrounds_hu, metagenes)
        weight = np.stack([disc(4.0).astype(np.float32)] * len(made))
        return RawNodules(made, weight, weight, made - 5000.0)
