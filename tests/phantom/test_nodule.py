"""Morphology shows in the voxels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Lattice
from napari_radiogen.phantom.nodule import Morphology, PlantedNodule, paint_nodule
from napari_radiogen.phantom.stage import NOISE_SCALES_MM


def paint(morphology: Morphology, pleura_mm: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    geometry = VolumeGeometry((56, 56, 56), (1.2, 1.2, 1.2), (-33, -33, -33))
    canvas = Canvas(geometry)
    canvas.hu[:] = -860
    rng = np.random.default_rng(0)
    noise = {name: Lattice.draw(rng, mm).at(canvas.axes) for name, mm in NOISE_SCALES_MM.items()}
    lung = np.broadcast_to(canvas.x - pleura_mm, geometry.shape).astype(np.float32)
    mask = paint_nodule(canvas, PlantedNodule(morphology, (0, 0, 0), 4), lung, noise)
    return canvas.hu, mask


def volume(mask: np.ndarray) -> float:
    return float(mask.sum()) * 1.2**3


@pytest.mark.parametrize("radius", [5.0, 9.0, 14.0])
def test_volume_follows_the_radius(radius: float) -> None:
    _, mask = paint(Morphology(radius, 0.05, 0.1, 0.2))
    assert volume(mask) == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.3)


def test_ground_glass_is_fainter_than_solid() -> None:
    solid, glass = (paint(Morphology(10, share, 0.1, 0.2)) for share in (0.05, 0.95))
    assert solid[0][solid[1]].mean() > -150
    assert -700 < glass[0][glass[1]].mean() < -350


def test_spiculation_roughens_the_mask() -> None:
    smooth, spiky = (paint(Morphology(10, 0.05, share, 0.2))[1] for share in (0.02, 0.95))

    def surface(mask: np.ndarray) -> float:
        edges = sum(int((np.diff(mask.astype(int), axis=a) != 0).sum()) for a in range(3))
        return edges / mask.sum() ** (2 / 3)

    assert surface(spiky) > 1.15 * surface(smooth)


def test_cavity_holds_air_and_belongs_to_the_nodule() -> None:
    hu, mask = paint(Morphology(14, 0.05, 0.2, 0.2, cavity=0.9))
    assert hu[27, 27, 27] < -800
    assert mask[27, 27, 27]


def test_small_nodules_have_no_cavity() -> None:
    hu, _ = paint(Morphology(7, 0.05, 0.2, 0.2, cavity=0.9))
    assert hu[27, 27, 27] > -100


def test_nodule_is_clipped_to_the_lung() -> None:
    _, mask = paint(Morphology(10), pleura_mm=3.0)
    assert mask.any()
    assert not mask[:, :, 34:].any()


def test_nodule_outside_the_grid_leaves_no_mark() -> None:
    geometry = VolumeGeometry((8, 8, 8), (2, 2, 2), (500, 500, 500))
    canvas = Canvas(geometry)
    noise = {name: np.zeros(geometry.shape, np.float32) for name in NOISE_SCALES_MM}
    lung = np.full(geometry.shape, -50, np.float32)
    assert not paint_nodule(canvas, PlantedNodule(Morphology(9), (0, 0, 0), 4), lung, noise).any()
