"""Who stands in the picture: a patient, a scanner and a nodule, drawn from a seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from napari_radiogen.phantom import anatomy
from napari_radiogen.phantom.acquisition import Scanner
from napari_radiogen.phantom.anatomy import Physique
from napari_radiogen.phantom.nodule import Morphology, PlantedNodule

#: Free lung kept around a nodule, mm.
NODULE_MARGIN_MM = 3.0


@dataclass(frozen=True)
class Scene:
    """Everything that fixes a picture except its grid."""

    seed: int
    who: Physique
    scanner: Scanner
    nodule: PlantedNodule | None

    @classmethod
    def draw(cls, seed: int, morphology: Morphology | None = None) -> Scene:
        """Draw a patient with a nodule at a random place in the lungs."""
        rng = np.random.default_rng([seed, 0])
        who, scanner = Physique.draw(rng), Scanner.draw(rng)
        shape = morphology or random_morphology(rng)
        planted = PlantedNodule(shape, random_centre(rng, who, shape.radius_mm), seed)
        return cls(seed, who, scanner, planted)

    def to_json(self) -> dict[str, Any]:
        """Return all parameters as plain values."""
        return asdict(self)


def random_morphology(rng: np.random.Generator) -> Morphology:
    """Draw a nodule as they come."""
    return Morphology(
        radius_mm=float(np.clip(9 * np.exp(0.35 * rng.normal()), 4, 18)),
        ground_glass=float(rng.beta(1, 3)),
        spiculation=float(rng.beta(2, 2.5)),
        lobulation=float(rng.beta(2, 2)),
        solid_hu=float(rng.normal(35, 12)),
    )


def random_centre(
    rng: np.random.Generator, who: Physique, radius_mm: float
) -> tuple[float, float, float]:
    """Draw a place (x, y, z) in model mm where a nodule of a radius fits."""
    margin = radius_mm + NODULE_MARGIN_MM
    while True:
        points = rng.uniform((-140, -90, -105), (140, 95, 115), (256, 3))
        x, y, z = points.T
        away = np.abs(x) > 60
        fits = np.flatnonzero((anatomy.lung(x, y, z, who) < -margin) & away)
        if len(fits):
            return tuple(float(c) for c in points[fits[0]])  # type: ignore[return-value]
