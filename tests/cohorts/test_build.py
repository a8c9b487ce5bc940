"""A collection of whole scans becomes a cohort; who cannot be used is named."""

from __future__ import annotations

import csv
import json
import multiprocessing
import shutil
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from distributed import LocalCluster

from napari_radiogen import cli
from napari_radiogen.cohorts import patient
from napari_radiogen.cohorts.build import Report, Sources, build_cohort
from napari_radiogen.cohorts.check import check_cohort
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.errors import Cancelled, CohortError, InputError, RadiogenError
from napari_radiogen.io.cohort_store import CohortStore, open_cohort
from napari_radiogen.io.cohort_work import work_folder
from napari_radiogen.io.labels import write_labels, write_volume
from tests.whole_scans import (
    GAP,
    GENES,
    NO_GENES,
    NO_MASK,
    chest,
    patient_id,
    write_collection,
    write_patient,
    write_tables,
)

CONFIG = CutConfig(backgrounds=5)


def sources(folder: Path) -> Sources:
    return Sources(folder / "expression.txt", ct=folder / "dicom", clinical=folder / "clinical.csv")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("collection"))


@pytest.fixture(scope="module")
def built(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[CohortStore, Report]:
    out = tmp_path_factory.mktemp("built") / "cohort"
    report = build_cohort(sources(collection), out, CONFIG, workers=1)
    return open_cohort(out), report


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "three", 3, faults=False)


def test_twelve_patients_with_three_faults_make_a_cohort_of_nine(
    built: tuple[CohortStore, Report],
) -> None:
    store, report = built
    left_out = dict(report.rejected)
    assert len(store.subjects) == report.subjects == 9
    assert set(left_out) == {NO_GENES, NO_MASK, GAP}
    assert left_out[NO_GENES] == "no expression row"
    assert left_out[NO_MASK] == "no mask"
    assert left_out[GAP].startswith("gap")
    rows = list(csv.DictReader((store.path / "rejected.csv").open(newline="")))
    assert {r["patient_id"]: r["reason"] for r in rows} == left_out


def test_the_cohort_is_whole_and_says_what_it_is(built: tuple[CohortStore, Report]) -> None:
    store, report = built
    assert check_cohort(store.path).faults == ()
    assert store.kind == "phantom"
    assert store.field_of_view_mm == 60
    assert store.pixel_mm == pytest.approx(60 / 64)
    assert report.genes == {"kept": GENES, "dropped_for_missing_values": 5}
    assert all(report.split.values())
    genes = [r["gene"] for r in csv.DictReader((store.path / "metagenes.csv").open(newline=""))]
    assert tuple(genes) == store.expression.gene_symbols
    assert store.manifest["provenance"]["metagenes"] == GENES // 5
    assert not work_folder(store.path).exists()


def test_patients_keep_their_genes_clinic_and_tumour(
    built: tuple[CohortStore, Report], collection: Path
) -> None:
    store, _ = built
    from napari_radiogen.io.expression import read_geo_table

    table = read_geo_table(collection / "expression.txt")
    for row, subject in enumerate(store.subjects):
        expected = table.rows((subject.patient_id,))[0][:GENES]
        np.testing.assert_allclose(store.expression.values[row], expected, atol=1e-4)
        assert subject.clinical == {"Histology": "Adenocarcinoma", "%GG": "=1+1"}
        ct, mask = chest(int(subject.patient_id[-3:]) - 1)
        volume = mask.labels.sum() * ct.geometry.voxel_volume_mm3
        assert subject.attributes["volume_mm3"] == pytest.approx(volume, rel=1e-5)
        inside = ct.voxels[mask.labels > 0].mean()
        # The margin of a ball on 3 mm pixels is half lung.
        assert inside - 250 < subject.attributes["mean_hu"] < inside + 30


def test_slices_show_the_scan_at_its_own_heights(built: tuple[CohortStore, Report]) -> None:
    store, _ = built
    own = store.slices["subject_id"] == store.subjects[0].subject_id
    rows = np.flatnonzero(own & (store.slices["role"] == "nodule"))
    steps = np.diff(np.sort(store.slices["dz_mm"][rows]))
    np.testing.assert_allclose(steps, 5.0)
    assert store.slices["dz_mm"][own & (store.slices["central"] == 1)] == 0
    inside = store.mask[rows] > 0
    assert store.image[rows][inside].mean() > -500
    assert store.paired[rows][inside].mean() < -800


def test_backgrounds_hold_lung_and_no_tumour(built: tuple[CohortStore, Report]) -> None:
    store, _ = built
    free = np.flatnonzero(store.slices["role"] == "background")
    assert len(free) == 9 * CONFIG.backgrounds
    assert not store.mask[free].any()
    middle = store.image[free][:, 28:36, 28:36]
    assert np.median(middle, axis=(1, 2)).max() < -700


