"""What the map is coloured by: a measurement, a clinical column, or clusters."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox
from superqt.utils import signals_blocked

from napari_radiogen.plugin.map_colours import (
    Colouring,
    colour_by,
    colour_by_cluster,
    columns,
    uncoloured,
)
from napari_radiogen.plugin.palette import palette
from napari_radiogen.session.controller import Session

COLOUR, CLUSTER = "colour: ", "cluster of "
NARROWEST, WIDEST = 130, 190
#: Below this a silhouette speaks of hardly any structure (Kaufman and Rousseeuw 1990).
STRUCTURE = 0.25
ABOUT_SILHOUETTE = (
    "mean silhouette of the training subjects, -1 to 1, measured on their codes:\n"
    "the picture neither makes the clusters nor judges them"
)


class MapColourBox(QComboBox):
    """Chooses the colours; a clustering is asked for when it is first chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setToolTip("colour by measurement, clinical column or cluster")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumWidth(NARROWEST)
        self.setMaximumWidth(WIDEST)

    @property
    def column(self) -> str:
        """What is chosen, in words."""
        return str(self.currentText()).removeprefix(COLOUR)

    def refill(self) -> None:
        """Offer what the subjects of now have; the choice stays where it can."""
        generator, before = self.session.generator, self.currentText()
        with signals_blocked(self):
            self.clear()
            if generator is not None:
                self.addItems([COLOUR + c for c in columns(generator.subjects)])
                self.addItems([CLUSTER + name for name in self.session.spaces])
            self.setCurrentIndex(max(self.findText(before), 0))
        self.setEnabled(generator is not None)

    def colouring(self) -> Colouring:
        """Return the colours of ``generator.subjects``; grey while clusters are sought."""
        generator = self.session.generator
        if generator is None:
            return Colouring((), (), ())
        space = self._space
        if not space:
            return colour_by(generator.subjects, self.column, palette())
        found = self.session.clusters.get(space)
        if found is None:
            self.session.find_clusters(space)
            found = self.session.clusters.get(space)  # there at once without threads
        if found is None:
            return uncoloured(generator.subjects, "looking for clusters…", palette())
        ids = self.session.spaces[space].table.subject_ids
        labels = dict(zip(ids, map(int, found.labels), strict=True))
        return colour_by_cluster(generator.subjects, labels, palette())

    def remark(self) -> str:
        """Say how well clusters part; "" for other colours."""
        found = self.session.clusters.get(self._space)
        if found is None:
            return ""
        weak = ": hardly any structure" if found.silhouette < STRUCTURE else ""
        return f"silhouette {found.silhouette:.2f} in {self._space} space{weak}"

    @property
    def _space(self) -> str:
        chosen = str(self.currentText())
        return chosen.removeprefix(CLUSTER) if chosen.startswith(CLUSTER) else ""
