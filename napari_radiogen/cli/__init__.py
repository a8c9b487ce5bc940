"""The ``radiogen`` command: its parts, and the one place where errors become a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from napari_radiogen import __version__
from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.errors import RadiogenError, in_one_line

#: Set to any value, unexpected errors keep their traceback.
TRACEBACK_VARIABLE = "RADIOGEN_TRACEBACK"
EXIT_REFUSED = 1


def app() -> typer.Typer:
    """Assemble the commands; what they need is imported when they run."""
    from napari_radiogen.cli import (
        cohort,
        convert,
        demo,
        evaluation,
        maps,
        phantom,
        scans,
        segmentation,
        synthesis,
        system,
        tables,
        training,
    )

    root = typer.Typer(
        name="radiogen",
        help=f"Touch a gene and watch the tumour change. {RESEARCH_USE}.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root.callback(help=root.info.help)(_root)
    for module in (
        system,
        demo,
        scans,
        convert,
        segmentation,
        synthesis,
        tables,
        phantom,
        cohort,
        training,
        evaluation,
        maps,
    ):
        module.register(root)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Words after ``radiogen``; those of the process when None.

    Returns
    -------
    int
        0, 1 for refused input with one line on standard error, 2 for wrong
        usage, 130 when interrupted.
    """
    try:
        app()(args=None if arguments is None else list(arguments), prog_name="radiogen")
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else EXIT_REFUSED
    except RadiogenError as refused:
        return _refuse(str(refused))
    except KeyboardInterrupt:
        return 130
    except OSError as failed:
        if TRACEBACK_VARIABLE in os.environ:
            raise
        return _refuse(in_one_line(failed))
    except Exception as unexpected:
        if TRACEBACK_VARIABLE in os.environ:
            raise
        return _refuse(f"{in_one_line(unexpected)}; run with {TRACEBACK_VARIABLE}=1")
    return 0


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def _refuse(message: str) -> int:
    print(f"radiogen: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_REFUSED
