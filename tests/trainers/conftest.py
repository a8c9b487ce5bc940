import pytest

from napari_radiogen.cohorts.invented_genes import GeneDesign
from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort
from tests.nodule_folder import write_nodules


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    nodules = write_nodules(folder / "in")
    plant_cohort(nodules, folder / "out", PlantConfig(design=GeneDesign(genes=120, per_factor=20)))
    return folder / "out"
