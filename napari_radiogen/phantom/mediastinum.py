"""Heart, great vessels, trachea, bronchi and oesophagus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_radiogen.constants import HU_AIR
from napari_radiogen.phantom.anatomy import Physique, diaphragm_height, heart
from napari_radiogen.phantom.canvas import Box, Canvas
from napari_radiogen.phantom.fields import coverage, ellipsoid, smooth_max
from napari_radiogen.phantom.tubes import Tubes, tube_distance

#: Where branches enter each lung, (x, y, z) mm of the right side; x is mirrored.
HILUM_ARTERY = ((-46.0, 4.0, 26.0), (-50.0, -2.0, 8.0), (-48.0, 16.0, 0.0), (-46.0, 22.0, -14.0))
HILUM_VEIN = ((-42.0, -16.0, 18.0), (-46.0, -22.0, 2.0), (-38.0, 20.0, -24.0), (-40.0, 10.0, -30.0))
CARINA = (1.0, 15.0, 36.0)
MYOCARDIUM_CONTRAST_HU = 108.0


@dataclass(frozen=True)
class Pipe:
    """A vessel of the mediastinum: knots (x, y, z) and radii in mm."""

    points: tuple[tuple[float, float, float], ...]
    radii: tuple[float, ...]

    def tubes(self) -> Tubes:
        """Return the pipe as tubes."""
        return Tubes.along(self.points, self.radii)


AORTA = Pipe(
    (
        (8, -22, -12),
        (-10, -27, 8),
        (-16, -25, 36),
        (-9, -14, 56),
        (5, 6, 63),
        (16, 28, 58),
        (20, 43, 42),
        (21, 48, 10),
        (19, 48, -60),
        (8, 46, -150),
        (4, 44, -195),
    ),
    (14, 15, 15, 14.5, 13.5, 12.5, 12, 11.8, 11.5, 11, 10.5),
)
ARTERIES = (
    Pipe(((-7, -12, 64), (-14, -8, 88), (-26, -4, 118), (-32, 2, 150)), (6.5, 6.2, 5, 4)),
    Pipe(((4, 2, 68), (12, 2, 92), (22, 2, 120), (26, 6, 150)), (4.2, 4, 3.8, 3.5)),
    Pipe(((13, 18, 66), (20, 20, 92), (33, 14, 118), (60, 6, 130)), (5, 4.8, 4.6, 4.4)),
)
VEINS = (
    Pipe(((-24, -18, 84), (-26, -18, 40), (-25, -18, -6)), (8.5, 9, 9.5)),
    Pipe(((-24, -20, 82), (-28, -16, 104), (-36, -8, 150)), (7, 6, 5.5)),
    Pipe(((-24, -20, 80), (-4, -34, 84), (24, -32, 98), (40, -16, 125)), (6.5, 6, 6, 5.5)),
    Pipe(
        ((-26, 14, 38), (-16, 36, 40), (-9, 46, 26), (-8, 47, -60), (-7, 46, -150)),
        (4, 4, 3.6, 3.2, 3),
    ),
)
CAVA = Pipe(((-18, -4, -62), (-22, 4, -90), (-24, 14, -130), (-22, 22, -195)), (11, 11, 11, 10))
PULMONARY_ARTERIES = (
    Pipe(((14, -42, -6), (18, -32, 12), (18, -16, 25)), (13, 13, 12.5)),
    Pipe(((18, -18, 25), (28, -2, 29), (40, 10, 24), (46, 18, 8)), (12, 11, 9.5, 7)),
    Pipe(
        ((17, -18, 23), (2, -10, 19), (-22, -2, 16), (-44, 2, 12), (-48, 14, -2)),
        (11.5, 10, 9.5, 8, 6),
    ),
)
PULMONARY_VEINS = tuple(
    Pipe(((side * 22, 10, -14), (side * 34, y, z), (side * 44, y - 3, z + 4)), (6.5, 6, 5))
    for side in (-1.0, 1.0)
    for y, z in ((-10.0, 2.0), (17.0, -24.0))
)
TRACHEA = Pipe(
    ((0, -4, 160), (0, 0, 120), (1, 6, 85), (2, 12, 55), CARINA), (8.2, 8.4, 8.6, 8.6, 8.4)
)
BRONCHI = (
    Pipe((CARINA, (-18, 15, 20), (-36, 14, 10)), (7, 6.6, 5.8)),
    Pipe(((-28, 14.5, 17), (-42, 10, 27), (-52, 6, 34)), (5, 4.2, 3.5)),
    Pipe(((-36, 14, 10), (-44, 16, -8), (-50, 22, -28)), (5.6, 4.6, 3.6)),
    Pipe((CARINA, (22, 20, 18), (42, 22, 6)), (6.6, 6, 5.4)),
    Pipe(((40, 21, 8), (52, 10, 16), (58, 0, 26)), (4.6, 4, 3.3)),
    Pipe(((42, 22, 6), (50, 27, -12), (54, 32, -30)), (5, 4.2, 3.4)),
)
OESOPHAGUS = Pipe(
    ((2, 22, 160), (4, 26, 100), (3, 32, 40), (5, 33, -30), (14, 26, -92), (30, 12, -112)),
    (6.5, 6.5, 7, 7, 7.5, 8),
)


def airway_tubes() -> Tubes:
    """Return the lumens of trachea and main bronchi."""
    return Tubes.join([pipe.tubes() for pipe in (TRACHEA, *BRONCHI)])


def paint_heart(canvas: Canvas, who: Physique) -> None:
    """Paint muscle and chambers, cut off at the diaphragm."""
    box = canvas.box((-70, -100, -125), (110, 50, 40))
    if box is None:
        return
    above = diaphragm_height(box.x, box.y, who) + 2 - box.z
    muscle_hu = MYOCARDIUM_CONTRAST_HU if who.contrast else 46.0
    canvas.paint_solid(box, smooth_max(heart(box.x, box.y, box.z, who), above, 4.0), muscle_hu)
    for shape in _chambers(box, who):
        amount = coverage(smooth_max(shape, above, 4.0), 3 * canvas.edge_mm)
        canvas.paint(box, amount, who.blood_hu if who.contrast else who.blood_hu - 2)
    _paint_fat_grooves(canvas, box, who)


def _chambers(box: Box, who: Physique) -> list[object]:
    h, xyz = who.heart, (box.x, box.y, box.z)
    tilt = (0.72, -0.42, -0.55)
    left = ellipsoid(*xyz, (36, -27, -50), (37 * h, 23 * h, 23 * h), tilt)
    wall = ellipsoid(*xyz, (38, -28, -52), (48 * h, 35 * h, 34 * h), tilt)
    right = ellipsoid(*xyz, (10, -52, -48), (39 * h, 21.5 * h, 34 * h))
    outflow = ellipsoid(*xyz, (13, -44, -10), (15, 16, 26))
    return [
        left,
        smooth_max(right, 1.5 - wall, 3.0),
        ellipsoid(*xyz, (-24, -24, -36), (22 * h, 27 * h, 33 * h)),
        ellipsoid(*xyz, (4, 16, -20), (33 * h, 16 * h, 22 * h)),
        outflow,
    ]


def _paint_fat_grooves(canvas: Canvas, box: Box, who: Physique) -> None:
    """Paint the fat of the atrioventricular and interventricular grooves."""
    surface = heart(box.x, box.y, box.z, who)
    groove = np.abs((box.x + 2) * 0.62 - (box.y + 34) * 0.35 - (box.z + 30) * 0.70) - 2.2
    shallow = np.maximum(np.maximum(groove, np.abs(surface + 3) - 4.5), box.y + 4)
    canvas.paint_solid(box, shallow, who.fat_hu + 25)


def paint_great_vessels(canvas: Canvas, who: Physique) -> None:
    """Paint arteries and veins with soft walls of 1 mm."""
    blood = who.blood_hu
    vein = blood - 25 if who.contrast else blood
    for pipes, hu in (
        ((CAVA, *VEINS), vein),
        (PULMONARY_VEINS, blood + 4),
        (PULMONARY_ARTERIES, blood + 8),
        ((AORTA, *ARTERIES), blood),
    ):
        tubes = Tubes.join([pipe.tubes() for pipe in pipes])
        distance = tube_distance(canvas, tubes)
        canvas.paint_solid(canvas.whole(), distance - 1.0, 50.0)
        canvas.paint_solid(canvas.whole(), distance, hu)


def paint_gullet(canvas: Canvas, who: Physique) -> None:
    """Paint the oesophagus with a slit of air."""
    distance = tube_distance(canvas, OESOPHAGUS.tubes())
    canvas.paint_solid(canvas.whole(), distance, who.muscle_hu - 10)
    canvas.paint(canvas.whole(), 0.35 * coverage(distance + 5.4, 2.5), HU_AIR)


#: Lymph nodes of the mediastinum: centre (x, y, z) and semi-axes in mm.
NODES = (
    ((-14.0, 4.0, 62.0), (4.5, 3.5, 6.0)),
    ((-16.0, 0.0, 46.0), (5.0, 3.5, 5.0)),
    ((10.0, -8.0, 42.0), (4.5, 3.2, 5.5)),
    ((2.0, 22.0, 20.0), (8.0, 4.0, 7.0)),
    ((20.0, -30.0, 44.0), (3.5, 3.0, 5.0)),
    ((-34.0, 6.0, 22.0), (4.0, 4.0, 5.0)),
)


def paint_lymph_nodes(canvas: Canvas, who: Physique) -> None:
    """Paint normal lymph nodes with a short axis below 10 mm."""
    for centre, semi in NODES:
        middle = np.array(centre)
        box = canvas.box(middle - 14, middle + 14)
        if box is not None:
            shape = ellipsoid(box.x, box.y, box.z, centre, semi)
            canvas.paint_solid(box, shape, who.muscle_hu + (18 if who.contrast else -6))


def paint_airways(canvas: Canvas) -> None:
    """Paint trachea and main bronchi with walls of 1.4 mm."""
    distance = tube_distance(canvas, airway_tubes())
    canvas.paint_solid(canvas.whole(), distance - 1.4, 35.0)
    canvas.paint_solid(canvas.whole(), distance, HU_AIR + 10)
