"""Small engines with the real signatures: instant, exact, and stoppable."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import numpy as np

from napari_radiogen.domain import (
    CTVolume,
    GeneCodeTable,
    LabelVolume,
    Metagenes,
    Nodule,
    ProbabilityVolume,
    Provenance,
    Subject,
    SynthesisRequest,
    SynthesisResult,
    VolumeGeometry,
    joined_rows,
)
from napari_radiogen.errors import Cancelled, SynthesisError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.session import Engines

NAMES = ("M01", "M02", "M03", "M04")
SERIES = "1.2.3.4"
#: Centre of the fake scan and of its lung, LPS mm.
CENTRE = (10.0, 20.0, -30.0)
OUTSIDE = (-24.0, -14.0, -64.0)


def make_scan(shape=(36, 40, 44), spacing=2.0, series_uid=SERIES) -> CTVolume:
    """A ball of lung (-860 HU with noise) in soft tissue (40 HU)."""
    half = (np.array(shape) - 1) / 2 * spacing
    origin = tuple(float(c) for c in np.array(CENTRE) - half[::-1])
    geometry = VolumeGeometry(shape, (spacing,) * 3, origin)
    noise = np.random.default_rng(3).normal(0, 20, shape)
    voxels = np.where(_ball(geometry, 28.0), -860, 40) + noise
    return CTVolume(voxels.astype(np.int16), geometry, series_uid=series_uid, patient_id="P")


def _ball(geometry: VolumeGeometry, radius_mm: float, centre=CENTRE) -> np.ndarray:
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    away = geometry.index_to_lps(index) - np.array(centre)
    return np.linalg.norm(away, axis=-1) <= radius_mm


def lung_mask(ct: CTVolume) -> LabelVolume:
    return LabelVolume(_ball(ct.geometry, 28.0).astype(np.uint8), ct.geometry)


def in_lung(lung: LabelVolume, point) -> bool:
    index = tuple(int(i) for i in np.round(lung.geometry.lps_to_index(point)))
    return bool(lung.labels[index])


def make_metagenes(names=NAMES) -> Metagenes:
    count = len(names)
    ones, zeros = np.ones(count, np.float32), np.zeros(count, np.float32)
    genes = tuple(f"PLT{i:05d}" for i in range(count))
    return Metagenes(names, genes, zeros, ones, np.eye(count, dtype=np.float32), zeros, ones)


@dataclass(eq=False)
class FakeGenerator:
    """Twenty training subjects and four test subjects with random metagenes."""

    name: str = "mcgan-fake"
    path: None = None
    digest: str = "f" * 64
    cohort: str = "planted:fake"
    field_of_view_mm: float = 48.0
    names: tuple[str, ...] = NAMES
    encoded: int = 0
    metagenes: Metagenes = field(init=False)
    effects: np.ndarray = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(0)
        self.metagenes = make_metagenes(self.names)
        self.effects = np.zeros((len(self.names), 3), np.float32)
        self.subject_ids = tuple(f"S-{i:04d}" for i in range(24))
        self.subject_metagenes = rng.normal(size=(24, len(self.names))).astype(np.float32)
        self.subjects = tuple(
            Subject(s, f"P{i:02d}", "train" if i < 20 else "test")
            for i, s in enumerate(self.subject_ids)
        )
        codes = self.encode(self.subject_metagenes)
        places = codes[:, :2].copy()
        self.codes = GeneCodeTable(self.subject_ids, codes, {"t-SNE": places, "PCA": -places})

    def with_patients(self, subjects, metagenes, place):
        ids = [s.subject_id for s in subjects]
        rows = joined_rows(self.subject_ids, ids)
        other = copy.copy(self)
        other.subjects = tuple((*self.subjects, *subjects)[r] for r in rows)
        other.subject_ids = tuple(s.subject_id for s in other.subjects)
        other.subject_metagenes = np.concatenate([self.subject_metagenes, metagenes])[rows]
        other.codes = self.codes.joined(ids, self.encode(metagenes), place)
        return other

    def encode(self, metagenes):
        self.encoded += 1
        return np.tanh(np.asarray(metagenes) / 3).astype(np.float32)


class FakeSynthesiser:
    """A ball whose radius follows M01, whose HU follows M02; noise follows the seed."""

    def __init__(self, generator, gate=None):
        self.generator = generator
        self.requests: list[SynthesisRequest] = []
        self.glimpsed: list[SynthesisRequest] = []
        self.gate = gate

    def synthesise(self, ct, request, *, lung=None, first_look=None, cancelled=None):
        self.requests.append(request)
        if lung is not None and not in_lung(lung, request.site.centre_lps_mm):
            raise SynthesisError("the place lies outside the lung")
        if first_look is not None:
            first_look(self._result(ct, request, complete=False))
        if self.gate is not None:
            while not self.gate.wait(0.005):
                if cancelled is not None and cancelled():
                    raise Cancelled
        return self._result(ct, request, complete=True)

    def glimpse(self, ct, request, *, lung=None, cancelled=None):
        self.glimpsed.append(request)
        if cancelled is not None and cancelled():
            raise Cancelled
        return self._result(ct, request, complete=False)

    def _result(self, ct, request, complete):
        centre = np.round(ct.geometry.lps_to_index(request.site.centre_lps_mm)).astype(int)
        start = tuple(int(c) for c in np.maximum(centre - 8, 0))
        stop = np.minimum(centre + 9, ct.voxels.shape)
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        geometry = ct.geometry.crop(
            start, tuple(int(b - a) for a, b in zip(start, stop, strict=True))
        )
        radius = 8.0 + 2 * request.metagenes[0]
        mask = _ball(geometry, radius, request.site.centre_lps_mm)
        noise = np.random.default_rng(request.seed).normal(0, 15, mask.shape)
        voxels = ct.voxels[box].copy()
        voxels[mask] = (40 + 20 * request.metagenes[1] + noise)[mask]
        labels = mask.astype(np.uint8)
        return SynthesisResult(
            request,
            CTVolume(voxels, geometry),
            LabelVolume(labels, geometry),
            LabelVolume(labels, geometry),
            start,
            {
                "long_axis_mm": 2 * radius,
                "volume_mm3": float(mask.sum() * geometry.voxel_volume_mm3),
                "mean_hu": float(voxels[mask].mean()),
                "spiculation": 0.1,
                "diameter_mm": 2 * radius,
            },
            Provenance(
                self.generator.digest, self.generator.name, self.generator.cohort, request.seed
            ),
            weight=mask.astype(np.float32),
            complete=complete,
        )


class FakeMeasurer:
    """Sees what is denser than -400 HU inside the generator's own mask."""

    name = "unet-judge"

    def __init__(self):
        self.measured: list[SynthesisRequest] = []

    def measure(self, result):
        self.measured.append(result.request)
        inside = (result.mask.labels > 0) & (result.composed.voxels > -400)
        return measure_nodule(result.composed, inside, 1) if inside.any() else None

    def measure_slice(self, image_hu, pixel_mm):
        return slice_attributes(image_hu, image_hu > -400, pixel_mm)


