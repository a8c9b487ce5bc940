"""A session to its file: frozen on the GUI thread, written by a job."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    Provenance,
    SynthesisRequest,
    SynthesisResult,
)
from napari_radiogen.errors import Cancelled, InputError, RadiogenError, Stop
from napari_radiogen.io.labels import write_labels
from napari_radiogen.io.save import save_bytes
from napari_radiogen.session.digests import labels_digest, scan_digest
from napari_radiogen.session.exports import check_suffix
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.recipe import make_recipe
from napari_radiogen.session.resolve import Facts, resolve
from napari_radiogen.session.session_file import (
    MASK_SUFFIX,
    SUFFIX,
    FileRef,
    MaskRef,
    ModelRef,
    NoduleRef,
    ScanRef,
    SessionFile,
    ShownPart,
    TumoursRef,
    ViewPart,
    Viewport,
    reference,
)
from napari_radiogen.session.state import Intent, NoduleIntent
from napari_radiogen.session.tumours import EditedTumours, OpenedMask

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

NOTHING = "there is nothing to save; open a scan first"
#: Names of segments come from files: what is on screen is cut there, too.
NAME_LENGTH = 200
NO_FILE = "this scan did not come from a file that a session could open again"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a session holds at one moment; nothing in it changes any more."""

    scan: CTVolume
    scan_path: Path
    model: ModelRef | None
    genes: tuple[Path, ...]
    nodules: tuple[tuple[NoduleIntent, SynthesisResult | None], ...]
    active: int
    kept: dict[str, NoduleIntent]
    tumours: Segmentation | None
    view: dict[str, Any]
    shown: dict[str, Any]
    viewport: Viewport | None


def take(session: Session, viewport: Viewport | None = None) -> Snapshot:
    """Freeze a session.

    Raises
    ------
    InputError
        When no scan is open, or it came from no file.
    """
    if session.scan is None:
        raise InputError(NOTHING)
    if session.scan_path is None:
        raise InputError(NO_FILE)
    intent, generator = session.state.intent, session.generator
    facts = Facts(session.scan, generator)
    made = {r.request: r for r in session.results if r.complete}
    return Snapshot(
        session.scan,
        session.scan_path,
        None
        if generator is None
        else ModelRef(name=generator.name, digest=generator.digest, cohort=generator.cohort),
        tuple(own.path for own in session.models.own),
        tuple((n, _made(resolve(n, facts), made)) for n in intent.nodules),
        intent.active,
        {slot: kept.in_hand for slot, kept in session.snapshots.items()},
        session.tumours,
        _plain(session.state, leave=Intent),
        _plain(session.view),
        viewport,
    )


def _made(
    request: SynthesisRequest | None, made: dict[SynthesisRequest, SynthesisResult]
) -> SynthesisResult | None:
    return None if request is None else made.get(request)


def write(what: Snapshot, path: Path, *, cancelled: Stop | None = None) -> None:
    """Write a session file, the masks of its tumours first.

    The masks are named by their content: a crash at any moment leaves the old
    session with its masks, or the new one with its own.

    Raises
    ------
    RadiogenError
        When the name is none of a session or the system refuses.
    Cancelled
        When `cancelled` says so; the older session stays.
    """
    check_suffix(path, (SUFFIX,))
    before = _masks(path)
    try:
        tumours = None if what.tumours is None else _write_tumours(what.tumours, path, cancelled)
        save_bytes(path, _file(what, path.parent, tumours).to_bytes())
    except Cancelled:
        _remove(_masks(path) - before)
        raise
    except RadiogenError as error:
        _remove(_masks(path) - before)
        raise RadiogenError(error.reason, path) from error
    named = set() if tumours is None else {path.with_name(m.name) for m in tumours.masks}
    _remove(_masks(path) - named)


def _file(what: Snapshot, folder: Path, tumours: TumoursRef | None) -> SessionFile:
    uid = what.scan.series_uid.encode()
    scan = ScanRef(
        file=reference(what.scan_path, folder),
        digest=scan_digest(what.scan),
        series=hashlib.sha256(uid).hexdigest(),
    )
    return SessionFile(
        synthetic=any(result is not None for _, result in what.nodules),
        versions=Provenance("", "", "", 0).versions,
        scan=scan,
        model=what.model,
        genes=tuple(_genes(what.genes, folder)),
        nodules=tuple(_nodule(i, r, what) for i, r in what.nodules),
        active=what.active,
        snapshots={slot: _nameless(kept) for slot, kept in what.kept.items()},  # type: ignore[misc]
        tumours=tumours,
        view=ViewPart(**what.view),
        shown=ShownPart(**what.shown),
        viewport=what.viewport,
    )


def _genes(paths: Sequence[Path], folder: Path) -> list[FileRef]:
    return [reference(path, folder) for path in paths]


def _nodule(intent: NoduleIntent, result: SynthesisResult | None, what: Snapshot) -> NoduleRef:
    path = what.scan_path.absolute()
    recipe = None if result is None else make_recipe(result, intent, what.scan, path).to_json()
    return NoduleRef(intent=_nameless(intent), recipe=recipe)


def _nameless(intent: NoduleIntent) -> NoduleIntent:
    """Return an intent whose place names no series: files carry no original UIDs."""
    site = intent.site
    return intent if site is None else replace(intent, site=replace(site, series_uid=""))


def _plain(state: object, leave: type[Any] | None = None) -> dict[str, Any]:
    gone = set() if leave is None else {f.name for f in fields(leave)}
    return {
        f.name: getattr(state, f.name)
        for f in fields(state)  # type: ignore[arg-type]
        if f.name not in gone
    }


def _stem(path: Path) -> str:
    return f"{path.name[: -len(SUFFIX)]}.tumours-"


def _write_tumours(found: Segmentation, path: Path, cancelled: Stop | None) -> TumoursRef:
    layers = found.layers if isinstance(found, OpenedMask) else (found.labels,)
    return TumoursRef(
        masks=tuple(_write_mask(layer, path, cancelled) for layer in layers),
        nodules=found.nodules,
        model=found.model,
        seconds=found.seconds,
        kind=_kind(found),
        warnings=found.warnings if isinstance(found, OpenedMask) else (),
    )


def _kind(found: Segmentation) -> Literal["found", "drawn", "opened"]:
    if isinstance(found, OpenedMask):
        return "opened"
    return "drawn" if isinstance(found, EditedTumours) else "found"


def _write_mask(labels: LabelVolume, path: Path, cancelled: Stop | None) -> MaskRef:
    digest = labels_digest(labels)
    mask = path.with_name(f"{_stem(path)}{digest[:16]}{MASK_SUFFIX}")
    if not mask.is_file():
        write_labels(labels, mask, cancelled=cancelled)
    names = {number: name[:NAME_LENGTH] for number, name in labels.names.items()}
    return MaskRef(name=mask.name, digest=digest, names=names)


def _masks(path: Path) -> set[Path]:
    """Return the masks beside a session file that are its own, or were."""
    return {
        old
        for old in path.parent.iterdir()
        if old.name.startswith(_stem(path)) and old.name.endswith(MASK_SUFFIX)
    }


def _remove(masks: set[Path]) -> None:
    for old in masks:
        with suppress(OSError):
            old.unlink()
