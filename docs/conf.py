"""Sphinx configuration; the command-line reference is written from the commands themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from typer.main import get_command

from napari_radiogen import __version__
from napari_radiogen.cli import app

project = "napari-radiogen"
author = "The napari-radiogen developers"
copyright = author
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"napari-radiogen {__version__}"
exclude_patterns = ["_generated"]

REFERENCE = Path(__file__).parent / "_generated" / "commands.md"


def _section(command: Any, name: str, parents: tuple[str, ...], context: Any) -> list[str]:
    own = command.context_class(command, info_name=name, parent=context)
    path = (*parents, name)
    help_text = " ".join((command.help or "").split())
    lines = [f"## `{' '.join(path)}`", "", help_text, ""]
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(own) if hasattr(parameter, "get_help_record") else None
        if record:
            rows.append(f"| `{record[0]}` | {record[1].replace('|', '/')} |")
    if rows:
        lines += ["| parameter | meaning |", "|---|---|", *rows, ""]
    for child_name, child in getattr(command, "commands", {}).items():
        lines += _section(child, child_name, path, own)
    return lines


def write_reference(_: Sphinx) -> None:
    """Write what ``--help`` says of every command."""
    lines = _section(get_command(app()), "radiogen", (), None)
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(application: Sphinx) -> None:
    """Write the reference before the sources are read."""
    application.connect("builder-inited", write_reference)
