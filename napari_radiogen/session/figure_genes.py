"""Panels of the export figure: metagenes, gene map, measurements."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.resolve import start_vector

BAR, EDITED, CROWD = "#64748b", "#c2410c", "#94a3b8"
#: Bars of the edited metagenes and of the largest others that fit legibly.
BARS_SHOWN = 16
#: A metagene that a person or one of its genes moved differs more than this from its start.
MOVED = 1e-5
#: Name in measurements, words, unit and format, in the order of reading.
MEASURES = (
    ("long_axis_mm", "Long axis", "mm", "{:.1f}"),
    ("diameter_mm", "Equivalent diameter", "mm", "{:.1f}"),
    ("volume_mm3", "Volume", "mm³", "{:.0f}"),
    ("mean_hu", "Mean", "HU", "{:.0f}"),
    ("spiculation", "Spiculation", "", "{:.2f}"),
)


def shown_metagenes(vector: Any, edited: list[int], count: int = BARS_SHOWN) -> list[int]:
    """Return the indices of the edited and the largest metagenes, in model order."""
    by_size = [int(k) for k in np.argsort(-np.abs(vector), kind="stable")]
    chosen = (edited + [k for k in by_size if k not in edited])[: max(count, len(edited))]
    return sorted(chosen[:count])


def draw_metagenes(axes: Any, what: Exportable) -> None:
    """Draw bars of the edited and the strongest metagenes; ticks mark the start."""
    names = what.generator.metagenes.names
    vector = np.array(what.result.request.metagenes)
    start = start_vector(what.intent, what.generator)
    edited = [int(k) for k in np.flatnonzero(np.abs(vector - start) > MOVED)]
    shown = shown_metagenes(vector, edited)
    rows = np.arange(len(shown))
    axes.barh(
        rows, vector[shown], height=0.66, color=[EDITED if k in edited else BAR for k in shown]
    )
    for row, k in enumerate(shown):
        if k in edited:
            axes.plot([start[k]] * 2, [row - 0.42, row + 0.42], color="black", lw=1.2)
    marks = [f"{names[k]} *" if k in edited else names[k] for k in shown]
    axes.set_yticks(rows, marks, fontsize=6.5)
    for label, k in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_color(EDITED if k in edited else "black")
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.6)
    limit = max(3.0, float(np.abs(vector).max()) * 1.08)
    axes.set_xlim(-limit, limit)
    axes.set_xlabel("z-score" + (" (* edited, tick: before)" if edited else ""), fontsize=7)
    axes.tick_params(axis="x", labelsize=6.5)
    some = f", {len(shown)} of {len(names)}" if len(shown) < len(names) else ""
    axes.set_title(f"Metagenes{some}", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def draw_map(axes: Any, what: Exportable) -> None:
    """Draw the subjects' learned codes and where the nodule's code lies."""
    table = what.generator.codes
    name = "t-SNE" if "t-SNE" in table.coordinates else next(iter(table.coordinates))
    places = table.coordinates[name]
    axes.scatter(*places.T, s=7, color=CROWD, lw=0, label="subjects")
    vector = np.array(what.result.request.metagenes, dtype=np.float32)
    here = what.reference.map_position(what.generator.encode(vector[None])[0], name)
    subject = what.result.request.subject_id
    if subject in table.subject_ids:
        home = places[table.subject_ids.index(subject)]
        axes.plot([home[0], here[0]], [home[1], here[1]], color=EDITED, lw=0.8, ls=":")
        axes.scatter(*home, s=26, facecolor="none", edgecolor="black", lw=0.9, label=subject)
    axes.scatter(*here, s=70, marker="*", color=EDITED, lw=0, label="this nodule", zorder=3)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.08)
    axes.set_title(f"Learned gene codes, {name}", fontsize=8)
    axes.legend(
        fontsize=6.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3,
        columnspacing=0.9, handletextpad=0.2,
    )  # fmt: skip


def draw_table(axes: Any, what: Exportable) -> None:
    """Write the measurements and how far the genes lie from the cohort."""
    axes.set_axis_off()
    values = what.result.measurements
    rows = [
        (words, f"{form.format(values[key])} {unit}".strip())
        for key, words, unit, form in MEASURES
        if np.isfinite(values.get(key, np.nan))
    ]
    vector = np.array(what.result.request.metagenes, dtype=np.float32)
    gauge = what.reference.gauge(vector)
    rows.append(
        ("Out-of-cohort percentile", f"{gauge.percentile:.0f} of 100 (0: as near as a member)")
    )
    rows.append(("Nearest subjects", ", ".join(gauge.nearest[:3])))
    for number, (words, value) in enumerate(rows):
        y = 0.93 - number * 0.135
        axes.text(0.02, y, words, fontsize=8, va="top", transform=axes.transAxes)
        axes.text(0.42, y, value, fontsize=8, va="top", transform=axes.transAxes)
        axes.plot([0.02, 0.98], [y + 0.025] * 2, color="#cbd5e1", lw=0.5, transform=axes.transAxes)
