"""Every table of the NSCLC Radiogenomics folder is read, or refused for its reason."""

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.cohorts.join import join_ids
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.preparation import drop_incomplete
from napari_radiogen.io.clinical import read_clinical
from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table

CLINICAL = "NSCLCR01Radiogenomic_DATA_LABELS_2018-05-22_1500-shifted.csv"
LOG10 = "rnaseq_zlog10_130pts_x_1000genes.csv"
READ = {
    LOG10: ((100, 1000), "zscore"),
    "rnaseq_zfpkm_104pts_x_21metagene_genes.csv": ((80, 21), "zscore"),
    "rnaseq_fpkm_130pts_x_140genes_nan_as_0.csv": ((100, 140), "fpkm"),
    "gene_variances_10693genes.csv": ((1, 10693), "log2"),
}
REFUSED = {
    "GSE103584_series_matrix.txt": "headers only",
    "Lung3.metadata_89pts.csv": "finite number",
    CLINICAL: "finite number",
    "aim_semantics_190pts.csv": "finite number",
    "h.all.v6.2.symbols.gmt": "finite number",
    "idc_manifest_full_table.csv": "finite number",
    "pyradiomics_features_60pts.csv": "finite number",
    "tumour_bbox_from_SEG_118pts.csv": "finite number",
}
PATIENTS = {
    CLINICAL: 181,
    "Lung3.metadata_89pts.csv": 89,
    "aim_semantics_190pts.csv": 161,
    "pyradiomics_features_60pts.csv": 49,
}


@pytest.fixture
def folder(data_dir: Path) -> Path:
    return data_dir / "nsclc_radiogenomics"


def test_every_file_is_accounted_for(folder: Path) -> None:
    assert {f.name for f in folder.iterdir()} == {*READ, *REFUSED}


@pytest.mark.parametrize("name", READ)
def test_expression_is_read(folder: Path, name: str) -> None:
    table = read_expression_table(folder / name)
    assert (table.values.shape, table.scale.scale) == READ[name]
    assert not table.scale.stated
    own = np.genfromtxt(folder / name, delimiter=",", skip_header=1)[:, 1:]
    own = own if table.layout.genes == "columns" else own.T
    np.testing.assert_array_equal(table.values, own.astype(np.float32))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_expression_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name]):
        read_expression_table(folder / name)


def test_487_genes_are_complete_and_kras_is_not_there(folder: Path) -> None:
    matrix = read_expression_table(folder / LOG10).matrix()
    kept, dropped = drop_incomplete(matrix)
    assert (len(kept.gene_symbols), len(dropped)) == (487, 513)
    assert "KRAS" not in matrix.gene_symbols


def test_zeros_of_nan_as_0_are_missing_when_said(folder: Path) -> None:
    path = folder / "rnaseq_fpkm_130pts_x_140genes_nan_as_0.csv"
    assert "--zeros-missing" in read_expression_table(path).warnings[0]
    table = read_expression_table(path, ReadingOptions(zeros_missing=True))
    assert np.isnan(table.values).sum() == 1671


@pytest.mark.parametrize("name", PATIENTS)
def test_clinical_tables_are_read(folder: Path, name: str) -> None:
    table = read_clinical(folder / name)
    assert len(table.patient_ids) == PATIENTS[name]
    assert (table.encoding == "cp1252") == (name == "Lung3.metadata_89pts.csv")


@pytest.mark.parametrize("name", ["idc_manifest_full_table.csv", "tumour_bbox_from_SEG_118pts.csv"])
def test_tables_with_several_rows_a_patient_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="more than one row"):
        read_clinical(folder / name)


def test_rnaseq_and_clinical_join(folder: Path) -> None:
    clinical = read_clinical(folder / CLINICAL)
    report = join_ids(clinical.patient_ids, read_expression_table(folder / LOG10).patient_ids)
    assert (len(report.matched), report.only_expression) == (100, ())
