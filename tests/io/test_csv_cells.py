"""Cells that a spreadsheet would run, and back."""

import pytest

from napari_radiogen.io.csv_cells import csv_cell, plain_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-a", "'-a"), (-1.5, "-1.5"), ("R01-001", "R01-001")],
)
def test_formulas_are_escaped_and_numbers_are_not(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize("name", ["=1+1", "R01-001", "'quoted'", " 007", "-"])
def test_a_name_comes_back_as_it_was(name: str) -> None:
    assert plain_cell(csv_cell(name)) == name
