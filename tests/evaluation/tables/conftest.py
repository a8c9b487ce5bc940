import numpy as np
import pytest

from napari_radiogen.evaluation.tables.study import TableSettings
from napari_radiogen.io.cohort_store import open_cohort, write_cohort
from tests.evaluation.tables.miniature import miniature

#: Enough to see a difference, in a moment.
QUICK = TableSettings(resamples=40, image_draws=2, control_draws=1, permutations=4)


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    """Return a cohort of other people, opened."""
    path = tmp_path_factory.mktemp("others") / "cohort"
    write_cohort(path, miniature())
    return open_cohort(path)


@pytest.fixture(scope="session")
def quick():
    return QUICK


@pytest.fixture(scope="session")
def slice_bytes(others):
    """Return the bytes of each slice with its subject: how a stub knows what it sees."""
    return [
        (others.image[row].tobytes(), str(others.slices["subject_id"][row]))
        for row in np.flatnonzero(others.slices["role"] == "nodule")
    ]
