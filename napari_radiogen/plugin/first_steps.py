"""The one step that goes on from an empty dock: a scan, a model, a nodule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogen.plugin.demo import demo_subject, open_demo_patient
from napari_radiogen.plugin.site import left_lung_site

if TYPE_CHECKING:
    from napari_radiogen.plugin.workbench import Workbench

OPEN_PHANTOM = "Open the phantom patient"
LOAD_MODEL = "Load the model"
PLACE_NODULE = "Place a nodule"
#: Work that brings another scan.
OPENING = ("demo", "drop", "scan", "session")


def next_step(workbench: Workbench) -> str:
    """Name what a synthetic nodule lacks first."""
    session = workbench.session
    if session.scan is None:
        return OPEN_PHANTOM
    return LOAD_MODEL if session.generator is None else PLACE_NODULE


def take_step(workbench: Workbench, step: str) -> None:
    """Do what a step names."""
    if step == OPEN_PHANTOM:
        open_demo_patient(workbench)
    elif step == LOAD_MODEL:
        workbench.session.load_models()
    else:
        place_nodule(workbench)


def place_nodule(workbench: Workbench) -> None:
    """Put a nodule deep in the left lung; where there is none, let the next click place it."""
    session = workbench.session
    if session.generator is not None and not session.state.intent.start_in_words:
        session.choose_subject(demo_subject(session.generator.subjects))
    point = None if session.lung is None else left_lung_site(session.lung)
    if point is None:
        workbench.pointer.set_place_mode(True)
        return
    session.place(point)
    workbench.presenter.go_to(point)
