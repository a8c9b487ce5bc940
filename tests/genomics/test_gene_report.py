"""Genes of a table meet those of a model by exact name or by a named alias."""

from napari_radiogen.domain import GeneAliases
from napari_radiogen.genomics.gene_report import report_genes

ALIASES = GeneAliases({"MARCH1": "MARCHF1", "RNF171": "MARCHF1"}, frozenset({"OLD"}))


def test_present_missing_duplicated_and_extra() -> None:
    report = report_genes(["B", "X", "A", "B", "3-Mar"], ("A", "B", "C"))
    assert report.columns == (2, None, None)
    assert report.present == ("A",)
    assert report.missing == ("C",)
    assert report.duplicated == ("B",)
    assert report.extra == ("X", "3-Mar")
    assert report.dates == ("3-Mar",)
    assert not report.complete


def test_renamed_both_ways_only_with_aliases() -> None:
    assert report_genes(["MARCH1"], ("MARCHF1",)).missing == ("MARCHF1",)
    forth = report_genes(["MARCH1"], ("MARCHF1",), ALIASES)
    assert (forth.renamed, forth.complete) == ({"MARCHF1": "MARCH1"}, True)
    back = report_genes(["MARCHF1"], ("MARCH1",), ALIASES)
    assert (back.renamed, back.columns) == ({"MARCH1": "MARCHF1"}, (0,))


def test_two_aliases_of_one_gene_are_duplicates_and_an_exact_name_wins() -> None:
    both = report_genes(["MARCH1", "RNF171"], ("MARCHF1",), ALIASES)
    assert both.duplicated == ("MARCHF1",)
    assert both.columns == (None,)
    exact = report_genes(["RNF171", "MARCHF1"], ("MARCHF1",), ALIASES)
    assert (exact.columns, exact.renamed) == ((1,), {})
    assert exact.extra == ("RNF171",)


def test_ambiguous_names_and_columns_of_other_wanted_genes_are_left() -> None:
    assert report_genes(["OLD"], ("B",), GeneAliases({}, frozenset({"OLD"}))).missing == ("B",)
    report = report_genes(["MARCH1"], ("MARCH1", "MARCHF1"), ALIASES)
    assert report.columns == (0, None)
    assert report.missing == ("MARCHF1",)


def test_case_matters() -> None:
    assert report_genes(["egfr"], ("EGFR",)).missing == ("EGFR",)
