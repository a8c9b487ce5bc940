"""What a session needs of the engines, and where the real ones come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import (
    CTVolume,
    GeneCodeTable,
    GeneMaps,
    LabelVolume,
    Metagenes,
    Nodule,
    Place,
    Subject,
    SynthesisRequest,
    SynthesisResult,
)

if TYPE_CHECKING:
    from napari_radiogen.io.mask_model import MaskReading
    from napari_radiogen.io.series_choice import SeriesChoice

FloatArray = npt.NDArray[np.float32]


class Generator(Protocol):
    """A trained generator with the training cohort's genes beside it."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def digest(self) -> str:
        """sha256 of the weights."""

    @property
    def path(self) -> Path | None:
        """The weights' file, where there is one."""

    @property
    def field_of_view_mm(self) -> float:
        """Width of the patches that it paints, mm."""

    @property
    def cohort(self) -> str:
        """Kind and name of the training cohort, e.g. ``planted:seed-0``."""

    @property
    def metagenes(self) -> Metagenes:
        """The fitted map from genes to metagenes."""

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Keys of ``subject_metagenes``."""

    @property
    def subject_metagenes(self) -> FloatArray:
        """(N, K) z-scores."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Subjects with their split and clinical columns."""

    @property
    def codes(self) -> GeneCodeTable:
        """Codes of the subjects and their places on the map."""

    @property
    def effects(self) -> FloatArray:
        """(K, A) change of each of ``ATTRIBUTES`` by a unit of each metagene, in SD."""

    def with_patients(
        self, subjects: Sequence[Subject], metagenes: FloatArray, place: Place
    ) -> Generator:
        """Return the same generator with metagenes (N, K) of more patients."""

    def encode(self, metagenes: FloatArray) -> FloatArray:
        """Turn metagenes (N, K) into codes (N, D)."""


