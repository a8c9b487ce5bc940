"""Every writer with two versions of a small content, and how a version is told again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from napari_radiogen.domain import CTVolume, ExpressionMatrix, LabelVolume, VolumeGeometry
from napari_radiogen.io.cohort_store import open_cohort, write_cohort
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.expression import read_expression_table, write_geo_table, write_matrix
from napari_radiogen.io.labels import read_labels, write_labels, write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.io.save import save_json, save_together
from napari_radiogen.io.seg_write import write_seg
from napari_radiogen.session.session_file import load as load_session
from napari_radiogen.session.session_save import Snapshot
from napari_radiogen.session.session_save import write as write_session
from napari_radiogen.session.state import NoduleIntent
from napari_radiogen.session.tumours import OpenedMask
from tests.evaluation.doubles import fabricate

SHAPE = (6, 32, 32)
GEOMETRY = VolumeGeometry(SHAPE, (2.0, 0.7, 0.7), (-10.0, -20.0, -30.0))


@dataclass(frozen=True)
class Writer:
    """How one kind of file is written and told apart.

    Parameters
    ----------
    name
        Of the target inside a folder.
    write
        Writes version 0 or 1 to a path; other files it needs lie beside it.
    version
        Reads the path through our own reader and returns which version it holds.
    prepare
        Makes those other files first.
    """

    name: str
    write: Callable[[Path, int], None]
    version: Callable[[Path], int]
    prepare: Callable[[Path], None] = lambda _folder: None


@cache
def _noise() -> np.ndarray:
    # Incompressible, so that a file is long enough to be cut.
    return np.random.default_rng(0).integers(-900, 900, SHAPE).astype(np.int16)


def _volume(version: int) -> CTVolume:
    return CTVolume(_noise() + np.int16(version), GEOMETRY)


def _ct_version(path: Path) -> int:
    difference = read_ct(path).voxels - _noise()
    assert difference.min() == difference.max()
    return int(difference.min())


def _labels(version: int) -> LabelVolume:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:4, :, : 20 + version] = _noise()[1:4, :, : 20 + version] % 2
    return LabelVolume(labels, GEOMETRY)


def _labels_version(path: Path) -> int:
    found = read_labels(path).labels
    return next(v for v in (0, 1) if np.array_equal(found, _labels(v).labels))


def _write_seg(path: Path, version: int) -> None:
    write_seg(_labels(version), path.parent / "ct", path)


def _seg_version(path: Path) -> int:
    import highdicom as hd

    voxels = int(np.count_nonzero(hd.seg.segread(path).pixel_array))
    return {int(_labels(v).labels.sum()): v for v in (0, 1)}[voxels]


def _ct_beside(folder: Path) -> None:
    write_ct_series(_volume(0), folder / "ct", patient_id="P1", seed="x")


def _matrix(version: int) -> ExpressionMatrix:
    values = np.random.default_rng(1).uniform(1, 9, (20, 50)).astype(np.float32) + version
    patients = tuple(f"P{i:02d}" for i in range(20))
    return ExpressionMatrix(values, patients, tuple(f"PHG{i:05d}" for i in range(50)), "log2")


def _matrix_version(path: Path) -> int:
    values = read_expression_table(path).matrix().values
    return round(float((values - _matrix(0).values).mean()))


def _geo_version(path: Path) -> int:
    from napari_radiogen.io.expression import read_geo_table

    return round(float((read_geo_table(path).values - _matrix(0).values).mean()))


def _write_series(path: Path, version: int) -> None:
    write_ct_series(_volume(version), path, patient_id="P1", seed="x", overwrite=True)


def _write_pair(path: Path, version: int) -> None:
    other = path.with_suffix(".txt")
    save_together(
        (path, lambda p: p.write_text(json.dumps({"version": version, "fill": "x" * 5000}))),
        (other, lambda p: p.write_text(str(version))),
    )


def _json_version(path: Path) -> int:
    return int(json.loads(path.read_text())["version"])


def _write_session(path: Path, version: int) -> None:
    labels = _labels(version)
    tumours = OpenedMask(labels, (), "label image", 0.0, (labels,))
    nodules = ((NoduleIntent(seed=version), None),)
    scan = path.parent / "scan.nii.gz"
    write_session(Snapshot(_volume(0), scan, None, (), nodules, 0, {}, tumours, {}, {}, None), path)


def _session_version(path: Path) -> int:
    found = load_session(path)
    assert found.tumours is not None
    assert _labels_version(path.with_name(found.tumours.masks[0].name)) == (
        found.nodules[0].intent.seed
    )
    return found.nodules[0].intent.seed


#: Writers that replace an older file.
WRITERS = (
    Writer("scan.nii.gz", lambda p, v: write_volume(_volume(v), p), _ct_version),
    Writer("scan.nrrd", lambda p, v: write_volume(_volume(v), p), _ct_version),
    Writer("scan.mha", lambda p, v: write_volume(_volume(v), p), _ct_version),
    Writer("mask.nii.gz", lambda p, v: write_labels(_labels(v), p), _labels_version),
    Writer("mask.dcm", _write_seg, _seg_version, _ct_beside),
    Writer("series", _write_series, _ct_version),
    Writer("genes.csv", lambda p, v: write_matrix(_matrix(v), p), _matrix_version),
    Writer("genes.h5ad", lambda p, v: write_matrix(_matrix(v), p), _matrix_version),
    Writer("genes.txt", lambda p, v: write_geo_table(_matrix(v), p), _geo_version),
    Writer(
        "recipe.json",
        lambda p, v: save_json(p, {"version": v, "fill": "x" * 5000}),
        _json_version,
    ),
    Writer("work.radiogen.json", _write_session, _session_version),
    Writer("pair.json", _write_pair, _json_version),
)


def write_new_cohort(path: Path) -> None:
    """Write a small cohort to a place that is free."""
    write_cohort(path, fabricate(patients=6, subjects_each=1, test_from=3))


def is_whole_cohort(path: Path) -> bool:
    """Whether a path holds a cohort that opens and verifies; False where there is none."""
    if not (path / "cohort.json").exists():
        return False
    open_cohort(path)
    return True
