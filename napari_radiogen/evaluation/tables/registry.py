"""Which tables there are, and what each needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from napari_radiogen.errors import InputError
from napari_radiogen.evaluation.tables.cluster_maps import cluster_map_table
from napari_radiogen.evaluation.tables.control_fidelity import control_table
from napari_radiogen.evaluation.tables.gene_codes import gene_code_table
from napari_radiogen.evaluation.tables.gene_errors import gene_error_table
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.evaluation.tables.images import image_table
from napari_radiogen.evaluation.tables.segmentation import segmentation_table
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.evaluation.tables.table import Table
from napari_radiogen.inference.gene_painter import PAINTERS


@dataclass(frozen=True)
class TableKind:
    """How a table is made.

    Parameters
    ----------
    wants
        The models without which it is left out, in words.
    ready
        Whether the models given suffice.
    make
        From a study to the table.
    """

    name: str
    wants: str
    ready: Callable[[GivenModels], Any]
    make: Callable[[Study], Table]


_PAINTERS = ", ".join(PAINTERS)
#: In the order in which they are written.
TABLES: tuple[TableKind, ...] = (
    TableKind("segmentation", "a unet", lambda m: m.unets, segmentation_table),
    TableKind("gene-errors", "an autoencoder", lambda m: m.mappers, gene_error_table),
    TableKind(
        "image-quality",
        f"a painter ({_PAINTERS}) or an inpainting model",
        lambda m: m.painters or m.fillers,
        image_table,
    ),
    TableKind("cluster-map", "an autoencoder", lambda m: m.mappers, cluster_map_table),
    TableKind("gene-codes", f"a painter ({_PAINTERS})", lambda m: m.painters, gene_code_table),
    TableKind("control", f"a painter ({_PAINTERS})", lambda m: m.painters, control_table),
)


@dataclass(frozen=True)
class TableReport:
    """Tables that were made, and why others were not: name to reason."""

    tables: tuple[Table, ...]
    left_out: dict[str, str]


def make_tables(study: Study, only: Collection[str] = ()) -> TableReport:
    """Make each table that the models of a study allow.

    Parameters
    ----------
    only
        Names of the tables that are wanted; empty for all.

    Raises
    ------
    InputError
        When ``only`` names no table.
    RadiogenError
        When model and cohort do not fit together.
    """
    names = [kind.name for kind in TABLES]
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise InputError(f"no such table (known: {', '.join(names)})", subject=unknown[0])
    wanted = [kind for kind in TABLES if not only or kind.name in only]
    ready = [kind for kind in wanted if kind.ready(study.models)]
    tables = []
    for i, kind in enumerate(ready):
        part = replace(study, progress=_part(study, i / len(ready), 1 / len(ready), kind.name))
        part.progress(0.0, "")
        tables.append(kind.make(part))
    left = {kind.name: f"needs {kind.wants}" for kind in wanted if kind not in ready}
    return TableReport(tuple(tables), left)


def _part(study: Study, start: float, share: float, name: str) -> Callable[[float, str], None]:
    def report(fraction: float, message: str) -> None:
        study.progress(start + share * fraction, f"{name}: {message}" if message else name)

    return report
