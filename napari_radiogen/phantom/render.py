"""From a seed to a chest CT: the one entrance to the phantom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from napari_radiogen.constants import LABEL_TUMOUR
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.phantom import anatomy, lungs, mediastinum, skeleton, trunk
from napari_radiogen.phantom.acquisition import Scanner, add_noise, blur, quantise
from napari_radiogen.phantom.anatomy import Physique
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Array, lattice_noise
from napari_radiogen.phantom.nodule import Morphology, PlantedNodule, paint_nodule

Progress = Callable[[float, str], None]
Spacing = tuple[float, float, float]

#: Box of a whole chest in mm, (low, high) along x, y and z.
FIELD_MM = ((-190.0, 190.0), (-125.0, 150.0), (-140.0, 142.0))
DEFAULT_SPACING_MM: Spacing = (2.0, 1.2, 1.2)
#: Correlation lengths of anatomical noise, mm.
NOISE_SCALES_MM = {"coarse": 22.0, "medium": 7.0, "fine": 2.2}
#: Free lung kept around a nodule, mm.
NODULE_MARGIN_MM = 3.0

DEMO_SEED = 20
DEMO_SPACING_MM: Spacing = (1.5, 1.0, 1.0)
DEMO_NODULE = Morphology(radius_mm=9.0, ground_glass=0.08, spiculation=0.45, lobulation=0.45)
#: Right upper lobe, model mm: the left lung stays free for a synthetic nodule.
DEMO_CENTRE = (-78.0, -14.0, 66.0)


@dataclass(frozen=True)
class PhantomScan:
    """A rendered patient: the CT, the mask of its nodules, and how it was made."""

    ct: CTVolume
    nodules: LabelVolume
    parameters: dict[str, Any]


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


def chest_geometry(
    spacing_mm: Spacing, who: Physique, *, slab: tuple[float, float] | None = None
) -> VolumeGeometry:
    """Return a grid over the whole chest of a patient, or a slab of it.

    Parameters
    ----------
    spacing_mm
        Along (z, y, x).
    who
        The patient.
    slab
        Lowest and highest z in model mm.
    """
    low = np.array([a for a, _ in FIELD_MM])
    high = np.array([b for _, b in FIELD_MM])
    if slab is not None:
        low[2], high[2] = max(low[2], slab[0]), min(high[2], slab[1])
    low, high = low * who.scale, high * who.scale
    count = np.ceil((high - low)[::-1] / spacing_mm).astype(int)
    return VolumeGeometry((count[0], count[1], count[2]), spacing_mm, (low[0], low[1], low[2]))


def render_scan(
    seed: int,
    *,
    nodule: bool = True,
    spacing_mm: Spacing = DEFAULT_SPACING_MM,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PhantomScan:
    """Render the chest CT of the patient that a seed makes.

    Parameters
    ----------
    seed
        Patient, scanner, nodule and noise. The same seed without its nodule
        gives the same patient: the twin differs at the nodule only.
    nodule
        Whether to paint the nodule.
    spacing_mm
        Along (z, y, x).
    progress
        Called with a fraction and a line of text.
    cancelled
        Asked between steps.

    Returns
    -------
    PhantomScan
        CT of int16 HU marked synthetic, mask, parameters.

    Raises
    ------
    Cancelled
        When `cancelled` says so.
    """
    scene = Scene.draw(seed)
    geometry = chest_geometry(spacing_mm, scene.who)
    return render_scene(scene, geometry, nodule=nodule, progress=progress, cancelled=cancelled)


def demo_patient(progress: Progress | None = None) -> PhantomScan:
    """Render the patient of the demo: one solid nodule in the right upper lobe."""
    planted = PlantedNodule(DEMO_NODULE, DEMO_CENTRE, DEMO_SEED)
    scene = Scene(DEMO_SEED, Physique(), Scanner(), planted)
    return render_scene(scene, chest_geometry(DEMO_SPACING_MM, scene.who), progress=progress)


def render_scene(
    scene: Scene,
    geometry: VolumeGeometry,
    *,
    nodule: bool = True,
    patient_id: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PhantomScan:
    """Render a scene on any axial grid: see `render_scan`."""
    canvas = Canvas(geometry, scene.who.scale)

    def step(fraction: float, message: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(fraction, message)

    mask = _paint(canvas, scene, nodule, step)
    step(0.85, "acquisition")
    spacing = np.array(geometry.spacing_mm)
    hu = blur(canvas.hu, spacing, scene.scanner)
    hu = add_noise(hu, spacing, scene.scanner, np.random.default_rng([scene.seed, 3]))
    step(1.0, "phantom ready")
    return _package(scene, geometry, hu, mask, patient_id or f"PHANTOM-{scene.seed:04d}")


def _paint(
    canvas: Canvas, scene: Scene, nodule: bool, step: Progress
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    step(0.0, "tissue texture")
    rng = np.random.default_rng([scene.seed, 1])
    noise = {n: lattice_noise(rng, mm, canvas.axes) for n, mm in NOISE_SCALES_MM.items()}
    who = scene.who
    step(0.12, "body wall")
    trunk.paint_table(canvas)
    trunk.paint_trunk(canvas, who, noise)
    step(0.25, "lungs")
    distance = lungs.lung_distance(canvas, who)
    lungs.paint_parenchyma(canvas, who, distance, noise)
    trunk.paint_abdomen(canvas, who, noise)
    step(0.40, "heart and great vessels")
    mediastinum.paint_heart(canvas, who)
    mediastinum.paint_lymph_nodes(canvas, who)
    mediastinum.paint_gullet(canvas, who)
    mediastinum.paint_great_vessels(canvas, who)
    step(0.50, "vessel trees")
    _paint_lung_vessels(canvas, scene, distance)
    mediastinum.paint_airways(canvas)
    step(0.75, "bones")
    skeleton.paint_skeleton(canvas, noise["fine"])
    if nodule and scene.nodule is not None:
        return paint_nodule(canvas, scene.nodule, distance, noise)
    return np.zeros(canvas.hu.shape, dtype=bool)


def _paint_lung_vessels(canvas: Canvas, scene: Scene, distance: Array) -> None:
    arteries, veins = lungs.grow_trees(np.random.default_rng([scene.seed, 2]), scene.who)
    lungs.paint_vessels(canvas, scene.who, distance, arteries, veins)


def _package(
    scene: Scene, geometry: VolumeGeometry, hu: Array, mask: Any, patient_id: str
) -> PhantomScan:
    ct = CTVolume(
        quantise(hu),
        geometry,
        series_uid=f"phantom-{scene.seed}",
        patient_id=patient_id,
        description="phantom chest",
        synthetic=True,
    )
    labels = LabelVolume(
        mask.astype(np.uint8) * LABEL_TUMOUR, geometry, {LABEL_TUMOUR: "phantom nodule"}
    )
    return PhantomScan(ct, labels, scene.to_json())
