"""Masks onto the open scan as tumours, and tumours to files."""

from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import LabelVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.labels import read_labels, write_labels
from napari_radiogen.io.mask_model import MaskReading
from napari_radiogen.io.masks import mask_kind, read_mask
from napari_radiogen.io.read import read_ct
from napari_radiogen.session.tumours import notes_of, segment_name
from tests.session.fakes import CENTRE, make_engines, make_scan


def block(scan, start, size, label=1, dtype=np.uint8):
    labels = np.zeros(scan.geometry.shape, dtype)
    labels[tuple(slice(a, a + size) for a in start)] = label
    return labels


@pytest.fixture
def mask(tmp_path, session):
    """A label image on the scan: 1 is one block, 3 a large and a small one."""
    labels = block(session.scan, (4, 4, 4), 5)
    labels |= block(session.scan, (16, 16, 16), 6, 3) | block(session.scan, (30, 30, 30), 2, 3)
    path = tmp_path / "mask.nii.gz"
    write_labels(LabelVolume(labels, session.scan.geometry), path)
    return path


def reading(session, *layers, kind="dicom-seg", warnings=()):
    found = MaskReading(kind, layers, warnings, True)
    session.engines = replace(session.engines, read_mask=lambda path, on: found)


def test_a_mask_becomes_the_tumours_with_names_measurements_and_notes(session, told, mask):
    shown = []
    session.tumours_changed.connect(shown.append)
    session.open_mask(mask)
    found = session.tumours
    assert shown == [found]
    assert told.failed == []
    assert [n.label for n in found.nodules] == [1, 3]
    assert [segment_name(found, n) for n in found.nodules] == ["Label 1", "Label 3"]
    assert found.nodules[0].volume_mm3 == pytest.approx(125 * 8)
    assert found.nodules[1].volume_mm3 == pytest.approx((216 + 8) * 8)
    assert "in separate parts, measured together: Label 3 (2)" in notes_of(found)
    middle = session.scan.geometry.index_to_lps((18.5, 18.5, 18.5))
    np.testing.assert_allclose(found.nodules[1].centroid_lps_mm, middle, atol=1e-6)
    assert found.model == "label image"


def test_a_mask_of_another_place_is_one_line_and_the_tumours_stay(session, told, tmp_path):
    session.find_tumours()
    before = session.tumours
    geometry = replace(session.scan.geometry, origin_mm=(5000.0, 0.0, 0.0))
    path = tmp_path / "far.nii.gz"
    write_labels(LabelVolume(block(session.scan, (4, 4, 4), 5), geometry), path)
    session.open_mask(path)
    assert len(told.failed) == 1
    assert str(path) in told.failed[0]
    assert "\n" not in told.failed[0]
    assert session.tumours is before


def test_without_a_scan_the_order_is_told(told, session, mask):
    from napari_radiogen.session import Session

    fresh = Session(engines=make_engines())
    lines = []
    fresh.failed.connect(lines.append)
    fresh.open_mask(mask)
    assert lines == ["no scan is open; open the CT first, then the mask that was drawn on it"]


def test_overlapping_segments_are_measured_whole_and_shown_one_on_top(session):
    scan = session.scan
    first = LabelVolume(block(scan, (4, 4, 4), 6), scan.geometry, {1: "Core", 4: "Nothing"})
    second = LabelVolume(block(scan, (4, 4, 4), 3, 2), scan.geometry, {2: "Rim"})
    reading(session, first, second, warnings=("a fault",))
    session.open_mask("x.dcm")
    found = session.tumours
    assert [n.volume_mm3 for n in found.nodules] == pytest.approx([216 * 8, 27 * 8])
    assert int((found.labels.labels == 1).sum()) == 216 - 27
    assert found.labels.names == {1: "Core", 2: "Rim", 4: "Nothing"}
    notes = notes_of(found)
    assert notes[0] == "a fault"
    assert any("overlap" in line for line in notes)
    assert "without a voxel: Nothing" in notes


def test_another_scan_takes_the_mask_away(session, mask):
    session.open_mask(mask)
    session.open_scan(make_scan(series_uid="9.9"))
    assert session.tumours is None
    assert notes_of(session.tumours) == ()


def test_a_dropped_file_is_told_apart_by_its_content(session, told, mask, tmp_path):
    session.open_any(mask)
    assert session.tumours.model == "label image"
    scan = make_scan(series_uid="7.7")
    write_ct_series(scan, tmp_path / "ct", patient_id="P")
    session.engines = replace(session.engines, read_ct=read_ct)
    session.open_any(tmp_path / "ct")
    assert session.scan.geometry.is_close(scan.geometry)
    assert session.tumours is None
    assert told.failed == []


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_tumours_are_saved_as_labels(session, tmp_path, mask, suffix):
    session.open_mask(mask)
    session.save_tumours(tmp_path / f"out{suffix}")
    again = read_labels(tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(again.labels, session.tumours.labels.labels)
    assert again.geometry.is_close(session.scan.geometry)


def test_tumours_are_saved_as_a_seg_of_their_ct(session, told, tmp_path):
    write_ct_series(make_scan(), tmp_path / "ct", patient_id="P")
    session.engines = replace(session.engines, read_ct=read_ct)
    session.open_path(tmp_path / "ct")
    session.find_tumours()
    done = []
    session.exported.connect(done.append)
    path = tmp_path / "tumours.dcm"
    session.save_tumours(path)
    assert done == [str(path)]
    assert mask_kind(path) == "dicom-seg"
    again = read_mask(path, session.scan)
    assert again.same_frame
    np.testing.assert_array_equal(again.sole_layer.labels, session.tumours.labels.labels)
    session.open_mask(path)
    assert session.tumours.model == "DICOM SEG"
    np.testing.assert_allclose(session.tumours.nodules[0].centroid_lps_mm, CENTRE, atol=2)


def test_what_cannot_be_saved_is_one_line_and_leaves_no_file(session, told, tmp_path):
    session.save_tumours(tmp_path / "none.nii.gz")
    assert "no tumours to save" in told.failed[-1]
    session.find_tumours()
    session.save_tumours(tmp_path / "seg.dcm")
    assert "DICOM folder" in told.failed[-1]
    session.save_tumours(tmp_path / "mask.png")
    assert "expected a name" in told.failed[-1]
    scan = session.scan
    layers = [LabelVolume(block(scan, (4, 4, 4), 3, n), scan.geometry, {n: "x"}) for n in (1, 2)]
    reading(session, *layers)
    session.open_mask("x")
    session.save_tumours(tmp_path / "mask.nii.gz")
    assert "overlap" in told.failed[-1]
    assert len(told.failed) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_refuses_is_one_line(session, told):
    def refuse(path, on):
        raise InputError("made in another frame of reference than the CT", path)

    session.engines = replace(session.engines, read_mask=refuse)
    session.open_mask("seg.dcm")
    assert told.failed == ["seg.dcm: made in another frame of reference than the CT"]
    assert not session.is_busy("tumours")
