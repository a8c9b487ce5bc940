"""What the config of every system has, and the one reader of YAML configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_radiogen.errors import InputError


class TrainingConfig(BaseModel):
    """Fields that decide a run of any system; each system adds its own.

    ``steps`` or ``max_minutes`` ends a run, whichever comes first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    #: Names that the key ``system`` of a config file may have.
    systems: ClassVar[tuple[str, ...]] = ()

    name: str
    seed: int = 0
    steps: int = Field(ge=1, description="optimiser steps in all")
    max_minutes: float | None = Field(default=None, gt=0)
    validate_every: int = Field(default=400, ge=1, description="steps")
    log_every: int = Field(default=50, ge=1, description="steps between rows of the log")
    checkpoint_every: int | None = Field(
        default=None, ge=1, description="steps; None: at each validation"
    )
    sheet_every: int = Field(default=500, ge=0, description="steps between image sheets, 0: none")
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = Field(default=1, ge=1, description="on each machine")
    num_nodes: int = Field(default=1, ge=1, description="machines")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"


Config = TypeVar("Config", bound=TrainingConfig)


def read_config(kind: type[Config], path: Path | None, changes: dict[str, Any]) -> Config:
    """Read a YAML config and apply changes from the command line.

    Parameters
    ----------
    kind
        The system's config class.
    path
        The file, or None for the defaults.
    changes
        Fields given on the command line; they win.

    Raises
    ------
    InputError
        When the file is not YAML, is another system's, or a field is unknown
        or out of range.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8") if path else "") or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(str(error), subject=path) from error
    if not isinstance(values, dict):
        raise InputError("expected fields and their values, as in training/configs", subject=path)
    system = values.pop("system", None)
    if system is not None and kind.systems and system not in kind.systems:
        raise InputError(f"is a config of {system}, not of {kind.systems[0]}", subject=path)
    return check_config(kind, {**values, **changes}, path)


def check_config(kind: type[Config], values: dict[str, Any], subject: object) -> Config:
    """Make a config of plain values.

    Raises
    ------
    InputError
        When a field is unknown or out of range.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{place}: {first['msg']}", subject) from error
