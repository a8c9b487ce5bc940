import numpy as np
import pytest

from napari_radiogen import cli
from napari_radiogen.cli import demo as command
from napari_radiogen.domain import LabelVolume, Subject, VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.labels import write_labels
from napari_radiogen.plugin.demo import Demo, demo_subject
from napari_radiogen.plugin.site import left_lung_site
from napari_radiogen.plugin.widgets.triptych import central_change, central_slices, difference_rgb
from tests.session.fakes import make_scan


def lungs() -> LabelVolume:
    labels = np.zeros((40, 60, 90), np.uint8)
    labels[5:35, 10:50, 8:38] = 1
    labels[5:35, 10:50, 52:82] = 1
    return LabelVolume(labels, VolumeGeometry(labels.shape, (3.0, 3.0, 3.0), (-135.0, 0.0, 0.0)))


def test_the_first_place_is_deep_in_the_left_lung_at_the_tumours_height():
    lung = lungs()
    point = left_lung_site(lung, near=(-80.0, 90.0, 60.0))
    assert point[0] > 0  # LPS: +x is the patient's left
    assert abs(point[2] - 60.0) <= 6
    index = np.round(lung.geometry.lps_to_index(point)).astype(int)
    assert lung.labels[tuple(index)] == 1
    around = lung.labels[tuple(slice(i - 4, i + 5) for i in index)]
    assert around.all()


def test_the_demo_places_by_its_own_search_and_leaves_later_masks_alone(bench, tmp_path):
    demo = Demo(bench)
    demo.start(tmp_path)
    session = bench.session
    site = session.state.site
    assert site is not None
    assert session.tumours is not None
    labels = np.zeros(session.scan.geometry.shape, np.uint8)
    labels[4:8, 10:14, 10:14] = 1
    path = tmp_path / "mask.nii.gz"
    write_labels(LabelVolume(labels, session.scan.geometry), path)
    session.open_mask(path)
    assert session.tumours.model == "label image"
    assert session.state.site == site


def test_a_mask_on_a_scan_without_a_nodule_places_none(bench, tmp_path):
    bench.demo = Demo(bench)
    bench.demo._led = True
    bench.session.open_scan(make_scan())
    bench.session.find_tumours()
    assert bench.session.state.site is None


def test_no_lung_no_place():
    empty = lungs()
    assert left_lung_site(LabelVolume(np.zeros_like(empty.labels), empty.geometry)) is None


def test_the_demo_shows_a_subject_that_was_not_trained_on():
    subjects = (
        Subject("A", "1", "train", attributes={"diameter": 20.0}),
        Subject("B", "2", "test", attributes={"diameter": 9.0}),
        Subject("C", "3", "test", attributes={"diameter": 17.0}),
    )
    assert demo_subject(subjects) == "C"
    assert demo_subject(subjects[:1]) == "A"


@pytest.mark.parametrize("text", ["", "800", "x", "10x10", "9000x800", "1280x-800", "ax800"])
def test_a_size_that_makes_no_window_is_refused(text):
    with pytest.raises(InputError):
        command.parse_size(text)


def test_a_size_is_two_numbers():
    assert command.parse_size("1280x800") == (1280, 800)


def test_a_missing_scan_is_one_line(capsys, tmp_path):
    assert cli.main(["demo", "--scan", str(tmp_path / "none")]) == 1
    assert "no such file" in capsys.readouterr().err


def test_without_display_the_command_starts_again_on_a_virtual_screen(monkeypatch):
    started = []

    def replace(path, words):
        started.extend(words)
        raise SystemExit(0)

    monkeypatch.setattr(command, "_has_display", lambda: False)
    monkeypatch.setattr(command.shutil, "which", lambda name: "/usr/bin/xvfb-run")
    monkeypatch.setattr(command.os, "execv", replace)
    assert cli.main(["demo", "--size", "1600x1000"]) == 0
    assert started[0].endswith("xvfb-run")
    assert started[started.index("--screenshot") + 1].endswith(".png")
    assert started[started.index("--size") + 1] == "1600x1000"


def test_without_any_screen_one_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(command, "_has_display", lambda: False)
    monkeypatch.setattr(command.shutil, "which", lambda name: None)
    assert cli.main(["demo"]) == 1
    assert "xvfb" in capsys.readouterr().err


def test_the_three_pictures_show_the_change_alone(ready):
    scan, result = ready.session.scan, ready.session.result
    before, after = central_slices(scan, result)
    inside = result.region.labels[len(result.region.labels) // 2] > 0
    assert np.array_equal(before[~inside], after[~inside])
    assert not np.array_equal(before, after)
    hu = ready.session.comparing.difference("scan")
    change = central_change(hu, result)
    assert np.array_equal(change, after.astype(np.float32) - before)
    rgb = difference_rgb(change)
    assert (rgb[~inside] == 20).all()
    assert rgb[inside][:, 0].mean() > 150  # denser than lung: red
    assert (difference_rgb(-change)[inside][:, 2]).mean() > 150
