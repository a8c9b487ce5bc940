"""What a page shows: tiles with their pixels, and every word on it."""

import numpy as np


def tiles(page, kind=None):
    """Return (kind, subject, pixels) of the tiles, row by row."""
    found = []
    for axes in page.figure.axes:
        words = (axes.get_gid() or "").split()
        if len(words) == 2 and kind in (None, words[0]):
            found.append((words[0], words[1], np.asarray(axes.images[0].get_array())))
    return found


def words(page):
    """Return all text that is drawn."""
    parts = [t.get_text() for t in page.figure.texts]
    for axes in page.figure.axes:
        parts += [axes.get_title(), axes.get_xlabel(), *(t.get_text() for t in axes.texts)]
    return " ".join(" ".join(parts).split())


def clipped(page):
    """Return the words that leave the page."""
    canvas = page.figure.canvas
    canvas.draw()
    width, height = canvas.get_width_height()
    texts = list(page.figure.texts)
    for axes in page.figure.axes:
        texts += [axes.title, *axes.texts]
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
                texts += [label for place, label in ticks if low <= place <= high]
    out = []
    for text in texts:
        if not text.get_text() or not text.get_visible():
            continue
        box = text.get_window_extent(canvas.get_renderer())
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height:
            out.append(text.get_text())
    return out


def assert_says_what_it_is(page, *models):
    text = words(page)
    assert " ".join(page.caption.split()) in text
    for phrase in ("Test patients only", "planted cohort", "Cohort discs", "Research use only"):
        assert phrase in page.caption
    for model in models:
        assert f"{model.name} (weights {model.digest[:12]})" in page.caption
    outside = clipped(page)
    assert not outside, outside
