"""Several series in a folder: the viewer asks, and opens the one that was chosen."""

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialogButtonBox

from napari_radiogen.io.read import read_ct
from napari_radiogen.io.series_choice import SeriesChoice, ct_choices
from napari_radiogen.plugin.widgets.series_chooser import SeriesChooser, cells
from tests.fixtures_dicom import write_series


def _folder(path):
    write_series(path / "a")
    write_series(path / "b", series="b")
    return path


def test_a_folder_of_two_series_asks_and_opens_the_one_chosen(ready, tmp_path, qtbot):
    folder = _folder(tmp_path / "study")
    ready.session.engines = _engines(ready)
    ready.session.open_path(folder)
    chooser = ready.chooser
    assert chooser.table.rowCount() == 2
    assert not chooser.table.item(0, 0).icon().isNull()
    assert [chooser.table.item(1, i).text() for i in (1, 3, 4)] == ["CT", "5", "2.50 x 0.70 x 0.90"]
    before = ready.session.scan
    where = chooser.table.visualItemRect(chooser.table.item(1, 1)).center()
    QTest.mouseClick(chooser.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert ready.session.scan is before
    button = chooser.buttons.button(QDialogButtonBox.StandardButton.Open)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ready.session.scan.series_uid == ct_choices(folder)[1].uid


def test_cancel_opens_nothing_and_a_broken_series_cannot_be_opened(ready, tmp_path, qtbot):
    folder = _folder(tmp_path / "study")
    sorted((folder / "a").iterdir())[2].unlink()
    ready.session.engines = _engines(ready)
    ready.session.open_path(folder)
    chooser, before = ready.chooser, ready.session.scan
    broken = [bool(c.problem) for c in chooser.choices].index(True)
    chooser.table.selectRow(broken)
    assert not chooser.buttons.button(QDialogButtonBox.StandardButton.Open).isEnabled()
    cancel = chooser.buttons.button(QDialogButtonBox.StandardButton.Cancel)
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert ready.session.scan is before


def test_long_text_is_cut_and_a_problem_stands_in_its_place(qtbot):
    long = SeriesChoice("1", "CT", "x" * 300, 5, (1.0, 0.5, 0.5))
    assert len(cells(long)[2]) == 60
    broken = SeriesChoice("2", "CT", "thorax", 4, problem="a gap of 2 slices")
    assert cells(broken)[2:] == ("thorax · a gap of 2 slices", "4", "-")
    chooser = SeriesChooser((broken,))
    qtbot.addWidget(chooser)
    assert chooser.table.item(0, 2).toolTip() == "a gap of 2 slices"


def _engines(ready):
    from dataclasses import replace

    return replace(ready.session.engines, read_ct=read_ct, ct_choices=ct_choices)
