"""LIDC readings on their CT: a mask for each reader, and what two or more agree on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.draw import polygon

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.lidc_xml import FEWEST_POINTS, LidcFile, Outline, read_lidc_file
from napari_radiogen.io.mask_model import MaskReading

BoolArray = npt.NDArray[np.bool_]

#: Readers who must have a voxel in for the consensus.
CONSENSUS_READERS = 2
#: A slice position that lies this near to a slice of the CT is that slice, slices.
IN_SLICE = 0.1


@dataclass(frozen=True, eq=False)
class LidcReadings:
    """Masks of a reading; a nodule has the same number in all of them.

    Parameters
    ----------
    readers
        One label volume a reader, in the order of the file.
    consensus
        Voxels that two or more readers have in the same nodule.
    warnings
        What a person should see, one line each.
    same_series
        True when the file names the CT's series, None when that cannot be known.
    """

    readers: tuple[LabelVolume, ...]
    consensus: LabelVolume
    warnings: tuple[str, ...]
    same_series: bool | None


@dataclass(frozen=True, eq=False)
class _Reading:
    """One nodule by one reader: the slices it is on."""

    reader: int
    planes: dict[int, BoolArray]


def read_lidc_mask(path: Path, on: CTVolume) -> MaskReading:
    """Read the consensus of two or more readers as a mask."""
    found = read_lidc(path, on)
    return MaskReading("lidc-readings", (found.consensus,), found.warnings, found.same_series)


def read_lidc(path: Path, on: CTVolume) -> LidcReadings:
    """Place the readings of a LIDC XML file on its CT.

    Parameters
    ----------
    path
        XML of the collection.
    on
        The CT that was read: outlines are pixels of its slices.

    Raises
    ------
    InputError
        When the file is of another series, or no outline lies on the CT.
    """
    file = read_lidc_file(path)
    same, warnings = _check_series(file, on, path)
    missing: list[float] = []
    readings = [
        _Reading(reader, planes)
        for reader, nodules in enumerate(file.readers)
        for outlines in nodules
        if (planes := _filled(outlines, on.geometry, missing, path))
    ]
    if not readings:
        raise InputError("no outline lies on the slices of the CT", path)
    if missing:
        warnings.append(f"{len(missing)} outline(s) lie on slices that the CT does not have")
    if file.points:
        warnings.append(f"{file.points} nodule(s) below 3 mm are points without outline, left out")
    groups = _grouped(readings)
    warnings.append(
        "the outlines' own pixels are counted in, which the collection's documentation places "
        "just outside the nodule"
    )
    masks = tuple(
        _reader_mask(readings, groups, reader, on.geometry) for reader in range(len(file.readers))
    )
    consensus = _consensus(masks, groups, on.geometry)
    alone = len(set(groups)) - len(consensus.names)
    if alone:
        warnings.append(f"no two readers agree on {alone} nodule(s): not in the consensus")
    return LidcReadings(masks, consensus, tuple(warnings), same)


def _check_series(file: LidcFile, on: CTVolume, path: Path) -> tuple[bool | None, list[str]]:
    if not on.geometry.is_axial:
        raise InputError("outlines are pixels of axial slices; the CT is not axial", path)
    dicom = on.geometry.frame_of_reference_uid is not None
    if dicom and file.series_uid and on.series_uid != file.series_uid:
        raise InputError("reads another series than this CT: outlines are pixels of that one", path)
    if dicom and file.series_uid:
        return True, []
    return None, ["it cannot be known whether the CT is the series that was read"]


def _filled(
    outlines: tuple[Outline, ...], grid: VolumeGeometry, missing: list[float], path: Path
) -> dict[int, BoolArray]:
    """Return the nodule's pixels by slice; holes are taken out last."""
    planes: dict[int, BoolArray] = {}
    for outline in sorted(outlines, key=lambda o: not o.included):
        at = (outline.z_mm - grid.origin_mm[2]) / grid.spacing_mm[0]
        z = round(at)
        if abs(at - z) > IN_SLICE or not 0 <= z < grid.shape[0]:
            missing.append(outline.z_mm)
            continue
        if (outline.pixels_yx >= grid.shape[1:]).any():
            raise InputError("outlines reach beyond the CT: it is not the one that was read", path)
        if len(outline.pixels_yx) < FEWEST_POINTS:
            continue
        plane = planes.setdefault(z, np.zeros(grid.shape[1:], bool))
        pixels = outline.pixels_yx
        inside = np.zeros_like(plane)
        inside[polygon(pixels[:, 0], pixels[:, 1], plane.shape)] = True
        if outline.included:
            plane |= inside
        else:
            # The outline of a hole is still nodule: it lies just outside the hole.
            inside[pixels[:, 0], pixels[:, 1]] = False
            plane &= ~inside
    return {z: plane for z, plane in planes.items() if plane.any()}


def _grouped(readings: list[_Reading]) -> list[int]:
    """Number nodules from 1 by place: readings of two readers that overlap are one."""
    pairs = [
        (i, j)
        for i, a in enumerate(readings)
        for j, b in enumerate(readings[:i])
        if a.reader != b.reader and _overlap(a, b)
    ]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    links = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(readings),) * 2)
    _, group = connected_components(links, directed=False)
    lowest = {int(k): np.inf for k in group}
    for reading, k in zip(readings, group, strict=True):
        lowest[int(k)] = min(lowest[int(k)], *reading.planes)
    rank = {k: place for place, k in enumerate(sorted(lowest, key=lowest.__getitem__), start=1)}
    return [rank[int(k)] for k in group]


def _overlap(first: _Reading, second: _Reading) -> bool:
    common = first.planes.keys() & second.planes.keys()
    return any((first.planes[z] & second.planes[z]).any() for z in common)


def _reader_mask(
    readings: list[_Reading], groups: list[int], reader: int, grid: VolumeGeometry
) -> LabelVolume:
    labels: npt.NDArray[Any] = np.zeros(grid.shape, np.min_scalar_type(max(groups)))
    names = {}
    for reading, group in zip(readings, groups, strict=True):
        if reading.reader == reader:
            names[group] = f"Nodule {group}"
            for z, plane in reading.planes.items():
                labels[z][plane] = group
    return LabelVolume(labels, grid, names)


def _consensus(
    masks: tuple[LabelVolume, ...], groups: list[int], grid: VolumeGeometry
) -> LabelVolume:
    labels: npt.NDArray[Any] = np.zeros(grid.shape, np.min_scalar_type(max(groups)))
    names = {}
    for group in sorted(set(groups)):
        votes = np.zeros(grid.shape, np.uint8)
        for mask in masks:
            votes += mask.labels == group
        agreed = votes >= CONSENSUS_READERS
        if agreed.any():
            labels[agreed] = group
            names[group] = f"Nodule {group}"
    return LabelVolume(labels, grid, names)
