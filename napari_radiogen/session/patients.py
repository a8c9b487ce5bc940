"""Patients of the person's own: a cohort folder or an expression table meets the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_radiogen.constants import COHORT_WORDS
from napari_radiogen.domain import CohortKind, Scale, Subject
from napari_radiogen.errors import InputError
from napari_radiogen.session.ports import FloatArray, Generator

if TYPE_CHECKING:
    from napari_radiogen.inference.patient_genes import GeneFeed
    from napari_radiogen.io.expression_tables import ExpressionTable

#: The file that makes a folder a cohort.
COHORT_FILE = "cohort.json"
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".gct", ".h5ad")
#: How napari's own tables of points and shapes begin.
NAPARI_TABLES = (b"index,axis-0", b"index,shape-type")


@dataclass(frozen=True, eq=False)
class OwnPatients:
    """Patients that a person opened beside a model.

    Parameters
    ----------
    path
        Of the table or of the cohort folder.
    kind
        Of the cohort: planted, phantom, surrogate or real; "" for a table.
    subjects
        Their split is ``own``; clinical columns and attributes as a cohort
        has them.
    metagenes, genes
        (N, K) and (N, G) z-scores, all finite.
    replaced
        Ids that were known before and take the values of this source.
    about
        How the values were read, and what a cohort tells besides genes.
    notices
        What a person should see, one line each.
    """

    path: Path
    kind: CohortKind | Literal[""]
    subjects: tuple[Subject, ...]
    metagenes: FloatArray
    replaced: tuple[str, ...]
    about: tuple[str, ...]
    notices: tuple[str, ...]
    genes: FloatArray

    @property
    def title(self) -> str:
        """Name how many patients came from where, in a few words."""
        count = len(self.subjects)
        words = f" ({COHORT_WORDS[self.kind]})" if self.kind else ""
        return f"{count} {'patient' if count == 1 else 'patients'} of {self.path.name[:40]}{words}"


def holds_genes(path: Path) -> bool:
    """Whether a path is a cohort folder or is named as tables are; true promises nothing."""
    try:
        if path.is_dir():
            return (path / COHORT_FILE).is_file()
        named = path.name.lower().removesuffix(".gz").endswith(TABLE_SUFFIXES)
        found = path.is_file() and (named or path.name == COHORT_FILE)
        return found and not _of_napari(path)
    except OSError:
        return False


def _of_napari(path: Path) -> bool:
    """Whether a file is a table of points or shapes that napari wrote."""
    with path.open("rb") as stream:
        return stream.read(32).startswith(NAPARI_TABLES)


def read_patients(path: Path, generator: Generator, scale: Scale | None = None) -> OwnPatients:
    """Read a cohort folder or an expression table as a generator's metagenes.

    No gene is filled in. A patient who lacks a value that the model needs is
    left out, and a notice counts them.

    Parameters
    ----------
    path
        A cohort folder (or its ``cohort.json``), or a table.
    scale
        Of a table's values; found out when None. A cohort states its own.

    Raises
    ------
    CohortError
        When the cohort is not whole.
    InputError
        When the table cannot be read, lacks genes of the model, or leaves no
        patient.
    """
    from napari_radiogen.inference.patient_genes import meet_model

    path = path.parent if path.name == COHORT_FILE else path
    kind: CohortKind | Literal[""] = ""
    known: dict[str, Subject] = {}
    if path.is_dir():
        table, kind, known = _cohort(path)
    else:
        table = _table(path, generator, scale)
    feed = meet_model(table, generator.metagenes)
    rows, scores, genes = _usable(feed)
    ids = [feed.patient_ids[i] for i in rows]
    subjects = tuple(
        replace(known[i], split="own") if i in known else Subject(i, i, "own") for i in ids
    )
    before = set(generator.subject_ids)
    replaced = tuple(i for i in ids if i in before)
    notices = (*_notices(feed, replaced), *table.warnings, *feed.warnings)
    return OwnPatients(
        path, kind, subjects, scores, replaced, _about(table, feed, subjects), notices, genes
    )


def _cohort(path: Path) -> tuple[ExpressionTable, CohortKind, dict[str, Subject]]:
    """Return the expression, kind and subjects of a cohort folder, checked to be whole."""
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.io.expression_scale import ScaleFinding
    from napari_radiogen.io.expression_tables import ExpressionTable
    from napari_radiogen.io.table_layout import Layout

    store = open_cohort(path)
    matrix = store.expression
    table = ExpressionTable(
        path=path,
        form="cohort",
        values=np.asarray(matrix.values, dtype=np.float32),
        patient_ids=matrix.patient_ids,
        gene_symbols=matrix.gene_symbols,
        layout=Layout("columns", "as cohorts are written"),
        scale=ScaleFinding(matrix.scale, True, "as the cohort states"),
    )
    return table, store.kind, {s.subject_id: s for s in store.subjects}


def _table(path: Path, generator: Generator, scale: Scale | None) -> ExpressionTable:
    from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table

    known = generator.metagenes.gene_symbols
    return read_expression_table(path, ReadingOptions(scale=scale, known_genes=known))


def _usable(feed: GeneFeed) -> tuple[list[int], FloatArray, FloatArray]:
    """Return the rows of patients who lack no value, their metagenes and genes."""
    if feed.scores is None or feed.genes is None:
        raise InputError(feed.problems[0], feed.path)
    rows = [i for i, p in enumerate(feed.patient_ids) if p not in feed.lacking]
    if not rows:
        raise InputError(
            f"has no value for some gene of the model in each of its {len(feed.patient_ids)} "
            "patients; radiogen genes lists them",
            feed.path,
        )
    scores = np.asarray(feed.scores[rows], dtype=np.float32)
    if not np.isfinite(scores).all():
        raise InputError("holds values too large for the model's scale", feed.path)
    return rows, scores, np.asarray(feed.genes[rows], dtype=np.float32)


def _notices(feed: GeneFeed, replaced: tuple[str, ...]) -> list[str]:
    from napari_radiogen.io.expression_tables import some

    notices = []
    if feed.lacking:
        notices.append(
            f"{len(feed.lacking)} of {len(feed.patient_ids)} patients left out for lack of a value "
            f"that the model needs: {some(feed.lacking)}"
        )
    if replaced:
        were = "id was" if len(replaced) == 1 else "ids were"
        notices.append(
            f"{len(replaced)} {were} known before; the values of {feed.path.name[:40]} are used: "
            f"{some(replaced)}"
        )
    return notices


def _about(
    table: ExpressionTable, feed: GeneFeed, subjects: tuple[Subject, ...]
) -> tuple[str, ...]:
    from napari_radiogen.io.expression_tables import some

    columns = tuple(dict.fromkeys(c for s in subjects for c in s.clinical))
    lines = [f"{table.scale.scale}: {table.scale.reason}", *table.notes]
    if feed.transform not in (None, "none"):
        lines.append(f"brought to the model's scale: {feed.transform}")
    if columns:
        lines.append(f"clinical columns: {some(columns)}")
    return tuple(lines)
