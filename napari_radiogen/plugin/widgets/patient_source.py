"""Where the patients of the picker come from: the model's cohort, and files of one's own."""

from __future__ import annotations

from html import escape

from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.domain import cohort_words
from napari_radiogen.errors import RadiogenError
from napari_radiogen.plugin.widgets.parts import note, row
from napari_radiogen.session.controller import Session

NO_MODEL = "no model is loaded"
TABLE_FILTER = (
    "Expression (*.csv *.tsv *.tab *.txt *.gct *.h5ad *.csv.gz *.tsv.gz *.txt.gz *.gct.gz)"
    ";;All files (*)"
)
#: Characters of the first notice that show; the tip holds all.
NOTICE_LENGTH = 110
BUTTON_WIDTH = 104


class PatientSource(QWidget):
    """Which model paints, its cohort and patients, and the menu that opens more."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.choice = QComboBox()
        self.choice.setToolTip("which model paints")
        self.choice.setPlaceholderText("choose a model")
        self.choice.activated.connect(self._choose)
        self.model = note(NO_MODEL)
        self.notice = note(role="warning")
        self.open_button = QPushButton("Open genes ▾")
        self.open_button.setToolTip("patients of your own: an expression table or a cohort folder")
        self.open_button.setFixedWidth(BUTTON_WIDTH)
        self.open_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        menu = QMenu(self)
        menu.addAction("Expression table…", self.ask_table)
        menu.addAction("Cohort folder…", self.ask_cohort)
        self.open_button.setMenu(menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        line = row(self.choice, self.open_button)
        line.setStretch(0, 1)
        layout.addLayout(line)
        layout.addWidget(self.model)
        layout.addWidget(self.notice)
        self.refresh()

    def ask_table(self) -> None:
        """Ask for an expression table, then let its patients join."""
        path, _ = QFileDialog.getOpenFileName(self, "Open an expression table", "", TABLE_FILTER)
        if path:
            self.session.open_genes(path)

    def ask_cohort(self) -> None:
        """Ask for a cohort folder, then let its patients join."""
        path = QFileDialog.getExistingDirectory(self, "Open a cohort folder")
        if path:
            self.session.open_genes(path)

    def _choose(self, _index: int) -> None:
        generator, name = self.session.generator, self.choice.currentText()
        if generator is None or name != generator.name:
            self.session.load_models(name)

    def _fill_choice(self) -> None:
        """List the models that can paint, the one in use chosen, though it be none of them."""
        generator = self.session.generator
        used = "" if generator is None else generator.name
        # Asking imports torch, which takes seconds: not before the models were loaded.
        loaded = generator is not None or bool(self.session.models.problems)
        names = list(self._names()) if loaded else []
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(names if used in ("", *names) else [used, *names])
        self.choice.setCurrentIndex(self.choice.findText(used))
        self.choice.blockSignals(False)
        self.choice.setEnabled(bool(names))

    def _names(self) -> tuple[str, ...]:
        try:
            return self.session.engines.generator_names()
        except RadiogenError:  # loading has told of it
            return ()

    def refresh(self) -> None:
        """Show model, cohort and own patients, and what a person should know of these."""
        generator, own = self.session.generator, self.session.models.own
        self.open_button.setVisible(generator is not None)
        self._fill_choice()
        if generator is not None:
            parts = [cohort_words(generator.cohort), *(o.title for o in own)]
            self.model.setText(" · ".join(parts))
        self.model.setToolTip(_lines([line for o in own for line in (o.title, *o.about)]))
        notices = [line for o in reversed(own) for line in o.notices]
        shown = "" if not notices else _short(notices[0])
        if len(notices) > 1:
            shown += f"\nand {len(notices) - 1} more: point here"
        self.notice.setText(shown)
        self.notice.setToolTip(_lines(notices))
        self.notice.setVisible(bool(notices))


def _lines(lines: list[str]) -> str:
    """Return a tip of lines; escaped, for Qt reads markup in a plain tip."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _short(line: str) -> str:
    return line if len(line) <= NOTICE_LENGTH else f"{line[: NOTICE_LENGTH - 1]}…"
