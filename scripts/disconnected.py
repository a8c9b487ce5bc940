"""Takes one connection of the window away at a time, and looks whether a test notices.

A connection is a call that ties a signal, an event, a button or a callback of
`napari_radiogen/plugin` to what answers it. The module without it exists in
memory alone, in a child process that runs the module's tests (see TESTS);
what napari and torch need to load is loaded once, before. The test that fails
then runs alone with all connections in place: where it fails there, too, it
proves nothing.

    xvfb-run -a python scripts/disconnected.py               one of each widget (SHOWN)
    xvfb-run -a python scripts/disconnected.py gauge export  all of these modules
    xvfb-run -a python scripts/disconnected.py --all         all of all modules
    python scripts/disconnected.py --list

Prints ``killed`` with the test that failed, or ``survived``, and ends with 1
where one survived.
"""

from __future__ import annotations

import argparse
import ast
import faulthandler
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "napari_radiogen" / "plugin"
#: Loaded before any test; nothing of the plugin, and no QApplication, may be among them.
HEAVY = (
    "pytest", "napari.components", "napari.layers", "napari._qt.qt_viewer", "pyqtgraph",
    "matplotlib.figure", "torch", "napari_radiogen.session.controller", "tests.session.fakes",
)  # fmt: skip
#: Longest time for one file of tests, s.
LIMIT_S = 900
CALLS = {"connect", "listen", "follow", "mirror", "installEventFilter"}
MAKERS = {"button", "toggle"}
NOTHING = "(lambda *_, **__: None)"

#: Test files of a module after the one of its own name; the likeliest first.
TESTS: dict[str, tuple[str, ...]] = {
    "canvas_marks": ("test_orientation.py", "test_viewing.py"),
    "change_layers": ("test_synthesis_panel.py",),
    "ct_tumour": ("test_windowing.py", "test_orientation.py", "test_scan_dock.py", "test_masks.py",
                  "test_sessions.py", "test_widgets.py"),
    "demo": ("test_window.py",),
    "empty": ("test_empty_states.py",),
    "export": ("test_export_cancel.py", "test_figure_dialog.py", "test_exports.py",
               "test_widgets.py"),
    "gauge": ("test_gene_tools.py",),
    "gene_map": ("test_map_spaces.py", "test_patient_source.py", "test_sessions.py",
                 "test_widgets.py", "test_drag_pace.py"),
    "gene_panel": ("test_widgets.py", "test_gene_tools.py", "test_patient_source.py",
                   "test_drag_pace.py", "test_empty_states.py"),
    "ghost": ("test_window.py",),
    "map_choice": ("test_sessions.py", "test_map_spaces.py"),
    "map_plot": ("test_map_spaces.py", "test_gene_map.py", "test_widgets.py"),
    "map_selection": ("test_gene_map.py",),
    "mix_row": ("test_gene_tools.py",),
    "noise_window": ("test_synthesis_panel.py",),
    "opening": ("test_window.py",),
    "other_nodules": ("test_nodule_list.py",),
    "paint_tools": ("test_tumour_display.py", "test_window.py"),
    "pace": ("test_drag_pace.py",),
    "parts": ("test_palette.py", "test_widgets.py", "test_drag_pace.py"),
    "patient_picker": ("test_gene_tools.py", "test_widgets.py"),
    "planes": ("test_viewing.py", "test_windowing.py", "test_orientation.py"),
    "pointer": ("test_ghost.py", "test_viewing.py", "test_windowing.py"),
    "presenter": ("test_viewing.py", "test_orientation.py", "test_windowing.py", "test_window.py"),
    "preferences": ("test_first_use.py",),
    "qt_jobs": ("test_export_cancel.py",),
    "scan_info": ("test_scan_dock.py",),
    "session_row": ("test_sessions.py",),
    "sweep_window": ("test_synthesis_panel.py", "test_palette.py"),
    "synthesis": ("test_synthesis_panel.py", "test_widgets.py", "test_windowing.py"),
    "tour": ("test_first_use.py",),
    "tumour_display": ("test_viewing.py",),
    "tumour_panel": ("test_tumour_display.py", "test_scan_dock.py", "test_widgets.py"),
    "tumour_table": ("test_tumour_display.py",),
    "viewport": ("test_sessions.py",),
    "workbench": ("test_viewing.py", "test_windowing.py", "test_series_chooser.py",
                  "test_masks.py", "test_orientation.py", "test_window.py"),
}  # fmt: skip


