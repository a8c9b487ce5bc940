"""A cohort of whole scans: collections or manifests in, a sealed folder out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from napari_radiogen.cohorts.assemble import Kept, assemble
from napari_radiogen.cohorts.collection import pair, people
from napari_radiogen.cohorts.gene_table import GeneTable, read_genes
from napari_radiogen.cohorts.manifest import read_manifest
from napari_radiogen.cohorts.parallel import Crew, crew
from napari_radiogen.cohorts.patient import Outcome, PatientFiles, prepare
from napari_radiogen.cohorts.rejections import Rejections, shown_id
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.domain import Scale
from napari_radiogen.errors import CohortError, InputError, RadiogenError, Stop
from napari_radiogen.io.clinical import ClinicalTable, read_clinical
from napari_radiogen.io.cohort_content import CohortContent, write_cohort
from napari_radiogen.io.cohort_work import kept_facts, make_work_folder, work_folder
from napari_radiogen.io.dicom_index import FileFacts, collection_files, content_of, file_facts

Progress = Callable[[float, str], None]

#: Headers read by one task.
FILES_A_TASK = 500
#: Shares of the progress bar: headers, patients; the rest is writing.
INDEX_SHARE, PATIENT_SHARE = 0.2, 0.75
#: One patient for each split.
LEAST_PATIENTS = 3


@dataclass(frozen=True)
class Sources:
    """Where a cohort comes from: collections of DICOM files, or a manifest.

    Parameters
    ----------
    expression
        Table of genes.
    ct, masks
        Folders, searched below; ``masks`` may be the same.
    manifest
        CSV instead of both, with the clinical columns.
    clinical
        CSV of one row a patient.
    scale
        Of the expression values, where the table leaves it open.
    """

    expression: Path
    ct: Path | None = None
    masks: Path | None = None
    manifest: Path | None = None
    clinical: Path | None = None
    scale: Scale | None = None


@dataclass(frozen=True)
class Report:
    """What became of a build."""

    path: Path
    kind: str
    digest: str
    subjects: int
    split: dict[str, int]
    slices: int
    genes: dict[str, int]
    rejected: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen cohort build --json`` prints."""
        said = {**asdict(self), "cohort": str(self.path)}
        del said["path"]
        return said | {"rejected": [{"patient": p, "reason": r} for p, r in self.rejected]}


def build_cohort(
    sources: Sources,
    out: Path,
    config: CutConfig,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    cancelled: Stop | None = None,
    told: Callable[[str, str], None] | None = None,
) -> Report:
    """Build a cohort folder from whole scans, their masks and expression.

    A build that was stopped continues: finished patients lie in a hidden
    folder beside ``out`` until the cohort is complete.

    Parameters
    ----------
    sources
        Where from.
    out
        Cohort folder to make; must not exist.
    config
        How scans are cut.
    workers, scheduler
        See `crew`.
    progress
        Called with a fraction and a line of text.
    cancelled
        Asked while work goes on.
    told
        Called with each patient left out and why.

    Raises
    ------
    RadiogenError
        When the sources cannot be read, too few patients are left, or the
        place is taken.
    Cancelled
        When the person asked to stop; finished patients are kept.
    """
    if out.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=out)
    tell = progress or (lambda fraction, message: None)
    work = work_folder(out)
    with crew(workers, scheduler, cancelled) as hands:
        rejected = Rejections(told)
        files, genes, clinical = _patients(sources, hands, rejected, tell)
        make_work_folder(work)
        outcomes = _cut_all(files, config, work, hands, tell)
    kept = gather(outcomes, work, rejected)
    if len(kept) < LEAST_PATIENTS:
        raise CohortError(
            f"{len(kept)} of {len(kept) + len(rejected.rows)} patients can be used, and three "
            "splits need 3; see the reasons above",
            out,
        )
    tell(INDEX_SHARE + PATIENT_SHARE, "writing")
    digests = {"expression": content_of([str(sources.expression)])}
    if sources.clinical is not None:
        digests["clinical"] = content_of([str(sources.clinical)])
    content = assemble(out.name, kept, work, genes, clinical, config, rejected, digests)
    digest = write_cohort(out, content, cancelled=cancelled)
    tell(1.0, "done")
    return report_of(out, content, digest, rejected)


