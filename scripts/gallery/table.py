"""The scenes: name of the picture, what draws it, theme and size. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.gallery.stage import Stage

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "gallery"
SMALL, LARGE = (1280, 800), (1920, 1080)


@dataclass(frozen=True)
class Scene:
    """One picture.

    Parameters
    ----------
    source
        ``module:function`` in this package; it gets a `Stage` and returns a
        pixmap, or the bytes of a file that the program wrote.
    theme
        Of napari.
    size
        Of the window, pixels.
    suffix
        Of the file.
    scale
        Pixels of the screen for one of Qt's; other than 1 takes a process of its own.
    """

    source: str
    theme: str = "dark"
    size: tuple[int, int] = SMALL
    suffix: str = ".png"
    scale: int = 1

    def draw(self, stage: Stage) -> bytes:
        """Return the picture as a file."""
        from scripts.gallery.pictures import png_of, smaller

        module, _, function = self.source.partition(":")
        drawn = getattr(import_module(f"scripts.gallery.{module}"), function)(stage)
        if not isinstance(drawn, bytes):
            return png_of(drawn)
        return smaller(drawn) if self.suffix == ".png" else drawn


#: In the order in which they are drawn: scenes that need no scan first, sizes together.
SCENES = {
    "empty": Scene("onboarding:empty"),
    "cohort": Scene("onboarding:cohort"),
    "tour": Scene("onboarding:tour"),
    "keys": Scene("onboarding:keys"),
    "preferences": Scene("onboarding:preferences"),
    "patients": Scene("genes:patients"),
    "window": Scene("ct:window"),
    "search": Scene("ct:search"),
    "window-level": Scene("ct:window_level"),
    "convention": Scene("ct:convention"),
    "series": Scene("ct:series"),
    "scan-information": Scene("ct:scan_information"),
    "tumours": Scene("ct:tumours"),
    "measurements": Scene("ct:measurements"),
    "painting": Scene("ct:painting"),
    "mask": Scene("ct:mask"),
    "sliders": Scene("genes:sliders"),
    "single-gene": Scene("genes:single_gene"),
    "models": Scene("genes:models"),
    "mixing": Scene("genes:mixing"),
    "randomised": Scene("genes:randomised"),
    "named-edits": Scene("genes:named_edits"),
    "gauge-warns": Scene("genes:gauge_warns"),
    "gauge-asks": Scene("genes:gauge_asks"),
    "ghost-box": Scene("synthesis:ghost_box"),
    "refusal": Scene("synthesis:refusal"),
    "nodule": Scene("synthesis:nodule"),
    "real": Scene("synthesis:real"),
    "difference": Scene("synthesis:difference"),
    "difference-genes": Scene("synthesis:difference_genes"),
    "weights": Scene("synthesis:weights"),
    "change": Scene("synthesis:change"),
    "several-nodules": Scene("synthesis:several_nodules"),
    "draws": Scene("synthesis:draws"),
    "draws-progress": Scene("synthesis:draws_progress"),
    "sweep": Scene("synthesis:sweep"),
    "maps": Scene("maps:maps"),
    "map-hover": Scene("maps:hover"),
    "map-lasso": Scene("maps:lasso"),
    "map-selection": Scene("maps:selection"),
    "map-clusters": Scene("maps:clusters"),
    "map-trail": Scene("maps:trail"),
    "map-umap": Scene("maps:umap"),
    "composer": Scene("exports:composer"),
    "figure": Scene("exports:figure"),
    "sweep-strip": Scene("exports:sweep_strip"),
    "sweep-film": Scene("exports:sweep_film", suffix=".gif"),
    "export": Scene("exports:export"),
    "sessions": Scene("sessions:recent"),
    "recovery": Scene("sessions:recovery"),
    "missing-scan": Scene("sessions:missing_scan"),
    "refused": Scene("sessions:refused"),
    "restored": Scene("sessions:restored"),
    "window-light": Scene("ct:window", theme="light"),
    "maps-light": Scene("maps:maps", theme="light"),
    "tumours-light": Scene("ct:tumours", theme="light"),
    "window-large": Scene("ct:window", size=LARGE),
    "window-large-light": Scene("ct:window", theme="light", size=LARGE),
    "window-4k": Scene("ct:start", scale=2),
}
