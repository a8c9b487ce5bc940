import pytest

from napari_radiogen.evaluation.figures.bench import set_up
from napari_radiogen.evaluation.tables.given import GivenModels
from tests.evaluation.figures.stand_ins import Filler, Mapper, Painter, Sheet, UNet


@pytest.fixture(scope="session")
def bench(cohort):
    return set_up(cohort)


@pytest.fixture(scope="session")
def models():
    return GivenModels(
        unets=(UNet(),),
        mappers=(Mapper(),),
        sheets=(Sheet(),),
        fillers=(Filler(),),
        painters=(Painter("mcgan"), Painter("mcgan-paper"), Painter("mcgan-baseline")),
    )
