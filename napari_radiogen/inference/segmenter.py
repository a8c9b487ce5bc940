"""Find and outline nodules in a whole scan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from napari_radiogen.constants import HU_AIR, PIXEL_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.imaging.lung import lung_mask
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.imaging.resample import canonical_box, resample, resample_labels
from napari_radiogen.inference.candidates import (
    CUBE,
    Candidate,
    Reading,
    axial_probability,
    find_candidates,
    read_again,
)
from napari_radiogen.inference.slice_reader import SliceReader, load_reader

Progress = Callable[[float, str], None]

#: Lung is read with this much around it, mm.
CONTEXT_MM = 12.0


class SegmenterConfig(BaseModel):
    """Thresholds of the segmenter, chosen by ``training/choose_thresholds.py``.

    They were chosen on phantom scans and on patches of validation patients.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stride: int = Field(2, ge=1, description="axial slices of 0.75 mm from one look to the next")
    candidate: float = Field(0.3, gt=0, lt=1, description="probability that makes a candidate")
    candidate_mm3: float = Field(20.0, ge=0, description="smallest candidate")
    candidates: int = Field(60, ge=1, description="how many are read again")
    outline: float = Field(0.5, gt=0, lt=1, description="mean probability inside the outline")
    confirm: float = Field(0.6, gt=0, lt=1, description="mean probability in the worst plane")
    smallest_mm3: float = Field(50.0, ge=0, description="smallest nodule")
    elongation: float = Field(3.5, gt=1, description="largest ratio of principal axes")


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
    """

    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str
    seconds: float
    probability: npt.NDArray[np.float32] | None = None

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
class Finding:
    """A candidate after its second reading.

    Parameters
    ----------
    start
        Index of the cube's first voxel in the work grid.
    probability, mask
        (64, 64, 64): mean of the three planes, and the outline.
    confirm
        Mean probability inside the outline in the plane that believes least.
    volume_mm3, elongation
        Of the outline.
    """

    start: tuple[int, int, int]
    probability: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    confirm: float
    volume_mm3: float
    elongation: float


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A finder network with its thresholds."""

    reader: SliceReader
    config: SegmenterConfig = field(default_factory=SegmenterConfig)

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
        if lung.labels.any():
            work, inside = work_grid(ct, lung)
            found = [f for f in self.findings(work, inside, job) if self._accept(f)]
            found.sort(key=lambda f: -f.confirm)
            job.at(0.97, "measuring")
            nodules = _transfer(ct, work.geometry, found, labels)
        job.at(1.0, "done")
        volume = LabelVolume(labels, ct.geometry, {n.label: f"nodule {n.label}" for n in nodules})
        return Segmentation(volume, nodules, self.reader.name, time.monotonic() - start)

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
        config = self.config
        job.at(0.1, "looking at axial slices")
        probability = axial_probability(
            self.reader,
            work.voxels,
            inside,
            config.stride,
            lambda done: job.at(0.1 + 0.6 * done, "looking at axial slices"),
        )
        voxel = work.geometry.voxel_volume_mm3
        candidates = find_candidates(
            probability,
            config.stride,
            config.candidate,
            config.candidate_mm3 / voxel,
            config.candidates,
        )
        found = []
        for i, candidate in enumerate(candidates):
            job.at(0.7 + 0.27 * i / len(candidates), "reading candidates in three planes")
            reading = read_again(self.reader, work.voxels, candidate)
            finding = self._finding(reading, candidate, voxel)
            if finding is not None and not _seen(finding, found):
                found.append(finding)
        return found

    def _finding(self, reading: Reading, candidate: Candidate, voxel_mm3: float) -> Finding | None:
        mean = reading.mean
        labels, count = ndimage.label(mean > self.config.outline)
        if count == 0:
            return None
        inside = np.argwhere(labels > 0)
        offset = inside - np.array([CUBE // 2] * 3)
        nearest = inside[np.argmin((offset**2).sum(axis=1))]
        mask = ndimage.binary_fill_holes(labels == labels[tuple(nearest)])
        confirm = min(float(plane[mask].mean()) for plane in reading.planes)
        volume = float(mask.sum()) * voxel_mm3
        return Finding(reading.start, mean, mask, confirm, volume, elongation(mask))

    def _accept(self, finding: Finding) -> bool:
        config = self.config
        return (
            finding.confirm >= config.confirm
            and finding.volume_mm3 >= config.smallest_mm3
            and finding.elongation <= config.elongation
        )


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


def work_grid(ct: CTVolume, lung: LabelVolume) -> tuple[CTVolume, npt.NDArray[np.bool_]]:
    """Resample the lungs and some context to 0.75 mm along the patient axes.

    Returns
    -------
    tuple
        The scan in float32 HU, and a bool array: lung.
    """
    hits = [np.flatnonzero(lung.labels.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    low = np.array([h[0] for h in hits])
    high = np.array([h[-1] for h in hits])
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    points = ct.geometry.index_to_lps(corners)
    start, stop = points.min(axis=0) - CONTEXT_MM, points.max(axis=0) + CONTEXT_MM
    shape = np.maximum(1, np.ceil((stop - start)[::-1] / PIXEL_MM)).astype(int)
    middle = (start + stop) / 2
    grid = canonical_box(
        (middle[0], middle[1], middle[2]), (PIXEL_MM,) * 3, (shape[0], shape[1], shape[2])
    )
    reach = np.ceil(CONTEXT_MM / np.array(ct.geometry.spacing_mm)).astype(int) + 1
    first = np.maximum(low - reach, 0)
    size = np.minimum(high + reach + 1, ct.voxels.shape) - first
    part = _crop(ct, (first[0], first[1], first[2]), (size[0], size[1], size[2]))
    work = resample(part, grid, order="linear", fill=float(HU_AIR))
    inside = resample_labels(replace(lung, labels=(lung.labels > 0).astype(np.uint8)), grid)
    return work, inside.labels > 0


def elongation(mask: npt.NDArray[np.bool_]) -> float:
    """Return the longest over the middle principal axis of a mask (Z, Y, X).

    A vessel is a rod: long once. A nodule that is flattened against the
    pleura is long twice, and stays below.
    """
    points = np.argwhere(mask)
    if len(points) < 4:
        return 1.0
    # A cube of side 1 has a variance of 1/12 along each axis.
    variance = np.linalg.eigvalsh(np.cov(points.T)) + 1 / 12
    return float(np.sqrt(variance[2] / variance[1]))


def _seen(finding: Finding, others: list[Finding]) -> bool:
    """Whether two candidates led to the same outline."""
    middle = np.argwhere(finding.mask).mean(axis=0) + finding.start
    for other in others:
        index = np.rint(middle - other.start).astype(int)
        if (index >= 0).all() and (index < CUBE).all() and other.mask[tuple(index)]:
            return True
    return False


def _transfer(
    ct: CTVolume, work: VolumeGeometry, found: list[Finding], labels: npt.NDArray[np.uint8]
) -> tuple[Nodule, ...]:
    """Write outlines into the scan's own grid and measure them there."""
    nodules: list[Nodule] = []
    for finding in found:
        geometry = work.crop(finding.start, (CUBE, CUBE, CUBE))
        box, start = _box_around(ct.geometry, geometry)
        soft = CTVolume(ndimage.gaussian_filter(finding.mask.astype(np.float32), 0.5), geometry)
        inside = resample(soft, box, order="linear", fill=0.0).voxels > 0.5
        view = labels[tuple(slice(a, a + n) for a, n in zip(start, box.shape, strict=True))]
        inside &= view == 0
        if not inside.any():
            continue
        number = len(nodules) + 1
        view[inside] = number
        nodules.append(_measured(ct, box, start, inside, number, finding.confirm))
    return tuple(nodules)


def _measured(
    ct: CTVolume,
    box: VolumeGeometry,
    start: tuple[int, int, int],
    inside: npt.NDArray[np.bool_],
    number: int,
    confidence: float,
) -> Nodule:
    nodule = measure_nodule(_crop(ct, start, box.shape), inside, number)
    bounds = nodule.bounding_box
    if bounds is not None:
        low, high = (tuple(int(a + s) for a, s in zip(b, start, strict=True)) for b in bounds)
        bounds = ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return replace(nodule, confidence=confidence, bounding_box=bounds)


def _box_around(
    scan: VolumeGeometry, cube: VolumeGeometry
) -> tuple[VolumeGeometry, tuple[int, int, int]]:
    """Return the part of a scan's grid that a cube covers, and its first index."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in cube.shape])).reshape(3, -1).T
    index = scan.lps_to_index(cube.index_to_lps(corners))
    low = np.clip(np.floor(index.min(axis=0)), 0, np.array(scan.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low + 1, scan.shape).astype(int)
    start = (int(low[0]), int(low[1]), int(low[2]))
    size = high - low
    return scan.crop(start, (int(size[0]), int(size[1]), int(size[2]))), start


def _crop(ct: CTVolume, start: tuple[int, int, int], shape: tuple[int, int, int]) -> CTVolume:
    box: tuple[Any, ...] = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
    return replace(ct, voxels=ct.voxels[box], geometry=ct.geometry.crop(start, shape))