def report_of(out: Path, content: CohortContent, digest: str, rejected: Rejections) -> Report:
    """Return what became of a cohort that was written."""
    return Report(
        path=out,
        kind=content.kind,
        digest=digest,
        subjects=len(content.subjects),
        split={
            name: sum(s.split == name for s in content.subjects)
            for name in ("train", "validation", "test")
        },
        slices=len(content.slices["role"]),
        genes=content.provenance["genes"],
        rejected=rejected.sorted(),
    )


def _patients(
    sources: Sources, hands: Crew, rejected: Rejections, tell: Progress
) -> tuple[list[PatientFiles], GeneTable, ClinicalTable | None]:
    """Return the patients that have CT, mask and genes; name the others."""
    if (sources.manifest is None) == (sources.ct is None):
        raise RadiogenError("give either a folder of CT or a manifest")
    if not sources.expression.is_file():
        raise InputError("no such file", sources.expression)
    clinical = read_clinical(sources.clinical) if sources.clinical is not None else None
    if sources.manifest is not None:
        found = read_manifest(sources.manifest)
        clinical = _joined(found.clinical, clinical)
        known = {*found.files, *found.reasons}
        genes = read_genes(sources.expression, sources.scale, known)
        files, reasons = found.files, found.reasons
    else:
        facts = _index(sources, hands, tell)
        persons = people(facts)
        genes = read_genes(sources.expression, sources.scale, persons)
        listed = {*genes.patients, *(clinical.rows if clinical else ())}
        unreadable = {Path(f.path).parent for f in facts if f.kind == "unreadable"}
        files, reasons = {}, {}
        for identity, person in persons.items():
            name = shown_id(identity, listed, person.folders)
            found_pair = pair(name, person, unreadable)
            if found_pair.files is not None:
                files[name] = found_pair.files
            else:
                reasons[name] = found_pair.reason
    known = {*files, *reasons, *genes.patients, *(clinical.rows if clinical else ())}
    for name in sorted(known):
        missing = [] if name in genes.patients else ["no expression row"]
        why = reasons.get(name) or ("" if name in files else "no CT")
        if why or missing:
            rejected.add(name, "; ".join([why, *missing] if why else missing))
            files.pop(name, None)
    return [files[name] for name in sorted(files)], genes, clinical


def _index(sources: Sources, hands: Crew, tell: Progress) -> list[FileFacts]:
    folders = [f for f in (sources.ct, sources.masks) if f is not None]
    paths = sorted({str(Path(p).resolve()) for f in folders for p in collection_files(f)})
    parts = [paths[i : i + FILES_A_TASK] for i in range(0, len(paths), FILES_A_TASK)]
    found: list[tuple[int, list[FileFacts]]] = []
    for place, facts in hands.results(file_facts, parts):
        found.append((place, facts))
        tell(INDEX_SHARE * len(found) / len(parts), f"{len(paths)} files")
    return [fact for _, facts in sorted(found, key=lambda f: f[0]) for fact in facts]


def _joined(own: ClinicalTable, further: ClinicalTable | None) -> ClinicalTable:
    """Return a manifest's clinical columns with those of a table of its patients."""
    if further is None:
        return own
    rows = {p: {**further.rows.get(p, {}), **row} for p, row in own.rows.items()}
    return ClinicalTable(own.path, tuple(dict.fromkeys((*own.columns, *further.columns))), rows)


def _cut_all(
    files: list[PatientFiles], config: CutConfig, work: Path, hands: Crew, tell: Progress
) -> list[Outcome]:
    stop = hands.cancelled if hands.here else None
    task = partial(prepare, config=config, work=work.absolute(), stop=stop)
    outcomes = []
    for _, outcome in hands.results(task, files):
        outcomes.append(outcome)
        share = INDEX_SHARE + PATIENT_SHARE * len(outcomes) / len(files)
        tell(share, f"patient {len(outcomes)} of {len(files)}")
    return sorted(outcomes, key=lambda o: o.patient_id)


def gather(outcomes: list[Outcome], work: Path, rejected: Rejections) -> list[Kept]:
    """Return what was cut; a phantom never stands among real patients."""
    found = []
    for outcome in outcomes:
        if outcome.reason:
            rejected.add(outcome.patient_id, outcome.reason)
            continue
        facts = kept_facts(work, outcome.key)
        if facts is None:
            raise CohortError("a kept result is gone; build again", work)
        found.append(Kept(outcome.patient_id, outcome.key, facts))
    real = [k for k in found if not k.facts["synthetic"]]
    for odd in found:
        if real and odd.facts["synthetic"]:
            rejected.add(odd.patient_id, "a synthetic scan among real ones")
    return real or found