#: For each widget one of its connections, and the test that shows that it is there.
SHOWN: dict[str, tuple[str, str]] = {
    "ct_tumour": ("listen(state.window",
        "test_windowing.py::test_a_preset_chosen_elsewhere_puts_its_button_down"),
    "empty": ("linkActivated",
        "test_empty_states.py::test_its_links_open_a_scan_of_ones_own"),
    "export": ("button('DICOM…'",
        "test_widgets.py::test_the_dicom_button_writes_a_series_and_its_recipe"),
    "figure_dialog": ("outlines.clicked",
        "test_figure_dialog.py::test_outlines_and_caption_change_the_picture"),
    "gauge": ("button('go beyond'",
        "test_gene_tools.py::test_it_goes_beyond_when_told_and_not_before"),
    "gene_map": ("toggle('lasso'", "test_gene_map.py::test_a_lasso_selects_by_identity"),
    "gene_panel": ("sliders.moved",
        "test_widgets.py::test_the_slider_changes_vector_nodule_and_measurements"),
    "gene_tools": ("button('random'", "test_gene_tools.py::test_chance_stays_within_the_cohort"),
    "map_choice": ("box.activated", "test_sessions.py::test_the_map_shows_what_it_showed"),
    "map_plot": ("points.sigClicked", "test_widgets.py::test_a_real_click_on_the_map"),
    "map_selection": ("button('synthesise mean'",
        "test_gene_map.py::test_the_mean_of_those_selected_is_an_edit_that_undo_takes_back"),
    "mix_row": ("slider.valueChanged",
        "test_gene_tools.py::test_a_slider_goes_from_one_patient_to_another"),
    "nodule_list": ("button('+'",
        "test_nodule_list.py::test_plus_begins_a_nodule_that_the_next_click_places"),
    "noise_window": ("grid.chosen",
        "test_synthesis_panel.py::test_a_sheet_of_draws_opens_full_and_a_click_takes_a_seed"),
    "paint_tools": ("events.mode.connect",
        "test_tumour_display.py::test_the_tools_are_those_of_napari_and_follow_its_keys"),
    "parts": ("made.clicked.connect(change)",
        "test_widgets.py::test_the_place_button_is_the_place_mode"),
    "patient_picker": ("view.clicked",
        "test_gene_tools.py::test_a_click_takes_a_row_however_it_is_sorted"),
    "patient_source": ("choice.activated",
        "test_patient_source.py::test_another_model_is_chosen_from_the_list_and_says_its_kind"),
    "planes": ("view.point_chosen",
        "test_viewing.py::test_a_click_in_a_plane_moves_the_axial_slice"),
    "scan_info": ("identity.toggled",
        "test_scan_dock.py::test_scan_information_shows_no_identity_unless_asked"),
    "series_chooser": ("buttons.accepted",
        "test_series_chooser.py::test_a_folder_of_two_series_asks_and_opens_the_one_chosen"),
    "session_row": ("button('Save session…'",
        "test_sessions.py::test_the_button_saves_under_the_session_suffix"),
    "sweep_window": ("strip.chosen",
        "test_synthesis_panel.py::test_a_sweep_shows_a_strip_with_its_curves_and_a_click_takes_a_score"),
    "synthesis": ("strength.valueChanged",
        "test_synthesis_panel.py::test_the_strength_weakens_the_difference"),
    "tumour_panel": ("button('Find tumours'",
        "test_widgets.py::test_windows_tumours_and_outline_in_the_scan_dock"),
    "tumour_table": ("button('CSV…'",
        "test_tumour_display.py::test_the_table_lists_all_measurements_and_writes_them"),
}  # fmt: skip


@dataclass(frozen=True)
class Connection:
    """One call, where it stands, and what stands there without it."""

    module: Path
    line: int
    words: str
    start: tuple[int, int]
    stop: tuple[int, int]
    instead: str

    @property
    def name(self) -> str:
        """Where it is and what it ties."""
        return f"{self.module.relative_to(PLUGIN)}:{self.line} {self.words}"

    def source_without(self) -> str:
        """Return the module's source with this connection taken away."""
        lines = self.module.read_text().splitlines(keepends=True)
        (first, left), (last, right) = self.start, self.stop
        # Columns of syntax trees count bytes.
        head = lines[first - 1].encode()[:left].decode()
        tail = lines[last - 1].encode()[right:].decode()
        return "".join([*lines[: first - 1], head, self.instead, tail, *lines[last:]])


