"""What README.md and docs/*.md promise: fenced blocks, and commands within the text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: How a fence of commands may begin, and how those begin that Sphinx alone reads.
SHELL, DIRECTIVE = ("", "sh", "bash", "console"), "{"
PROGRAMS = ("radiogen", "make", "python", "pip", "torchrun", "tensorboard")

FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Command:
    """One command line, and the page and line where it stands."""

    place: str
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        return self.words[0]

    def __str__(self) -> str:
        return f"{self.place}: {shlex.join(self.words)}"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    place: str
    language: str
    text: str

    def commands(self) -> list[Command]:
        whole = self.text.replace("\\\n", " ")
        lines = [line.strip().removeprefix("$ ") for line in whole.splitlines()]
        return [
            Command(self.place, tuple(words))
            for line in lines
            if (words := shlex.split(line, comments=True))
        ]


def _place(page: Path, text: str, start: int) -> str:
    return f"{page.relative_to(ROOT).as_posix()}:{text.count(chr(10), 0, start) + 1}"


def blocks() -> list[Block]:
    """Return every fenced block of every page, those for Sphinx left out."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(_place(page, text, m.start()), m[1].strip(), m[2])
            for m in FENCE.finditer(text)
            if not m[1].strip().startswith(DIRECTIVE)
        ]
    return found


def spans() -> Iterator[tuple[str, str]]:
    """Yield place and text of everything that a page sets as code within its text."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        # The lines of a block stay, so that those after it keep their numbers.
        prose = FENCE.sub(lambda m: "\n" * m[0].count("\n"), text)
        for match in SPAN.finditer(prose):
            if "\n\n" not in match[1]:
                yield _place(page, prose, match.start()), " ".join(match[1].split())


def inline_commands() -> list[Command]:
    """Return the commands within the text, each wording once."""
    found: dict[tuple[str, ...], Command] = {}
    for place, text in spans():
        if text.split()[0] in PROGRAMS:
            words = tuple(shlex.split(text))
            found.setdefault(words, Command(place, words))
    return list(found.values())
