"""Bones: vertebrae, ribs with their cartilage, sternum, clavicles, scapulae."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_radiogen.phantom.anatomy import THORAX_EXPONENT, centre_y, spine_y, thorax_axes
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Array, coverage, smooth_max, smooth_min, superellipse
from napari_radiogen.phantom.tubes import Tubes, tube_distance

CORTEX_HU = 620.0
TRABECULAR_HU = 190.0
CARTILAGE_HU = 105.0
DISC_HU = 85.0
CANAL_HU = 28.0
CORTEX_MM = 1.5
#: Distance between vertebrae and z of the first rib's head, mm.
LEVEL_MM = 23.0
FIRST_LEVEL_MM = 131.0
RIB_COUNT = 12
#: How far each rib descends on its way forward, mm, and where its bone ends, degrees.
_RIB_DROP = (34, 46, 54, 60, 64, 66, 66, 64, 60, 54, 36, 24)
_RIB_END = (150, 150, 148, 146, 143, 140, 136, 132, 126, 118, 82, 56)
_RIB_WIDTH_MM = 3.3
_RIB_SQUASH = 0.52


def paint_bone(canvas: Canvas, distance: Any, box: Any, texture: Array, cortex_mm: float) -> None:
    """Paint a cortex of some thickness around speckled marrow."""
    view = texture[box.slices]
    canvas.paint_solid(box, distance, CORTEX_HU + 90 * view)
    canvas.paint_solid(box, distance + cortex_mm, TRABECULAR_HU + 45 * view)


def paint_skeleton(canvas: Canvas, texture: Array) -> None:
    """Paint all bones, and the cartilage that joins ribs to the sternum."""
    whole = canvas.whole()
    cartilage = tube_distance(canvas, rib_cartilage(), z_squash=0.62)
    canvas.paint_solid(whole, cartilage, CARTILAGE_HU + 15 * texture)
    ribs = tube_distance(canvas, rib_bones(), z_squash=_RIB_SQUASH)
    paint_bone(canvas, ribs, whole, texture, 1.1)
    limbs = tube_distance(canvas, clavicles())
    paint_bone(canvas, limbs, whole, texture, 1.6)
    _paint_sternum(canvas, texture)
    for side in (-1.0, 1.0):
        _paint_scapula(canvas, texture, side)
    for level in range(-1, RIB_COUNT + 2):
        _paint_vertebra(canvas, texture, FIRST_LEVEL_MM - LEVEL_MM * level)


def _rib_path(rib: int, side: float, degrees: Any) -> Any:
    """Return points (P, 3) of a rib at angles from the back (0) to the front (180)."""
    angle = np.deg2rad(np.asarray(degrees, dtype=float))
    forward = np.clip(np.asarray(degrees) / 145.0, 0, 1.2)
    head = FIRST_LEVEL_MM - LEVEL_MM * rib
    z = head - _RIB_DROP[rib] * (forward**1.15)
    a, b = thorax_axes(np.clip(z, -190, 118))
    outside = _RIB_WIDTH_MM + 1.8
    power = 2 / THORAX_EXPONENT
    x = side * (a + outside) * np.abs(np.sin(angle)) ** power
    y = centre_y(z) + (b + outside) * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    return np.stack([x, y, z], axis=1)


def rib_bones() -> Tubes:
    """Return the bony ribs of both sides."""
    parts = []
    for rib in range(RIB_COUNT):
        for side in (-1.0, 1.0):
            body = _rib_path(rib, side, np.arange(20, _RIB_END[rib] + 1, 5))
            head = FIRST_LEVEL_MM - LEVEL_MM * rib
            neck = np.array([[side * 18, float(spine_y(head)) + 10, head + 2]])
            path = np.concatenate([neck, body])
            width = np.full(len(path), _RIB_WIDTH_MM)
            width[0] = 2.6
            parts.append(Tubes.along(path, width, piece_mm=4.0))
    return Tubes.join(parts)


def rib_cartilage() -> Tubes:
    """Return the cartilage from ribs 1 to 10 to the sternum or to each other."""
    parts = []
    for rib in range(10):
        for side in (-1.0, 1.0):
            end = _rib_path(rib, side, [_RIB_END[rib] - 4.0, float(_RIB_END[rib])])
            target_z = max(96 - 20.0 * rib, -38.0)
            _, b = thorax_axes(target_z)
            front = float(centre_y(target_z)) - float(b) - 6
            target = [side * (17 + 3.0 * max(rib - 6, 0)), front, target_z - 2 * max(rib - 6, 0)]
            middle = (end[1] + np.array(target)) / 2 + np.array([0.0, -5.0, -3.0])
            parts.append(Tubes.along([end[0], end[1], middle, target], 3.6, piece_mm=4.0))
    return Tubes.join(parts)


def clavicles() -> Tubes:
    """Return both clavicles, raised as the arms are."""
    parts = []
    for s in (-1.0, 1.0):
        path = [(s * 17, -46, 104), (s * 45, -50, 112), (s * 85, -26, 124), (s * 125, 0, 138)]
        parts.append(Tubes.along(path, [7.0, 5.5, 5.0, 6.0]))
    return Tubes.join(parts)


def _paint_sternum(canvas: Canvas, texture: Array) -> None:
    box = canvas.box((-32, -125, -60), (32, -15, 112))
    if box is None:
        return
    z = box.z.reshape(-1)
    _, b = thorax_axes(np.minimum(z, 112))
    front = (centre_y(z) - b - 6.0)[:, None, None]
    half = np.interp(z, [-60, -48, -30, 55, 70, 75, 108], [4, 6, 17, 14, 15, 20, 26])
    plate = superellipse(box.x, box.y - front, half[:, None, None], 5.6, 3.0)
    ends = np.maximum(box.z - 108, -58 - box.z)
    joint = 2.0 - np.abs(box.z - 70)
    shape = smooth_max(smooth_max(plate, ends, 4.0), joint, 2.0)
    paint_bone(canvas, shape, box, texture, 1.2)


def _paint_scapula(canvas: Canvas, texture: Array, side: float) -> None:
    """Paint a thin curved blade with its spine, behind ribs 2 to 8."""
    low, high = sorted((side * 60, side * 165))
    box = canvas.box((low, -10, -20), (high, 112, 135))
    if box is None:
        return
    u = side * box.x - 112
    inclined = box.y - (68 - 0.62 * u - 0.0045 * u**2 - 0.06 * (box.z - 60))
    blade = np.abs(inclined) * 0.84 - 1.7
    height = (box.z - 50) / 62
    medial = 78 + 10 * np.clip(-height, 0, 1)
    lateral = 132 + 10 * np.clip(height, -0.2, 1) - 46 * np.clip(-height, 0, 1)
    rim = np.maximum(
        np.maximum(medial - side * box.x, side * box.x - lateral), np.abs(height) * 62 - 62
    )
    plate = smooth_max(blade, rim, 3.0)
    along = np.sqrt((side * box.x - lateral) ** 2 + inclined**2 + np.maximum(30 - box.z, 0) ** 2)
    border = smooth_max(along - 5.0, box.z - 112, 4.0)
    ridge = np.maximum(np.abs(box.z - 84 - 0.25 * u) - 2.2, np.abs(inclined - 9) - 10)
    ridge = smooth_max(ridge, rim, 3.0)
    shape = smooth_min(smooth_min(plate, border, 4.0), ridge, 4.0)
    paint_bone(canvas, shape, box, texture, 1.3)


def _paint_vertebra(canvas: Canvas, texture: Array, level: float) -> None:
    middle = float(spine_y(level))
    box = canvas.box((-46, middle - 24, level - 30), (46, 112, level + 16))
    if box is None:
        return
    x, y, z = box.x, box.y - middle, box.z - level
    size = 1 + 0.0011 * (60 - level)
    waist = 1 - 0.09 * np.clip(1 - (np.abs(z) / 10) ** 2, 0, 1)
    oval = superellipse(x, y, 16.5 * size * waist, 13.5 * size * waist, 2.2)
    disc = smooth_max(
        superellipse(x, y, 16 * size, 13 * size, 2.2), np.abs(z + LEVEL_MM / 2) - 3, 2
    )
    canvas.paint_solid(box, disc, DISC_HU)
    body = smooth_max(oval, np.abs(z) - 9.2, 2.0)
    paint_bone(canvas, body, box, texture, CORTEX_MM)
    arch = _neural_arch(x, y, z, size)
    paint_bone(canvas, arch, box, texture, CORTEX_MM)
    canal = np.sqrt(x * x + (y - 22 * size) ** 2) - 8.2
    inside = np.maximum(canal, np.abs(z) - LEVEL_MM / 2 - 0.5)
    canvas.paint_solid(box, inside, -40.0)
    cord = np.maximum(np.sqrt((x / 1.15) ** 2 + (y - 21.5 * size) ** 2) - 5.6, np.abs(z) - 12.5)
    canvas.paint(box, coverage(cord, 2 * canvas.edge_mm), CANAL_HU + 12)


def _neural_arch(x: Any, y: Any, z: Any, size: float) -> Any:
    """Return the distance to pedicles, laminae, transverse and spinous processes."""
    across = np.abs(x)
    rod = np.sqrt((across - 11.5 * size) ** 2 + ((z - 3) * 0.75) ** 2) - 4.2
    pedicle = smooth_max(rod, np.abs(y - 17) - 9, 2.0)
    ring = np.abs(np.sqrt(x * x + (y - 22 * size) ** 2) - 12.0) - 2.7
    lamina = smooth_max(smooth_max(ring, 20 - y, 2.0), np.abs(z + 1) - 8.5, 2.0)
    outward = np.clip((across - 12) / 20, 0, 1)
    reach = np.sqrt((y - 25 - 6 * outward) ** 2 + (z - 3) ** 2)
    transverse = smooth_max(reach - 4.4, across - 31, 3.0)
    transverse = smooth_max(transverse, 10 - across, 2.0)
    back = np.clip((y - 32) / 16, 0, 1)
    spinous = np.maximum(across - 2.9, np.abs(z + 2 + 14 * back) - 5.5)
    spinous = smooth_max(smooth_max(spinous, 30 - y, 2.0), y - 45, 3.0)
    joined = smooth_min(lamina, transverse, 3.0)
    return smooth_min(smooth_min(joined, spinous, 3.0), pedicle, 2.0)
