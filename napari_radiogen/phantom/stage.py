"""A patient painted on a grid, before which nodules come and go."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import LABEL_TUMOUR
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.phantom import lungs, mediastinum, skeleton, trunk
from napari_radiogen.phantom.acquisition import add_noise, blur, quantise
from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Array, Lattice
from napari_radiogen.phantom.nodule import PlantedNodule, paint_nodule
from napari_radiogen.phantom.scene import Scene
from napari_radiogen.phantom.vessels import Tree

#: Told of a fraction and of what comes next; may stop by raising.
Step = Callable[[float, str], None]

#: Correlation lengths of anatomical noise, mm.
NOISE_SCALES_MM = {"coarse": 22.0, "medium": 7.0, "fine": 2.2}
#: Mean HU of whole axial slices through phantom lungs: the noise of a small
#: grid is that of the slice it is cut from.
SLICE_HU = -470.0


@dataclass(frozen=True)
class PhantomScan:
    """A rendered patient: the CT, the mask of its nodules, and how it was made."""

    ct: CTVolume
    nodules: LabelVolume
    parameters: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Interior:
    """What of a patient is the same on every grid: textures and vessel trees."""

    textures: dict[str, Lattice]
    arteries: list[Tree]
    veins: list[Tree]

    @classmethod
    def grow(cls, scene: Scene, step: Step | None = None) -> Interior:
        """Grow the interior of a scene's patient."""
        tell = step or _quiet
        tell(0.0, "tissue texture")
        rng = np.random.default_rng([scene.seed, 1])
        textures = {name: Lattice.draw(rng, mm) for name, mm in NOISE_SCALES_MM.items()}
        tell(0.1, "vessel trees")
        trees = lungs.grow_trees(np.random.default_rng([scene.seed, 2]), scene.who)
        return cls(textures, *trees)


class Stage:
    """A patient on a grid without a nodule.

    Parameters
    ----------
    scene
        Patient and scanner; its nodule is not painted.
    geometry
        Any axial grid.
    interior
        Of the scene's patient, when several grids are painted; grown if None.
    step
        See `Step`.
    """

    def __init__(
        self,
        scene: Scene,
        geometry: VolumeGeometry,
        *,
        interior: Interior | None = None,
        step: Step | None = None,
    ) -> None:
        tell = step or _quiet
        self.scene = scene
        self._canvas = Canvas(geometry, scene.who.scale)
        inside = interior or Interior.grow(scene, tell)
        self._noise = {name: t.at(self._canvas.axes) for name, t in inside.textures.items()}
        self._lung_mm = lungs.lung_distance(self._canvas, scene.who)
        self._paint(inside, tell)

    def shoot(
        self,
        nodule: PlantedNodule | None,
        *,
        patient_id: str | None = None,
        take: int = 0,
        slice_hu: float | None = None,
    ) -> PhantomScan:
        """Scan the patient with or without a nodule.

        Parameters
        ----------
        nodule
            What to paint. The same patient without it differs there only.
        patient_id
            Of the CT; made of the seed by default.
        take
            Another take of the same patient has other noise.
        slice_hu
            See `add_noise`.

        Returns
        -------
        PhantomScan
            CT of int16 HU marked synthetic, mask, parameters.
        """
        scene, canvas = self.scene, copy.copy(self._canvas)
        canvas.hu = self._canvas.hu.copy()
        mask: npt.NDArray[np.bool_] = np.zeros(canvas.hu.shape, dtype=bool)
        if nodule is not None:
            mask = paint_nodule(canvas, nodule, self._lung_mm, self._noise)
            scene = replace(scene, nodule=nodule)
        spacing = np.array(canvas.geometry.spacing_mm)
        rng = np.random.default_rng([scene.seed, 3, take] if take else [scene.seed, 3])
        hu = blur(canvas.hu, spacing, scene.scanner)
        hu = add_noise(hu, spacing, scene.scanner, rng, slice_hu=slice_hu)
        named = patient_id or f"PHANTOM-{scene.seed:04d}"
        return _package(scene, canvas.geometry, hu, mask, named)

    def _paint(self, inside: Interior, tell: Step) -> None:
        canvas, who, noise, distance = self._canvas, self.scene.who, self._noise, self._lung_mm
        tell(0.35, "body wall")
        trunk.paint_table(canvas)
        trunk.paint_trunk(canvas, who, noise)
        tell(0.45, "lungs")
        lungs.paint_parenchyma(canvas, who, distance, noise)
        trunk.paint_abdomen(canvas, who, noise)
        tell(0.60, "heart and great vessels")
        mediastinum.paint_heart(canvas, who)
        mediastinum.paint_lymph_nodes(canvas, who)
        mediastinum.paint_gullet(canvas, who)
        mediastinum.paint_great_vessels(canvas, who)
        tell(0.70, "vessels")
        lungs.paint_vessels(canvas, who, distance, inside.arteries, inside.veins)
        mediastinum.paint_airways(canvas)
        tell(0.80, "bones")
        skeleton.paint_skeleton(canvas, noise["fine"])


def _quiet(fraction: float, message: str) -> None:
    """Tell nobody."""


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
