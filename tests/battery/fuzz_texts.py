"""Valid texts of every reader of tables, lists and settings, small, for a fuzzer to damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path


@dataclass
class Target:
    """Files to damage, and the reading that then must not break."""

    parts: list[Path]
    read: Callable[[], object]


def text(folder: Path, content: str, name: str, reader: Callable[[Path], object]) -> Target:
    """One text file and what reads it."""
    folder.mkdir(parents=True)
    path = folder / name
    path.write_text(content)
    return Target([path], partial(reader, path))


def expression(path: Path) -> None:
    from napari_radiogen.io.expression import read_expression_table

    read_expression_table(path).matrix()


def geo_table(path: Path) -> None:
    from napari_radiogen.io.expression import read_geo_table

    read_geo_table(path)


def probes(path: Path) -> None:
    from napari_radiogen.io.probes import read_probe_map

    read_probe_map(path)


def aliases(path: Path) -> None:
    from napari_radiogen.io.gene_aliases import read_aliases

    read_aliases(path)


def clinical(path: Path) -> None:
    from napari_radiogen.io.clinical import read_clinical

    read_clinical(path)


def manifest(path: Path) -> None:
    from napari_radiogen.cohorts.manifest import read_manifest

    read_manifest(path)


def mirror(path: Path) -> None:
    from napari_radiogen.io.mirror import place_of, read_manifest

    for file in read_manifest(str(path.parent)):
        place_of(file.file, path.parent)


def semantics(path: Path) -> None:
    from napari_radiogen.cohorts.semantics import read_semantics

    read_semantics(path, path)


def nodules(path: Path) -> None:
    from napari_radiogen.cohorts.surrogate import scored_nodules

    scored_nodules(path.parent)


def config(path: Path) -> None:
    from napari_radiogen.trainers.catalogue import read_any_config

    read_any_config(path)


def recipe(path: Path) -> None:
    from napari_radiogen.session.recipe import load

    load(path)


def recipe_text() -> str:
    from napari_radiogen.session.recipe import FORMAT, VERSION

    values = {
        "format": FORMAT, "version": VERSION, "seed": 1, "strength": 1.0,
        "model": {"digest": "a" * 64, "name": "mcgan", "cohort": "planted"},
        "background": {"path": "", "digest": "b" * 64}, "centre_lps_mm": [1.0, 2.0, 3.0],
        "genes": {"metagenes": [0.5, -1.0], "subject_id": "", "averaged": ["S1"],
                  "edits": {"M1": 1.5}},
        "result_digest": "c" * 64, "versions": {"numpy": "2"},
    }  # fmt: skip
    return json.dumps(values, indent=1)


ROWS = "id,TP53,KRAS,EGFR\nP1,1.5,2.0,NA\nP2,0.5,1.0,3.25\nP3,1,2,3\n"
GEO = "gene\tR01-001\tR01-002\nTP53\t1.5\t2\nKRAS\tNA\t0.5\n"
SERIES = (
    '!Series_title\t"x"\n!Sample_title\t"P1"\t"P2"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
    '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"TP53"\t1.5\t2\n"KRAS"\t0.5\t1\n'
    "!series_matrix_table_end\n"
)
GCT = "#1.2\n2\t2\nName\tDescription\tP1\tP2\nTP53\tx\t1.5\t2\nKRAS\tna\t0.5\t1\n"
PROBES = "ID\tGene Symbol\n1007_s_at\tDDR1\n1053_at\tRFC2 /// X\n117_at\t\n"
ALIASES = "symbol\talias_symbol\tprev_symbol\nTP53\tp53|LFS1\t\nKRAS\t\tKRAS2\n"
CLINICAL = "Case ID,Stage,Note\nR01-001,I,'=1\nR01-002,NA,x\n"
MANIFEST = "patient_id,ct,mask,series,Stage\nP1,ct.nii,m.nii,,I\nP2,x,,1.2,II\n"
MIRROR = f"file,size,sha256,patient_id,series_uid,modality\na/b.dcm,12,{'a' * 64},P1,1.2,CT\n"
SEMANTICS = (
    "case_id,Nodule Attenuation,Nodule Margins-Primary Pattern,diameter_mm\n"
    "R01-001,solid,spiculated,12.5\nR01-002,ground glass,smooth,NA\n"
)
NODULES = (
    "image,mask,pid,attr_ok,texture,spiculation,lobulation,margin,eq_diam_mm\n"
    "a.mha,b.mha,LIDC-1,True,4.5,1,2,3,12.5\nc.mha,d.mha,LIDC-2,False,,,,,\n"
)
CONFIG = "system: unet\nplanes: [axial, sagittal]\naugment: {zoom: [0.6, 1.2]}\nsteps: 20\n"
TEXTS: dict[str, Callable[[Path], Target]] = {
    "csv": partial(text, content=ROWS, name="a.csv", reader=expression),
    "geo": partial(text, content=GEO, name="a.txt", reader=geo_table),
    "series": partial(text, content=SERIES, name="a_series_matrix.txt", reader=expression),
    "gct": partial(text, content=GCT, name="a.gct", reader=expression),
    "probes": partial(text, content=PROBES, name="a.txt", reader=probes),
    "aliases": partial(text, content=ALIASES, name="a.txt", reader=aliases),
    "clinical": partial(text, content=CLINICAL, name="a.csv", reader=clinical),
    "manifest": partial(text, content=MANIFEST, name="a.csv", reader=manifest),
    "mirror": partial(text, content=MIRROR, name="manifest.csv", reader=mirror),
    "semantics": partial(text, content=SEMANTICS, name="a.csv", reader=semantics),
    "nodules": partial(text, content=NODULES, name="index.csv", reader=nodules),
    "config": partial(text, content=CONFIG, name="a.yaml", reader=config),
    "recipe": lambda folder: text(folder, recipe_text(), "a.json", recipe),
}
