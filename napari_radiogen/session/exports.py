"""Writing what a session shows: figure, marked volume, recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import RESEARCH_USE, SYNTHETIC
from napari_radiogen.domain import CTVolume, SynthesisResult
from napari_radiogen.errors import InputError, Stop, check_stop
from napari_radiogen.io.save import atomic_write, save_together
from napari_radiogen.session.digests import result_digest
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.figure_choice import FigureChoice
from napari_radiogen.session.nodules import whole_scan
from napari_radiogen.session.recipe import Recipe, make_recipe
from napari_radiogen.session.recipe_file import save_all

VOLUME_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
FIGURE_SUFFIXES = (".png", ".svg", ".pdf")
#: Of the picture that a person sees before a figure is written.
PREVIEW_DPI = 84


def check_suffix(path: Path, allowed: tuple[str, ...]) -> str:
    """Return the suffix of a file to write.

    Raises
    ------
    InputError
        When it is none of those allowed, or the folder does not exist.
    """
    for suffix in allowed:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            if not path.parent.is_dir():
                raise InputError("the folder does not exist", path.parent)
            return suffix
    raise InputError(f"expected a name that ends in {', '.join(allowed)}", path)


def recipe_path(path: Path, suffix: str) -> Path:
    """Return the name of the recipe beside an export."""
    return path.with_name(f"{path.name[: -len(suffix)]}.recipe.json")


def synthetic_volume(scan: CTVolume, *results: SynthesisResult) -> CTVolume:
    """Return the whole scan with its nodules, marked synthetic and without ids."""
    return replace(
        scan,
        voxels=whole_scan(scan, results),
        series_uid="",
        patient_id="",
        description=f"{SYNTHETIC} nodule{'s' * (len(results) > 1)} - {RESEARCH_USE}",
        synthetic=True,
    )


def write_recipe(what: Exportable, path: Path, *, cancelled: Stop | None = None) -> None:
    """Write the recipe of every nodule of the scan."""
    check_suffix(path, (".json",))
    check_stop(cancelled)
    save_all(recipes_of(what), path)


def recipes_of(what: Exportable) -> list[Recipe]:
    """Return the recipe of every nodule of the scan."""
    return [make_recipe(r, i, what.scan, what.scan_path) for r, i in what.all_nodules]


def _volume(what: Exportable) -> CTVolume:
    return synthetic_volume(what.scan, *(result for result, _ in what.all_nodules))


def _write_with_recipe(
    what: Exportable, path: Path, suffix: str, write: Callable[[Path], None]
) -> None:
    """Write an export and its recipe beside it: both or neither."""
    beside = recipe_path(path, suffix)
    save_together((path, write), (beside, lambda temporary: write_recipe(what, temporary)))


def write_synthetic(what: Exportable, path: Path, *, cancelled: Stop | None = None) -> None:
    """Write the scan with the nodule, and its recipe beside it: both, or neither."""
    from napari_radiogen.io.labels import write_volume

    suffix = check_suffix(path, VOLUME_SUFFIXES)
    volume = _volume(what)
    _write_with_recipe(what, path, suffix, partial(write_volume, volume, cancelled=cancelled))


def write_series(what: Exportable, folder: Path, *, cancelled: Stop | None = None) -> None:
    """Write the scan with the nodule as a DICOM series, and its recipe beside the folder.

    The series is marked synthetic, has UIDs of its own and takes nothing over
    from the scan's headers. The recipe takes its place last: a series that
    fails leaves none.

    Raises
    ------
    RadiogenError
        When the folder holds something already or cannot be written.
    Cancelled
        When `cancelled` says so; neither is left behind.
    """
    from napari_radiogen.io.dicom_write import write_ct_series

    if not folder.parent.is_dir():
        raise InputError("the folder does not exist", folder.parent)
    beside = folder.with_name(f"{folder.name}.recipe.json")
    recipes, volume = recipes_of(what), _volume(what)

    def write(temporary: Path) -> None:
        save_all(recipes, temporary)
        write_ct_series(
            volume,
            folder,
            patient_id=f"{SYNTHETIC}-{result_digest(what.result)[:12]}",
            series_description=f"nodule - {RESEARCH_USE}",
            cancelled=cancelled,
        )

    atomic_write(beside, write)


def write_figure(
    what: Exportable,
    path: Path,
    *,
    choice: FigureChoice | None = None,
    cancelled: Stop | None = None,
) -> None:
    """Write the figure of one nodule, and the recipe of that one beside it."""
    from napari_radiogen.session.figure import compose_figure, save_figure

    suffix = check_suffix(path, FIGURE_SUFFIXES)
    what, choice = replace(what, nodules=()), choice or FigureChoice()
    figure = compose_figure(what, choice)
    check_stop(cancelled)
    _write_with_recipe(
        what, path, suffix, lambda temporary: save_figure(figure, temporary, choice.dpi)
    )


def figure_pixels(
    what: Exportable, choice: FigureChoice, ratio: float = 1.0
) -> npt.NDArray[np.uint8]:
    """Return the figure's pixels (H, W, 4) at `PREVIEW_DPI`, times the pixels a point."""
    from napari_radiogen.session.figure import compose_figure, draw_pixels

    return draw_pixels(compose_figure(what, choice), round(PREVIEW_DPI * ratio))
