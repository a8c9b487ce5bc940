"""A procedural chest CT with nodules whose truth is known."""

from napari_radiogen.phantom.nodule import Morphology
from napari_radiogen.phantom.render import (
    chest_geometry,
    demo_patient,
    render_scan,
    render_scene,
)
from napari_radiogen.phantom.scene import Scene
from napari_radiogen.phantom.stage import PhantomScan

__all__ = [
    "Morphology",
    "PhantomScan",
    "Scene",
    "chest_geometry",
    "demo_patient",
    "render_scan",
    "render_scene",
]
