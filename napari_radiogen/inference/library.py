"""The models at hand: shipped with the package, or made by a training run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from napari_radiogen.errors import ModelError
from napari_radiogen.models.checkpoint import digest, unpack

#: What a run folder calls its weights.
RUN_FILE = "model.safetensors"


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be loaded.

    Parameters
    ----------
    name, system, cohort, parameters, sha256
        As ``radiogen models`` prints them; ``cohort`` is its name, which
        starts with planted, phantom, surrogate or real.
    role
        ``default``, ``support``, or ``permuted`` for a null model.
    path
        The safetensors file.
    shipped
        Whether the sha256 comes from the package's index.
    subject_ids
        What ``--patient`` takes.
    maps_sha256
        Of the shipped maps beside the weights; "" where the index has none.
    """

    name: str
    system: str
    cohort: str
    parameters: int
    sha256: str
    role: str
    path: Path
    shipped: bool
    subject_ids: tuple[str, ...] = ()
    maps_sha256: str = ""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """Tensors and description of a model whose digest was checked."""

    name: str
    digest: str
    description: dict[str, Any]
    tensors: dict[str, torch.Tensor]


def models_dir() -> Path:
    """Return the folder of the shipped weights."""
    return Path(str(files("napari_radiogen"))) / "weights"


def list_models() -> list[ModelEntry]:
    """List the shipped models, the default first.

    Raises
    ------
    ModelError
        When the index cannot be read.
    """
    index = models_dir() / "index.json"
    if not index.is_file():
        return []
    try:
        rows = json.loads(index.read_text(encoding="utf-8"))
        entries = [
            ModelEntry(
                name=row["name"],
                system=row["system"],
                cohort=row["cohort"],
                parameters=int(row["parameters"]),
                sha256=row["sha256"],
                role=row.get("role", "support"),
                path=models_dir() / Path(row["file"]).name,
                shipped=True,
                subject_ids=tuple(row.get("subjects", ())),
                maps_sha256=str(row.get("maps_sha256", "")),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("cannot be read; reinstall the package", subject=index) from error
    return sorted(entries, key=lambda e: e.role != "default")


def find_model(name: str | Path | None = None, *, system: str | None = None) -> ModelEntry:
    """Find a model by its name, a run folder or a file; None is the default.

    A system's name (``mcgan``) finds its first shipped model. A ``Path``, or
    text with a separator (``./mcgan``), is always a place on disk.

    Raises
    ------
    ModelError
        When there is none, it is of another system, or the name is both a
        shipped model's and a run folder's here.
    """
    place = None if name is None else _place(name)
    entry = _by_name(name, system) if place is None else _from_path(place)
    if system is not None and entry.system != system:
        raise ModelError(f"is a {entry.system}, not a {system}", subject=entry.name)
    return entry


def load_model(entry: ModelEntry) -> LoadedModel:
    """Read a model, refusing weights that do not match their digest.

    Raises
    ------
    ModelError
        When the file is missing, altered or not a model of ours.
    """
    data = _read(entry.path)
    found = digest(data)
    if found != entry.sha256:
        raise ModelError("the weights were altered: their sha256 differs", subject=entry.name)
    try:
        tensors, description = unpack(data)
    except ModelError as error:
        raise ModelError(error.reason, subject=entry.path) from error
    return LoadedModel(entry.name, found, description, tensors)


def _place(name: str | Path) -> Path | None:
    """Return the path that a name means, or None where it means a shipped model."""
    path = Path(name)
    if isinstance(name, Path) or path.name != name or not path.exists():
        return path if path.exists() else None
    shipped = any(name in (e.name, e.system) for e in list_models())
    if not shipped:
        return path
    if path.is_dir() and not (path / RUN_FILE).is_file():
        return None
    raise ModelError(f"is a shipped model and a path here; write ./{name} for the path", name)


def _by_name(name: str | Path | None, system: str | None) -> ModelEntry:
    entries = [e for e in list_models() if system is None or e.system == system]
    chosen = [e for e in entries if name is None or str(name) == e.name]
    chosen = chosen or [e for e in entries if str(name) == e.system and e.role != "permuted"]
    if not chosen:
        known = ", ".join(e.name for e in list_models()) or "none are installed"
        raise ModelError(f"no such model (known: {known})", subject=name or system or "default")
    return chosen[0]


def _from_path(path: Path) -> ModelEntry:
    file = path / RUN_FILE if path.is_dir() else path
    data = _read(file)
    try:
        _, description = unpack(data)
        return ModelEntry(
            name=description["name"],
            system=description["system"],
            cohort=description["cohort"]["name"],
            parameters=int(description["parameters"]),
            sha256=digest(data),
            role="run",
            path=file,
            shipped=False,
            subject_ids=tuple(s["subject_id"] for s in description.get("subjects", ())),
        )
    except ModelError as error:
        raise ModelError(error.reason, subject=file) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"its description lacks {error}", subject=file) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=file) from error
