"""Skin, fat, muscles, the upper abdomen, and the table under the patient."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_radiogen.constants import HU_AIR
from napari_radiogen.phantom import anatomy
from napari_radiogen.phantom.anatomy import Physique
from napari_radiogen.phantom.canvas import Box, Canvas
from napari_radiogen.phantom.fields import Array, coverage, ellipsoid, smooth_max
from napari_radiogen.phantom.tubes import Tubes, tube_distance

SKIN_MM = 2.0
SKIN_HU = 30.0
DIAPHRAGM_MM = 3.0
LIVER_CONTRAST_HU, LIVER_PLAIN_HU = 108.0, 58.0
SPLEEN_CONTRAST_HU, SPLEEN_PLAIN_HU = 122.0, 50.0
#: Arc of the table top: radius and lowest point, mm.
TABLE_RADIUS_MM = 560.0
TABLE_Y_MM = 126.0


def open_coarse(canvas: Canvas) -> tuple[Any, Any, Any]:
    """Return the coarse grid as open (x, y, z) coordinates in mm."""
    z, y, x = (np.asarray(a, dtype=np.float32) for a in canvas.coarse_axes())
    return x[None, None, :], y[None, :, None], z[:, None, None]


def paint_table(canvas: Canvas) -> None:
    """Paint a hollow curved table top and its mattress."""
    box = canvas.box((-215, 60, -300), (215, 200, 300))
    if box is None:
        return
    arc = np.sqrt(box.x**2 + (box.y - TABLE_Y_MM + TABLE_RADIUS_MM) ** 2) - TABLE_RADIUS_MM
    arc = arc + 0 * box.z
    width = np.abs(box.x) - 200
    foam = np.maximum(np.abs(arc + 6) - 5, width)
    canvas.paint_solid(box, foam, -930.0)
    shell = np.maximum(np.abs(np.abs(arc - 8) - 7) - 0.9, width)
    canvas.paint_solid(box, shell, -80.0)


def paint_trunk(canvas: Canvas, who: Physique, noise: dict[str, Array]) -> None:
    """Paint the body wall: skin, fat with septa, muscle with fat planes."""
    grid, whole = open_coarse(canvas), canvas.whole()
    skin = canvas.refine(anatomy.skin(*grid, who))
    canvas.paint_solid(whole, skin, SKIN_HU)
    strands = np.abs(noise["medium"]) < 0.06
    fat = who.fat_hu + 6 * noise["fine"] + 28 * strands
    canvas.paint_solid(whole, skin + SKIN_MM, fat)
    del skin, strands
    muscle = canvas.refine(anatomy.muscle(*grid))
    inner = canvas.refine(anatomy.thorax(*grid))
    flesh = who.muscle_hu + 5 * noise["fine"] + 3 * noise["medium"]
    planes = np.clip(1.1 - np.abs(noise["coarse"]) / 0.09, 0, 1) * coverage(9.5 - inner, 3.0)
    layer = 1.0 * coverage(np.abs(inner - 10.2 - 0.8 * noise["coarse"]) - 0.9, 1.5)
    amount = coverage(muscle, 1.5) * (1 - 0.85 * np.maximum(planes, layer))
    canvas.paint(whole, amount, flesh)
    _paint_axillae(canvas, who, fat, noise)
    canvas.paint(whole, coverage(inner, canvas.edge_mm), fat)


def _paint_axillae(canvas: Canvas, who: Physique, fat: Array, noise: dict[str, Array]) -> None:
    """Paint the fat of the armpits with its vessels and nodes."""
    for side in (-1.0, 1.0):
        low, high = sorted((side * 95, side * 182))
        box = canvas.box((low, -70, 10), (high, 60, 142))
        if box is None:
            continue
        across = side * box.x - 128 - 0.15 * (box.y + 5)
        shape = ellipsoid(across, box.y, box.z, (0, -2, 84), (15, 34, 52))
        ragged = shape + 5.5 * noise["coarse"][box.slices] + 2.0 * noise["medium"][box.slices]
        inside = coverage(ragged, 3.0) * coverage(9.0 - anatomy.thorax(box.x, box.y, box.z), 3.0)
        canvas.paint(box, inside, fat[box.slices])
    vessels = [_axillary_vessel(s, dy, r) for s in (-1.0, 1.0) for dy, r in ((-9, 4.2), (0, 3.2))]
    distance = tube_distance(canvas, Tubes.join(vessels))
    canvas.paint_solid(canvas.whole(), distance, who.blood_hu - 10)


def _axillary_vessel(side: float, dy: float, radius: float) -> Tubes:
    path = [
        (side * 58, -20 + dy, 132),
        (side * 108, -6 + dy, 118),
        (side * 138, 2 + dy, 96),
        (side * 150, 6 + dy, 150),
    ]
    return Tubes.along(path, [radius, radius, radius * 0.9, radius * 0.8])


def paint_abdomen(canvas: Canvas, who: Physique, noise: dict[str, Array]) -> None:
    """Paint diaphragm, liver, spleen and a stomach with a bubble."""
    box = canvas.box((-160, -110, -300), (160, 120, who.dome_right_mm + 14))
    if box is None:
        return
    x, y, z = box.x, box.y, box.z
    texture = 4 * noise["fine"][box.slices] + 3 * noise["medium"][box.slices]
    top = (z - anatomy.diaphragm_height(x, y, who)) * 0.75
    wall = anatomy.thorax(x, y, z)
    inside = smooth_max(top, wall, 3.0)
    canvas.paint_solid(box, inside, who.fat_hu + texture)
    canvas.paint_solid(box, np.maximum(inside, -inside - DIAPHRAGM_MM), who.muscle_hu)
    organ = smooth_max(inside + DIAPHRAGM_MM - 1, 22 - np.hypot(x - 4, y - 62), 6.0)
    left_edge = (x - 42 + 0.35 * (y + 20)) * 0.9 + 6 * noise["coarse"][box.slices] * 0.2
    liver = smooth_max(organ, left_edge, 10.0)
    canvas.paint_solid(
        box, liver, (LIVER_CONTRAST_HU if who.contrast else LIVER_PLAIN_HU) + texture
    )
    _paint_liver_vessels(canvas, who, liver, box)
    spleen = smooth_max(organ + 1, ellipsoid(x, y, z, (94, 44, -128), (36, 44, 46)), 4.0)
    canvas.paint_solid(
        box, spleen, (SPLEEN_CONTRAST_HU if who.contrast else SPLEEN_PLAIN_HU) + texture
    )
    stomach = smooth_max(organ + 2, ellipsoid(x, y, z, (66, -18, -128), (38, 46, 40)), 5.0)
    canvas.paint_solid(box, stomach, who.muscle_hu - 6)
    level = y + 30
    canvas.paint_solid(box, stomach + 4, 14.0 + texture)
    canvas.paint_solid(box, np.maximum(stomach + 4, level), HU_AIR + 20)


def _paint_liver_vessels(canvas: Canvas, who: Physique, liver: Array, box: Box) -> None:
    """Paint hepatic veins and portal branches, brighter with contrast."""
    cava, porta = (-24.0, 12.0, -98.0), (-20.0, -8.0, -138.0)
    ends = (
        (cava, ((-62, 20, -104), (-100, 28, -120))),
        (cava, ((-50, -14, -104), (-82, -44, -116))),
        (cava, ((-14, -22, -104), (4, -50, -118))),
        (porta, ((-58, 2, -134), (-98, 6, -128))),
        (porta, ((-56, 30, -136), (-88, 52, -126))),
        (porta, ((-30, -34, -132), (-44, -62, -126))),
        (porta, ((0, -30, -132), (20, -56, -126))),
    )
    tubes = [Tubes.along([root, *path], [4.6, 3.4, 1.2]) for root, path in ends]
    distance = tube_distance(canvas, Tubes.join(tubes))[box.slices]
    brighter = 42.0 if who.contrast else -12.0
    base = LIVER_CONTRAST_HU if who.contrast else LIVER_PLAIN_HU
    shape = smooth_max(distance, liver + 4, 2.0)
    canvas.paint(box, coverage(shape, 2.5), base + brighter)
