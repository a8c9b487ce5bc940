"""Frozen nouns that every layer speaks; numpy only."""

from napari_radiogen.domain.cohort import (
    CohortKind,
    CohortSplit,
    Split,
    Subject,
    cohort_words,
    people_of,
)
from napari_radiogen.domain.expression import ExpressionMatrix, Metagenes, Scale
from napari_radiogen.domain.gene_code import (
    CodeSource,
    GeneCode,
    GeneCodeTable,
    Place,
    joined_rows,
)
from napari_radiogen.domain.gene_maps import BaselineEncoder, GeneMaps
from napari_radiogen.domain.gene_names import GeneAliases, GeneReport
from napari_radiogen.domain.geometry import VolumeGeometry
from napari_radiogen.domain.nodule import Nodule, NoduleSite, Point
from napari_radiogen.domain.provenance import Provenance
from napari_radiogen.domain.synthesis import SynthesisRequest, SynthesisResult
from napari_radiogen.domain.volume import CTVolume, LabelVolume, ProbabilityVolume

__all__ = [
    "BaselineEncoder",
    "CTVolume",
    "CodeSource",
    "CohortKind",
    "CohortSplit",
    "ExpressionMatrix",
    "GeneAliases",
    "GeneCode",
    "GeneCodeTable",
    "GeneMaps",
    "GeneReport",
    "LabelVolume",
    "Metagenes",
    "Nodule",
    "NoduleSite",
    "Place",
    "Point",
    "ProbabilityVolume",
    "Provenance",
    "Scale",
    "Split",
    "Subject",
    "SynthesisRequest",
    "SynthesisResult",
    "VolumeGeometry",
    "cohort_words",
    "joined_rows",
    "people_of",
]
