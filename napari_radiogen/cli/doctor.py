"""What the machine offers: one check a function, each with its outcome in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from napari_radiogen.constants import APP_NAME, DATA_VARIABLE
from napari_radiogen.errors import RadiogenError

Status = Literal["ok", "warn", "fail"]

OLDEST_PYTHON = (3, 11)
CORE_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-image",
    "scikit-learn",
    "torch",
    "monai",
    "pydicom",
    "highdicom",
    "SimpleITK",
    "zarr",
    "safetensors",
    "openTSNE",
    "matplotlib",
)
GUI_PACKAGES = ("napari", "qtpy", "magicgui", "superqt", "pyqtgraph")
TRAIN_PACKAGES = ("lightning", "umap-learn", "tensorboard")
QT_BINDINGS = ("PyQt5", "PyQt6", "PySide6")
#: A Qt that cannot start within this time, s, will not start.
QT_TIMEOUT_S = 60
START_QT = (
    "import qtpy; from qtpy.QtWidgets import QApplication; app = QApplication([]);"
    "print(qtpy.API_NAME, app.platformName())"
)


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    status: Status
    detail: str


def run_checks() -> Iterator[Check]:
    """Yield every check as soon as it is done."""
    yield check_python()
    yield check_packages("core packages", CORE_PACKAGES, "fail", "pip install napari-radiogen")
    yield check_packages("gui packages", GUI_PACKAGES, "warn", 'pip install "napari-radiogen[gui]"')
    yield check_packages(
        "train packages", TRAIN_PACKAGES, "warn", 'pip install "napari-radiogen[train]"'
    )
    yield check_display()
    yield check_qt()
    yield check_torch()
    yield from check_models()
    yield check_cache()
    yield check_data()


def check_python() -> Check:
    """Compare the interpreter with the oldest that is supported."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        return Check("python", "ok", version)
    return Check("python", "fail", f"{version}; 3.11 or newer is needed")


def check_packages(name: str, packages: tuple[str, ...], without: Status, remedy: str) -> Check:
    """List the versions of some packages, or those that are missing with the remedy."""
    versions = {package: _version(package) for package in packages}
    missing = [package for package, version in versions.items() if version is None]
    if missing:
        return Check(name, without, f"missing {', '.join(missing)}; {remedy}")
    return Check(name, "ok", ", ".join(f"{p} {v}" for p, v in versions.items()))


def check_display() -> Check:
    """Find a display, or what stands in for one."""
    if sys.platform != "linux":
        return Check("display", "ok", sys.platform)
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(variable):
            return Check("display", "ok", f"{variable}={os.environ[variable]}")
    if shutil.which("Xvfb"):
        return Check("display", "warn", "none; xvfb-run radiogen demo --screenshot FILE will do")
    return Check("display", "warn", "none, and no Xvfb; install xvfb for screenshots")


def check_qt() -> Check:
    """Start Qt in a process of its own, which may abort where libraries are missing."""
    bindings = [f"{name} {_version(name)}" for name in QT_BINDINGS if _version(name)]
    if not bindings:
        return Check("qt", "warn", 'no Qt binding; pip install "napari-radiogen[gui,pyqt5]"')
    environment = dict(os.environ)
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & environment.keys():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-c", START_QT]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=QT_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Check("qt", "fail", f"{bindings[0]} did not start within {QT_TIMEOUT_S} s")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Check("qt", "fail", f"{bindings[0]} does not start: {last[:200]}")
    return Check("qt", "ok", f"{', '.join(bindings)}; starts as {done.stdout.strip()}")


def check_torch() -> Check:
    """Report torch's devices and threads."""
    try:
        import torch
    except ImportError as error:
        return Check("torch", "fail", f"does not import: {str(error)[:200]}")
    device = "cpu"
    if torch.cuda.is_available():
        device = f"cuda ({torch.cuda.get_device_name()})"
    elif torch.backends.mps.is_available():
        device = "mps"
    return Check(
        "torch", "ok", f"{torch.__version__} on {device}, {torch.get_num_threads()} threads"
    )


def check_models() -> Iterator[Check]:
    """Compare every shipped model with its stored hash."""
    try:
        from napari_radiogen.inference.library import list_models, load_model

        entries = list_models()
    except (RadiogenError, ImportError) as error:
        yield Check("models", "fail", str(error))
        return
    if not entries:
        yield Check("models", "warn", "none found; the viewer works without synthesis")
    for entry in entries:
        try:
            load_model(entry)
        except RadiogenError as error:
            yield Check(f"model {entry.name}", "fail", str(error))
        else:
            detail = f"{entry.system}, {entry.cohort}, {entry.parameters:,} parameters, hash agrees"
            yield Check(f"model {entry.name}", "ok", detail)


def check_cache() -> Check:
    """See whether the demo patient can be kept."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir(APP_NAME))
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if os.access(existing, os.W_OK | os.X_OK):
        return Check("cache", "ok", str(folder))
    return Check(
        "cache", "warn", f"{folder} is not writable: the demo patient is rendered each time"
    )


def check_data() -> Check:
    """Look at the folder of public scans that some tests want."""
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        return Check("data", "ok", f"{DATA_VARIABLE} not set; only tests on real scans want it")
    if Path(value).is_dir():
        return Check("data", "ok", f"{DATA_VARIABLE}={value}")
    return Check("data", "warn", f"{DATA_VARIABLE}={value} is not a folder")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
