"""The plan of a chest: who the patient is and where the big surfaces lie.

Model coordinates are LPS mm around the middle of the chest: x to the left, y
to the back, z to the head. The carina lies near z = 36, the domes of the
diaphragm near z = -75 and the apices near z = 126.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_radiogen.phantom.fields import ellipsoid, smooth_max, smooth_min, superellipse
from napari_radiogen.phantom.fields import smooth_profile as profile

#: z of the knots below, mm.
_KNOTS_Z = (-190, -145, -80, 0, 50, 85, 105, 118, 125, 129, 190)
_THORAX_A = (130, 137, 142, 140, 131, 116, 100, 88, 82, 80, 76)
_THORAX_B = (84, 90, 94, 92, 87, 78, 69, 62, 58, 56, 54)
_MUSCLE_A = (146, 150, 155, 157, 161, 166, 170, 172, 172, 172, 172)
_MUSCLE_B = (97, 101, 103, 102, 100, 97, 93, 90, 87, 85, 80)
_SKIN_A = (160, 163, 166, 169, 174, 180, 184, 186, 186, 186, 186)
_SKIN_B = (110, 112, 113, 112, 111, 108, 104, 100, 97, 94, 88)
_CENTRE_Y = (0, 0, 0, 0, 2, 7, 13, 19, 23, 25, 32)

#: Skin and muscle lie this much further back than the inner chest, mm.
BACK_SHIFT_MM = 3.0
THORAX_EXPONENT = 2.3
MUSCLE_EXPONENT = 2.3
SKIN_EXPONENT = 2.35


@dataclass(frozen=True)
class Physique:
    """What differs between patients.

    Parameters
    ----------
    scale
        Size over the model's.
    fat_mm
        Extra thickness of fat under the skin.
    heart
        Size of the heart over the model's.
    dome_right_mm, dome_left_mm
        z of the domes of the diaphragm.
    contrast
        Whether iodine was given.
    blood_hu, muscle_hu, fat_hu
        Mean HU of vessels, muscle and fat.
    parenchyma_hu
        Mean HU of lung without vessels at mid height.
    """

    scale: float = 1.0
    fat_mm: float = 0.0
    heart: float = 1.0
    dome_right_mm: float = -72.0
    dome_left_mm: float = -84.0
    contrast: bool = True
    blood_hu: float = 160.0
    muscle_hu: float = 54.0
    fat_hu: float = -98.0
    parenchyma_hu: float = -874.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Physique:
        """Draw a patient."""
        contrast = bool(rng.random() < 0.5)
        right = float(rng.normal(-72, 5))
        return cls(
            scale=float(np.clip(rng.normal(1.0, 0.04), 0.9, 1.08)),
            fat_mm=float(rng.uniform(-4, 8)),
            heart=float(rng.normal(1.0, 0.05)),
            dome_right_mm=right,
            dome_left_mm=right - float(rng.uniform(6, 14)),
            contrast=contrast,
            blood_hu=float(rng.uniform(150, 170)) if contrast else 42.0,
            muscle_hu=float(rng.normal(53, 3)),
            fat_hu=float(rng.normal(-98, 4)),
            parenchyma_hu=float(np.clip(rng.normal(-876, 6), -884, -869)),
        )


def centre_y(z: Any) -> Any:
    """Return y of the middle of the chest at heights z, mm."""
    return profile(_KNOTS_Z, _CENTRE_Y, z)


def thorax_axes(z: Any) -> tuple[Any, Any]:
    """Return the inner half-width and half-depth of the chest at z, mm."""
    return profile(_KNOTS_Z, _THORAX_A, z), profile(_KNOTS_Z, _THORAX_B, z)


def _shell(x: Any, y: Any, z: Any, a: Any, b: Any, exponent: float, extra: float) -> Any:
    flat = np.ravel(z)
    half_a = (profile(_KNOTS_Z, a, flat) + extra).reshape(np.shape(z))
    half_b = (profile(_KNOTS_Z, b, flat) + extra).reshape(np.shape(z))
    middle = centre_y(flat).reshape(np.shape(z))
    return superellipse(x, y - middle, half_a, half_b, exponent)


def skin(x: Any, y: Any, z: Any, who: Physique) -> Any:
    """Return the distance to the skin, flattened where the back lies."""
    shell = _shell(x, y - BACK_SHIFT_MM, z, _SKIN_A, _SKIN_B, SKIN_EXPONENT, who.fat_mm)
    padded = smooth_min(shell, _chest_muscles(x, y, z) - 8 - who.fat_mm, 22.0)
    return smooth_max(padded, y - (112 + who.fat_mm / 2), 10.0)


def muscle(x: Any, y: Any, z: Any) -> Any:
    """Return the distance to the outside of the chest muscles."""
    shell = _shell(x, y - BACK_SHIFT_MM, z, _MUSCLE_A, _MUSCLE_B, MUSCLE_EXPONENT, 0.0)
    return smooth_max(smooth_min(shell, _chest_muscles(x, y, z), 14.0), y - 106, 10.0)


def _chest_muscles(x: Any, y: Any, z: Any) -> Any:
    """Return the distance to the pectorals and the latissimus of both sides."""
    across = np.abs(x)
    pectoral = ellipsoid(across, y, z, (72, -76, 52), (62, 28, 66), (0.90, 0.42, 0.12))
    latissimus = ellipsoid(across, y, z, (126, 44, 40), (36, 50, 96))
    return smooth_min(pectoral, latissimus, 12.0)


def thorax(x: Any, y: Any, z: Any) -> Any:
    """Return the distance to the inner chest wall.

    The spine pushes the wall in, so that the lungs reach further back at its
    sides; the front is flattened behind the sternum.
    """
    pushed = y + 6.0 * np.exp(-((x / 34) ** 2)) * (y > 0) * np.clip(y / 60, 0, 1)
    ring = _shell(x, pushed, z, _THORAX_A, _THORAX_B, THORAX_EXPONENT, 0.0)
    inlet = 3.0 * np.maximum(40 - np.abs(x), 0)
    return smooth_max(ring, (z - 2 - inlet - apex_height(x, y)) * 0.7, 8.0)


def apex_height(x: Any, y: Any) -> Any:
    """Return z of the domes in which the lungs end above, mm."""
    return 128 - 0.012 * (np.abs(x) - 50) ** 2 - 0.0055 * (y - 20) ** 2


def diaphragm_height(x: Any, y: Any, who: Physique) -> Any:
    """Return z of the diaphragm over (x, y), mm: two domes and a saddle."""
    right = _dome(x, y, (-66.0, -6.0), who.dome_right_mm, medial=1.0)
    left = _dome(x, y, (68.0, -4.0), who.dome_left_mm, medial=-1.0)
    saddle = who.dome_left_mm - 8 - 40 * np.abs(y / 92) ** 4 - 25 * (x / 60) ** 4
    return smooth_max(smooth_max(right, left, 12.0), saddle, 14.0)


def _dome(x: Any, y: Any, centre: tuple[float, float], top: float, *, medial: float) -> Any:
    dx, dy = x - centre[0], y - centre[1]
    inward = dx * medial > 0
    u = (dx / np.where(inward, 84.0, 74.0)) ** 2
    v = (dy / np.where(dy > 0, 97.0, 88.0)) ** 2
    side = np.where(inward, 26.0, 58.0)
    depth = np.where(dy > 0, 66.0, 36.0)
    drop = (side * u + depth * v) / np.maximum(u + v, 1e-6)
    return top - drop * (u + v) ** 1.35


def mediastinum(x: Any, y: Any, z: Any, who: Physique) -> Any:
    """Return the distance to all that lies between the lungs."""
    heart_fat = heart(x, y, z, who) - 4.5
    spine = np.sqrt(x * x + (y - spine_y(z) - 2) ** 2) - 21.5
    back = np.maximum(np.abs(x) - 24 - 0.02 * np.abs(z), spine_y(z) + 6 - y)
    column = superellipse(x - 1, y - 14, 25 + 0.05 * np.maximum(z, 0), 46, 2.2)
    great = smooth_max(column, 26 - z, 16.0)
    stem = smooth_max(superellipse(x - 2, y - 22, 17, 40, 2.1), z - 40, 10.0)
    hilum = ellipsoid(x, y, z, (0, 8, 12), (46, 24, 24))
    thymus = ellipsoid(x, y, z, (2, -58, 34), (7, 46, 74))
    arch = ellipsoid(x, y, z, (14, 16, 52), (23, 48, 21))
    vein = ellipsoid(x, y, z, (-25, -18, 45), (14, 14, 70))
    aorta = np.sqrt((x - 20) ** 2 + (y - 48) ** 2) - 14.5
    descending = smooth_max(aorta, z - 55, 8.0)
    joined = smooth_min(spine, back, 6.0)
    for part in (heart_fat, great, stem, hilum, thymus, arch, vein, descending):
        joined = smooth_min(joined, part, 9.0)
    return joined


def spine_y(z: Any) -> Any:
    """Return y of the middle of the vertebral bodies at z, mm (kyphosis)."""
    return 61 - 0.0009 * (np.asarray(z) + 10.0) ** 2


def heart(x: Any, y: Any, z: Any, who: Physique) -> Any:
    """Return the distance to the outside of the heart muscle."""
    h = who.heart
    ventricle = ellipsoid(x, y, z, (38, -28, -52), (48 * h, 35 * h, 34 * h), (0.72, -0.42, -0.55))
    right = ellipsoid(x, y, z, (10, -52, -48), (43 * h, 25 * h, 38 * h))
    atrium = ellipsoid(x, y, z, (-24, -24, -36), (25 * h, 30 * h, 36 * h))
    left = ellipsoid(x, y, z, (4, 16, -20), (36 * h, 19 * h, 25 * h))
    outflow = ellipsoid(x, y, z, (10, -40, -10), (24, 26, 34))
    joined = smooth_min(ventricle, right, 14.0)
    for part in (atrium, left, outflow):
        joined = smooth_min(joined, part, 12.0)
    return joined


def lung(x: Any, y: Any, z: Any, who: Physique) -> Any:
    """Return the distance to the pleura, negative in either lung."""
    below = (diaphragm_height(x, y, who) - z) * 0.75
    free = smooth_max(thorax(x, y, z), -mediastinum(x, y, z, who), 5.0)
    top = (z - apex_height(x, y)) * 0.7
    return smooth_max(smooth_max(free, below, 3.0), top, 6.0)


def fissures(x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    """Return signed distances to the oblique and the horizontal fissure.

    The second is infinite where there is none: in the left lung, and behind
    the oblique fissure.
    """
    bend = 7 * np.sin(np.abs(x) / 26) + 4 * np.sin(y / 31)
    tilt = np.where(x < 0, 0.98, 1.08)
    oblique = (z + 10 - bend + tilt * (y - 14) * -1.0) / np.sqrt(1 + tilt**2)
    level = z - 14 - 5 * np.sin(y / 24) + 0.10 * (np.abs(x) - 70)
    horizontal = np.where((x < 0) & (oblique > 0), level, np.inf)
    return oblique, horizontal
