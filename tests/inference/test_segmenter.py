import numpy as np
import pytest
from torch import nn
from torch.nn import functional as F

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.inference.findings import elongation
from napari_radiogen.inference.segmenter import Segmenter, SegmenterConfig
from napari_radiogen.inference.slice_reader import SliceReader

SHAPE = (60, 90, 90)
SPACING = (1.0, 0.8, 0.8)
BALL_MM = (12.0, 20.0, 30.0)


class BrightSpots(nn.Module):
    """Calls bright pixels nodule: what is tested is everything around the network."""

    def forward(self, unit):
        return 20 * (F.avg_pool2d(unit, 3, 1, 1) + 0.2)


@pytest.fixture
def segmenter():
    return Segmenter(SliceReader(BrightSpots(), "bright", ""), SegmenterConfig())


def _scan(ball=True, rod=False, ground=-900):
    """An 8 mm ball and a 2 mm rod in dark lung; a point is (x, y, z) mm."""
    geometry = VolumeGeometry(SHAPE, SPACING, (-5.0, -10.0, 0.0))
    points = geometry.index_to_lps(np.moveaxis(np.indices(SHAPE), 0, -1))
    hu = np.full(SHAPE, ground, np.int16)
    if ball:
        hu[np.linalg.norm(points - BALL_MM, axis=-1) < 4] = 40
    if rod:
        hu[np.hypot(points[..., 0] - 45, points[..., 1] - 40) < 2] = 40
    return CTVolume(hu, geometry), LabelVolume(np.ones(SHAPE, np.uint8), geometry)


def test_a_ball_is_found_where_it_is(segmenter) -> None:
    ct, lung = _scan()
    before = ct.voxels.copy()
    found = segmenter.segment(ct, lung=lung)
    (nodule,) = found.nodules
    assert nodule.centroid_lps_mm == pytest.approx(BALL_MM, abs=0.5)
    assert nodule.volume_mm3 == pytest.approx(4 / 3 * np.pi * 4**3, rel=0.25)
    assert found.labels.geometry == ct.geometry
    (start, stop) = nodule.bounding_box
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    assert (found.labels.labels[box] == 1).sum() == (found.labels.labels > 0).sum()
    np.testing.assert_array_equal(ct.voxels, before)


def test_flipped_axes_give_the_same_place(segmenter) -> None:
    ct, lung = _scan()
    flipped = VolumeGeometry(
        SHAPE,
        SPACING,
        tuple(ct.geometry.index_to_lps((SHAPE[0] - 1, 0, SHAPE[2] - 1))),
        (-1, 0, 0, 0, 1, 0, 0, 0, -1),
    )
    turned = CTVolume(np.ascontiguousarray(ct.voxels[::-1, :, ::-1]), flipped)
    found = segmenter.segment(turned, lung=LabelVolume(lung.labels, flipped))
    assert found.nodules[0].centroid_lps_mm == pytest.approx(BALL_MM, abs=0.5)


def test_a_vessel_is_no_nodule(segmenter) -> None:
    ct, lung = _scan(ball=False, rod=True)
    assert segmenter.segment(ct, lung=lung).nodules == ()
    lenient = Segmenter(segmenter.reader, SegmenterConfig(elongation=100.0))
    assert len(lenient.segment(ct, lung=lung).nodules) == 1


def test_nothing_is_sought_outside_the_lung(segmenter) -> None:
    ct, lung = _scan()
    elsewhere = lung.labels.copy()
    elsewhere[12:50] = 0
    found = segmenter.segment(ct, lung=LabelVolume(elsewhere, ct.geometry))
    assert found.nodules == ()
    assert segmenter.segment(_scan(ground=0)[0]).nodules == ()


def test_it_stops_when_asked_and_tells_how_far_it_is(segmenter) -> None:
    ct, lung = _scan()
    told: list[float] = []
    segmenter.segment(ct, lung=lung, progress=lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len(told) > 5
    asked = iter([False, False, False, True])
    with pytest.raises(Cancelled):
        segmenter.segment(ct, lung=lung, cancelled=lambda: next(asked))


def test_the_report_has_the_names_that_were_agreed(segmenter) -> None:
    ct, lung = _scan()
    report = segmenter.segment(ct, lung=lung).to_json()
    assert set(report) == {"lesions", "model", "seconds"}
    assert set(report["lesions"][0]) == {"centroid_lps_mm", "volume_mm3", "long_axis_mm", "mean_hu"}


def test_elongation_tells_rods_from_discs_and_cubes() -> None:
    box = np.zeros((30, 30, 30), bool)
    rod, disc, cube = box.copy(), box.copy(), box.copy()
    rod[2:28, 10:13, 10:13] = True
    disc[10:13, 5:25, 5:25] = True
    cube[5:15, 5:15, 5:15] = True
    assert elongation(rod) > 6
    assert elongation(disc) == pytest.approx(1)
    assert elongation(cube) == pytest.approx(1)


def test_probability_is_read_in_batches_of_any_size() -> None:
    reader = SliceReader(BrightSpots(), "bright", "")
    images = np.random.default_rng(0).normal(-300, 300, (19, 32, 32))
    whole = reader.probability(images)
    assert whole.shape == images.shape
    np.testing.assert_allclose(whole[17], reader.probability(images[17:18])[0], atol=1e-6)
    assert reader.probability(images[:0]).shape == (0, 32, 32)


def test_what_the_network_believed_is_kept_on_the_slices_that_it_read(segmenter) -> None:
    ct, lung = _scan()
    believed = segmenter.segment(ct, lung=lung).probability
    assert believed.values.dtype == np.float16
    assert believed.geometry.spacing_mm == pytest.approx((1.5, 0.75, 0.75))
    assert 0 <= believed.values.min() <= believed.values.max() <= 1
    z, y, x = np.round(believed.geometry.lps_to_index(BALL_MM)).astype(int)
    assert believed.values[z, y, x] > 0.9
    assert believed.values[z, y, x + 14] < 0.1
    nowhere = LabelVolume(np.zeros(SHAPE, np.uint8), lung.geometry)
    assert segmenter.segment(ct, lung=nowhere).probability is None
