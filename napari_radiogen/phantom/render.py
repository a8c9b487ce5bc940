"""From a seed to a chest CT: the one entrance to the phantom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.phantom.acquisition import Scanner
from napari_radiogen.phantom.anatomy import Physique
from napari_radiogen.phantom.nodule import Morphology, PlantedNodule
from napari_radiogen.phantom.scene import Scene
from napari_radiogen.phantom.stage import PhantomScan, Stage

Progress = Callable[[float, str], None]
Spacing = tuple[float, float, float]

#: Box of a whole chest in mm, (low, high) along x, y and z.
FIELD_MM = ((-190.0, 190.0), (-125.0, 150.0), (-140.0, 142.0))
DEFAULT_SPACING_MM: Spacing = (2.0, 1.2, 1.2)

DEMO_SEED = 20
DEMO_SPACING_MM: Spacing = (1.5, 1.0, 1.0)
DEMO_NODULE = Morphology(radius_mm=9.0, ground_glass=0.08, spiculation=0.45, lobulation=0.45)
#: Right upper lobe, model mm: the left lung stays free for a synthetic nodule.
DEMO_CENTRE = (-78.0, -14.0, 66.0)


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


def demo_patient(
    progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> PhantomScan:
    """Render the patient of the demo: one solid nodule in the right upper lobe."""
    planted = PlantedNodule(DEMO_NODULE, DEMO_CENTRE, DEMO_SEED)
    scene = Scene(DEMO_SEED, Physique(), Scanner(), planted)
    geometry = chest_geometry(DEMO_SPACING_MM, scene.who)
    return render_scene(scene, geometry, progress=progress, cancelled=cancelled)


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

    def step(fraction: float, message: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(fraction, message)

    stage = Stage(scene, geometry, step=step)
    step(0.85, "acquisition")
    scan = stage.shoot(scene.nodule if nodule else None, patient_id=patient_id)
    step(1.0, "phantom ready")
    return scan
