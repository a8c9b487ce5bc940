"""Which figures there are, what each needs, and the folder that holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.errors import CohortError, ModelError
from napari_radiogen.evaluation.figures.bench import Bench, set_up
from napari_radiogen.evaluation.figures.cluster import clustered_features
from napari_radiogen.evaluation.figures.li import (
    mapped_tumours,
    outlined_tumours,
    sheet_of_one_patient,
    tumours_by_patient,
)
from napari_radiogen.evaluation.figures.maps import gene_maps
from napari_radiogen.evaluation.figures.page import Page, save_page
from napari_radiogen.evaluation.figures.xu import PROPOSED, compared_methods, generator_outputs
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.io.save import save_text

Draw = Callable[[GivenModels, Bench], Page]

#: In the order of the papers; figures of the proposed generator once for each of its modes.
FIGURES: dict[str, Draw] = {
    "li-2018-figure-5": outlined_tumours,
    "li-2018-figure-6": clustered_features,
    "li-2018-figure-7": mapped_tumours,
    "li-2018-figure-8": tumours_by_patient,
    "li-2018-figure-8-sheet": sheet_of_one_patient,
    **{f"xu-2019-figure-2-{s}": partial(generator_outputs, system=s) for s in PROPOSED},
    "xu-2019-figure-3": compared_methods,
    **{f"xu-2019-figure-4-{s}": partial(gene_maps, system=s) for s in PROPOSED},
}


@dataclass(frozen=True)
class FigureReport:
    """Figures that were drawn, and why others were not: name to reason."""

    pages: tuple[Page, ...]
    left_out: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return titles, captions and subjects as plain values, without pictures."""
        drawn = {
            page.key: {
                "title": page.title,
                "caption": page.caption,
                "subjects": list(page.subjects),
            }
            for page in self.pages
        }
        return {"drawn": drawn, "left_out": self.left_out}


def draw_figures(study: Study) -> FigureReport:
    """Draw every figure that the models of a study and its cohort allow.

    Raises
    ------
    CohortError
        When the cohort has too few test subjects to draw any.
    """
    bench = set_up(study.cohort, study.settings.seed)
    pages: list[Page] = []
    left_out: dict[str, str] = {}
    for i, (name, draw) in enumerate(FIGURES.items()):
        study.progress(i / len(FIGURES), f"figures: {name}")
        try:
            pages.append(draw(study.models, bench))
        except (CohortError, ModelError) as error:
            left_out[name] = error.reason
    return FigureReport(tuple(pages), left_out)


def save_figures(report: FigureReport, folder: Path) -> None:
    """Write the figures as PNG, SVG and PDF, and a page that shows them, into a new folder.

    Raises
    ------
    RadiogenError
        When the system refuses.
    """
    folder.mkdir()
    for page in report.pages:
        save_page(page, folder)
    save_text(folder / "figures.md", to_markdown(report))


def to_markdown(report: FigureReport) -> str:
    """Return the figures with their captions as one page."""
    parts = ["# Figures", f"**{RESEARCH_USE}.**"]
    for page in report.pages:
        parts += [f"## {page.title}", f"![{page.title}]({page.key}.png)", page.caption]
    if report.left_out:
        lines = [f"- {name}: {reason}" for name, reason in report.left_out.items()]
        parts += ["## Left out", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"