@dataclass(frozen=True, eq=False)
class FakeSegmentation:
    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str = "unet-fake"
    seconds: float = 0.0
    probability: ProbabilityVolume | None = None


class FakeSegmenter:
    def segment(self, ct, *, lung=None, progress=None, cancelled=None):
        if progress is not None:
            progress(0.5, "half")
        labels = _ball(ct.geometry, 6.0).astype(np.uint8)
        index = np.argwhere(labels)
        box = tuple(map(int, index.min(axis=0))), tuple(map(int, index.max(axis=0) + 1))
        nodule = Nodule(1, CENTRE, 900.0, 12.0, 30.0, 0.9, box)
        believed = ProbabilityVolume((labels * 0.9).astype(np.float16), ct.geometry)
        return FakeSegmentation(LabelVolume(labels, ct.geometry), (nodule,), probability=believed)


def make_engines(**changes) -> Engines:
    values = {
        "read_ct": lambda path, series_uid: make_scan(),
        "lung_mask": lung_mask,
        "load_generator": lambda name: FakeGenerator(),
        "generator_names": lambda: ("mcgan-fake", "mcgan-other"),
        "shipped_file": lambda digest: None,
        "load_maps": lambda generator: None,
        "thumbnail": lambda generator, metagenes: np.full((8, 8), -800, np.float32),
        "load_segmenter": FakeSegmenter,
        "load_measurer": FakeMeasurer,
        "make_synthesiser": FakeSynthesiser,
    }
    return Engines(**{**values, **changes})
