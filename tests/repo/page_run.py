"""Run a page: its code in order, in one namespace and one folder, its output compared with what it shows."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.repo import recipes
from tests.repo.commands import Checker, WrongCommandError, words
from tests.repo.pages import Block, blocks, difference
from tests.repo.scratch import forget, scratch
from verification import cli
from verification.registry import GROUPS
from verification.suite import parse_suite

FILE: Final = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")
"""A first line that makes of a block a file of the page's folder."""

EXIT_CODE: Final = "echo $?"


class PageError(AssertionError):
    """A page that is not what the code does; the message begins with the page and line of the block."""


class PageRun:
    """One page, run.

    Parameters
    ----------
    name
        Its path from the root.
    text
        Its Markdown.
    listed
        First line of a block, or a command line, that is checked but not run or shown otherwise, and why.
    checker
        Checks commands.
    folder
        Empty; the page's files are written there, and its code runs there.
    """

    def __init__(self, name: str, text: str, listed: Mapping[str, str], checker: Checker, folder: Path) -> None:
        self.name, self.text, self.listed = name, text, listed
        self.checker, self.folder = checker, folder
        self.used: set[str] = set()
        self.files: dict[str, Block] = {}
        self._namespace: dict[str, Any] = {"__name__": "page"}
        self._printed: str | None = None
        self._exit_code, self._errors = 0, ""

    def run(self) -> None:
        """Run all blocks.

        Raises
        ------
        PageError
            At the first block that fails, shows another output, or is of a kind that nothing here runs.
        """
        kinds = {
            "python": self._python,
            "console": self._console,
            "toml": self._toml,
            "yaml": self._yaml,
            "text": self._shown,
        }
        with scratch(self.folder):
            for block in blocks(self.text):
                with self._at(block):
                    if block.language in kinds:
                        kinds[block.language](block)
                    else:
                        self._require_listed(block, f"nothing runs blocks of language {block.language!r}")
            for name, block in self.files.items():
                if name.endswith(".toml"):
                    with self._at(block):
                        self._table(block)  # now that the claims that it may name are registered
        unread = [name for name, block in self.files.items() if not self._names(name, block)]
        if unread:
            raise PageError(f"{self.name}: no code of the page uses {', '.join(unread)}")

    @contextlib.contextmanager
    def _at(self, block: Block) -> Iterator[None]:
        """Say where an error is."""
        try:
            yield
        except Exception as error:
            raise PageError(f"{self.name}, line {block.line}: {type(error).__name__}: {error}") from error

    def _require_listed(self, block: Block, why: str) -> None:
        if not self._lists(block.first):
            raise PageError(f"{why}, and the block is not listed: {block.first}")

    def _lists(self, line: str) -> bool:
        if line in self.used:
            raise PageError(f"listed for one place, and here is another: {line}")
        if line in self.listed:
            self.used.add(line)
        return line in self.listed

    def _keep(self, block: Block) -> bool:
        """Write the block where it is a file of the page."""
        found = FILE.match(block.text)
        if found is None:
            return False
        path = self.folder / found.group(1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self.files[found.group(1)] = block
        return True

    def _names(self, file: str, own: Block) -> bool:
        stem = Path(file).stem
        return any(re.search(rf"\b{re.escape(stem)}\b", b.text) for b in blocks(self.text) if b.text != own.text)

    def _python(self, block: Block) -> None:
        tree = ast.parse(block.text, self.name)
        if self._keep(block) or self._lists(block.first):
            return
        with self._output():
            exec(compile(tree, self.name, "exec"), self._namespace)  # noqa: S102  # our own page

    def _toml(self, block: Block) -> None:
        if not self._keep(block):
            self._table(block)

    def _table(self, block: Block) -> None:
        table = tomllib.loads(block.text)
        if "schema" in table:
            parse_suite(table)
        elif set(table) == {"project"} and set(table["project"]) == {"entry-points"}:
            groups = table["project"]["entry-points"]
            if not set(groups) <= {*GROUPS, "pytest11"}:
                raise PageError(f"groups {', '.join(groups)}: nothing reads them")
        else:
            self._require_listed(block, "neither a suite nor entry points")

    def _yaml(self, block: Block) -> None:
        for command in recipes.commands(block.text):
            if not self._lists(command):
                self.checker.check(command)

    def _console(self, block: Block) -> None:
        self._printed = None
        for line in filter(None, block.text.splitlines()):
            if line == EXIT_CODE:
                self._printed = (self._printed or "") + f"{self._exit_code}\n"
                self._exit_code = 0
                continue
            self._succeeded()
            if line.startswith("dask ") and self._lists(line):
                continue
            self.checker.check(line)
            if not self._lists(line):
                self._command(words(line))
        self._succeeded()

    def _succeeded(self) -> None:
        code, self._exit_code = self._exit_code, 0
        if code:
            raise PageError(f"a command ended with exit code {code}, and the page does not show it: {self._errors}")

    def _command(self, command: list[str]) -> None:
        with self._output(keep=True):
            match command:
                case ["graphon", *arguments]:
                    self._exit_code = _exit_code(cli.main, arguments)
                case ["python", str(script)] if script.endswith(".py"):
                    forget(self.folder)
                    self._exit_code = _exit_code(runpy.run_path, script, None, "__main__")
                case ["make" | "pip", *_]:
                    pass  # checked, and not for a test to run
                case _:
                    raise WrongCommandError(f"{' '.join(command)}: nothing here runs it, and it is not listed")

    def _shown(self, block: Block) -> None:
        if self._lists(block.first):
            return
        if self._printed is None:
            raise PageError(f"no code before it has printed anything, and the block is not listed: {block.first}")
        found = difference(block.text, self._printed)
        if found is not None:
            raise PageError(found)
        self._printed = None

    @contextlib.contextmanager
    def _output(self, *, keep: bool = False) -> Iterator[None]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()) as errors:
            yield
        self._errors = errors.getvalue()
        if said.getvalue():
            self._printed = ((self._printed or "") if keep else "") + said.getvalue()


def _exit_code(program: Callable[..., object], *arguments: object) -> int:
    """Run a program; what is no number counts as 0, as at the end of a script."""
    try:
        code = program(*arguments)
    except SystemExit as error:
        code = error.code
    return code if isinstance(code, int) else 0
