"""The core works where neither Qt nor napari is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import napari_radiogen

BLOCKED = ("napari", "qtpy", "PyQt5", "PyQt6", "magicgui", "superqt", "pyqtgraph", "vispy")

BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f'{{name}} is blocked', name=name)

sys.meta_path.insert(0, Blocker())
"""

IMPORT_EVERYTHING = """
import importlib, pkgutil
import napari_radiogen
seen = []
for found in pkgutil.walk_packages(napari_radiogen.__path__, 'napari_radiogen.'):
    if not found.name.startswith('napari_radiogen.plugin'):
        importlib.import_module(found.name)
        seen.append(found.name)
print(*seen)
"""

TINY_JOB = """
import numpy as np, tempfile
from pathlib import Path
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.imaging.measure import find_nodules
from napari_radiogen.io.labels import read_labels, write_labels
geometry = VolumeGeometry((12, 20, 20), (2.0, 1.0, 1.0))
hu = np.full(geometry.shape, -850, np.int16)
hu[4:8, 6:12, 6:12] = 30
labels = LabelVolume((hu > 0).astype(np.uint8), geometry)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / 'mask.nii.gz'
    write_labels(labels, path)
    again = read_labels(path)
nodule, = find_nodules(CTVolume(hu, geometry), again)
print(nodule.volume_mm3)
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BLOCKER + code], capture_output=True, text=True)


def test_every_core_module_imports() -> None:
    done = _run(IMPORT_EVERYTHING)
    assert done.returncode == 0, done.stderr
    rooms = {
        path.parent.name
        for path in Path(napari_radiogen.__file__).parent.glob("*/__init__.py")
        if path.parent.name != "plugin"
    }
    assert rooms <= {name.split(".")[1] for name in done.stdout.split()}


def test_a_mask_is_written_read_and_measured() -> None:
    done = _run(TINY_JOB)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == 4 * 6 * 6 * 2.0


def test_the_blocker_blocks() -> None:
    done = _run("import qtpy")
    assert done.returncode != 0
    assert "qtpy is blocked" in done.stderr
