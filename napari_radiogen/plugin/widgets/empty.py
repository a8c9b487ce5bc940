"""What a dock shows while it has nothing to show: its purpose, and one button that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_radiogen.plugin.first_steps import LOAD_MODEL
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.widgets.parts import Dock, button, note

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

#: What a session is at, by the kind of its job.
BUSY_WORDS = {
    "drop": "looking at the file",
    "scan": "reading the scan",
    "demo": "rendering the demo patient",
    "lung": "outlining the lung",
    "models": "loading models",
    "genes": "reading expression",
    "tumours": "looking for tumours",
    "session": "opening the session",
}
BUTTON_WIDTH = 190


class EmptyState(QWidget):
    """One sentence, one button, and how far the work is that the button started.

    Parameters
    ----------
    sentence
        What the dock is for.
    go_on
        The button.
    links
        Other ways on, as words that can be clicked.
    """

    def __init__(
        self, sentence: str, go_on: QPushButton, links: Mapping[str, Callable[[], object]]
    ) -> None:
        super().__init__()
        self._links = tuple(links)
        self.sentence = note(sentence, role="lead")
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.button = go_on
        self.button.setProperty("role", "primary")
        self.button.setMaximumWidth(BUTTON_WIDTH)
        self.links = note()
        self.links.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.links.setTextFormat(Qt.TextFormat.RichText)
        self.links.linkActivated.connect(lambda text: links[text]())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumWidth(BUTTON_WIDTH)
        self.status = note()
        self.status.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._lay_out()
        self._write_links()
        self.links.setVisible(bool(links))
        self.show_work("", None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(6)
        column.addStretch(1)
        column.addWidget(self.sentence)
        for made in (self.button, self.bar):
            column.addWidget(made, 0, Qt.AlignmentFlag.AlignHCenter)
        for text in (self.status, self.links):
            column.addWidget(text)
        column.addStretch(2)

    def _write_links(self) -> None:
        """Write the links in a colour that reads on napari's theme."""
        if self._links:
            style = f"color: {palette().handle}; text-decoration: none"
            words = (f'<a href="{text}" style="{style}">{text}</a>' for text in self._links)
            self.links.setText(f"or open {', '.join(words)}")

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._write_links()

    def show_work(self, words: str, share: float | None) -> None:
        """Show what is being done and how far it is (0 to 1); None for unknown."""
        self.status.setText(words)
        self.status.setVisible(bool(words))
        self.bar.setVisible(bool(words))
        self.bar.setRange(0, 0 if share is None and words else 100)
        self.bar.setValue(0 if share is None else round(100 * share))


class ModelState(EmptyState):
    """Of a dock that needs a generator: says how loading goes, and why it failed."""

    def __init__(self, sentence: str, session: Session, dock: Dock) -> None:
        load = button(LOAD_MODEL, session.load_models, "the one that ships, or that you prefer")
        super().__init__(sentence, load, {})
        self.session = session
        dock.listen(session.busy_changed, self._refresh)
        dock.listen(session.models_changed, self._refresh)
        dock.listen(session.progress, self._on_progress)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        words = at_work(self.session, ("models",))
        self.button.setEnabled(not words)
        self.show_work(words, None)
        problems = self.session.models.problems
        if not words and problems:
            self.status.setText(problems[0])
            self.status.setVisible(True)

    def _on_progress(self, kind: str, share: float, message: str) -> None:
        if kind == "models":
            self.show_work(message or BUSY_WORDS[kind], share)


def at_work(session: Session, kinds: tuple[str, ...]) -> str:
    """Say what a session is at, of some kinds of work; empty when idle."""
    running = [BUSY_WORDS[kind] for kind in kinds if session.is_busy(kind)]
    return running[-1] if running else ""
