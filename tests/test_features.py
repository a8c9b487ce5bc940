"""The list of features names tests and pictures that exist."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "features.md"


def lines():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| 5.")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def functions(path):
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", lines(), ids=lambda row: row[1][:40])
def test_a_feature_has_its_test_and_its_picture(row):
    assert len(row) == 4, f"four cells, got {row}"
    for name in row[2].replace("`", "").split(","):
        file, _, function = name.strip().partition("::")
        assert (ROOT / file).is_file(), f"{file} is gone"
        assert function.partition("[")[0] in functions(ROOT / file), f"no {function} in {file}"
    if row[3] != "-":
        start, end = row[3].index("(") + 1, row[3].rindex(")")
        assert (PAGE.parent / row[3][start:end]).is_file()
