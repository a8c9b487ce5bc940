from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    NoduleSite,
    SynthesisRequest,
    VolumeGeometry,
)
from napari_radiogen.plugin import layers
from napari_radiogen.session.view import ViewState
from tests.session.fakes import FakeGenerator, FakeSynthesiser, make_scan


def volume(direction=layers.IDENTITY, shape=(4, 5, 6)) -> CTVolume:
    voxels = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    return CTVolume(voxels, VolumeGeometry(shape, (2.0, 0.5, 0.7), (10.0, -20.0, 30.0), direction))


@pytest.mark.parametrize(
    "direction",
    [
        layers.IDENTITY,
        (-1, 0, 0, 0, -1, 0, 0, 0, 1),
        (1, 0, 0, 0, 1, 0, 0, 0, -1),
        (1, 0, 0, 0, 0, 1, 0, -1, 0),
        (0, 0, 1, 1, 0, 0, 0, 1, 0),
    ],
)
def test_every_voxel_stays_where_it_was_in_the_patient(direction):
    ct = volume(direction)
    shown = layers.display_volume(ct)
    assert shown.notice is None
    assert shown.volume.geometry.is_axial
    for index in ((0, 0, 0), (1, 2, 3), (3, 4, 5)):
        point = ct.geometry.index_to_lps(index)
        there = np.round(shown.volume.geometry.lps_to_index(point)).astype(int)
        assert shown.volume.voxels[tuple(there)] == ct.voxels[index]
    assert np.shares_memory(shown.volume.voxels, ct.voxels)


def test_oblique_axes_are_resampled_and_said_so():
    c, s = np.cos(0.3), np.sin(0.3)
    ct = volume((c, -s, 0, s, c, 0, 0, 0, 1), (6, 12, 12))
    with pytest.raises(ValueError, match="oblique"):
        layers.axial_view(ct.voxels, ct.geometry)
    shown = layers.display_volume(ct)
    assert shown.notice is not None
    assert "oblique" in shown.notice
    middle = ct.geometry.index_to_lps((3, 6, 6))
    there = np.round(shown.volume.geometry.lps_to_index(middle)).astype(int)
    assert abs(float(shown.volume.voxels[tuple(there)]) - float(ct.voxels[3, 6, 6])) < 10


def tilted_lung(hu=-860) -> CTVolume:
    c, s = np.cos(np.radians(15)), np.sin(np.radians(15))
    shape = (24, 60, 64)
    geometry = VolumeGeometry(
        shape, (2.5, 1.0, 1.0), (-30.0, 10.0, -50.0), (c, -s, 0, s, c, 0, 0, 0, 1)
    )
    return CTVolume(np.full(shape, hu, np.int16), geometry, series_uid="1.2.3.4")


@pytest.mark.parametrize("at", [(12, 30, 32), (12, 3, 3), (1, 57, 61)], ids=["deep", "edge", "end"])
def test_a_nodule_on_tilted_axes_lies_on_the_displayed_ct_without_air(at):
    scan = tilted_lung()
    shown = layers.display_volume(scan).volume
    x, y, z = scan.geometry.index_to_lps(at)
    site = NoduleSite(scan.series_uid, (float(x), float(y), float(z)))
    request = SynthesisRequest(site, (0.0, 0.0, 0.0, 0.0), 1, "f" * 64)
    result = FakeSynthesiser(FakeGenerator()).synthesise(scan, request)
    (voxels, image, _), (mask, outline, _) = layers.nodule_layers(result, shown)
    start = shown.geometry.lps_to_index(np.array(image["translate"])[::-1])
    assert np.allclose(start, np.round(start), atol=1e-6)
    box = tuple(slice(round(a), round(a) + n) for a, n in zip(start, voxels.shape, strict=True))
    under = shown.voxels[box]
    assert under.shape == voxels.shape == mask.shape
    assert image["translate"] == outline["translate"]
    assert voxels[under == -860].min() >= -860.5  # nothing is painted over with air
    assert mask.any()
    assert voxels[mask > 0].mean() > -200
    far = np.abs(voxels - under) > 0.5
    assert far.any()
    assert not far[~ndimage.binary_dilation(mask > 0, np.ones((3, 3, 3)))].any()
    reached = result.region.labels.sum() * result.region.geometry.voxel_volume_mm3
    assert mask.sum() * shown.geometry.voxel_volume_mm3 == pytest.approx(reached, rel=0.05)


def test_the_patients_left_is_at_the_right_and_the_back_is_below():
    geometry = layers.display_volume(volume()).volume.geometry
    arguments = layers.placement(geometry)
    assert arguments["scale"] == (2.0, 0.5, 0.7)
    assert arguments["translate"] == (30.0, -20.0, 10.0)
    assert min(arguments["scale"]) > 0  # LPS: +x is left, +y is back, as napari draws them
    assert arguments["units"] == ("mm", "mm", "mm")


def test_labels_come_back_from_their_layer_on_the_same_grid():
    ct = volume()
    labels = LabelVolume((ct.voxels % 3 == 0).astype(np.uint8), ct.geometry)
    data, arguments, kind = layers.labels_layer(labels)
    assert kind == "labels"
    back = layers.labels_from_layer(data, arguments)
    assert back.geometry.is_close(ct.geometry)
    assert np.array_equal(back.labels, labels.labels)


def test_a_ct_comes_back_from_its_layer_and_keeps_its_mark():
    data, arguments, _ = layers.ct_layer(volume())
    back = layers.volume_from_layer(data, arguments)
    assert back.geometry.is_close(volume().geometry)
    assert not back.synthetic
    arguments["metadata"] = {"radiogen": "synthetic"}
    assert layers.volume_from_layer(data, arguments).synthetic


def test_a_flat_layer_has_no_geometry():
    with pytest.raises(ValueError, match="3-D"):
        layers.geometry_from_layer((4, 5), {})


def test_a_phantom_says_so_in_its_layers_name():
    phantom = replace(make_scan(), synthetic=True, description="SYNTHETIC phantom chest")
    assert layers.ct_layer(phantom)[1]["name"] == "CT (phantom)"
    painted = replace(make_scan(), synthetic=True, description="SYNTHETIC")
    assert layers.ct_layer(painted)[1]["name"] == "CT (synthetic)"
    assert "phantom" not in layers.ct_layer(make_scan())[1]["name"]


def test_windows_are_level_and_width():
    assert layers.LUNG_LIMITS == (-1350.0, 150.0)
    with pytest.raises(KeyError):
        ViewState().limits("Kidney")
