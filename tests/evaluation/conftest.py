import pytest

from napari_radiogen.io.cohort_store import open_cohort, write_cohort
from tests.evaluation.doubles import fabricate


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    path = tmp_path_factory.mktemp("cohort") / "discs"
    write_cohort(path, fabricate())
    return open_cohort(path)
