"""Nodules: morphology, a surface with lobes and spicules, and how it is painted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from napari_radiogen.phantom.canvas import Box, Canvas
from napari_radiogen.phantom.fields import Array, coverage
from napari_radiogen.phantom.tubes import Tubes, tube_coverage

Point = tuple[float, float, float]

#: Furthest that spicules, halo and tags reach beyond the radius, mm.
REACH_MM = 16.0
GROUND_GLASS_HU = 330.0
CAVITY_HU = -960.0
STRAND_HU = 10.0
#: Tags reach for pleura within this distance of the nodule's surface, mm.
TAG_REACH_MM = 30.0
MASK_THRESHOLD = 0.5
#: Ground glass fainter than this share does not count as nodule.
HALO_THRESHOLD = 0.45


@dataclass(frozen=True)
class Morphology:
    """What a nodule looks like; shares lie in [0, 1].

    Parameters
    ----------
    radius_mm
        Mean radius.
    ground_glass, spiculation, lobulation, cavity, pleural_tag
        Strength of each feature.
    solid_hu
        Mean HU of the solid part.
    """

    radius_mm: float
    ground_glass: float = 0.05
    spiculation: float = 0.3
    lobulation: float = 0.4
    cavity: float = 0.0
    pleural_tag: float = 0.0
    solid_hu: float = 38.0

    def to_json(self) -> dict[str, float]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class PlantedNodule:
    """A nodule in a patient: morphology, centre in model mm, its own seed."""

    morphology: Morphology
    centre: Point
    seed: int


def paint_nodule(
    canvas: Canvas, nodule: PlantedNodule, lung_mm: Array, noise: dict[str, Array]
) -> npt.NDArray[np.bool_]:
    """Paint a nodule and return its mask (Z, Y, X), roots of spicules included.

    Parameters
    ----------
    canvas
        Where the lung is already painted.
    nodule
        What and where.
    lung_mm
        (Z, Y, X) distance to the pleura: the nodule is clipped to the lung.
    noise
        Unit-variance textures by name.
    """
    mask = np.zeros(canvas.hu.shape, dtype=bool)
    shape, centre = nodule.morphology, np.array(nodule.centre)
    reach = shape.radius_mm * 1.6 + REACH_MM
    box = canvas.box(centre - reach, centre + reach)
    if box is None:
        return mask
    rng = np.random.default_rng(nodule.seed)
    offset = (box.x - centre[0], box.y - centre[1], box.z - centre[2])
    distance = _surface(rng, shape, offset)
    inside_lung = coverage(lung_mm[box.slices] + 0.5, canvas.edge_mm)
    halo = _halo(distance, shape) * inside_lung
    core_mm = _core_offset(shape)
    fuzz = canvas.edge_mm * (1 + 0.6 * shape.spiculation)
    core = coverage(distance + core_mm, fuzz) * inside_lung
    texture = 12 * noise["fine"][box.slices] + 8 * noise["medium"][box.slices]
    view = canvas.hu[box.slices]
    glass = halo * (GROUND_GLASS_HU * (0.8 + 0.12 * noise["medium"][box.slices]))
    view += np.minimum(glass, np.maximum(shape.solid_hu - 60 - view, 0))
    spicules = _paint_strands(canvas, rng, nodule, lung_mm, box)
    canvas.paint(box, core, shape.solid_hu + texture)
    if shape.cavity > 0.5 and shape.radius_mm > 8:
        hollow = _surface(rng, shape, offset)
        thickness = shape.radius_mm * (0.62 - 0.35 * (shape.cavity - 0.5))
        canvas.paint(box, coverage(hollow + thickness, 1.5), CAVITY_HU)
    mask[box.slices] = (core > MASK_THRESHOLD) | (
        (distance < 0) & (inside_lung > MASK_THRESHOLD) & (halo > HALO_THRESHOLD)
    )
    mask[box.slices] |= (distance + core_mm < 0) & (inside_lung > MASK_THRESHOLD)
    mask[box.slices] |= spicules * inside_lung > MASK_THRESHOLD
    mask[box.slices] = _largest_part(mask[box.slices])
    return mask


def _largest_part(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    parts, count = label(mask)
    if count < 2:
        return mask
    return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))


def _core_offset(shape: Morphology) -> float:
    """Return how deep below the surface the solid core begins, mm."""
    return float(shape.radius_mm * np.clip(shape.ground_glass * 1.15 - 0.12, 0, 1.05))


def _halo(distance: Any, shape: Morphology) -> Any:
    """Return the share of ground glass (0..1), fading outward."""
    if shape.ground_glass < 0.1:
        return np.zeros_like(distance)
    fade = 1.2 + 1.6 * shape.ground_glass
    return np.clip(0.5 - distance / (2 * fade), 0, 1)


def _surface(rng: np.random.Generator, shape: Morphology, offset: Any) -> Any:
    """Return the distance to a lobed, irregular surface."""
    x, y, z = offset
    r = np.sqrt(x * x + y * y + z * z) + 1e-3
    unit = np.stack(np.broadcast_arrays(x / r, y / r, z / r), axis=-1).astype(np.float32)
    stretch = rng.normal(0, 0.06, 3)
    bump = (unit**2 @ stretch.astype(np.float32)) * 1.0
    lobes = _directions(rng, 4 + int(4 * shape.lobulation))
    height = rng.uniform(0.4, 1.0, len(lobes)) * 0.42 * shape.lobulation
    for lobe, high in zip(lobes, height, strict=True):
        bump = bump + high * np.exp((unit @ lobe.astype(np.float32) - 1) / 0.16)
    bump = bump - 0.13 * shape.lobulation
    rough = 0.035 + 0.075 * shape.spiculation
    for octave in range(4):
        waves = _directions(rng, 6) * (3.2 * 1.8**octave)
        phase = rng.uniform(0, 2 * np.pi, len(waves))
        layer = sum(
            np.sin(unit @ w.astype(np.float32) + p) for w, p in zip(waves, phase, strict=True)
        )
        bump = bump + rough * 0.62**octave * layer / np.sqrt(3)
    return r - shape.radius_mm * (1 + bump)


def _directions(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    points = rng.normal(size=(count, 3))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _paint_strands(
    canvas: Canvas, rng: np.random.Generator, nodule: PlantedNodule, lung_mm: Array, box: Box
) -> Any:
    """Paint spicules and tags; return the coverage of spicules in the box."""
    spicules = _spicules(rng, nodule)
    tags = _tags(canvas, rng, nodule, lung_mm) if nodule.morphology.pleural_tag > 0.4 else []
    near = coverage(lung_mm, canvas.edge_mm)
    covered = np.zeros(canvas.hu[box.slices].shape, dtype=np.float32)
    for parts in (spicules, tags):
        if not parts:
            continue
        amount = tube_coverage(canvas, Tubes.join(parts))
        canvas.paint(canvas.whole(), amount * near, STRAND_HU)
        if parts is spicules:
            covered = amount[box.slices]
    return covered


def _spicules(rng: np.random.Generator, nodule: PlantedNodule) -> list[Tubes]:
    shape = nodule.morphology
    count = int(shape.spiculation * 0.5 * shape.radius_mm**2)
    centre = np.array(nodule.centre)
    parts = []
    for direction in _directions(rng, count):
        length = shape.radius_mm * rng.uniform(0.35, 1.0) * (0.4 + 0.6 * shape.spiculation)
        bend = rng.normal(0, 0.16, 3)
        at = np.array([0.75, 1.0, 1.0 + length / shape.radius_mm]) * shape.radius_mm
        path = [centre + d * (direction + bend * k) for k, d in enumerate(at)]
        base = rng.uniform(0.7, 1.3) * (1 - 0.6 * shape.ground_glass)
        parts.append(Tubes.along(path, [base * 1.6, base, 0.25], piece_mm=2.5))
    return parts


def _tags(
    canvas: Canvas, rng: np.random.Generator, nodule: PlantedNodule, lung_mm: Array
) -> list[Tubes]:
    """Return one to three strands to the nearest pleura."""
    centre = np.array(nodule.centre)
    index = np.argwhere(np.abs(lung_mm[::2, ::2, ::2]) < 1.5) * 2
    points = np.stack([canvas.x[index[:, 2]], canvas.y[index[:, 1]], canvas.z[index[:, 0]]], axis=1)
    reach = nodule.morphology.radius_mm + TAG_REACH_MM
    far = np.linalg.norm(points - centre, axis=1)
    points, far = points[far < reach], far[far < reach]
    if len(points) == 0:
        return []
    count = 1 + int(3 * (nodule.morphology.pleural_tag - 0.4))
    chosen = points[np.argsort(far, kind="stable")[: 40 * count]]
    targets = chosen[rng.choice(len(chosen), size=min(count, len(chosen)), replace=False)]
    return [
        Tubes.along(
            [centre, (centre + t) / 2 + rng.normal(0, 1.0, 3), t], [1.0, 0.6, 0.9], piece_mm=2.5
        )
        for t in targets
    ]
