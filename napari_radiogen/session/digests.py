"""What says that a scan, labels or a nodule are the very same: sha256 of voxels and place."""

from __future__ import annotations

import hashlib
import json
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import CTVolume, LabelVolume, SynthesisResult, VolumeGeometry

#: Hashing a whole scan takes about a second: once for each.
_known: WeakKeyDictionary[CTVolume | LabelVolume, str] = WeakKeyDictionary()


def scan_digest(ct: CTVolume) -> str:
    """Return the sha256 of a scan's voxels and geometry, whatever file it came from."""
    known = _known.get(ct)
    if known is None:
        known = _known[ct] = _digest(ct.voxels, ct.geometry)
    return known


def labels_digest(labels: LabelVolume) -> str:
    """Return the sha256 of labels on their grid, whatever integer type they have."""
    known = _known.get(labels)
    if known is None:
        least = np.min_scalar_type(int(labels.labels.max(initial=0))).newbyteorder("<")
        voxels = np.ascontiguousarray(labels.labels, dtype=least)
        known = _known[labels] = hashlib.sha256(voxels.data).hexdigest()
    return known


def result_digest(result: SynthesisResult) -> str:
    """Return the sha256 of a result's composed voxels and their place in the scan."""
    voxels = np.ascontiguousarray(result.composed.voxels)
    header = f"{result.start_zyx} {voxels.shape} {voxels.dtype.str}"
    return hashlib.sha256(header.encode() + voxels.tobytes()).hexdigest()


def _digest(voxels: npt.NDArray[np.generic], geometry: VolumeGeometry) -> str:
    digest = hashlib.sha256()
    place = json.dumps(geometry.to_json(), sort_keys=True)
    digest.update(f"{voxels.dtype.str} {place}".encode())
    digest.update(np.ascontiguousarray(voxels).data)
    return digest.hexdigest()
