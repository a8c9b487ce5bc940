"""A session file to all that was open: read, checked and painted again in one job."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, SynthesisResult
from napari_radiogen.errors import InputError, ModelError, RadiogenError, SeveralSeriesError
from napari_radiogen.io.labels import read_labels
from napari_radiogen.session.digests import labels_digest, result_digest, scan_digest
from napari_radiogen.session.genes import Slot
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.models import LoadedModels, load_models
from napari_radiogen.session.nodules import from_nodules
from napari_radiogen.session.patients import read_patients
from napari_radiogen.session.ports import Engines, Segmentation
from napari_radiogen.session.resolve import Facts, resolve
from napari_radiogen.session.session_file import (
    FileRef,
    MaskRef,
    ModelRef,
    ScanRef,
    SessionFile,
    TumoursRef,
    load,
    located,
)
from napari_radiogen.session.state import Intent, NoduleIntent
from napari_radiogen.session.tumours import EditedTumours, OpenedMask, flat_labels

Kind = Literal["scan", "model", "genes", "mask"]
#: What a person was asked for: (kind, number among its kind) to where it lies now.
Places = Mapping[tuple[Kind, int], Path]
CHANGED = "was painted, but its voxels are not those that were saved"


@dataclass(frozen=True)
class MissingFile:
    """What a session names and cannot have: the person is asked for it.

    Parameters
    ----------
    session
        The session file.
    kind
        ``scan`` and ``genes`` may be a folder or a file, ``model`` and
        ``mask`` are files.
    number
        Which of its kind.
    name
        Last part of where it was.
    reason
        One line.
    """

    session: Path
    kind: Kind
    number: int
    name: str
    reason: str


class _Missing(Exception):  # noqa: N818 - a question, not a fault
    def __init__(self, kind: Kind, number: int, path: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.number, self.path, self.reason = kind, number, path, reason


@dataclass(frozen=True, eq=False)
class FoundTumours:
    """Tumours that a network found, as a session file kept them: a `Segmentation`."""

    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str
    seconds: float


@dataclass(frozen=True, eq=False)
class Restored:
    """All that a session file brings back.

    Parameters
    ----------
    models
        None where the session had no generator.
    results
        The finished nodules; one that cannot be painted is missing.
    notices
        What a person should see, one line each.
    """

    file: SessionFile
    path: Path
    scan: CTVolume
    scan_path: Path
    lung: LabelVolume
    models: LoadedModels | None
    tumours: Segmentation | None
    intent: Intent
    kept: dict[Slot, Intent]
    results: tuple[SynthesisResult, ...]
    notices: tuple[str, ...]


def restore(
    path: Path, places: Places, engines: Engines, now: LoadedModels, ctx: JobContext
) -> Restored | MissingFile:
    """Bring back what a session file names.

    Parameters
    ----------
    places
        Answers of the person; a wrong one is refused.
    now
        Models that are loaded; taken when they are those of the session.

    Returns
    -------
    Restored or MissingFile
        The second when the person must be asked first.

    Raises
    ------
    RadiogenError
        When the file is no session, or what the person chose is not that of
        the session.
    """
    ctx.progress(0.0, "reading the session")
    file = load(path)
    try:
        return _Opening(path, file, places, engines, ctx).all(now)
    except _Missing as asked:
        name = Path(asked.path).name[:80]
        return MissingFile(path, asked.kind, asked.number, name, asked.reason)


@dataclass(frozen=True, eq=False)
class _Opening:
    """One try to bring a session back."""

    path: Path
    file: SessionFile
    places: Places
    engines: Engines
    ctx: JobContext

    def all(self, now: LoadedModels) -> Restored:
        file, tell = self.file, self.ctx.progress
        where = self._find("scan", 0, file.scan.file)
        genes = [self._find("genes", k, ref) for k, ref in enumerate(file.genes)]
        tell(0.05, "loading models")
        models = None if file.model is None else self._models(file.model, now)
        for own in genes:
            models = None if models is None else self._with_genes(models, own)
        tell(0.2, "reading the scan")
        scan = self._scan(where)
        tell(0.5, "outlining the lung")
        lung = self.engines.lung_mask(scan)
        tell(0.7, "reading the tumours")
        tumours = None if file.tumours is None else self._tumours(file.tumours, scan)
        nodules = [_in_scan(n.intent, scan) for n in file.nodules]
        results, notices = self._paint(scan, lung, models, nodules)
        return Restored(
            file,
            self.path,
            scan,
            where,
            lung,
            models,
            tumours,
            from_nodules(nodules, file.active),
            {slot: _alone(_in_scan(kept, scan)) for slot, kept in file.snapshots.items()},
            results,
            notices,
        )

    def _find(self, kind: Kind, number: int, ref: FileRef) -> Path:
        chosen = self.places.get((kind, number))
        found = chosen or located(ref, self.path.parent)
        if found is None:
            raise _Missing(kind, number, ref.path, "not found")
        return found

    def _refuse(self, kind: Kind, number: int, path: str, error: RadiogenError) -> Exception:
        """Ask for another place, unless the person chose this one: then it is an error."""
        if (kind, number) in self.places:
            return error
        return _Missing(kind, number, path, error.reason)

    def _scan(self, path: Path) -> CTVolume:
        ref = self.file.scan
        try:
            scan = self._read(path, ref)
            if scan_digest(scan) != ref.digest:
                raise InputError("its voxels or geometry are not those of the session's scan", path)
        except InputError as error:
            raise self._refuse("scan", 0, str(path), error) from None
        return scan

    def _read(self, path: Path, ref: ScanRef) -> CTVolume:
        try:
            return self.engines.read_ct(path, None)
        except SeveralSeriesError:
            for choice in self.engines.ct_choices(path):
                if hashlib.sha256(choice.uid.encode()).hexdigest() == ref.series:
                    return self.engines.read_ct(path, choice.uid)
            raise InputError("holds none of the series of the session", path) from None

    def _models(self, wanted: ModelRef, now: LoadedModels) -> LoadedModels:
        known = now.generator
        if known is not None and known.digest == wanted.digest and not now.own and now.segmenter:
            return now
        chosen = self.places.get(("model", 0))
        source = str(chosen or self.engines.shipped_file(wanted.digest) or wanted.name)
        models = load_models(source, self.engines, self.ctx.progress)
        generator = models.generator
        if generator is not None and generator.digest == wanted.digest:
            return models
        problem = (
            models.problems[0]
            if generator is None and models.problems
            else f"its weights are not those of the session ({wanted.digest[:12]})"
        )
        raise self._refuse("model", 0, wanted.name, ModelError(problem))

    def _with_genes(self, models: LoadedModels, path: Path) -> LoadedModels:
        if models.generator is None:
            return models
        return models.with_own(read_patients(path, models.generator))

    def _tumours(self, ref: TumoursRef, scan: CTVolume) -> Segmentation:
        layers = tuple(self._mask(k, mask, scan) for k, mask in enumerate(ref.masks))
        if ref.kind != "opened":
            kind = EditedTumours if ref.kind == "drawn" else FoundTumours
            return kind(layers[0], ref.nodules, ref.model, ref.seconds)
        top = flat_labels(layers, {n: name for mask in ref.masks for n, name in mask.names.items()})
        return OpenedMask(top, ref.nodules, ref.model, ref.seconds, layers, ref.warnings)

    def _mask(self, number: int, ref: MaskRef, scan: CTVolume) -> LabelVolume:
        path = self.places.get(("mask", number)) or self.path.with_name(ref.name)
        try:
            if not path.is_file():
                raise InputError("not found", path)
            read = read_labels(path)
            labels = LabelVolume(read.labels, scan.geometry, dict(ref.names))
            if labels_digest(labels) != ref.digest:
                raise InputError("its labels are not those of the session", path)
        except RadiogenError as error:
            raise self._refuse("mask", number, ref.name, error) from None
        return labels

    def _paint(
        self,
        scan: CTVolume,
        lung: LabelVolume,
        models: LoadedModels | None,
        nodules: list[NoduleIntent],
    ) -> tuple[tuple[SynthesisResult, ...], tuple[str, ...]]:
        """Paint every nodule again and compare it with its recipe."""
        if models is None or models.synthesiser is None:
            return (), ()
        made: list[SynthesisResult] = []
        notices: list[str] = []
        for k, (intent, saved) in enumerate(zip(nodules, self.file.nodules, strict=True)):
            self.ctx.progress(0.75 + 0.2 * k / len(nodules), f"painting nodule {k + 1}")
            request = resolve(intent, Facts(scan, models.generator))
            if request is None:
                continue
            try:
                result = models.synthesiser.synthesise(
                    scan, request, lung=lung, cancelled=self.ctx.cancelled
                )
            except RadiogenError as error:
                notices.append(f"nodule {k + 1} of the session: {error.reason}")
                continue
            made.append(result)
            recipe = saved.recipe
            if recipe is not None and recipe["result_digest"] != result_digest(result):
                notices.append(f"nodule {k + 1} of the session {CHANGED}")
        return tuple(made), tuple(notices)


def _in_scan(intent: NoduleIntent, scan: CTVolume) -> NoduleIntent:
    site = intent.site
    return (
        intent if site is None else replace(intent, site=replace(site, series_uid=scan.series_uid))
    )


def _alone(nodule: NoduleIntent) -> Intent:
    return from_nodules([nodule], 0)
