"""Fixtures that more than one topic needs; no Qt here."""

import os
import tarfile
from pathlib import Path

import pytest

DATA_VARIABLE = "RADIOGEN_DATA"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data, or a skip."""
    value = os.environ.get(DATA_VARIABLE)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{DATA_VARIABLE} does not name the folder of real data")
    return Path(value)


@pytest.fixture(scope="session")
def r01_folder(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole real chest CT, unpacked once a session."""
    folder = tmp_path_factory.mktemp("R01")
    with tarfile.open(data_dir / "ct" / "R01-001_CT_304.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder
