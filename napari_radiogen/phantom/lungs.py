"""Lungs: parenchyma, fissures, vessel trees and the airways beside arteries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_radiogen.phantom import anatomy
from napari_radiogen.phantom.anatomy import Physique
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Array, coverage
from napari_radiogen.phantom.mediastinum import HILUM_ARTERY, HILUM_VEIN
from napari_radiogen.phantom.trunk import open_coarse
from napari_radiogen.phantom.tubes import Tubes, tube_coverage
from napari_radiogen.phantom.vessels import ATTRACTORS_PER_CM3, Tree, airways_beside, grow

#: Rise of density from front to back by gravity, HU over half a chest depth.
GRAVITY_HU, GRAVITY_MM = 28.0, 92.0
FISSURE_HU = -640.0
VESSEL_MARGIN_MM = 2.5
#: Blood of vessels inside the lung, HU above that of the aorta's.
VESSEL_HU_OFFSET = -8.0
AIRWAY_HU = -985.0
AIRWAY_WALL_HU = -120.0


def lung_distance(canvas: Canvas, who: Physique) -> Array:
    """Return the distance (Z, Y, X) to the pleura in mm, negative inside."""
    return canvas.refine(anatomy.lung(*open_coarse(canvas), who))


def paint_parenchyma(
    canvas: Canvas, who: Physique, distance: Array, noise: dict[str, Array]
) -> None:
    """Paint aerated lung and its fissures."""
    box = canvas.whole()
    hu = noise["coarse"] * 11
    hu += noise["medium"] * 9
    hu += noise["fine"] * 14
    hu += np.float32(who.parenchyma_hu) + GRAVITY_HU * box.y / GRAVITY_MM
    inside = coverage(distance, canvas.edge_mm).astype(np.float32)
    canvas.paint(box, inside, hu)
    oblique, horizontal = anatomy.fissures(box.x, box.y, box.z)
    for sheet, gap in ((oblique, 0.62), (horizontal, 0.5)):
        patchy = np.clip(0.85 + 0.35 * noise["coarse"], 0, 1)
        amount = np.clip(gap - np.abs(sheet) / (2 * canvas.edge_mm), 0, 1)
        canvas.paint(box, amount * inside * patchy, FISSURE_HU)


def grow_trees(
    rng: np.random.Generator,
    who: Physique,
    *,
    per_cm3: float = ATTRACTORS_PER_CM3,
    z_range_mm: tuple[float, float] = (-150.0, 130.0),
) -> tuple[list[Tree], list[Tree]]:
    """Grow arteries and veins of both lungs.

    Parameters
    ----------
    rng
        Source of attractors and jitter.
    who
        The patient whose lungs are filled.
    per_cm3
        Attractors in a cubic centimetre of lung.
    z_range_mm
        Heights between which vessels are wanted.
    """
    arteries: list[Tree] = []
    veins: list[Tree] = []
    for side in (-1.0, 1.0):
        for seeds, trees in ((HILUM_ARTERY, arteries), (HILUM_VEIN, veins)):
            attractors = _attractors(rng, who, side, per_cm3, z_range_mm)
            hilum = np.array(seeds) * [-side, 1.0, 1.0]
            trees.append(grow(rng, hilum, attractors))
    return arteries, veins


def _attractors(
    rng: np.random.Generator,
    who: Physique,
    side: float,
    per_cm3: float,
    z_range_mm: tuple[float, float],
) -> npt.NDArray[np.float64]:
    low, high = z_range_mm
    volume = 142 * 200 * (high - low)
    count = int(volume / 1000 * per_cm3)
    points = rng.uniform((0, -100, low), (142, 100, high), (count, 3)) * [side, 1, 1]
    x, y, z = points.T
    inside = anatomy.lung(x, y, z, who) < -VESSEL_MARGIN_MM
    oblique, horizontal = anatomy.fissures(x, y, z)
    clear = (np.abs(oblique) > VESSEL_MARGIN_MM) & (np.abs(horizontal) > VESSEL_MARGIN_MM)
    return np.asarray(points[inside & clear])


def paint_vessels(
    canvas: Canvas, who: Physique, distance: Array, arteries: list[Tree], veins: list[Tree]
) -> None:
    """Paint vessels and airways where there is lung."""
    box = canvas.whole()
    near = coverage(distance - 1.0, 2.0).astype(np.float32)
    tubes = Tubes.join([tree.tubes() for tree in (*arteries, *veins)])
    canvas.paint(box, tube_coverage(canvas, tubes) * near, who.blood_hu + VESSEL_HU_OFFSET)
    pairs = [airways_beside(tree) for tree in arteries]
    walls = tube_coverage(canvas, Tubes.join([wall for _, wall in pairs]))
    lumens = tube_coverage(canvas, Tubes.join([lumen for lumen, _ in pairs]))
    lighter = np.clip((AIRWAY_WALL_HU - canvas.hu) / 400, 0, 1)
    canvas.paint(box, walls * near * lighter, AIRWAY_WALL_HU)
    canvas.paint(box, lumens * near, AIRWAY_HU)
