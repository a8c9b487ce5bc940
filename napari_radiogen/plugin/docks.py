"""Open the four docks together, in a window of their own or in one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import arrange, close_notifications, main_window, unwrapped
from napari_radiogen.plugin.workbench import Workbench, workbench_of

if TYPE_CHECKING:
    import napari.viewer

#: napari has said what it says at its start, ms.
START_MS = 400


def open_docks(viewer: napari.viewer.Viewer) -> None:
    """Open the four docks in their places."""
    real = unwrapped(viewer)
    arrange(
        real,
        {
            "CT & Tumour": CTTumourWidget(real),
            "Export": ExportWidget(real),
            "Gene Panel": GenePanelWidget(real),
            "Gene Map": GeneMapWidget(real),
        },
    )


def open_window(size: tuple[int, int]) -> tuple[napari.viewer.Viewer, Workbench]:
    """Open napari with the four docks, at a size in pixels."""
    import napari

    viewer = napari.Viewer(title=f"napari-radiogen · {RESEARCH_USE}", show=False)
    workbench = workbench_of(viewer)
    window = main_window(viewer)
    viewer.window.show()
    open_docks(viewer)
    if window is not None:
        window.resize(*size)
    QTimer.singleShot(START_MS, lambda: close_notifications(viewer))
    return viewer, workbench