def test_tumour_regions_belong_to_the_slices_with_a_mask(
    built: tuple[CohortStore, Report],
) -> None:
    store, _ = built
    wide, tight = store.regions["ltr"], store.regions["ttr"]
    assert wide.shape == (len(store.region_rows), 128, 128)
    assert tight.shape == (len(store.region_rows), 64, 64)
    assert store.manifest["regions"]["ltr"]["field_of_view_mm"] == 96
    central = np.flatnonzero(store.slices["central"][store.region_rows] == 1)
    assert (tight[central][:, 24:40, 24:40] > -600).all()
    assert np.median(wide[central][:, 60:68, 60:68]) > -600


def test_the_command_prints_the_report_and_names_who_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection = write_collection(tmp_path / "in", 4)
    said = ["--ct", str(collection / "dicom"), "--masks", str(collection / "dicom")]
    said += ["--expression", str(collection / "expression.txt"), "--workers", "1", "--json"]
    said += ["--clinical", str(collection / "clinical.csv"), "--out", str(tmp_path / "out")]
    assert cli.main(["cohort", "build", *said]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["subjects"] == 3
    assert report["rejected"] == [{"patient": NO_GENES, "reason": "no expression row"}]
    assert f"left out {NO_GENES}: no expression row" in printed.err


def test_local_processes_stop_at_once_and_give_the_same_content(
    three: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked: list[float] = []

    def cancelled() -> bool:
        if list(work_folder(out).glob("*.npz")):
            asked.append(time.monotonic())
        return bool(asked)

    with pytest.raises(Cancelled):
        build_cohort(sources(three), out, CONFIG, workers=2, cancelled=cancelled)
    assert time.monotonic() - asked[0] < 2
    assert not out.exists()
    two = build_cohort(sources(three), out, CONFIG, workers=2)
    one = build_cohort(sources(three), tmp_path / "one", CONFIG, workers=1)
    assert two.digest == one.digest


def test_a_scheduler_gives_the_same_content(three: Path, tmp_path: Path) -> None:
    one = build_cohort(sources(three), tmp_path / "one", CONFIG, workers=1)
    with LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        two = build_cohort(sources(three), tmp_path / "two", CONFIG, scheduler=address)
    assert two.digest == one.digest
    with pytest.raises(RadiogenError, match="no Dask scheduler"):
        build_cohort(sources(three), tmp_path / "no", CONFIG, scheduler="nonsense://here")


def test_a_killed_build_continues_to_the_same_content(
    collection: Path,
    built: tuple[CohortStore, Report],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "cohort"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["napari_radiogen.cohorts.build"])
    rng = np.random.default_rng(0)
    for wanted in (1, 3, 5):
        process = context.Process(
            target=build_cohort, args=(sources(collection), out, CONFIG), kwargs={"workers": 1}
        )
        process.start()
        while process.is_alive() and len(list(work_folder(out).glob("*.npz"))) < wanted:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
        assert not out.exists()
    done = len(list(work_folder(out).glob("*.npz")))
    cut = patient._cut
    calls = []
    monkeypatch.setattr(patient, "_cut", lambda *a: calls.append(1) or cut(*a))
    report = build_cohort(sources(collection), out, CONFIG, workers=1)
    assert report.digest == built[1].digest
    assert len(calls) == 10 - done
    assert [p.name for p in tmp_path.iterdir()] == ["cohort"]


def test_a_damaged_result_is_made_again(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped = []

    def cancelled() -> bool:
        stopped.append(1)
        return bool(list(work_folder(out).glob("*.npz")))

    with pytest.raises(Cancelled):
        build_cohort(sources(three), out, CONFIG, workers=1, cancelled=cancelled)
    assert not out.exists()
    (kept,) = work_folder(out).glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:2000])
    report = build_cohort(sources(three), out, CONFIG, workers=1)
    fresh = build_cohort(sources(three), tmp_path / "fresh", CONFIG, workers=1)
    assert report.digest == fresh.digest


def test_changed_settings_use_no_old_result(three: Path, tmp_path: Path) -> None:
    one = build_cohort(sources(three), tmp_path / "a", CONFIG, workers=1)
    two = build_cohort(sources(three), tmp_path / "b", CutConfig(backgrounds=5, seed=1), workers=1)
    assert one.digest != two.digest


def _edit(folder: Path, identity: str, kind: str, **values: str) -> None:
    for file in (folder / "dicom" / identity).rglob("*.dcm"):
        header = pydicom.dcmread(file)
        if header.Modality == kind:
            for keyword, value in values.items():
                setattr(header, keyword, value)
            header.save_as(file)


def _reasons(folder: Path, out: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    with pytest.raises(CohortError, match="splits need 3"):
        build_cohort(sources(folder), out, CONFIG, workers=1, told=found.__setitem__)
    return found


def test_a_mask_of_another_frame_of_reference_is_named(three: Path, tmp_path: Path) -> None:
    identity = patient_id(2)
    _edit(three, identity, "SEG", FrameOfReferenceUID="1.2.3")
    assert "another frame of reference" in _reasons(three, tmp_path / "out")[identity]
    assert not (tmp_path / "out").exists()


def test_a_tumour_at_the_border_is_named(three: Path, tmp_path: Path) -> None:
    shutil.rmtree(three / "dicom" / patient_id(1))
    write_patient(three / "dicom", patient_id(1), 0, centre_mm=(68.0, 0.0, 50.0))
    assert "border" in _reasons(three, tmp_path / "out")[patient_id(1)]


def test_a_mask_without_its_ct_and_rows_without_images_are_named(
    three: Path, tmp_path: Path
) -> None:
    study = next((three / "dicom" / patient_id(3)).iterdir())
    shutil.rmtree(study / "3.000-NA-1")
    write_tables(three, [patient_id(i) for i in (1, 2, 3, 9)])
    reasons = _reasons(three, tmp_path / "out")
    assert reasons == {patient_id(3): "no CT", patient_id(9): "no CT"}


def test_two_masks_of_one_tumour_are_not_guessed_between(three: Path, tmp_path: Path) -> None:
    seg = next((three / "dicom" / patient_id(1)).rglob("1-1.dcm"))
    shutil.copy(seg, seg.with_name("again.dcm"))
    assert "2 masks" in _reasons(three, tmp_path / "out")[patient_id(1)]


def test_an_unreadable_file_beside_the_slices_is_a_missing_slice(
    three: Path, tmp_path: Path
) -> None:
    file = next((three / "dicom" / patient_id(1)).rglob("0005.dcm"))
    file.write_bytes(b"not DICOM")
    assert "cannot be read" in _reasons(three, tmp_path / "out")[patient_id(1)]


def test_identity_of_headers_stays_out_of_everything_written(tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "in", 4, faults=False)
    identity = patient_id(4)
    _edit(folder, identity, "CT", PatientID="Canary^Joan", PatientName="Canary^Joan")
    _edit(folder, identity, "SEG", PatientID="Canary^Joan", PatientName="Canary^Joan")
    (folder / "dicom" / identity).rename(folder / "dicom" / "x")
    told: list[str] = []
    out = tmp_path / "out"
    build_cohort(sources(folder), out, CONFIG, workers=1, told=lambda p, r: told.append(f"{p} {r}"))
    assert len(told) == 2
    assert any(line.startswith("patient-") for line in told)
    assert "Canary" not in "".join(told)
    for file in out.rglob("*"):
        if file.is_file():
            assert b"Canary" not in file.read_bytes()
            assert b"1.2.826" not in file.read_bytes()


def test_a_manifest_of_plain_files_makes_a_cohort(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines = ["patient_id,ct,mask,Stage"]
    ids = [patient_id(i + 1) for i in range(4)]
    for seed, identity in enumerate(ids):
        ct, mask = chest(seed)
        write_volume(ct, folder / f"{seed}_ct.nii.gz")
        write_labels(mask, folder / f"{seed}_mask.nii.gz")
        lines.append(f"{identity},{seed}_ct.nii.gz,{seed}_mask.nii.gz,II")
    lines[-1] = lines[-1].replace("3_mask", "gone")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    write_tables(folder, ids)
    from_files = Sources(folder / "expression.txt", manifest=folder / "manifest.csv")
    report = build_cohort(from_files, tmp_path / "out", CONFIG, workers=1)
    assert report.rejected == ((ids[3], "no mask"),)
    assert {s.clinical["Stage"] for s in open_cohort(tmp_path / "out").subjects} == {"II"}


@pytest.mark.parametrize("name", ["../outside.nii.gz", "/etc/passwd", "."])
def test_a_manifest_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_tables(folder, [patient_id(1)])
    (folder / "m.csv").write_text(f"patient_id,ct,mask\n{patient_id(1)},{name},x.nii\n")
    with pytest.raises(InputError, match="outside"):
        build_cohort(
            Sources(folder / "expression.txt", manifest=folder / "m.csv"),
            tmp_path / "out",
            CONFIG,
            workers=1,
        )


def test_a_link_out_of_the_manifest_s_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.nii").write_bytes(b"x")
    (tmp_path / "in" / "link.nii").symlink_to(tmp_path / "secret.nii")
    write_tables(tmp_path / "in", [patient_id(1)])
    (tmp_path / "in" / "m.csv").write_text("patient_id,ct,mask\nPHT-001,link.nii,link.nii\n")
    with pytest.raises(InputError, match="outside"):
        build_cohort(
            Sources(tmp_path / "in" / "expression.txt", manifest=tmp_path / "in" / "m.csv"),
            tmp_path / "out",
            CONFIG,
            workers=1,
        )


def test_a_taken_place_is_refused_before_any_work(three: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(CohortError, match="already exists"):
        build_cohort(sources(three), tmp_path / "out", CONFIG, workers=1)
