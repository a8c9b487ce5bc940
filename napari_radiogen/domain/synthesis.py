"""What is asked of a generator, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain.nodule import NoduleSite
from napari_radiogen.domain.provenance import Provenance
from napari_radiogen.domain.volume import CTVolume, LabelVolume


@dataclass(frozen=True)
class SynthesisRequest:
    """Everything that decides the pixels of a synthetic nodule; hashable.

    Parameters
    ----------
    site
        Scan and place.
    metagenes
        (K,) z-scores in the order of the model's metagenes.
    seed
        Of the generator's noise.
    model_digest
        sha256 of the weights.
    strength
        Of the blend, 0 to 1; 1 is the generator's own.
    subject_id
        Whose genes these were before any edit, or "".
    """

    site: NoduleSite
    metagenes: tuple[float, ...]
    seed: int
    model_digest: str
    strength: float = 1.0
    subject_id: str = ""


@dataclass(frozen=True, eq=False)
class SynthesisResult:
    """A nodule blended into the box of the scan around its site.

    Parameters
    ----------
    request
        What was asked.
    composed
        The box of the scan with the nodule, HU, same dtype as the scan.
        Equal to the scan wherever ``region`` is 0.
    region
        Same grid: 1 where the composition may differ from the scan.
    mask
        Same grid: 1 inside the nodule, by the generator's own mask.
    start_zyx
        Index of the box's first voxel in the scan.
    measurements
        Name with unit to value, e.g. ``long_axis_mm``.
    weight
        Same grid: the blend weight a in [0, 1] of object over background.
    complete
        False for a first look that holds only the slices near the centre.
    """

    request: SynthesisRequest
    composed: CTVolume
    region: LabelVolume
    mask: LabelVolume
    start_zyx: tuple[int, int, int]
    measurements: dict[str, float]
    provenance: Provenance
    weight: npt.NDArray[np.float32] | None = None
    complete: bool = True

    def paste_into(self, voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy of a scan's voxels (Z, Y, X) with the nodule in place."""
        out = voxels.copy()
        box = tuple(
            slice(a, a + n) for a, n in zip(self.start_zyx, self.composed.voxels.shape, strict=True)
        )
        inside = self.region.labels > 0
        out[box][inside] = self.composed.voxels[inside]
        return out
