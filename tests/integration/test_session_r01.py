"""One real scan from folder to session file, and back in a new process: identical pixels.

The nodules put into it are synthetic; the model learned from the planted
cohort, whose expression is invented.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import LabelVolume
from napari_radiogen.io.images import read_array
from napari_radiogen.session import Session, nodules

#: Where the data's own description puts the nodule of this patient, LPS mm.
NODULE_LPS_MM = (-97.7, -145.6, -68.0)
#: Radius of the circle around it, on that slice.
RADIUS_MM = 5.5 * 0.693
LEFT_LUNG = (90.0, -150.0, -100.0)
BESIDE = (62.0, -150.0, -100.0)

#: Opens a session as a new window does, and tells what it found.
REOPEN = """
import json, sys
from napari_radiogen.session import Session
session = Session()
session.failed.connect(lambda line: print(line, file=sys.stderr))
session.files.open(sys.argv[1])
session.export_volume(sys.argv[2])
print(json.dumps({
    "intent": repr(session.state.intent.nodules),
    "window": session.state.window,
    "tumours": [n.to_json() for n in session.tumours.nodules],
    "voxels": int(session.tumours.labels.labels.astype(bool).sum()),
}))
"""


def check_circle(found: LabelVolume, label: int) -> None:
    """Compare the outline with the circle that the description draws around the nodule."""
    z, y, x = found.geometry.lps_to_index(NODULE_LPS_MM)
    outlined = found.labels[round(float(z))] == label
    rows, columns = np.indices(outlined.shape)
    pixel = found.geometry.spacing_mm[1]
    circle = np.hypot(rows - y, columns - x) * pixel <= RADIUS_MM
    away = (np.argwhere(outlined).mean(axis=0) - (y, x)) * pixel
    assert outlined[circle].mean() > 0.8
    assert np.hypot(*away) < 3
    # The network draws spicules and vessels in: three times the circle's area.
    assert outlined.sum() < 5 * circle.sum()


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.usefixtures("one_look")
def test_a_session_of_a_real_scan_gives_identical_pixels_in_a_new_process(
    r01_folder: Path, tmp_path: Path
) -> None:
    session, told = Session(), []
    session.failed.connect(told.append)
    session.open_path(r01_folder)
    session.load_models()
    session.find_tumours()
    assert session.tumours is not None
    away = [
        float(np.linalg.norm(np.subtract(n.centroid_lps_mm, NODULE_LPS_MM)))
        for n in session.tumours.nodules
    ]
    found = session.tumours.nodules[int(np.argmin(away))]
    assert min(away) <= 10
    assert found.volume_mm3 > 100
    assert 5 < found.long_axis_mm < 30
    check_circle(session.tumours.labels, found.label)
    generator = session.generator
    assert generator is not None
    session.choose_subject(generator.subject_ids[0])
    session.place(LEFT_LUNG)
    session.set_metagene(generator.metagenes.names[0], 1.5)
    session.add_nodule()
    session.choose_subject(generator.subject_ids[-1])
    session.place(BESIDE)
    session.state.window = "Wide"
    session.export_figure(tmp_path / "figure.png")
    session.files.save(tmp_path / "r01.radiogen.json")
    assert told == []
    assert len(session.results) == 2
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert (tmp_path / "figure.recipe.json").is_file()
    assert session.scan is not None
    assert session.scan.series_uid not in (tmp_path / "r01.radiogen.json").read_text()

    again = tmp_path / "again.nii"
    done = subprocess.run(
        [sys.executable, "-c", REOPEN, str(tmp_path / "r01.radiogen.json"), str(again)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert shown["intent"] == repr(session.state.intent.nodules)
    assert shown["window"] == "Wide"
    assert shown["tumours"] == json.loads(
        json.dumps([n.to_json() for n in session.tumours.nodules])
    )
    assert shown["voxels"] == int(session.tumours.labels.labels.astype(bool).sum())
    voxels = nodules.whole_scan(session.scan, session.results)
    assert not np.array_equal(voxels, session.scan.voxels)
    np.testing.assert_array_equal(read_array(again)[0], voxels)