def connections(module: Path) -> Iterator[Connection]:
    """Yield the connections of a module in the order of their lines."""
    calls = [n for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.Call)]
    for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset)):
        taken: ast.expr | None = None
        instead = "None"
        match call.func:
            case ast.Attribute(attr=name) if name in CALLS and call.args:
                taken = call
            case ast.Attribute(attr="append", value=ast.Attribute(attr=kind)) if kind.endswith(
                "_callbacks"
            ):
                taken = call
            case ast.Name(id=name) if name in MAKERS and len(call.args) > 1:
                taken, instead = call.args[1], NOTHING
        if taken is not None:
            words = " ".join(ast.unparse(call).split())
            start = taken.lineno, taken.col_offset
            stop = taken.end_lineno or 0, taken.end_col_offset or 0
            yield Connection(module, call.lineno, words[:90], start, stop, instead)


def tests_of(module: Path) -> tuple[str, ...]:
    """Return the test files to run for a module."""
    names = dict.fromkeys((f"test_{module.stem}.py", *TESTS.get(module.stem, ())))
    folder = Path("tests", "plugin")
    return tuple(str(folder / name) for name in names if (ROOT / folder / name).is_file())


def run_tests(tests: str, without: Connection | None) -> str | None:
    """Run a file or one test in a child; return the first that failed, or None."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os._exit(_in_child(tests, without, output.fileno()))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        told = output.read()
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", told, re.MULTILINE)
    return None if code == 0 else failed[1] if failed else tests


def _in_child(tests: str, without: Connection | None, output: int) -> int:
    for stream in (1, 2):
        os.dup2(output, stream)
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    if without is not None:
        _take_away(without)
    import pytest

    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", tests])
    sys.stdout.flush()
    return int(code)


def _take_away(without: Connection) -> None:
    """Let Python load the module without the connection."""
    changed, ordinary = without.source_without(), SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if Path(self.path) == without.module:
            return compile(changed, self.path, "exec", dont_inherit=True)
        return ordinary(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def main() -> int:
    """Take them away one by one; 1 where a test is missing."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("modules", nargs="*", help="names of modules, without .py")
    words.add_argument("--all", action="store_true", help="all connections of all modules")
    words.add_argument("--list", action="store_true", help="print the connections alone")
    given = words.parse_args()
    found = {m.stem: list(connections(m)) for m in sorted(PLUGIN.rglob("*.py"))}
    if given.list:
        print("\n".join(tie.name for ties in found.values() for tie in ties))
        return 0
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in HEAVY:
        importlib.import_module(name)
    if given.modules or given.all:
        chosen = [(t, tests_of(t.module)) for m in given.modules or found for t in found[m]]
    else:
        chosen = [(shown(name), (f"tests/plugin/{SHOWN[name][1]}",)) for name in SHOWN]
    sound: dict[str, bool] = {}
    survived = 0
    for tie, tests in chosen:
        verdict = judge(tie, tests, sound)
        survived += not verdict.startswith("killed")
        print(verdict, flush=True)
    print(f"{len(chosen)} taken away, {survived} survived")
    return 1 if survived else 0


def shown(name: str) -> Connection:
    """Return the connection of a widget that SHOWN names.

    Raises
    ------
    LookupError
        When there is none, or more than one.
    """
    (module,) = PLUGIN.rglob(f"{name}.py")
    ties = [t for t in connections(module) if SHOWN[name][0] in t.words]
    if len(ties) != 1:
        raise LookupError(f"{name}: {len(ties)} connections with {SHOWN[name][0]}")
    return ties[0]


def judge(tie: Connection, candidates: tuple[str, ...], sound: dict[str, bool]) -> str:
    """Say whether a test notices; ``sound`` remembers which pass with all in place."""
    for tests in candidates:
        by = run_tests(tests, tie)
        if by is None:
            continue
        if by not in sound:
            sound[by] = run_tests(by, None) is None
        if sound[by]:
            return f"killed    {tie.name} <- {by.removeprefix('tests/plugin/')}"
    return f"survived  {tie.name}"


if __name__ == "__main__":
    sys.exit(main())
