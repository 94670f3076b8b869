"""The pages of the project: their blocks and inline code, by a real Markdown parser; and whether output is as shown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).parents[2]

_MARKDOWN: Final = MarkdownIt("commonmark")
_NUMBER: Final = re.compile(r"(?<![\w.])[-+]?\d+(?:\.(\d+))?(?:e([-+]?\d+))?(?![\w.]*\w)")

SPHINX: Final = "{"
"""How the language of Sphinx's directives begins: ``make docs`` builds them, and its warnings are errors."""

ANY_LINES: Final = "..."
"""A line of shown output that stands for any number of lines."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language (first word after the fence), its text, and its line in the page, from 1."""

    language: str
    text: str
    line: int

    @property
    def first(self) -> str:
        """Its first line, by which it is listed."""
        return self.text.partition("\n")[0]


def page_names() -> list[str]:
    """Every page of the project that is kept in the repository, by its path from the root."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    names = (path.relative_to(ROOT).as_posix() for path in found)
    return sorted(name for name in names if "/_build/" not in name)


def read(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """All blocks but Sphinx's, those in lists and quotations too; an indented one has the language ''."""
    found = [token for token in _MARKDOWN.parse(text) if token.type in ("fence", "code_block")]
    made = [Block((token.info.split() or [""])[0], token.content, token.map[0] + 1) for token in found]
    return [block for block in made if not block.language.startswith(SPHINX)]


def inline_code(text: str) -> Iterator[str]:
    """Code between backquotes in the text."""
    for token in _MARKDOWN.parse(text):
        yield from (part.content for part in token.children or () if part.type == "code_inline")


def commands(text: str) -> Iterator[str]:
    """Command lines of the console blocks."""
    for block in blocks(text):
        if block.language == "console":
            yield from filter(None, block.text.splitlines())


def difference(shown: str, printed: str) -> str | None:
    """Say how the output differs from what a page shows; None where it does not.

    Words are compared as they are, a number to within one unit of its last shown digit (whole numbers exactly), since
    machines round differently. How many spaces part them does not matter. A line ``...`` stands for any number of
    lines.
    """
    pieces = [list(lines) for dots, lines in itertools.groupby(shown.splitlines(), ANY_LINES.__eq__) if not dots]
    rest = printed.rstrip().splitlines()
    starts, ends = not shown.startswith(ANY_LINES), not shown.rstrip().endswith("\n" + ANY_LINES)
    for k, piece in enumerate(pieces):
        last = len(rest) - len(piece)
        places = range(last + 1)
        if k == 0 and starts:
            places = places[:1]
        if k == len(pieces) - 1 and ends:
            places = places[last:] if last in places else places[:0]
        at = next((i for i in places if all(map(_agrees, piece, rest[i : i + len(piece)]))), None)
        if at is None:
            return f"shown, and not printed in this place:\n{_odd(piece, rest)}\nprinted:\n{printed}"
        rest = rest[at + len(piece) :]
    return None


def _odd(piece: list[str], rest: list[str]) -> str:
    """The first line that nothing agrees with, else the whole piece."""
    return next((line for line in piece if not any(_agrees(line, other) for other in rest)), "\n".join(piece))


def _agrees(shown: str, printed: str) -> bool:
    if _words(shown) != _words(printed):
        return False
    return all(map(_near, _NUMBER.finditer(shown), _NUMBER.finditer(printed)))


def _words(line: str) -> list[str]:
    return _NUMBER.sub("#", line).split()


def _near(shown: re.Match[str], printed: re.Match[str]) -> bool:
    digits, exponent = shown.group(1), int(shown.group(2) or 0)
    if digits is None and shown.group(2) is None:
        return shown.group() == printed.group()
    unit = 10.0 ** (exponent - len(digits or ""))
    return abs(float(shown.group()) - float(printed.group())) <= 1.000001 * unit
