"""Find and outline nodules in a whole scan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, ProbabilityVolume, VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.imaging.lung import lung_mask
from napari_radiogen.inference.candidates import axial_probability, find_candidates, read_again
from napari_radiogen.inference.consensus import plane_consensus
from napari_radiogen.inference.findings import Finding, judge, seen
from napari_radiogen.inference.scan_grid import transfer, work_grid
from napari_radiogen.inference.slice_reader import SliceReader, load_reader

Progress = Callable[[float, str], None]


class SegmenterConfig(BaseModel):
    """Thresholds of the segmenter, chosen by ``training/choose_thresholds.py``.

    They were chosen on phantom scans and on patches of validation patients.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stride: int = Field(default=2, ge=1, description="0.75 mm slices between looks")
    candidate: float = Field(default=0.3, gt=0, lt=1, description="probability of a candidate")
    candidate_mm3: float = Field(default=20.0, ge=0, description="smallest candidate")
    candidates: int = Field(default=60, ge=1, description="how many are read again")
    outline: float = Field(default=0.5, gt=0, lt=1, description="mean probability inside")
    promising: float = Field(default=0.3, ge=0, lt=1, description="as confirm, frame centred")
    confirm: float = Field(default=0.55, gt=0, lt=1, description="mean in the worst plane")
    smallest_mm3: float = Field(default=50.0, ge=0, description="smallest nodule")
    elongation: float = Field(default=2.5, gt=1, description="largest ratio of principal axes")


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Nodules of a scan.

    Parameters
    ----------
    labels
        On the scan's own grid; label n is ``nodules[n - 1]``.
    nodules
        The most confident first.
    model
        Name of the network.
    seconds
        How long it took.
    probability
        What the axial reading believed, on every few slices of 0.75 mm.
    """

    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str
    seconds: float
    probability: ProbabilityVolume | None = None

    def to_json(self) -> dict[str, Any]:
        """Return lesions, model and seconds under the names that reports use."""
        lesions = [
            {
                "centroid_lps_mm": [float(c) for c in nodule.centroid_lps_mm],
                "volume_mm3": nodule.volume_mm3,
                "long_axis_mm": nodule.long_axis_mm,
                "mean_hu": nodule.mean_hu,
            }
            for nodule in self.nodules
        ]
        return {"lesions": lesions, "model": self.model, "seconds": round(self.seconds, 1)}


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A finder network with its thresholds."""

    reader: SliceReader
    config: SegmenterConfig = field(default_factory=lambda: SegmenterConfig())

    def segment(
        self,
        ct: CTVolume,
        *,
        lung: LabelVolume | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Segmentation:
        """Outline the nodules in the lungs of a scan; the scan is left alone.

        Parameters
        ----------
        ct
            HU, any orientation and spacing.
        lung
            Where to look; found when None.
        progress
            Told the share that is done and what is going on.
        cancelled
            Asked between batches of tiles.

        Raises
        ------
        Cancelled
            When ``cancelled`` says so.
        """
        start = time.monotonic()
        job = _Job(progress, cancelled)
        job.at(0.0, "finding the lungs")
        lung = lung_mask(ct) if lung is None else lung
        labels = np.zeros(ct.geometry.shape, dtype=np.uint8)
        nodules: tuple[Nodule, ...] = ()
        believed: ProbabilityVolume | None = None
        if lung.labels.any():
            work, inside = work_grid(ct, lung)
            probability = self._probability(work, inside, job)
            believed = _thinned(probability, work.geometry, self.config.stride)
            found = [f for f in self._read(work, probability, job) if self._accept(f)]
            found.sort(key=lambda f: -f.confirm)
            job.at(0.97, "measuring")
            nodules = transfer(ct, work.geometry, found, labels)
        job.at(1.0, "done")
        volume = LabelVolume(labels, ct.geometry, {n.label: f"nodule {n.label}" for n in nodules})
        return Segmentation(volume, nodules, self.reader.name, time.monotonic() - start, believed)

    def findings(
        self, work: CTVolume, inside: npt.NDArray[np.bool_], job: _Job | None = None
    ) -> list[Finding]:
        """Return every candidate with what its second reading gave, none rejected.

        Parameters
        ----------
        work
            Scan on the work grid, 0.75 mm.
        inside
            (Z, Y, X) where to look.
        """
        job = job or _Job(None, None)
        return self._read(work, self._probability(work, inside, job), job)

    def _probability(
        self, work: CTVolume, inside: npt.NDArray[np.bool_], job: _Job
    ) -> npt.NDArray[np.float32]:
        job.at(0.1, "looking at axial slices")
        return axial_probability(
            self.reader,
            work.voxels,
            inside,
            self.config.stride,
            lambda done: job.at(0.1 + 0.6 * done, "looking at axial slices"),
        )

    def _read(
        self, work: CTVolume, probability: npt.NDArray[np.float32], job: _Job
    ) -> list[Finding]:
        config = self.config
        voxel = work.geometry.voxel_volume_mm3
        candidates = find_candidates(
            probability,
            config.stride,
            config.candidate,
            config.candidate_mm3 / voxel,
            config.candidates,
        )
        found: list[Finding] = []
        for i, candidate in enumerate(candidates):
            job.at(0.7 + 0.27 * i / len(candidates), "reading candidates in three planes")
            reading = read_again(self.reader, work.voxels, candidate)
            finding = judge(reading, config.outline, voxel)
            if finding is not None and not seen(finding, found):
                found.append(self._confirmed(finding, work.voxels))
        return found

    def _confirmed(self, finding: Finding, voxels: npt.NDArray[Any]) -> Finding:
        """Lower the confidence to what moved frames leave of it; the hopeless are spared that."""
        if finding.confirm < self.config.promising:
            return finding
        planes = plane_consensus(self.reader, voxels, finding.start, finding.mask)
        return replace(finding, confirm=min(finding.confirm, *planes))

    def _accept(self, finding: Finding) -> bool:
        config = self.config
        return (
            finding.confirm >= config.confirm
            and finding.volume_mm3 >= config.smallest_mm3
            and finding.elongation <= config.elongation
        )


def _thinned(
    probability: npt.NDArray[np.float32], work: VolumeGeometry, stride: int
) -> ProbabilityVolume:
    """Place the slices that were read; half precision, they are for the eye."""
    z, y, x = work.spacing_mm
    shape = probability.shape
    grid = replace(work, shape=(shape[0], shape[1], shape[2]), spacing_mm=(z * stride, y, x))
    return ProbabilityVolume(probability.astype(np.float16), grid)


def load_segmenter(name: str = "unet-planted") -> Segmenter:
    """Load the finder.

    Raises
    ------
    ModelError
        When there is no such model, or it is not a U-Net.
    """
    return Segmenter(load_reader(name))


class _Job:
    """Tells how far it is, and stops when asked."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def at(self, fraction: float, message: str) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        if self._progress is not None:
            self._progress(fraction, message)
