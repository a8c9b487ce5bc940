from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError
from napari_radiogen.imaging.resample import canonical_box, resample, resample_labels

OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, -1.0)


def plane_of_hu(geometry: VolumeGeometry) -> np.ndarray:
    """HU that rise linearly with each patient coordinate."""
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    return geometry.index_to_lps(index) @ np.array([2.0, -3.0, 5.0])


@pytest.mark.parametrize("order", ["linear", "cubic"])
def test_linear_field_is_kept_across_oblique_anisotropic_grids(order: str) -> None:
    source = VolumeGeometry((21, 23, 25), (2.0, 0.9, 1.1), (5, -7, 20), OBLIQUE)
    middle = source.index_to_lps((10, 11, 12))
    target = canonical_box(tuple(middle), (1.5, 0.8, 0.7), (4, 5, 6))
    ct = CTVolume(plane_of_hu(source).astype(np.float32), source)
    out = resample(ct, target, order=order)
    assert out.voxels.dtype == np.float32
    tolerance = 0.01 if order == "linear" else 1.0
    np.testing.assert_allclose(out.voxels, plane_of_hu(target), atol=tolerance)


def test_same_grid_is_identity_and_outside_is_filled() -> None:
    geometry = VolumeGeometry((3, 4, 5), (2.0, 1.0, 1.0))
    ct = CTVolume(np.arange(60, dtype=np.int16).reshape(3, 4, 5), geometry)
    np.testing.assert_array_equal(resample(ct, geometry).voxels, ct.voxels)
    away = replace(geometry, origin_mm=(500.0, 0.0, 0.0))
    assert (resample(ct, away, fill=-1024).voxels == -1024).all()


def test_labels_keep_their_values_and_type() -> None:
    geometry = VolumeGeometry((2, 2, 2), (2.0, 2.0, 2.0))
    labels = LabelVolume(np.array([[[0, 3], [0, 0]], [[0, 0], [7, 0]]], np.uint8), geometry)
    fine = VolumeGeometry((4, 4, 4), (1.0, 1.0, 1.0), (-0.5, -0.5, -0.5))
    out = resample_labels(labels, fine).labels
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(out, labels.labels.repeat(2, 0).repeat(2, 1).repeat(2, 2))


def test_box_is_centred_for_odd_and_even_sizes() -> None:
    for shape in ((3, 5, 7), (4, 6, 8)):
        box = canonical_box((1.0, 2.0, 3.0), (0.5, 0.6, 0.7), shape)
        middle = box.index_to_lps((np.array(shape) - 1) / 2)
        np.testing.assert_allclose(middle, (1, 2, 3))


def test_other_frame_of_reference_is_refused() -> None:
    here = VolumeGeometry((2, 2, 2), (1.0, 1.0, 1.0), frame_of_reference_uid="1.2")
    ct = CTVolume(np.zeros((2, 2, 2), np.int16), here)
    resample(ct, replace(here, frame_of_reference_uid=None))
    with pytest.raises(GeometryError, match="frames of reference"):
        resample(ct, replace(here, frame_of_reference_uid="1.3"))
