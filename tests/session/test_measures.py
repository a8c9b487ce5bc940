import csv
import io

import numpy as np
import pytest

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.domain import LabelVolume, Nodule
from napari_radiogen.errors import InputError
from napari_radiogen.imaging.measure import find_nodules
from napari_radiogen.session.measures import MEASURES, measure, tumours_csv, write_measurements
from tests.session.fakes import FakeSegmentation, make_scan


def found(name="=cmd()"):
    scan = make_scan()
    labels = np.zeros(scan.geometry.shape, np.uint8)
    labels[10:16, 10:20, 10:18] = 1
    labels[22:26, 10:14, 10:14] = 2
    volume = LabelVolume(labels, scan.geometry, {1: name})
    return FakeSegmentation(volume, find_nodules(scan, volume), "unet-fake")


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_holds_every_measurement_in_its_unit():
    segmentation = found()
    first, second = rows(tumours_csv(segmentation))
    nodule = segmentation.nodules[0]
    for m in MEASURES:
        assert float(first[m.key]) == pytest.approx(getattr(nodule, m.key), rel=1e-5)
    assert float(first["z_mm"]) == pytest.approx(nodule.centroid_lps_mm[2])
    assert first["name"] == "'=cmd()"  # no spreadsheet runs it
    assert second["name"] == "2"
    assert first["source"] == "unet-fake"
    assert first["note"] == RESEARCH_USE


def test_a_measurement_that_is_not_known_is_an_empty_cell():
    bare = FakeSegmentation(found().labels, (Nodule(1, (0.0, 0.0, 0.0), 900.0, 12.0, 30.0),))
    (row,) = rows(tumours_csv(bare))
    assert row["sphericity"] == row["confidence"] == ""
    assert measure("sphericity").words(bare.nodules[0]) == "–"


def test_words_carry_the_unit_that_people_read():
    nodule = Nodule(1, (0.0, 0.0, 0.0), 1234.0, 12.34, -30.4, solid_fraction=0.876)
    assert measure("volume_mm3").words(nodule) == "1.23 ml"
    assert measure("long_axis_mm").words(nodule) == "12.3 mm"
    assert measure("solid_fraction").words(nodule) == "88 %"
    assert measure("mean_hu").words(None) == "–"


def test_writing_refuses_another_suffix_and_nothing_to_write(tmp_path):
    with pytest.raises(InputError, match="csv"):
        write_measurements(found(), tmp_path / "table.xlsx")
    empty = FakeSegmentation(found().labels, ())
    with pytest.raises(InputError, match="no tumour"):
        write_measurements(empty, tmp_path / "table.csv")
    write_measurements(found(), tmp_path / "table.csv")
    assert len(rows((tmp_path / "table.csv").read_text())) == 2


def test_the_session_writes_and_says_so(session, told, tmp_path):
    session.save_measurements(tmp_path / "none.csv")
    assert "no tumours to measure" in told.failed[0]
    written = []
    session.exported.connect(written.append)
    session.find_tumours()
    session.save_measurements(tmp_path / "t.csv")
    assert written == [str(tmp_path / "t.csv")]
