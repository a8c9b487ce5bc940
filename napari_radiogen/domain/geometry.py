"""Where a voxel lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import GeometryError

FloatArray = npt.NDArray[np.float64]

#: Direction cosines that differ by less than this are the same (unitless).
DIRECTION_TOLERANCE = 1e-4


@dataclass(frozen=True)
class VolumeGeometry:
    """Grid of a volume in patient coordinates (LPS, mm).

    Arrays are indexed (z, y, x); points are (x, y, z) in LPS, as in DICOM.

    Parameters
    ----------
    shape
        Voxels along (z, y, x).
    spacing_mm
        Distance between voxel centres along (z, y, x), positive.
    origin_mm
        LPS position (x, y, z) of the centre of voxel (0, 0, 0).
    direction
        3x3, row-major, as ITK: column j is the LPS unit vector of index axis
        j in the order (x, y, z). Shear is allowed (unit columns that are not
        orthogonal); a singular matrix is not.
    frame_of_reference_uid
        DICOM frame of reference, or None when the file has none.

    Raises
    ------
    GeometryError
        When a number is not finite, a size or spacing not positive, or the
        direction singular.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "spacing_mm", tuple(float(s) for s in self.spacing_mm))
        object.__setattr__(self, "origin_mm", tuple(float(o) for o in self.origin_mm))
        flat = tuple(float(d) for d in np.asarray(self.direction, dtype=float).ravel())
        object.__setattr__(self, "direction", flat)
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"expected three sizes of at least 1, got {self.shape}")
        numbers = np.array([*self.spacing_mm, *self.origin_mm, *flat])
        if len(numbers) != 15 or not np.isfinite(numbers).all():
            raise GeometryError("spacing, origin and direction must be 3 + 3 + 9 finite numbers")
        if min(self.spacing_mm) <= 0:
            raise GeometryError(f"spacing must be positive, got {self.spacing_mm} mm")
        if abs(np.linalg.det(self.direction_matrix)) < 1e-3:
            raise GeometryError("direction is singular: two axes point the same way")

    @property
    def direction_matrix(self) -> FloatArray:
        """3x3; column j is the unit vector of index axis j of (x, y, z)."""
        return np.array(self.direction, dtype=float).reshape(3, 3)

    @property
    def step_matrix(self) -> FloatArray:
        """3x3 from index (x, y, z) to mm: direction times spacing."""
        return np.asarray(self.direction_matrix * np.array(self.spacing_mm[::-1]))

    @property
    def affine_zyx(self) -> FloatArray:
        """4x4 from index (z, y, x) to patient mm in the order (z, y, x)."""
        affine = np.eye(4)
        affine[:3, :3] = self.step_matrix[::-1, ::-1]
        affine[:3, 3] = self.origin_mm[::-1]
        return affine

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, shear included."""
        return float(abs(np.linalg.det(self.step_matrix)))

    @property
    def is_axis_aligned(self) -> bool:
        """Whether every index axis runs along a patient axis, either way."""
        rounded = np.round(self.direction_matrix)
        close = np.abs(self.direction_matrix - rounded).max() < DIRECTION_TOLERANCE
        return bool(close and abs(abs(np.linalg.det(rounded)) - 1) < DIRECTION_TOLERANCE)

    @property
    def is_axial(self) -> bool:
        """Whether slices are axial with x to the left and y to the back."""
        matrix = self.direction_matrix
        return bool(self.is_axis_aligned and np.diag(matrix).min() > 0.99)

    def index_to_lps(self, index_zyx: npt.ArrayLike) -> FloatArray:
        """Turn indices (..., 3) in z, y, x into LPS points (..., 3) in mm."""
        index = np.asarray(index_zyx, dtype=float)[..., ::-1]
        return np.asarray(index @ self.step_matrix.T + np.array(self.origin_mm))

    def lps_to_index(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Turn LPS points (..., 3) in mm into fractional indices z, y, x."""
        offset = np.asarray(points_mm, dtype=float) - np.array(self.origin_mm)
        return np.asarray(offset @ np.linalg.inv(self.step_matrix).T)[..., ::-1]

    def contains(self, point_mm: npt.ArrayLike) -> bool:
        """Whether an LPS point lies inside the voxels, edges included."""
        index = self.lps_to_index(point_mm)
        return bool((index >= -0.5).all() and (index <= np.array(self.shape) - 0.5).all())

    def crop(self, start_zyx: tuple[int, int, int], shape: tuple[int, int, int]) -> VolumeGeometry:
        """Return the grid of a box that starts at an index (z, y, x)."""
        origin = self.index_to_lps(start_zyx)
        return replace(self, shape=shape, origin_mm=(origin[0], origin[1], origin[2]))

    def is_close(self, other: VolumeGeometry, tolerance_mm: float = 1e-2) -> bool:
        """Whether both grids have the same size and corners within a tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        distance = np.abs(self.index_to_lps(corners) - other.index_to_lps(corners))
        return bool(distance.max() <= tolerance_mm)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists under the names that files and reports use."""
        return {
            "shape": list(self.shape),
            "spacing_mm": list(self.spacing_mm),
            "origin_mm": list(self.origin_mm),
            "direction": list(self.direction),
        }
