"""Sample data of the File menu: each opens the docks it needs and leads to something to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogen.errors import InputError
from napari_radiogen.plugin.demo import demo_subject, open_demo_patient
from napari_radiogen.plugin.layers import LayerData
from napari_radiogen.plugin.notices import open_viewer

if TYPE_CHECKING:
    from napari_radiogen.plugin.workbench import Workbench

#: Generators that ship, by whose patients a sample shows.
PLANTED, SURROGATE = "mcgan-planted", "mcgan-surrogate"
#: Says in a layer's metadata that it stands for a sample, and goes at once.
SAMPLE = "sample"


def demo_patient() -> list[LayerData]:
    """Return the phantom patient; in a window the docks lead to a synthetic nodule in it."""
    viewer = open_viewer()
    if viewer is not None:
        open_demo_patient(_docks_of(viewer))
        return [_stand_in("phantom patient")]
    from napari_radiogen.cohorts.phantom import demo_folder
    from napari_radiogen.plugin.readers import read_layers

    return read_layers(str(demo_folder(None)))


def demo_cohort() -> list[LayerData]:
    """Open the patients with invented genes in Gene Panel and Gene Map."""
    return _open_cohort(PLANTED)


def surrogate_cohort() -> list[LayerData]:
    """Open the patients with others' real genes in Gene Panel and Gene Map."""
    return _open_cohort(SURROGATE)


def _open_cohort(model: str) -> list[LayerData]:
    viewer = open_viewer()
    if viewer is None:
        raise InputError("a cohort shows in a napari window; start one first")
    workbench = _docks_of(viewer)
    workbench.demo = CohortSample(workbench, model)
    return [_stand_in("demo cohort")]


class CohortSample:
    """Waits for a model, then takes the genes of one of its patients."""

    def __init__(self, workbench: Workbench, model: str) -> None:
        self.session, self.model = workbench.session, model
        if self._is_there():
            self._choose()
            return
        self.session.models_changed.connect(self._choose)
        self.session.load_models(model)

    def _is_there(self) -> bool:
        generator = self.session.generator
        return generator is not None and generator.name == self.model

    def _choose(self) -> None:
        self.session.models_changed.disconnect(self._choose, missing_ok=True)
        generator = self.session.generator
        if generator is not None and self._is_there():
            self.session.choose_subject(demo_subject(generator.subjects))


def _docks_of(viewer: Any) -> Workbench:
    from napari_radiogen.plugin.docks import open_docks
    from napari_radiogen.plugin.workbench import workbench_of

    open_docks(viewer)
    return workbench_of(viewer)


def _stand_in(name: str) -> LayerData:
    """Return a layer that goes as soon as it came: napari takes no sample without one."""
    arguments = {"name": name, "visible": False, "metadata": {"radiogen": SAMPLE}}
    return np.zeros((0, 3)), arguments, "points"
