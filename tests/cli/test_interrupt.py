"""Ctrl-C while a command writes: exit code 130, nothing left behind, not a word of a traceback."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen import cli
from napari_radiogen.domain import LabelVolume
from napari_radiogen.inference import segmenter
from napari_radiogen.io import cohort_content, dicom_write, mirror, packing, seg_write
from napari_radiogen.io.labels import write_labels, write_volume
from tests.cohorts import test_surrogate
from tests.nodule_folder import write_nodules
from tests.whole_scans import chest, write_collection

Words = Callable[[Path, Path], list[str]]


class OneNodule:
    def segment(self, ct, **_):
        labels = np.zeros(ct.geometry.shape, np.uint8)
        labels[2:4, 3:6, 3:6] = 1
        return segmenter.Segmentation(LabelVolume(labels, ct.geometry), (), "fake", 0.1)


def convert(name: str) -> Words:
    def words(folder: Path, out: Path) -> list[str]:
        ct, _ = chest(0)
        write_volume(ct, folder / "ct.nrrd")
        return ["convert", str(folder / "ct.nrrd"), str(out / name)]

    return words


def convert_mask(folder: Path, out: Path) -> list[str]:
    collection = write_collection(folder / "in", 1, faults=False)
    (ct,) = collection.rglob("3.000-NA-1")
    write_labels(chest(0)[1], folder / "mask.nrrd")
    return ["convert", str(folder / "mask.nrrd"), str(out / "m.dcm"), "--reference", str(ct)]


def segment(folder: Path, out: Path) -> list[str]:
    write_volume(chest(0)[0], folder / "ct.nrrd")
    return ["segment", str(folder / "ct.nrrd"), "--out", str(out / "found.nii.gz")]


def build(folder: Path, out: Path) -> list[str]:
    given = write_collection(folder / "in", 3, faults=False)
    said = ["--ct", str(given / "dicom"), "--expression", str(given / "expression.txt")]
    return ["cohort", "build", *said, "--workers", "1", "--out", str(out / "c")]


def plant(folder: Path, out: Path) -> list[str]:
    return [
        "cohort",
        "plant",
        "--nodules",
        str(write_nodules(folder / "in")),
        "--out",
        str(out / "c"),
    ]


def surrogate(folder: Path, out: Path) -> list[str]:
    given = test_surrogate.sources(folder / "in")
    said = ["--genes", str(given.genes), "--semantics", str(given.semantics)]
    return ["cohort", "surrogate", *said, "--nodules", str(given.nodules), "--out", str(out / "c")]


def fetch(folder: Path, out: Path) -> list[str]:
    data = b"x" * 5000
    (folder / "mirror").mkdir()
    (folder / "mirror" / "a.dcm").write_bytes(data)
    row = f"a.dcm,{len(data)},{hashlib.sha256(data).hexdigest()}"
    (folder / "mirror" / "manifest.csv").write_text(f"file,size,sha256\n{row}\n")
    said = ["--mirror", str(folder / "mirror"), "--out", str(out / "f")]
    return ["cohort", "fetch", "nsclc-radiogenomics", *said]


COMMANDS = [
    pytest.param(convert("s.nii.gz"), packing, (), id="volume"),
    pytest.param(convert("s"), dicom_write, (), id="series"),
    pytest.param(convert_mask, seg_write, (), id="seg"),
    pytest.param(segment, packing, (), id="segment"),
    pytest.param(build, cohort_content, (".c.radiogen-build",), id="build"),
    pytest.param(plant, cohort_content, (), id="plant"),
    pytest.param(surrogate, cohort_content, (), id="surrogate"),
    # What came of a file is kept for the next try.
    pytest.param(fetch, mirror, ("f",), id="fetch"),
]


@pytest.fixture
def hears_interrupts():
    """Hear Ctrl-C also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_interrupts")
@pytest.mark.parametrize(("words", "module", "kept"), COMMANDS)
def test_an_interrupt_leaves_nothing(
    words: Words, module, kept, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(segmenter, "load_segmenter", lambda name: OneNodule())
    (tmp_path / "out").mkdir()
    said = words(tmp_path, tmp_path / "out")
    asked = []

    def interrupt(_cancelled) -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(packing, "PIECE_BYTES", 1000)
    monkeypatch.setattr(module, "check_stop", interrupt)
    assert cli.main(said) == 130
    assert len(asked) == 2
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(kept)
    assert not list((tmp_path / "out").rglob("manifest.csv"))
    assert "Traceback" not in capsys.readouterr().err
