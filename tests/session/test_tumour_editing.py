from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import LabelVolume
from napari_radiogen.session.tumours import EditedTumours, OpenedMask, probability_of
from tests.session.fakes import make_scan


def paint(labels, number, z=slice(4, 8)):
    labels[z, 10:16, 10:18] = number


def test_painting_measures_anew_and_leaves_the_network_s_outline_alone(session):
    session.find_tumours()
    before = session.tumours
    kept = before.labels.labels.copy()
    drawn = session.editing.begin()
    paint(drawn.labels, 2)
    session.editing.changed(drawn.labels, drawn.names)
    edited = session.tumours
    assert isinstance(edited, EditedTumours)
    assert [n.label for n in edited.nodules] == [1, 2]
    assert edited.nodules[1].volume_mm3 == pytest.approx(4 * 6 * 8 * 2.0**3)
    assert edited.labels.names[2] == "nodule 2"
    assert edited.model == f"{before.model}, edited"
    assert np.array_equal(before.labels.labels, kept)
    assert probability_of(edited) is probability_of(before)


def test_what_was_handed_in_is_a_copy(session):
    drawn = session.editing.begin()
    paint(drawn.labels, 1)
    session.editing.changed(drawn.labels, drawn.names)
    drawn.labels[:] = 0
    assert session.tumours.labels.labels.any()
    assert session.tumours.model == "by hand"
    paint(drawn.labels, 1)
    session.editing.changed(drawn.labels, drawn.names)
    assert session.tumours.model == "by hand"


def test_erasing_all_leaves_no_tumour(session):
    session.find_tumours()
    drawn = session.editing.begin()
    drawn.labels[:] = 0
    session.editing.changed(drawn.labels, drawn.names)
    assert session.tumours.nodules == ()


def test_no_scan_overlapping_segments_and_oblique_scans_are_refused(session, told):
    scan = session.scan
    labels = LabelVolume(np.ones(scan.geometry.shape, np.uint8), scan.geometry)
    session._show_tumours(OpenedMask(labels, (), "DICOM SEG", 0.0, (labels, labels)))
    assert session.editing.begin() is None
    assert "overlap" in told.failed[-1]
    c, s = np.cos(0.2), np.sin(0.2)
    geometry = replace(scan.geometry, direction=(c, -s, 0, s, c, 0, 0, 0, 1))
    session.open_scan(replace(make_scan(series_uid="7"), geometry=geometry))
    assert session.editing.begin() is None
    assert "oblique" in told.failed[-1]


def test_edited_tumours_are_written(session, tmp_path):
    drawn = session.editing.begin()
    paint(drawn.labels, 3)
    session.editing.changed(drawn.labels, drawn.names)
    written = []
    session.exported.connect(written.append)
    session.save_tumours(tmp_path / "drawn.nii.gz")
    assert written
    session.open_mask(tmp_path / "drawn.nii.gz")
    assert [n.label for n in session.tumours.nodules] == [3]
    assert np.array_equal(session.tumours.labels.labels, drawn.labels)
