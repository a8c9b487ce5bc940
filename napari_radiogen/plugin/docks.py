"""Open the four docks together, in a window of their own or in one that is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import arrange, close_notifications, main_window, unwrapped
from napari_radiogen.plugin.workbench import Workbench, workbench_of

if TYPE_CHECKING:
    import napari.viewer

#: As the manifest calls the plugin, for people and for programs.
NAMES = ("Radiogen", "napari-radiogen")
DOCKS: dict[str, Callable[[Any], QWidget]] = {
    "CT & Tumour": CTTumourWidget,
    "Export": ExportWidget,
    "Gene Panel": GenePanelWidget,
    "Gene Map": GeneMapWidget,
}
#: napari has said what it says at its start, ms.
START_MS = 400


def open_docks(viewer: napari.viewer.Viewer) -> None:
    """Open the four docks in their places; those that are open already stay the same."""
    real = unwrapped(viewer)
    arrange(real, {name: partial(made, real) for name, made in DOCKS.items()}, NAMES)


def open_window(size: tuple[int, int]) -> tuple[napari.viewer.Viewer, Workbench]:
    """Open napari with the four docks, at a size in pixels."""
    import napari

    viewer = napari.Viewer(title=f"napari-radiogen · {RESEARCH_USE}", show=False)
    workbench = workbench_of(viewer)
    window = main_window(viewer)
    viewer.window.show()
    open_docks(viewer)
    if window is not None:
        # Else the least size is still that of the docks before they were arranged.
        window.layout().activate()
        window.resize(*size)
    QTimer.singleShot(START_MS, lambda: close_notifications(viewer))
    return viewer, workbench
