from dataclasses import replace

import numpy as np

from napari_radiogen.session import Session
from napari_radiogen.session.scan_info import geometry_facts
from tests.session.fakes import make_engines, make_scan


def test_the_grid_in_words():
    facts = dict(geometry_facts(make_scan()))
    assert facts["voxels"] == "44 × 40 × 36"
    assert facts["spacing"] == "2 × 2 × 2 mm"
    assert facts["size"] == "88 × 80 × 72 mm"
    assert facts["axes"] == "axial"
    assert facts["first voxel"] == "-33.0, -19.0, -65.0 mm (LPS)"
    assert "origin" not in facts


def test_an_oblique_synthetic_scan_says_so():
    c, s = np.cos(0.2), np.sin(0.2)
    scan = make_scan()
    geometry = replace(scan.geometry, direction=(c, -s, 0, s, c, 0, 0, 0, 1))
    facts = dict(geometry_facts(replace(scan, geometry=geometry, synthetic=True)))
    assert facts["axes"] == "oblique"
    assert facts["origin"] == "SYNTHETIC"


def test_identity_is_asked_of_the_reader_only_on_request(tmp_path):
    asked = []

    def read(path, uid, identity):
        asked.append((path, identity))
        return (("patient", "Doe"),) if identity else ()

    session = Session(engines=make_engines(read_facts=read))
    told, said = [], []
    session.info.told.connect(told.append)
    session.failed.connect(said.append)
    session.info.read()
    assert "no scan" in said[0]
    session.open_path(tmp_path)
    session.info.read()
    session.info.read(identity=True)
    assert asked == [(tmp_path, False), (tmp_path, True)]
    assert "Doe" not in str(told[0])
    assert ("patient", "Doe") in told[1]
