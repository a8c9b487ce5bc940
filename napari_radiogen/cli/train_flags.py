"""The flags of every training run: of ``radiogen train`` and of the scripts alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from napari_radiogen.errors import InputError

if TYPE_CHECKING:
    from napari_radiogen.trainers.config import TrainingConfig
    from napari_radiogen.trainers.run import RunOptions

#: Seconds between progress lines where standard error is no terminal.
LINES_EVERY_S = 15.0
#: Flags that go into the config; a resumed run keeps what it began with,
#: except for those of the second line.
DECIDING = ("name", "seed", "steps", "permute", "precision", "accelerator")
CHANGEABLE = ("max_minutes", "devices", "num_nodes")

Config = TypeVar("Config", bound="TrainingConfig")
Flags = TypeVar("Flags", bound="RunFlags")


@dataclass(frozen=True)
class RunFlags:
    """What a person gives on the command line; each field is a flag."""

    cohort: Annotated[Path, typer.Option(help="Cohort folder.")]
    out: Annotated[Path | None, typer.Option(help="Run folder to make.")] = None
    resume: Annotated[Path | None, typer.Option(help="Run folder to go on with.")] = None
    config: Annotated[Path | None, typer.Option(help="YAML, as in training/configs.")] = None
    name: Annotated[str | None, typer.Option(help="Of the model.")] = None
    seed: Annotated[int | None, typer.Option(help="Of the run.")] = None
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None
    max_minutes: Annotated[float | None, typer.Option(help="Stop after this long.")] = None
    threads: Annotated[
        int | None, typer.Option(help="Processor threads; default: the faster of 1 and all.")
    ] = None
    accelerator: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None
    devices: Annotated[int | None, typer.Option(help="Of each machine.")] = None
    num_nodes: Annotated[int | None, typer.Option(help="Machines.")] = None
    precision: Annotated[str | None, typer.Option(help="32-true, bf16-mixed or 16-mixed.")] = None
    yes: Annotated[bool, typer.Option("--yes", help="Start even if it takes more than a day.")] = (
        False
    )

    @property
    def folder(self) -> Path:
        """The run folder, new or resumed."""
        return self._places()[0]

    def read(self, kind: type[Config], default: Path | None = None) -> Config:
        """Return the config of a new run from its file, of a resumed one from its folder.

        Raises
        ------
        InputError
            When flags contradict one another or the config.
        RadiogenError
            When there is no run to resume.
        """
        from napari_radiogen.trainers.config import read_config
        from napari_radiogen.trainers.run import saved_config

        folder, resumed = self._places()
        deciding = {k: v for k in DECIDING if (v := getattr(self, k, None)) is not None}
        changes = {k: v for k in CHANGEABLE if (v := getattr(self, k)) is not None}
        if not resumed:
            return read_config(kind, self.config or default, deciding | changes)
        fixed = [*deciding, *(["config"] if self.config else [])]
        if fixed:
            raise InputError(f"--{fixed[0]} was decided when the run began", subject=folder)
        return saved_config(kind, folder, changes)

    def options(self) -> RunOptions:
        """Return what is said of the run beside its config."""
        from napari_radiogen.trainers.run import RunOptions

        return RunOptions(
            resume=self.resume is not None, yes=self.yes, threads=self.threads, say=say
        )

    def _places(self) -> tuple[Path, bool]:
        if (self.out is None) == (self.resume is None):
            raise InputError("give either --out for a new run or --resume for one that stopped")
        return (self.out, False) if self.out is not None else (Path(str(self.resume)), True)


@dataclass(frozen=True)
class NullFlags(RunFlags):
    """Flags of a system whose null model is trained on permuted genes."""

    permute: Annotated[
        int | None, typer.Option(help="Null model: deal genes to other subjects by this seed.")
    ] = None


def say(line: str) -> None:
    """Print a line on standard error."""
    typer.echo(line, err=True)


def command(kind: type[Flags], body: Callable[[Flags], None]) -> Callable[..., None]:
    """Make a typer command of a function that takes flags."""
    hints = get_type_hints(kind, include_extras=True)

    def run(**given: Any) -> None:
        body(kind(**given))

    run.__doc__ = body.__doc__
    run.__name__ = body.__name__
    run.__annotations__ = {**{f.name: hints[f.name] for f in fields(kind)}, "return": None}
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                f.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if f.default is MISSING else f.default,
                annotation=hints[f.name],
            )
            for f in fields(kind)
        ]
    )
    return run


def run_script(kind: type[Flags], body: Callable[[Flags], None]) -> int:
    """Run a training script: its flags, and one line instead of a traceback.

    Returns
    -------
    int
        Exit code: 1 for refused input, 2 for wrong usage.
    """
    from napari_radiogen.errors import RadiogenError

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=inspect.getdoc(inspect.getmodule(body)) or body.__doc__)(command(kind, body))
    try:
        app()
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 1
    except RadiogenError as refused:
        say(str(refused))
        return 1
    return 0
