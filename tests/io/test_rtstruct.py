"""RTSTRUCT in: the area that outlines enclose, against another rasteriser."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from pydicom.dataset import Dataset

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.masks import mask_kind, read_mask
from tests.fixtures_masks import AXIAL_GRID, FRAME_UID, ct_on, ring, write_rtstruct

CENTRE = (10.0, 50.0)
FINE = 9
OBLIQUE = VolumeGeometry(
    (5, 60, 70),
    (2.5, 0.7, 0.9),
    (-20.0, 30.0, -100.0),
    (0.8, 0.0, 0.6, 0.0, 1.0, 0.0, -0.6, 0.0, 0.8),
    FRAME_UID,
)


def slice_mm(z: int) -> float:
    return AXIAL_GRID.origin_mm[2] + z * AXIAL_GRID.spacing_mm[0]


def enclosed(outlines: list[np.ndarray]) -> np.ndarray:
    """(Y, X) pixels of one axial slice of which half the area has odd parity, by matplotlib."""
    _, rows, columns = AXIAL_GRID.shape
    shift = (np.arange(FINE) - (FINE - 1) / 2) / FINE
    y = 30.0 + 0.7 * (np.arange(rows)[:, None] + shift).ravel()
    x = -20.0 + 0.9 * (np.arange(columns)[:, None] + shift).ravel()
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    odd = np.zeros(len(points), bool)
    for outline in outlines:
        odd ^= Outline(outline[:, :2]).contains_points(points)
    return odd.reshape(rows, FINE, columns, FINE).mean(axis=(1, 3)) >= 0.5


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_outlines_fill_what_they_enclose_on_non_square_pixels(tmp_path: Path) -> None:
    outlines = [ring(CENTRE, 9 + z, slice_mm(z)) for z in range(1, 4)]
    path = write_rtstruct(tmp_path / "r.dcm", [("GTV 1", outlines)])
    assert mask_kind(path) == "rtstruct"
    found = read_mask(path, ct_on())
    assert found.names == {1: "GTV 1"}
    assert found.same_frame is True
    assert found.warnings == ()
    labels = found.sole_layer.labels
    assert not labels[[0, 4]].any()
    for z, outline in zip(range(1, 4), outlines, strict=True):
        assert dice(labels[z] > 0, enclosed([outline])) >= 0.99


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_holes_islands_and_islands_in_holes(tmp_path: Path, kind: str) -> None:
    outlines = [
        ring(CENTRE, 14, slice_mm(2)),
        ring(CENTRE, 8, slice_mm(2)),
        ring(CENTRE, 3, slice_mm(2)),
        ring((34.0, 40.0), 4, slice_mm(2)),
    ]
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", [("a", outlines)], kind=kind), ct_on())
    assert dice(found.sole_layer.labels[2] > 0, enclosed(outlines)) >= 0.99
    assert found.warnings == ()


def test_a_keyhole_is_a_hole(tmp_path: Path) -> None:
    outer, inner = ring(CENTRE, 12, slice_mm(2)), ring(CENTRE, 6, slice_mm(2))
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1], outer[:1]])
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", [("a", [keyhole])]), ct_on())
    assert dice(found.sole_layer.labels[2] > 0, enclosed([outer, inner])) >= 0.99


def test_structures_keep_their_names_and_overlaps_their_layers(tmp_path: Path) -> None:
    structures = [
        ("Tumour", [ring(CENTRE, 10, slice_mm(2))]),
        ("Lesion two", [ring((14.0, 50.0), 6, slice_mm(2))]),
        ("empty", []),
        ("far", [ring((34.0, 36.0), 3, slice_mm(2))]),
    ]
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", structures), ct_on())
    assert [layer.names for layer in found.layers] == [
        {1: "Tumour", 4: "far"},
        {2: "Lesion two"},
    ]
    assert found.warnings == ("structure 3: no closed outline, left out",)


def test_outlines_on_an_oblique_ct(tmp_path: Path) -> None:
    flat = ring((0.0, 0.0), 9, 0.0)[:, :2]
    axes = OBLIQUE.direction_matrix
    centre = OBLIQUE.index_to_lps((2, 30, 35))
    outline = centre + flat[:, :1] * axes[:, 0] + flat[:, 1:] * axes[:, 1]
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", [("a", [outline])]), ct_on(OBLIQUE))
    y, x = np.mgrid[:60, :70]
    points = np.column_stack([(x.ravel() - 35) * 0.9, (y.ravel() - 30) * 0.7])
    expected = Outline(flat).contains_points(points).reshape(60, 70)
    assert dice(found.sole_layer.labels[2] > 0, expected) >= 0.98
    with pytest.raises(InputError, match="cuts across slices"):
        read_mask(tmp_path / "r.dcm", ct_on())


def test_outlines_between_slices_are_moved_and_told(tmp_path: Path) -> None:
    outlines = [ring(CENTRE, 9, slice_mm(1) + 0.8), ring(CENTRE, 9, slice_mm(3))]
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", [("a", outlines)]), ct_on())
    assert np.flatnonzero(found.sole_layer.labels.any(axis=(1, 2))).tolist() == [1, 3]
    assert any("moved to the nearest" in w for w in found.warnings)
    assert any("stay empty" in w for w in found.warnings)


def test_finer_outlines_do_not_cancel_one_another(tmp_path: Path) -> None:
    planes = [slice_mm(1) + step for step in (-0.8, 0.0, 0.8)]
    outlines = [ring(CENTRE, 9, z) for z in planes]
    found = read_mask(write_rtstruct(tmp_path / "r.dcm", [("a", outlines)]), ct_on())
    assert dice(found.sole_layer.labels[1] > 0, enclosed(outlines[1:2])) >= 0.99
    assert any("share a slice" in w for w in found.warnings)


def test_doubled_and_crossing_outlines_are_told(tmp_path: Path) -> None:
    one = ring(CENTRE, 9, slice_mm(2))
    found = read_mask(write_rtstruct(tmp_path / "d.dcm", [("a", [one, one])]), ct_on())
    assert dice(found.sole_layer.labels[2] > 0, enclosed([one])) >= 0.99
    assert any("there twice" in w for w in found.warnings)
    both = [one, ring((16.0, 50.0), 9, slice_mm(2))]
    found = read_mask(write_rtstruct(tmp_path / "c.dcm", [("a", both)]), ct_on())
    assert dice(found.sole_layer.labels[2] > 0, enclosed(both)) >= 0.99
    assert any("cross" in w for w in found.warnings)


def test_places_that_do_not_fit_are_refused_or_told(tmp_path: Path) -> None:
    inside = ring(CENTRE, 9, slice_mm(2))
    other = write_rtstruct(tmp_path / "o.dcm", [("a", [inside])], frame_uid="1.2.3")
    with pytest.raises(InputError, match="another frame of reference"):
        read_mask(other, ct_on())
    none = read_mask(write_rtstruct(tmp_path / "n.dcm", [("a", [inside])], frame_uid=""), ct_on())
    assert none.same_frame is None
    far = write_rtstruct(tmp_path / "f.dcm", [("a", [ring(CENTRE, 9, 900.0)])])
    with pytest.raises(InputError, match="wholly outside"):
        read_mask(far, ct_on())
    outlines = [inside, ring(CENTRE, 9, 900.0)]
    partly = read_mask(write_rtstruct(tmp_path / "p.dcm", [("a", outlines)]), ct_on())
    assert any("outside the CT" in w for w in partly.warnings)
    edge = [ring((-18.0, 50.0), 9, slice_mm(2))]
    cut = read_mask(write_rtstruct(tmp_path / "e.dcm", [("a", edge)]), ct_on())
    assert any("cut off" in w for w in cut.warnings)
    with pytest.raises(InputError, match="give the CT"):
        read_mask(far)


def _count(header: Dataset) -> None:
    header.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 7


def _odd(header: Dataset) -> None:
    item = header.ROIContourSequence[0].ContourSequence[0]
    item.ContourData = item.ContourData[:-1]


def _endless(header: Dataset) -> None:
    item = header.ROIContourSequence[0].ContourSequence[0]
    item.ContourData = ["1e999", *item.ContourData[1:]]


def _points(header: Dataset) -> None:
    header.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "POINT"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_count, "says 7"),
        (_odd, "points"),
        (_endless, "points|damaged"),
        (_points, "no closed outline"),
    ],
)
def test_broken_outlines_are_refused(tmp_path: Path, change, reason: str) -> None:
    structures = [("Doe", [ring(CENTRE, 9, slice_mm(2))])]
    path = write_rtstruct(tmp_path / "r.dcm", structures, change=change)
    with pytest.raises(InputError, match=reason) as caught:
        read_mask(path, ct_on())
    assert "Doe" not in str(caught.value)
