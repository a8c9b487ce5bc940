"""Miniatures for the names that the documentation uses: FOLDER, COHORT, RUN and the like."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from napari_radiogen import cli
from napari_radiogen.cohorts.invented_genes import GeneDesign
from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort
from napari_radiogen.domain import CTVolume, ExpressionMatrix, LabelVolume
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.expression import write_matrix
from napari_radiogen.io.labels import write_labels, write_volume
from napari_radiogen.session import Session
from tests.cohorts.test_fetch import FILES, _manifest
from tests.cohorts.test_surrogate import sources
from tests.docs_pages import ROOT
from tests.nodule_folder import write_nodules
from tests.whole_scans import chest, patient_id, write_collection

MODEL = "mcgan-planted"
#: In the right lung of the scan, whose tumour is in the left one.
PLACE_LPS_MM = (-68.0, 0.0, 0.0)

#: What a name in the docs stands for: a property of `Miniatures`. Where a name
#: means several things, the option before it tells which, or the command as well.
STAND_INS = {
    "FOLDER": "scan",
    "SCAN": "scan",
    "MASK": "mask",
    "TABLE": "table",
    "CLINICAL": "clinical",
    "EXPRESSION": "expression",
    "ID": "patient",
    "COHORT": "cohort",
    "radiogen evaluate realism --cohort COHORT": "cohort_of_all_genes",
    "RUN": "generator_run",
    "RUN-OF-MCGAN-BASELINE": "baseline_run",
    "TABLES/figures": "figures",
    "NAME.radiogen.json": "session",
    "MIRROR": "mirror",
    "--model unet-planted": "finder_run",
    "--model H": "autoencoder_run",
    "--model mcgan": "generator_run",
    "--model RUN": "baseline_run",
    "--ct DIR": "collection",
    "--masks DIR": "collection",
    "--nodules DIR": "nodules",
    "--expression FILE": "expression",
    "--clinical FILE": "clinical",
    "--manifest FILE.csv": "manifest",
    "--genes FILE": "real_genes",
    "--semantics FILE": "semantics",
}
#: The same, where a word will do; and smaller numbers for what would take long.
WORDS = {
    "X,Y,Z": ",".join(map(str, PLACE_LPS_MM)),
    "OUT": "out.nii.gz",
    "--model M": MODEL,
    "radiogen evaluate realism --model mcgan": MODEL,
    "--screenshot FILE": "window.png",
    "--patients 300": "3",
    "--patients 240": "14",
    "--steps 1500": "2",
    "--steps 1000": "2",
}
#: Added to what would take long, needs a network or waits for a person.
ADDED = {
    "radiogen demo": "--scan FOLDER --screenshot window.png",
    "radiogen open": "--screenshot window.png",
    "radiogen cohort fetch": "--mirror MIRROR",
    "radiogen cohort build": "--workers 1",
    "radiogen cohort phantom": "--workers 1 --genes 120",
    "radiogen evaluate control": "--draws 1",
    "radiogen evaluate tables": "--draws 1 --only segmentation --only gene-errors",
    "python benchmarks/battery.py": "--ours --every 100",
    "python benchmarks/fuzz.py": "--seconds 5 --only nifti",
    "python benchmarks/train_throughput.py": "--cohort COHORT training/configs/unet-small.yaml",
    "torchrun": "--config training/configs/unet-small.yaml",
}
#: Blocks with such a command take more than 20 s.
SLOW = ("python training", "torchrun", "radiogen evaluate", "radiogen train")
#: Each named config is read and shrunk to these; the rest of it stays.
SMALL_NETWORK = {"base": 4, "discriminator_base": 4}
SMALL_CONFIG = {
    "unet": {"base": 2, "batch_size": 4, "planes": ["axial"], "phantom_seeds": []},
    "mcgan": {
        "network": {**SMALL_NETWORK, "metagenes": 10, "code_dim": 16},
        "batch": 4,
        "warm_steps": 1,
        "regressor_steps": 2,
        "r1_every": 1,
    },
    "mcgan-baseline": {"network": {**SMALL_NETWORK, "hidden": 8, "code_dim": 8}, "batch": 4},
    "autoencoder": {
        "network": {"widths": [4, 4, 4], "decoder_widths": [4, 4, 4], "genes": 1},
        "batch": 4,
    },
}
QUICK = {"steps": 2, "validate_every": 2, "sheet_every": 2, "accelerator": "cpu"}


def small_config(name: str, folder: Path) -> Path:
    """Write a config of the repository again, for a network that trains in a second."""
    values = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    for key, value in (SMALL_CONFIG[values["system"]] | QUICK).items():
        values[key] = values.get(key, {}) | value if isinstance(value, dict) else value
    path = folder / Path(name).name
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


class Miniatures:
    """Inputs made when a command first asks for them, and kept for the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _chest(self) -> tuple[CTVolume, LabelVolume]:
        """Five centimetres around the tumour: as thick as a nodule's region needs."""
        ct, nodule = chest(7, centre_mm=(68.0, 0.0, 0.0))
        grid = ct.geometry.crop((6, 0, 0), (10, *ct.geometry.shape[1:]))
        return (
            replace(ct, voxels=ct.voxels[6:16], geometry=grid),
            replace(nodule, labels=nodule.labels[6:16], geometry=grid),
        )

    @cached_property
    def scan(self) -> Path:
        ct, _ = self._chest
        write_ct_series(ct, self.folder / "scan", patient_id="PHT-001", seed="7")
        return self.folder / "scan"

    @cached_property
    def mask(self) -> Path:
        _, nodule = self._chest
        write_labels(nodule, self.folder / "mask.nii.gz")
        return self.folder / "mask.nii.gz"

    @cached_property
    def table(self) -> Path:
        fed = load_generator(MODEL).metagenes
        values = np.stack([fed.gene_mean + i * fed.gene_sd for i in (-1, 0, 1)])
        matrix = ExpressionMatrix(
            values.astype(np.float32), ("A-1", "A-2", "A-3"), tuple(fed.gene_symbols), "log2"
        )
        write_matrix(matrix, self.folder / "table.csv")
        return self.folder / "table.csv"

    @cached_property
    def patient(self) -> str:
        return load_generator(MODEL).subject_ids[0]

    @cached_property
    def session(self) -> Path:
        path = self.folder / "saved.radiogen.json"
        session = Session(generator=load_generator(MODEL))
        session.open_path(self.scan)
        session.choose_subject(self.patient)
        session.place(PLACE_LPS_MM)
        session.files.save(path)
        session.close()
        return path

    @cached_property
    def _collection(self) -> Path:
        return write_collection(self.folder / "collection", patients=6, faults=False)

    @property
    def collection(self) -> Path:
        return self._collection / "dicom"

    @property
    def expression(self) -> Path:
        return self._collection / "expression.txt"

    @property
    def clinical(self) -> Path:
        return self._collection / "clinical.csv"

    @cached_property
    def manifest(self) -> Path:
        folder = self.folder / "files"
        folder.mkdir()
        lines = ["patient_id,ct,mask"]
        for seed in range(6):
            ct, nodule = chest(seed)
            write_volume(ct, folder / f"{seed}_ct.nii.gz")
            write_labels(nodule, folder / f"{seed}_mask.nii.gz")
            lines.append(f"{patient_id(seed + 1)},{seed}_ct.nii.gz,{seed}_mask.nii.gz")
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder / "manifest.csv"

    @cached_property
    def mirror(self) -> Path:
        for name, data in FILES.items():
            path = self.folder / "mirror" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.folder / "mirror" / "manifest.csv").write_text(_manifest(FILES), encoding="utf-8")
        return self.folder / "mirror"

    @cached_property
    def _surrogate(self):
        return sources(self.folder / "surrogate")

    @property
    def nodules(self) -> Path:
        return self._surrogate.nodules

    @property
    def real_genes(self) -> Path:
        return self._surrogate.genes

    @property
    def semantics(self) -> Path:
        return self._surrogate.semantics

    @cached_property
    def cohort(self) -> Path:
        design = GeneDesign(genes=120, per_factor=20)
        nodules = write_nodules(self.folder / "balls")
        plant_cohort(nodules, self.folder / "cohort", PlantConfig(design=design))
        return self.folder / "cohort"

    @cached_property
    def cohort_of_all_genes(self) -> Path:
        """As many genes as the shipped model reads."""
        plant_cohort(self.nodules, self.folder / "all-genes", PlantConfig())
        return self.folder / "all-genes"

    @cached_property
    def generator_run(self) -> Path:
        return self._trained("mcgan")

    @cached_property
    def baseline_run(self) -> Path:
        return self._trained("mcgan-baseline")

    @cached_property
    def autoencoder_run(self) -> Path:
        return self._trained("autoencoder")

    @cached_property
    def finder_run(self) -> Path:
        return self._trained("unet")

    @cached_property
    def figures(self) -> Path:
        folder = self.folder / "figures"
        folder.mkdir()
        Image.new("RGB", (1200, 600), "white").save(folder / "figure.png")
        return folder

    def _trained(self, system: str) -> Path:
        run = self.folder / f"run-{system}"
        config = small_config(f"training/configs/{system}-small.yaml", self.folder)
        words = ["--cohort", self.cohort, "--config", config, "--out", run, "--threads", 1]
        assert cli.main(["train", system, *map(str, words)]) == 0
        return run
