"""The docks in napari's dark and light themes."""

import itertools

import numpy as np
import pytest
from napari.settings import get_settings
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QPushButton

from napari_radiogen.domain import Subject
from napari_radiogen.plugin.map_colours import colour_by
from napari_radiogen.plugin.palette import DARK, LIGHT, palette, palette_of
from napari_radiogen.plugin.styles import MARK_COLOR, MARK_SHADE, SYNTHETIC_COLOR, style_sheet
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.session.map_spaces import LEARNED


@pytest.fixture
def theme():
    """Set napari's theme, and put it back."""
    appearance = get_settings().appearance
    before = appearance.theme

    def choose(name):
        appearance.theme = name

    yield choose
    appearance.theme = before


def contrast(one, other):
    """Contrast of WCAG 2.1 between two colours."""

    def luminance(text):
        share = np.array(QColor(text).getRgbF()[:3])
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_words_and_marks_stand_out_from_their_grounds(colours):
    grounds = (colours.background, colours.field)
    for ground, word in itertools.product(grounds, (colours.text, colours.muted)):
        assert contrast(word, ground) >= 4.5
    for ground in grounds:
        assert contrast(colours.synthetic, ground) >= 4.5
    for ground in (colours.button, colours.button_hover, colours.selection, colours.active_row):
        assert contrast(colours.text, ground) >= 4.5
    for ground in (colours.panel, colours.active_row):
        assert contrast(colours.muted, ground) >= 4.5
    assert contrast(colours.synthetic, colours.selection) >= 4.5
    assert contrast("white", colours.accent) >= 4.5
    for mark in (*colours.categories, *colours.ramp, colours.handle):
        assert contrast(mark, colours.field) >= 2.5


def test_the_palette_follows_naparis_theme(theme):
    theme("light")
    assert palette() is LIGHT
    theme("dark")
    assert palette() is DARK
    assert palette_of("light") is LIGHT
    assert style_sheet(LIGHT) != style_sheet(DARK)


def test_open_docks_change_with_the_theme(ready, qtbot, theme):
    theme("dark")
    panel, gene_map = GenePanelWidget(ready.viewer), GeneMapWidget(ready.viewer)
    for made in (panel, gene_map):
        qtbot.addWidget(made)
        made.resize(400, 700)
        made.show()
    dark_points = [p.brush().color().name() for p in gene_map.plots[LEARNED].points.points()]
    dark_picture = panel.sliders.grab().toImage()
    ready.session.set_metagene("M01", 3.0)
    theme("light")
    assert LIGHT.background in panel.styleSheet()
    assert gene_map.plots[LEARNED].backgroundBrush().color().name() == LIGHT.field
    assert [
        p.brush().color().name() for p in gene_map.plots[LEARNED].points.points()
    ] != dark_points
    assert panel.sliders.grab().toImage() != dark_picture
    button = panel.findChild(QPushButton)
    assert button.palette().buttonText().color().name() in (LIGHT.text, LIGHT.disabled, "#ffffff")
    changed = panel.synthesis.measurements.table.item(0, 2)
    assert changed.foreground().color().name() == LIGHT.synthetic


def test_the_canvas_is_black_in_every_theme(ready, theme):
    for name in ("light", "dark"):
        theme(name)
        assert np.allclose(ready.viewer.canvas.background_color, (0, 0, 0, 1))
    assert contrast(SYNTHETIC_COLOR, "black") > 7


@pytest.mark.parametrize("ink", [MARK_COLOR, SYNTHETIC_COLOR])
def test_words_on_the_ct_read_on_white_tissue(ink):
    ground = QColor.fromRgbF(*(1 - MARK_SHADE,) * 3).name()
    assert contrast(ink, ground) >= 4.5


def test_the_map_is_coloured_for_its_ground():
    subjects = [Subject(f"S{i}", f"P{i}", "train", attributes={"d": i}) for i in range(5)]
    dark, light = (colour_by(subjects, "d", colours) for colours in (DARK, LIGHT))
    assert dark.values == light.values
    assert (dark.colours[-1], light.colours[-1]) == (DARK.ramp[-1], LIGHT.ramp[-1])
    words = colour_by(subjects, "split", LIGHT)
    assert set(words.colours) == {LIGHT.categories[0]}
