"""Gene Panel and Gene Map on the model that the package ships."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_radiogen.errors import RadiogenError
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.metagene_row import x_of
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session import Engines, InlineRunner, Session
from napari_radiogen.session.map_spaces import BASELINE, LEARNED, PROJECTIONS, RAW
from napari_radiogen.session.ports import default_model_name
from tests.session.fakes import CENTRE, FakeSegmenter, lung_mask, make_scan

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bench(viewer):
    try:
        default_model_name()
    except RadiogenError as missing:
        pytest.skip(f"no generator is shipped: {missing}")
    engines = Engines(lung_mask=lung_mask, load_segmenter=FakeSegmenter)
    session = Session(InlineRunner(), engines=engines, seed=1)
    made = workbench_of(viewer, session)
    session.open_scan(make_scan((44, 48, 52), 1.5))
    session.place(CENTRE)
    yield made
    session.close()


def drag(sliders, name, z):
    index = [r.name for r in sliders.rows].index(name)
    track = sliders.track(index)
    sliders.verticalScrollBar().setValue(0)
    start = QPoint(int(x_of(sliders.rows[index].z, track)), track.center().y())
    stop = QPoint(round(x_of(z, track)), track.center().y())
    QTest.mousePress(sliders.viewport(), LEFT, pos=start)
    QTest.mouseRelease(sliders.viewport(), LEFT, pos=stop)


def test_a_gene_of_the_shipped_model_moves_metagene_nodule_and_marker(bench, qtbot):
    panel, gene_map = GenePanelWidget(bench.viewer), GeneMapWidget(bench.viewer)
    for made in (panel, gene_map):
        qtbot.addWidget(made)
        made.resize(640, 820)
        made.show()
    session = bench.session
    metagenes = session.generator.metagenes
    panel.tools.order.setCurrentText("by effect")
    first = panel.sliders.rows[0].name
    gene = metagenes.members(first)[0]
    QTest.keyClicks(panel.search, gene)
    assert [r.name for r in panel.sliders.rows] == [first, gene]
    row = panel.sliders.rows[1]
    assert len(row.scores) == 224  # the training cohort's own distribution
    assert abs(row.scores.mean()) < 0.05
    before = panel.sliders.rows[0].z
    pixels, marker = bench.presenter.nodule.data.copy(), session.marker(RAW, "t-SNE")
    drag(panel.sliders, gene, -4.0 if row.z > 0 else 4.0)
    change = dict(session.state.gene_edits)[gene]
    moves = float(metagenes.loading(gene)[metagenes.names.index(first)])
    assert abs(change) > 3
    assert panel.sliders.rows[0].z - before == pytest.approx(change * moves, abs=1e-4)
    assert not np.array_equal(pixels, bench.presenter.nodule.data)
    assert not np.allclose(session.marker(RAW, "t-SNE"), marker)


def test_the_shipped_model_comes_with_all_nine_maps(bench, qtbot):
    made = GeneMapWidget(bench.viewer)
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    spaces = bench.session.spaces
    assert list(spaces) == [RAW, BASELINE, LEARNED]
    for space in spaces.values():
        assert set(space.table.coordinates) == set(PROJECTIONS)
        assert space.made_here == frozenset()
    QTest.mouseClick(made.space_buttons[BASELINE], LEFT)
    for projection in PROJECTIONS:
        made.projection.setCurrentText(projection)
        for name in spaces:
            assert len(made.plots[name].points.points()) == 360
            assert made.plots[name].caption.text() == f"{name} · {projection}"


def test_pointing_at_a_subject_paints_a_synthetic_thumbnail(bench, qtbot):
    made = GeneMapWidget(bench.viewer)
    qtbot.addWidget(made)
    made.resize(900, 260)
    with qtbot.waitExposed(made):
        made.show()
    large = max(bench.session.generator.subjects, key=lambda s: s.attributes["diameter"])
    pictures = {}
    bench.session.thumbnail_ready.connect(pictures.__setitem__)
    made.plots[LEARNED].hovered.emit(large.subject_id, made.mapToGlobal(QPoint(50, 50)))
    assert made.card.isVisible()
    assert made.card.synthetic is True
    hu = pictures[large.subject_id].pixels_hu
    middle = slice(28, 36)
    assert hu[middle, middle].mean() > hu[:6].mean() + 300  # a nodule in the lung
