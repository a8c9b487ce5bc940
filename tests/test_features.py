"""The list of features names tests that exist, and pictures that the gallery draws."""

import ast
import re
from pathlib import Path

import pytest

from scripts.gallery.table import PICTURES, SCENES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGE = DOCS / "features.md"
PICTURE = re.compile(r"\[([\w-]+)\]\(images/gallery/([\w-]+)(\.\w+)\)")


def lines():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| 5.")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def functions(path):
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def problems(row):
    """Return what a line of the list lacks."""
    if len(row) != 4 or not all(row):
        return [f"four cells, got {row}"]
    found = []
    for name in row[2].replace("`", "").split(","):
        file, _, function = name.strip().partition("::")
        if not (ROOT / file).is_file() or function not in functions(ROOT / file):
            found.append(f"no test {name}")
    named = PICTURE.fullmatch(row[3])
    if named is None:
        return [*found, f"no picture: {row[3]}"]
    words, scene, suffix = named.groups()
    if words != scene or scene not in SCENES or SCENES[scene].suffix != suffix:
        found.append(f"no scene of the gallery draws {scene}{suffix}")
    elif not (PICTURES / f"{scene}{suffix}").is_file():
        found.append(f"{scene}{suffix} is not there: make gallery SCENES={scene}")
    return found


@pytest.mark.parametrize("row", lines(), ids=lambda row: row[1][:40])
def test_a_feature_has_its_test_and_its_picture(row):
    assert problems(row) == []


def test_a_line_that_lacks_something_is_seen():
    whole = next(row for row in lines() if "[window]" in row[3])
    assert problems(whole) == []
    for place, wrong in (
        (2, "`tests/gone.py::test_x`"),
        (2, f"{whole[2][:-1]}_gone`"),
        (3, "-"),
        (3, ""),
        (3, "[window](images/gallery/window.gif)"),
        (3, "[nowhere](images/gallery/nowhere.png)"),
        (3, "[demo](images/demo.png)"),
    ):
        assert problems([*whole[:place], wrong, *whole[place + 1 :]])


def test_every_picture_has_its_scene_and_stands_in_the_docs():
    there = {path.name for path in PICTURES.iterdir()}
    assert there == {f"{name}{scene.suffix}" for name, scene in SCENES.items()}
    pages = [*DOCS.glob("*.md"), ROOT / "README.md"]
    shown = "".join(page.read_text() for page in pages)
    assert [name for name in sorted(there) if f"images/gallery/{name})" not in shown] == []
