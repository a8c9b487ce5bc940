"""A procedural chest CT with nodules whose truth is known."""

from napari_radiogen.phantom.nodule import Morphology
from napari_radiogen.phantom.render import (
    PhantomScan,
    Scene,
    chest_geometry,
    demo_patient,
    render_scan,
    render_scene,
)

__all__ = [
    "Morphology",
    "PhantomScan",
    "Scene",
    "chest_geometry",
    "demo_patient",
    "render_scan",
    "render_scene",
]
