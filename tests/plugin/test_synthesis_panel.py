import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_radiogen.plugin.overlays import DIFFERENCE_LAYER, WEIGHT_LAYER
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.measurements import LINES, UNSEEN
from napari_radiogen.session.sheets import POSITIONS
from tests.plugin.mouse import drag, hover
from tests.session.fakes import CENTRE, OUTSIDE, make_scan

LEFT = Qt.MouseButton.LeftButton
THERE = (14.0, 24.0, -34.0)


@pytest.fixture
def panel(ready, qtbot):
    ready.session.choose_subject("S-0001")
    made = GenePanelWidget(ready.viewer)
    qtbot.addWidget(made)
    made.resize(320, 760)
    made.show()
    made.synthesis.dock = made  # Qt would destroy a dock that nobody holds
    return made.synthesis


def press(widget):
    QTest.mouseClick(widget, LEFT)


def column(panel, number):
    table = panel.measurements.table
    return [table.item(i, number).text() for i in range(table.rowCount())]


def choose(box, index):
    """Choose an entry as a person does: by the keyboard."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(index):
        QTest.keyClick(box, Qt.Key.Key_Down)
    box.activated.emit(box.currentIndex())


def test_the_scan_stays_byte_for_byte_whatever_is_painted(panel, ready):
    session, ct = ready.session, ready.presenter.ct
    before = make_scan().voxels.tobytes()
    press(panel.place)
    for point in (CENTRE, THERE):
        drag(ready.viewer, ((point, (100, 100)),))
    press(panel.reroll)
    session.set_metagene("M01", 2.0)
    session.set_strength(0.4)
    press(panel.difference)
    press(panel.weight)
    press(panel.synthetic)
    assert ct.data.tobytes() == before
    assert session.scan.voxels.tobytes() == before
    assert ready.presenter.nodule.data.base is not ct.data


def test_a_click_places_and_the_ghost_box_says_where_it_may_not(panel, ready):
    press(panel.place)
    hover(ready.viewer, OUTSIDE)
    assert ready.pointer.ghost.shown.refusal == "outside the lung"
    assert "outside the lung: no nodule here" in ready.presenter.marks.readout.text
    assert ready.planes.scene.ghost is ready.pointer.ghost.shown
    hover(ready.viewer, THERE)
    assert ready.pointer.ghost.shown.refusal is None
    drag(ready.viewer, ((THERE, (100, 100)),))
    assert ready.session.result.request.site.centre_lps_mm == THERE


def test_the_nodule_shows_in_all_three_planes_on_layers_of_its_own(panel, ready):
    shown = {plane: getattr(ready.planes, plane)._picture for plane in ("coronal", "sagittal")}
    assert all(picture.synthetic for picture in shown.values())
    press(panel.synthetic)
    for plane, before in shown.items():
        now = getattr(ready.planes, plane)._picture
        assert not now.synthetic
        assert now.image != before.image
    assert not ready.presenter.nodule.visible
    names = [layer.name for layer in ready.viewer.layers]
    assert {"SYNTHETIC nodule", "SYNTHETIC outline", "CT"} <= set(names)


def test_the_lock_keeps_the_noise_and_without_it_a_place_draws_another(panel, ready):
    session = ready.session
    assert panel.lock.isChecked()
    seed = session.state.seed
    session.choose_subject("S-0005")
    assert session.state.seed == seed
    press(panel.lock)
    session.choose_subject("S-0006")
    drawn = session.state.seed
    assert drawn != seed
    assert panel.seed.value() == drawn
    session.set_metagene("M01", 1.0)
    assert session.state.seed == drawn
    assert "until you re-roll" in panel.lock.toolTip()


def test_a_typed_seed_is_taken(panel, ready):
    panel.seed.selectAll()
    QTest.keyClicks(panel.seed, "4321")
    QTest.keyClick(panel.seed, Qt.Key.Key_Return)
    assert ready.session.result.request.seed == 4321


def test_measurements_are_those_of_the_measuring_network(panel, ready):
    measured = ready.session.comparing.measured.now
    assert column(panel, 1) == [m.words(measured) for m in LINES]
    assert column(panel, 2) == ["·"] * 4
    tip = panel.measurements.table.item(0, 1).toolTip()
    assert "sphericity" in tip
    assert "no generator" in tip


def test_changes_are_counted_from_the_start_and_then_from_a(panel, ready):
    session = ready.session
    head = panel.measurements.table.horizontalHeaderItem(2)
    assert head.text() == "since start"
    session.set_metagene("M01", session.vector[0] + 2.0)
    change = float(column(panel, 2)[0])
    found = session.comparing.measured
    assert change == pytest.approx(found.now.long_axis_mm - found.before.long_axis_mm, abs=0.06)
    assert change > 4
    session.keep_snapshot("A")
    assert head.text() == "since A"
    assert column(panel, 2) == ["·"] * 4
    session.reset_all()
    assert float(column(panel, 2)[0]) == pytest.approx(-change, abs=0.11)


def test_another_place_alone_changes_no_measurement_since_the_start(panel, ready):
    ready.session.place(THERE)
    assert column(panel, 2) == ["·"] * 4


def test_what_the_network_does_not_see_is_said(panel, ready):
    ready.session.models.measurer.measure = lambda result: None
    ready.session.set_seed(9)
    assert column(panel, 1) == ["–"] * 4
    assert panel.measurements.table.item(0, 1).toolTip() == UNSEEN


def test_the_strength_weakens_the_difference(panel, ready):
    full = np.abs(ready.session.comparing.difference("scan")).sum()
    assert full > 0
    asked = []
    ready.session.state.events.strength.connect(asked.append)
    panel.strength.setFocus()
    for _ in range(3):
        QTest.keyClick(panel.strength, Qt.Key.Key_PageDown)
    panel._send_strength.flush()
    assert asked
    assert ready.session.result.request.strength == pytest.approx(asked[-1])
    assert panel.strength_text.text() == f"{asked[-1]:.0%}"


def test_the_difference_is_a_layer_in_hu_on_canvas_and_planes(panel, ready):
    plain = ready.planes.coronal._picture.image
    press(panel.difference)
    layer = ready.viewer.layers[DIFFERENCE_LAYER]
    result, scan = ready.session.result, ready.session.scan
    box = tuple(
        slice(a, a + n) for a, n in zip(result.start_zyx, result.composed.voxels.shape, strict=True)
    )
    expected = result.composed.voxels.astype(np.float32) - scan.voxels[box]
    assert np.array_equal(layer.data, expected)
    assert tuple(layer.contrast_limits) == (-600.0, 600.0)
    assert np.allclose(layer.translate, ready.presenter.nodule.translate)
    assert ready.planes.coronal._picture.image != plain
    ready.session.set_metagene("M02", 3.0)
    assert layer.data.max() > expected.max()  # it follows
    press(panel.difference)
    assert not layer.visible
    ready.session.state.show_synthetic = False
    ready.session.view.difference = True
    assert not layer.visible


def test_the_difference_to_the_genes_leaves_background_and_noise_out(panel, ready):
    press(panel.difference)
    assert panel.difference_to.itemText(1) == "to start"
    choose(panel.difference_to, 1)
    layer = ready.viewer.layers[DIFFERENCE_LAYER]
    assert not layer.data.any()
    ready.session.set_metagene("M02", ready.session.vector[1] + 2.0)
    inside = ready.session.result.mask.labels > 0
    assert np.abs(layer.data[inside] - 40).max() <= 1
    assert not layer.data[~inside].any()
    assert len(panel.triptych.images) == 3
    ready.session.keep_snapshot("A")
    assert panel.difference_to.itemText(1) == "to A"
    assert not layer.data.any()


def test_the_weight_map_is_a_layer(panel, ready):
    press(panel.weight)
    layer = ready.viewer.layers[WEIGHT_LAYER]
    assert np.array_equal(layer.data, ready.session.result.weight)
    assert WEIGHT_LAYER in ready.planes.scene.overlays
    press(panel.weight)
    assert not layer.visible
    assert WEIGHT_LAYER not in ready.planes.scene.overlays


def test_a_sheet_of_draws_opens_full_and_a_click_takes_a_seed(panel, ready, tmp_path, monkeypatch):
    ready.session.set_seed(5)
    press(panel.draws)
    window = panel.noise
    assert len(window.grid.pictures) == 12
    assert [p.marked for p in window.grid.pictures].index(True) == 0
    assert "12 draws: diameter" in window.words.text()
    place = window.grid.place_of(3).center()
    QTest.mouseClick(window.grid, LEFT, pos=QPoint(int(place.x()), int(place.y())))
    assert ready.session.state.seed == 8
    assert [p.marked for p in window.grid.pictures].index(True) == 3
    assert not window.grab().toImage().isNull()
    target = tmp_path / "draws.png"
    monkeypatch.setattr(
        "napari_radiogen.plugin.widgets.noise_window.QFileDialog.getSaveFileName",
        lambda *a: (str(target), ""),
    )
    press(window.export)
    assert target.stat().st_size > 10_000


def test_the_number_of_draws_is_the_person_s(panel):
    press(panel.draws)
    window = panel.noise
    window.count.selectAll()
    QTest.keyClicks(window.count, "6")
    press(window.draw)
    assert len(window.grid.pictures) == 6


def test_a_sweep_shows_a_strip_with_its_curves_and_a_click_takes_a_score(panel, ready):
    ready.session.set_metagene("M03", 0.5)
    press(panel.sweeps)
    window = panel.sweep
    assert window.metagene.currentText() == "M03"  # the one edited last
    window.metagene.setFocus()
    QTest.keyClicks(window.metagene, "M01")
    press(window.paint)
    assert [p.words for p in window.strip.pictures] == [f"{z:+.2f}" for z in POSITIONS]
    x, y = window.plots["diameter"].getPlotItem().listDataItems()[0].getData()
    assert np.allclose(x, POSITIONS)
    assert (np.diff(y) > 0).all()
    place = window.strip.place_of(7).center()
    QTest.mouseClick(window.strip, LEFT, pos=QPoint(int(place.x()), int(place.y())))
    assert ready.session.vector[0] == pytest.approx(POSITIONS[7])
    assert [p.marked for p in window.strip.pictures].index(True) == 7
    assert not window.grab().toImage().isNull()


def test_a_sweep_is_saved_as_a_film_from_its_window(panel, tmp_path, monkeypatch):
    press(panel.sweeps)
    window = panel.sweep
    assert not window.export.isEnabled()  # nothing is painted yet
    press(window.paint)
    target = tmp_path / "sweep.gif"
    monkeypatch.setattr(
        "napari_radiogen.plugin.widgets.sweep_window.QFileDialog.getSaveFileName",
        lambda *a: (str(target), ""),
    )
    press(window.export)
    assert target.read_bytes().startswith(b"GIF8")


def test_without_a_nodule_there_is_nothing_to_compare(panel, ready):
    ready.session.open_scan(make_scan(series_uid="8"))
    for made in (panel.draws, panel.sweeps, panel.difference, panel.weight):
        assert not made.isEnabled()
    assert column(panel, 1) == ["–"] * 4
