from dataclasses import replace

import numpy as np

from napari_radiogen.domain import LabelVolume
from napari_radiogen.session.digests import labels_digest, result_digest, scan_digest
from tests.session.fakes import make_scan


def test_a_scan_is_its_voxels_and_its_place():
    scan = make_scan()
    same = replace(scan, voxels=scan.voxels.copy(), series_uid="other", description="other")
    assert scan_digest(scan) == scan_digest(same)
    voxels = scan.voxels.copy()
    voxels[3, 4, 5] += 1
    moved = replace(scan.geometry, origin_mm=(0.0, 0.0, 0.0))
    others = (
        replace(scan, voxels=voxels),
        replace(scan, geometry=moved),
        replace(scan, voxels=scan.voxels.astype(np.int32)),
    )
    assert len({scan_digest(s) for s in (scan, *others)}) == 4


def test_labels_are_their_numbers_whatever_their_type():
    geometry = make_scan().geometry
    labels = np.zeros(geometry.shape, np.uint8)
    labels[4:8] = 3
    wide = LabelVolume(labels.astype(np.int64), geometry)
    assert labels_digest(LabelVolume(labels, geometry)) == labels_digest(wide)
    labels = labels.copy()
    labels[0, 0, 0] = 1
    assert labels_digest(LabelVolume(labels, geometry)) != labels_digest(wide)


def test_a_nodule_is_its_voxels_and_where_they_lie(session):
    result = session.result
    assert result_digest(result) == result_digest(replace(result, measurements={}))
    assert result_digest(result) != result_digest(replace(result, start_zyx=(0, 0, 0)))
