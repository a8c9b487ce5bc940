"""What a person may write: figure, synthetic scan, tumours, recipe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from napari_radiogen.session import exports, measures, tumours
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.figure_choice import FigureChoice
from napari_radiogen.session.reactions import NO_MODEL, Reactions
from napari_radiogen.session.resolve import Facts, resolve


class Exporting(Reactions):
    """Actions that write files; each is a job, and each refusal one line."""

    def export_figure(self, path: str | Path, choice: FigureChoice | None = None) -> None:
        """Write the figure (PNG, SVG or PDF) and its recipe beside it."""
        self._export(path, partial(exports.write_figure, choice=choice))

    def preview_figure(self, choice: FigureChoice, ratio: float = 1.0) -> None:
        """Draw the figure small; ``figure_drawn`` tells its pixels (H, W, 4).

        Parameters
        ----------
        ratio
            Pixels a point of the screen that shows it.
        """
        what = self._exportable()
        if what is not None:
            self.work.start(
                "figure",
                lambda ctx: exports.figure_pixels(what, choice, ratio),
                self.figure_drawn.emit,
            )

    def export_volume(self, path: str | Path) -> None:
        """Write the scan with the nodule (.nii.gz, .nrrd, .mha) and its recipe beside it."""
        self._export(path, exports.write_synthetic)

    def export_series(self, folder: str | Path) -> None:
        """Write the scan with the nodule as a DICOM series and its recipe beside the folder."""
        self._export(folder, exports.write_series)

    def save_tumours(self, path: str | Path) -> None:
        """Write the tumours (.nii.gz, .nrrd, .mha, or .dcm as DICOM SEG)."""
        scan, found, source, target = self.scan, self.tumours, self.scan_path, Path(path)
        if scan is None or found is None:
            self.failed.emit("there are no tumours to save; find them or open a mask first")
            return
        self.work.start(
            "export",
            lambda ctx: tumours.write_tumours(found, scan, source, target, cancelled=ctx.cancelled),
            lambda _: self.exported.emit(str(target)),
        )

    def save_measurements(self, path: str | Path) -> None:
        """Write the measurements of all tumours as CSV."""
        found, target = self.tumours, Path(path)
        if found is None:
            self.failed.emit("there are no tumours to measure; find them or open a mask first")
            return
        self.work.start(
            "export",
            lambda ctx: measures.write_measurements(found, target),
            lambda _: self.exported.emit(str(target)),
        )

    def save_recipe(self, path: str | Path) -> None:
        """Write the recipe of every nodule of the scan, alone."""
        self._export(path, exports.write_recipe)

    def _exportable(self) -> Exportable | None:
        """Freeze the finished nodule; None, and one line, when there is none."""
        scan, result = self.scan, self.result
        generator, reference = self.generator, self.models.reference
        wanted = resolve(self.state.intent, Facts(scan, self.generator))
        finished = result is not None and result.complete and result.request == wanted
        if scan is None or result is None or not finished:
            self.failed.emit(
                "there is no finished synthetic nodule to export yet; place one, or wait for it"
            )
            return None
        if generator is None or reference is None:
            self.failed.emit(NO_MODEL)
            return None
        if not self.others.complete:
            self.failed.emit("another nodule of the scan is not finished; wait, or remove it")
            return None
        found = None if self.tumours is None else self.tumours.labels
        intent = self.state.intent
        nodules = tuple(zip(self.results, intent.nodules, strict=True))
        return Exportable(
            scan, self.scan_path, result, intent, generator, reference, found, nodules
        )

    def _export(self, path: str | Path, write: Callable[..., None]) -> None:
        target, what = Path(path), self._exportable()
        if what is not None:
            self.work.start(
                "export",
                lambda ctx: write(what, target, cancelled=ctx.cancelled),
                lambda _: self.exported.emit(str(target)),
            )