class Synthesiser(Protocol):
    """Puts a nodule into a scan."""

    def synthesise(
        self,
        ct: CTVolume,
        request: SynthesisRequest,
        *,
        lung: LabelVolume | None = None,
        first_look: Callable[[SynthesisResult], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SynthesisResult:
        """Return the nodule; raise SynthesisError or Cancelled."""

    def glimpse(
        self,
        ct: CTVolume,
        request: SynthesisRequest,
        *,
        lung: LabelVolume | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SynthesisResult:
        """Return the slices near the centre alone, which come many times faster."""


class Measurer(Protocol):
    """Outlines a synthetic nodule anew, knowing nothing of its generator."""

    @property
    def name(self) -> str:
        """Of its network."""

    def measure(self, result: SynthesisResult) -> Nodule | None:
        """Return the measurements, None where it sees no nodule."""

    def measure_slice(self, image_hu: FloatArray, pixel_mm: float) -> dict[str, float]:
        """Return ``ATTRIBUTES`` of the nodule in the middle of a slice; nan without one."""


class Segmentation(Protocol):
    """Tumours of a scan."""

    @property
    def labels(self) -> LabelVolume:
        """On the scan's own grid."""

    @property
    def nodules(self) -> tuple[Nodule, ...]:
        """Most confident first."""

    @property
    def model(self) -> str:
        """Name of the network."""

    @property
    def seconds(self) -> float:
        """Wall time."""


class Segmenter(Protocol):
    """Finds tumours in a scan."""

    def segment(
        self,
        ct: CTVolume,
        *,
        lung: LabelVolume | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Segmentation:
        """Return the tumours; raise Cancelled when stopped."""


def _read_ct(path: Path, series_uid: str | None = None) -> CTVolume:
    from napari_radiogen.io.read import read_ct

    return read_ct(path, series_uid)


def _ct_choices(path: Path) -> tuple[SeriesChoice, ...]:
    from napari_radiogen.io.series_choice import ct_choices

    return ct_choices(path)


def _read_facts(path: Path, series_uid: str | None, identity: bool) -> tuple[tuple[str, str], ...]:
    from napari_radiogen.io.scan_facts import header_facts

    return header_facts(path, series_uid, identity=identity)


def _read_mask(path: Path, on: CTVolume) -> MaskReading:
    from napari_radiogen.io.masks import read_mask

    return read_mask(path, on)


def _is_mask(path: Path) -> bool:
    from napari_radiogen.errors import InputError
    from napari_radiogen.io.masks import mask_kind

    try:
        return mask_kind(path) is not None
    except InputError:
        return False  # a damaged file: reading it as a scan says what is wrong


def _lung_mask(ct: CTVolume) -> LabelVolume:
    from napari_radiogen.imaging.lung import lung_mask

    return lung_mask(ct)


def _load_generator(name: str | None) -> Generator:
    from napari_radiogen.inference.generator import load_generator

    return load_generator(name or default_model_name())


def default_model_name() -> str:
    """Return the name of the first shipped generator.

    Raises
    ------
    ModelError
        When no generator is shipped.
    """
    from napari_radiogen.errors import ModelError
    from napari_radiogen.inference.library import list_models

    for entry in list_models():
        if "gan" in entry.system:
            return str(entry.name)
    raise ModelError("no generator is installed; train one with: radiogen train mcgan")


def _generator_names() -> tuple[str, ...]:
    from napari_radiogen.inference.library import list_models

    return tuple(e.name for e in list_models() if e.system == "mcgan" and e.role != "permuted")


def _load_maps(generator: Generator) -> GeneMaps | None:
    from napari_radiogen.inference.gene_map_file import load_maps, maps_path
    from napari_radiogen.inference.library import list_models

    if generator.path is None:
        return None
    known = {e.sha256: e.maps_sha256 for e in list_models()}
    sha256 = known.get(generator.digest, "")
    return load_maps(maps_path(generator.path), generator.digest, generator.metagenes, sha256)


def _thumbnail(generator: Any, metagenes: FloatArray) -> FloatArray:
    from napari_radiogen.inference.thumbnail import paint_thumbnail

    return paint_thumbnail(generator, metagenes)


def _shipped_file(digest: str) -> str | None:
    """Return the file of the shipped model with this sha256, if there is one."""
    from napari_radiogen.inference.library import list_models

    return next((str(e.path) for e in list_models() if e.sha256 == digest), None)


def _load_segmenter() -> Segmenter:
    from napari_radiogen.inference.segmenter import load_segmenter

    return load_segmenter()


def _load_measurer() -> Measurer:
    from napari_radiogen.inference.remeasure import load_remeasurer

    return load_remeasurer()


def _make_synthesiser(generator: Any) -> Synthesiser:
    from napari_radiogen.inference.synthesiser import Synthesiser as RealSynthesiser

    return RealSynthesiser(generator)


@dataclass(frozen=True)
class Engines:
    """Functions that a session calls in its jobs; tests put fakes here.

    The defaults import torch and the readers when they are first called.
    """

    read_ct: Callable[[Path, str | None], CTVolume] = _read_ct
    ct_choices: Callable[[Path], tuple[SeriesChoice, ...]] = _ct_choices
    read_facts: Callable[[Path, str | None, bool], tuple[tuple[str, str], ...]] = _read_facts
    read_mask: Callable[[Path, CTVolume], MaskReading] = _read_mask
    is_mask: Callable[[Path], bool] = _is_mask
    lung_mask: Callable[[CTVolume], LabelVolume] = _lung_mask
    load_generator: Callable[[str | None], Generator] = _load_generator
    generator_names: Callable[[], tuple[str, ...]] = _generator_names
    load_maps: Callable[[Generator], GeneMaps | None] = _load_maps
    thumbnail: Callable[[Any, FloatArray], FloatArray] = _thumbnail
    shipped_file: Callable[[str], str | None] = _shipped_file
    load_segmenter: Callable[[], Segmenter] = _load_segmenter
    load_measurer: Callable[[], Measurer] = _load_measurer
    make_synthesiser: Callable[[Any], Synthesiser] = _make_synthesiser
