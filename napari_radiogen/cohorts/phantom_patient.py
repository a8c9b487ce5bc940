"""One phantom patient of a cohort: only the places that are looked at are rendered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.cohorts.lung_places import DEPTH_MM, TRIES
from napari_radiogen.cohorts.nodule_slices import (
    POLE_SLICES,
    SliceRow,
    bare_row,
    centre_is_lung,
    clear_of_wall,
    standing_rows,
    touches_border,
)
from napari_radiogen.cohorts.patient import Outcome, row_facts
from napari_radiogen.cohorts.voi import CutConfig, Pixels, Point
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import Cancelled, CohortError, RadiogenError, Stop
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.cohort_work import keep, kept_facts
from napari_radiogen.phantom import Scene, anatomy
from napari_radiogen.phantom.biology import FIRST_NULL_LATENT, LATENT_NAMES, morphology_of
from napari_radiogen.phantom.stage import SLICE_HU, Interior, PhantomScan, Stage

#: Raised when a patient would look different: older results are made again.
RENDER_VERSION = 1
#: Rendered around the field of view, so that it can be laid around the nodule, pixels.
MARGIN_PX = 4
#: Axial slices stand this many pixels apart: 1.5 mm at 0.75 mm a pixel.
AXIAL_STEP = 2
#: Slices that are rendered for a background: the blur along z needs its neighbours.
BACKGROUND_SLICES = 5
#: A latent is moved by this to either side for its slopes, standard deviations.
LATENT_STEP = 0.5


@dataclass(frozen=True)
class Person:
    """A phantom patient to be rendered.

    Parameters
    ----------
    patient_id, seed
        Who, and what makes the scene.
    latents
        (10,) hidden biology.
    slopes
        Whether to render the nodule of other latents too: see `latent_slopes`.
    """

    patient_id: str
    seed: int
    latents: tuple[float, ...]
    slopes: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """A nodule in the middle of a cube of voxels: where it is cut, and its central slice."""

    window: tuple[slice, slice, slice]
    centre: int

    def of(self, voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the cube (Z, H, W)."""
        return voxels[self.window]

    def attributes(self, scan: PhantomScan, pixel_mm: float) -> dict[str, float]:
        """Measure the central slice."""
        image, mask = self.of(scan.ct.voxels), self.of(scan.nodules.labels)
        return slice_attributes(image[self.centre], mask[self.centre], pixel_mm)


def render_patient(
    person: Person, config: CutConfig, work: Path, stop: Stop | None = None
) -> Outcome:
    """Render one patient and keep the result, unless that was done before.

    Parameters
    ----------
    person
        Who.
    config
        Field of view, backgrounds and seed of the cohort.
    work
        Folder of kept results.
    stop
        Asked between steps.

    Raises
    ------
    Cancelled
        When `stop` says so.
    RadiogenError
        When the result cannot be saved.
    """
    said = {"version": RENDER_VERSION, "person": asdict(person), "config": asdict(config)}
    key = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    facts = kept_facts(work, key)
    if facts is None:
        try:
            facts, arrays = _rendered(person, config, stop or (lambda: False))
        except Cancelled:
            raise
        except RadiogenError as error:
            facts, arrays = {"rejected": error.reason}, {}
        keep(work, key, facts, arrays)
    return Outcome(person.patient_id, key, str(facts.get("rejected", "")))


