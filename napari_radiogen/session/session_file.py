"""The session file: one JSON that says what was open, and the tumours' masks beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model

from napari_radiogen.constants import (
    NODULE_LIMIT,
    RESEARCH_USE,
    SEED_LIMIT,
    WINDOWS_HU,
)
from napari_radiogen.domain import Nodule, Point
from napari_radiogen.errors import InputError
from napari_radiogen.io.json_file import read_bytes, read_json
from napari_radiogen.session.recipe import Recipe
from napari_radiogen.session.recipe_file import SESSION_FORMAT
from napari_radiogen.session.state import Intent, NoduleIntent, SessionState
from napari_radiogen.session.view import LEAST_WIDTH_HU, ViewState

SUFFIX = ".radiogen.json"
VERSION = 1
MASK_SUFFIX = ".nii.gz"

Text = Annotated[str, StringConstraints(max_length=4096)]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^/\\\x00]+$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A part of the file: no field too many, no value of another kind, no infinity."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def model_of(kind: type[Any], leave: Iterable[str] = ()) -> type[Part]:
    """Return the part of the file that holds the fields of an evented dataclass."""
    gone, hints = set(leave), get_type_hints(kind)
    chosen: dict[str, Any] = {
        f.name: (hints[f.name], f.default) for f in fields(kind) if f.name not in gone
    }
    return create_model(f"{kind.__name__}Part", __base__=Part, **chosen)


class FileRef(Part):
    """Where a file or folder lay: by itself, and seen from the session file ("" if it cannot)."""

    path: Text
    relative: Text = ""


class ScanRef(Part):
    """The scan; ``series`` is the sha256 of its UID: originals stay with the scan."""

    file: FileRef
    digest: Digest
    series: Digest


class ModelRef(Part):
    """The generator; ``digest`` decides, the names are for people."""

    name: Text
    digest: Digest
    cohort: Text


class MaskRef(Part):
    """One label image beside the session file; names of its segments by number."""

    name: Name
    digest: Digest
    names: dict[int, Text]


class TumoursRef(Part):
    """Tumours with their measurements; several masks where segments overlap."""

    masks: Annotated[tuple[MaskRef, ...], Field(min_length=1, max_length=64)]
    nodules: tuple[Nodule, ...]
    model: Text
    seconds: float
    kind: Literal["found", "drawn", "opened"]
    warnings: tuple[Text, ...] = ()


class NoduleRef(Part):
    """A synthetic nodule: how it came about, and the recipe once it was finished."""

    intent: NoduleIntent
    recipe: dict[str, Any] | None = None


class Viewport(Part):
    """What the window looks at: LPS point (mm) of the crosshair, and the canvas's camera.

    ``extent_mm`` is what the shorter side of the canvas shows, whatever its
    size; ``order`` the axes (z, y, x) as the canvas has them, the cut one first.
    """

    point_mm: Point
    order: tuple[int, int, int] = (0, 1, 2)
    centre: tuple[float, float, float]
    extent_mm: Annotated[float, Field(gt=0)]


ViewPart = model_of(SessionState, (f.name for f in fields(Intent)))
ShownPart = model_of(ViewState)


class SessionFile(Part):
    """All of a session that a file keeps."""

    format: Literal["napari-radiogen session"] = "napari-radiogen session"
    version: Literal[1] = 1
    research_use: Text = RESEARCH_USE
    synthetic: bool
    versions: dict[str, Text]
    scan: ScanRef
    model: ModelRef | None = None
    genes: tuple[FileRef, ...] = ()
    nodules: Annotated[tuple[NoduleRef, ...], Field(min_length=1, max_length=NODULE_LIMIT)]
    active: int = 0
    snapshots: dict[Literal["A", "B"], NoduleIntent] = {}
    tumours: TumoursRef | None = None
    view: ViewPart  # type: ignore[valid-type]
    shown: ShownPart = ShownPart()  # type: ignore[valid-type]
    viewport: Viewport | None = None

    def to_bytes(self) -> bytes:
        """Return the file's content.

        Raises
        ------
        ValueError
            When a number is not finite.
        """
        values = self.model_dump(mode="json")
        text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()


def load(path: Path) -> SessionFile:
    """Read a session file; nothing that it names is opened.

    Raises
    ------
    InputError
        When it is missing, too large, no session, of a newer program, or
        holds a value of the wrong kind.
    """
    values = read_json(path, "a session")
    if not isinstance(values, dict) or values.get("format") != SESSION_FORMAT:
        raise InputError("expected a session of napari-radiogen", path)
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise InputError(
            f"saved by a newer napari-radiogen (session version {version}, this one reads "
            f"{VERSION}); update it",
            path,
        )
    try:
        found = SessionFile.model_validate_json(read_bytes(path, "a session"))
        _check(found)
    except ValidationError as error:
        raise InputError(_first(error), path) from None
    except InputError as error:
        raise InputError(error.reason, path) from None
    return found


def looks_like_session(path: Path) -> bool:
    """Whether a file is named as sessions are; true promises nothing."""
    try:
        return path.name.lower().endswith(SUFFIX) and path.is_file()
    except OSError:
        return False


def reference(target: Path, session_folder: Path) -> FileRef:
    """Say where a file lies, by itself and seen from a session file's folder."""
    whole = target.absolute()
    try:
        relative = Path(os.path.relpath(whole, session_folder.absolute())).as_posix()
    except ValueError:  # on another drive
        relative = ""
    return FileRef(path=str(whole), relative=relative)


def located(ref: FileRef, session_folder: Path) -> Path | None:
    """Return where a file lies now: beside the session as it did, or where it was; else None."""
    for path in ([session_folder / ref.relative] if ref.relative else []) + [Path(ref.path)]:
        try:
            if path.is_absolute() and (path.is_dir() or path.is_file()):
                return Path(os.path.normpath(path))
        except (OSError, ValueError):
            continue
    return None


def _check(found: SessionFile) -> None:
    """Check what kinds alone do not say.

    Raises
    ------
    InputError
        When a number is out of range or a part does not fit another.
    """
    intents = [n.intent for n in found.nodules]
    for intent in (*intents, *found.snapshots.values()):
        if not 0 <= intent.seed < SEED_LIMIT or not 0 <= intent.strength <= 1:
            raise InputError("holds a seed or a strength out of range")
    if not 0 <= found.active < len(intents):
        raise InputError(f"has {len(intents)} nodules and number {found.active} of them in hand")
    if any(i.site is None for k, i in enumerate(intents) if k != found.active):
        raise InputError("holds a nodule without a place")
    if getattr(found.view, "window", "Lung") not in WINDOWS_HU:
        raise InputError("names a window that does not exist")
    by_hand = getattr(found.shown, "by_hand", None)
    if by_hand is not None and by_hand[1] < LEAST_WIDTH_HU:
        raise InputError("holds a window without a width")
    if found.viewport is not None and sorted(found.viewport.order) != [0, 1, 2]:
        raise InputError("holds a plane that does not exist")
    for nodule in found.nodules:
        if nodule.recipe is not None:
            Recipe.from_json(nodule.recipe)


def _first(error: ValidationError) -> str:
    """Name the first wrong place, without the value: it may be anything."""
    found = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(p) for p in found["loc"])[:80]
    text = f"{place}: {found['msg']}" if place else f"{found['msg']}"
    shown = "".join(c if c.isprintable() else "?" for c in text[:200])
    return f"the session cannot be read at {shown}"