def _rendered(
    person: Person, config: CutConfig, stop: Stop
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    def step(fraction: float, message: str) -> None:
        if stop():
            raise Cancelled

    scene = Scene.draw(person.seed, morphology_of(person.latents))
    interior = Interior.grow(scene, step)
    side = config.size_px + 2 * MARGIN_PX
    grid = _grid(nodule_centre(scene), (side,) * 3, (config.pixel_mm,) * 3)
    stage = Stage(scene, grid, interior=interior, step=step)
    scan = stage.shoot(scene.nodule, slice_hu=SLICE_HU)
    twin = stage.shoot(None, slice_hu=SLICE_HU)
    look = look_at(scan.nodules.labels, config)
    step(0.9, "backgrounds")
    lung = lung_patches(scene, interior, config)
    if not lung:
        raise CohortError("no place for a background in the lungs")
    rows = _nodule_rows(look, scan, twin, config)
    rows += [bare_row("background", patch) for patch in lung]
    rows += standing_rows(look.of(scan.ct.voxels), look.of(scan.nodules.labels))
    step(0.95, "slopes")
    facts = {
        "rows": [row_facts(row, config.pixel_mm) for row in rows],
        "attributes": look.attributes(scan, config.pixel_mm),
        "slopes": latent_slopes(stage, look, person, config.pixel_mm) if person.slopes else None,
        "scene": scan.parameters,
        "synthetic": True,
        "warnings": [],
    }
    return facts, {n: np.stack([getattr(r, n) for r in rows]) for n in ("image", "mask", "paired")}


def nodule_centre(scene: Scene) -> Point:
    """Return where the nodule of a scene lies (LPS, mm)."""
    if scene.nodule is None:
        raise ValueError("the scene has no nodule")
    return np.array(scene.nodule.centre) * scene.who.scale


def look_at(labels: npt.NDArray[Any], config: CutConfig) -> Look:
    """Lay the field of view around the centroid of a mask (Z, Y, X).

    Raises
    ------
    CohortError
        When the nodule is empty or does not fit the field of view.
    """
    inside = np.argwhere(labels)
    if not len(inside):
        raise CohortError("the nodule is smaller than a voxel")
    centroid = inside.mean(axis=0)
    start = np.clip(np.rint(centroid - (config.size_px - 1) / 2).astype(int), 0, 2 * MARGIN_PX)
    z, y, x = (slice(int(s), int(s) + config.size_px) for s in start)
    cut = labels[z, y, x]
    if np.count_nonzero(cut) < len(inside) or touches_border(cut):
        side = f"{config.field_of_view_mm:g}"
        raise CohortError(f"the tumour does not fit the field of view of {side} mm")
    shown = np.flatnonzero(cut.any(axis=(1, 2)))
    return Look((z, y, x), int(shown[np.argmin(np.abs(shown - (centroid[0] - start[0])))]))


def latent_slopes(
    stage: Stage, look: Look, person: Person, pixel_mm: float
) -> dict[str, dict[str, float]]:
    """Return by how much each attribute rises with each latent, by finite differences.

    The same patient is scanned with the nodules of latents half a standard
    deviation to either side, at the same place, with the same noise. Null
    latents change nothing and are left out.
    """
    nodule = stage.scene.nodule
    if nodule is None:
        raise ValueError("the scene has no nodule")
    slopes: dict[str, dict[str, float]] = {name: {} for name in ATTRIBUTES}
    for i, latent in enumerate(LATENT_NAMES[:FIRST_NULL_LATENT]):
        ends = []
        for side in (-1, 1):
            moved = np.array(person.latents)
            moved[i] += side * LATENT_STEP
            shape = replace(nodule, morphology=morphology_of(moved))
            ends.append(look.attributes(stage.shoot(shape, slice_hu=SLICE_HU), pixel_mm))
        for name in ATTRIBUTES:
            slopes[name][latent] = (ends[1][name] - ends[0][name]) / (2 * LATENT_STEP)
    return slopes


def lung_patches(scene: Scene, interior: Interior, config: CutConfig) -> list[Pixels]:
    """Render nodule-free axial patches (H, W) at other places of the lungs (METHODS 1.6)."""
    rng = np.random.default_rng([config.seed, scene.seed])
    shape = (BACKGROUND_SLICES, config.size_px, config.size_px)
    spacing = (AXIAL_STEP * config.pixel_mm, config.pixel_mm, config.pixel_mm)
    found: list[Pixels] = []
    for take, place in enumerate(_places(scene, config, rng), start=1):
        if len(found) == config.backgrounds:
            break
        stage = Stage(scene, _grid(place, shape, spacing), interior=interior)
        scan = stage.shoot(None, take=take, slice_hu=SLICE_HU)
        patch = scan.ct.voxels[BACKGROUND_SLICES // 2].astype(np.int16)
        if centre_is_lung(patch, config.pixel_mm) and clear_of_wall(patch, config.pixel_mm):
            found.append(patch)
    return found


def _places(scene: Scene, config: CutConfig, rng: np.random.Generator) -> Point:
    """Draw LPS points (N, 3) 5 to 25 mm deep in the lungs, clear of the nodule."""
    scale = scene.who.scale
    count = 40 * TRIES * config.backgrounds
    points = rng.uniform((-140, -90, -105), (140, 95, 115), (count, 3))
    x, y, z = points.T
    depth = -anatomy.lung(x, y, z, scene.who) * scale
    deep = (depth >= DEPTH_MM[0]) & (depth <= DEPTH_MM[1])
    apart = np.abs(points * scale - nodule_centre(scene)).max(axis=1) > config.field_of_view_mm
    return np.asarray(points[deep & apart][: TRIES * config.backgrounds] * scale)


def _nodule_rows(
    look: Look, scan: PhantomScan, twin: PhantomScan, config: CutConfig
) -> list[SliceRow]:
    """Return the nodule's axial slices with its poles; each is paired with its true twin."""
    image, mask = look.of(scan.ct.voxels), look.of(scan.nodules.labels)
    free = look.of(twin.ct.voxels)
    shown = np.flatnonzero(mask.any(axis=(1, 2)))
    reach = AXIAL_STEP * POLE_SLICES
    low, high = max(0, shown[0] - reach), min(len(image) - 1, shown[-1] + reach)
    return [
        SliceRow(
            role="nodule",
            plane="axial",
            dz_mm=(z - look.centre) * config.pixel_mm,
            image=image[z],
            mask=mask[z],
            paired=free[z],
            central=z == look.centre,
        )
        for z in range(look.centre % AXIAL_STEP, len(image), AXIAL_STEP)
        if low <= z <= high
    ]


def _grid(
    centre: Point, shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> VolumeGeometry:
    half = (np.array(shape) - 1) * np.array(spacing) / 2
    x, y, z = (centre - half[::-1]).tolist()
    return VolumeGeometry(shape, spacing, (x, y, z))
