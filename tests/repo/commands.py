"""Command lines of pages and recipes, held against the parsers of the programs that they call."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.repo.pages import ROOT
from verification.cli import _parser
from verification.strategies import PROFILES
from verification.suite import duration, load_suite, shipped_suites

_INCOMPLETE: Final = ("the following arguments are required", "expected one argument", "expected at least one")
"""What argparse says where a command is named and not given whole."""

_READERS: Final = re.compile(r"\s(\d?>>?|\|)\s.*")


class WrongCommandError(AssertionError):
    """A command that its program would refuse."""


class IncompleteError(WrongCommandError):
    """A command that is named, and not given whole."""


def words(line: str) -> list[str]:
    """Split a line as a shell does, without comment, redirection and what reads its output."""
    return shlex.split(_READERS.sub("", line), comments=True)


@dataclass(frozen=True)
class Checker:
    """Checks commands.

    Parameters
    ----------
    folders
        Where the files that commands name may lie.
    """

    folders: Sequence[Path]

    def check(self, line: str) -> None:
        """Refuse a line that its program would refuse, or a program that nothing here knows.

        Raises
        ------
        WrongCommandError
            If so.
        """
        match words(line):
            case ["graphon", *arguments]:
                self._graphon(arguments)
            case ["pytest", *_]:
                pass  # by a test of its own: pytest's parser is had from a fixture that forgets modules
            case ["python", "-m", "benchmarks", *arguments]:
                self._benchmarks(arguments)
            case ["python", "-m", "venv", _]:
                pass
            case ["python", str(script)] if script.endswith(".py"):
                self._file(script)
            case ["pip", "install", *arguments] | ["python", "-m", "pip", "install", *arguments]:
                self._pip(arguments)
            case ["make", *arguments]:
                run = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
                _require(run.returncode == 0, line, run.stderr)
            case _:
                raise WrongCommandError(f"{line}: nothing here knows this program")

    def _file(self, name: str) -> Path:
        found = next((folder / name for folder in self.folders if (folder / name).exists()), None)
        if found is None:
            raise WrongCommandError(f"{name}: no such file in {', '.join(map(str, self.folders))}")
        return found

    def _suite(self, name: str) -> None:
        # A runner's suite.toml is there only after a run; variables of the shell have no value here.
        if name in shipped_suites() or name.startswith(("$", "runs/")):
            return
        found = self._file(name)
        if found.is_relative_to(ROOT / "docs" / "examples"):
            tomllib.loads(found.read_text(encoding="utf-8"))  # its claims are those of a package that is not installed
        else:
            load_suite(str(found))

    def _graphon(self, arguments: list[str]) -> None:
        options = parsed(arguments)
        _require(options.command is not None, shlex.join(arguments), "no command")
        suite = getattr(options, "suite", None)
        if suite is not None:
            self._suite(suite)
        budget = getattr(options, "budget", None)
        if budget is not None:
            duration(budget)

    def pytest(self, arguments: list[str], configure: Callable[..., pytest.Config]) -> None:
        """Refuse arguments that pytest would refuse, files that are not there, and unknown suites and profiles.

        Parameters
        ----------
        arguments
            Of pytest.
        configure
            Parses them, with the plugins: ``pytester.parseconfig``.

        Raises
        ------
        WrongCommandError
            If so.
        """
        try:
            config = configure("-p", "no:cacheprovider", *arguments)
        except (pytest.UsageError, SystemExit) as error:
            raise WrongCommandError(f"pytest {shlex.join(arguments)}: {error}") from error
        for suite in config.getoption("--graphon-suite"):
            self._suite(suite)
        profile = config.getoption("--hypothesis-profile", default=None)
        _require(profile in (None, *PROFILES) or profile.startswith("$"), str(profile), "no such profile")
        for path in config.args if config.args_source is pytest.Config.ArgsSource.ARGS else ():
            self._file(path)

    def _benchmarks(self, arguments: list[str]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(argparse.ArgumentParser, "parse_args", _only_parse(arguments))
            with contextlib.suppress(_ParsedError):
                importlib.import_module("benchmarks.__main__").main()

    def _pip(self, arguments: list[str]) -> None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        values = iter(arguments)
        for word in values:
            if word == "-e":
                folder, _, wanted = next(values).partition("[")
                _require(
                    any((place / folder / "pyproject.toml").is_file() for place in self.folders), folder, "no project"
                )
                _require({wanted.rstrip("]")} <= {"", *extras}, wanted, "no such extra")
            elif word in ("-c", "-r", "--index-url"):
                next(values)
            else:
                found = Requirement(word)
                _require(found.name != "graphon-theory" or found.extras <= set(extras), word, "no such extra")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of ``graphon``.

    Raises
    ------
    WrongCommandError
        With what the parser says, if it refuses them.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return _parser().parse_args(list(arguments))
    except SystemExit as error:
        if error.code == 0:  # --help, --version
            return argparse.Namespace(command=print)
        if any(text in said.getvalue() for text in _INCOMPLETE):
            raise IncompleteError from error
        raise WrongCommandError(f"graphon {shlex.join(arguments)}: {said.getvalue()}") from error


def named(code: str) -> None:
    """Refuse inline code that gives options or names that its program does not have; arguments may be missing.

    Raises
    ------
    WrongCommandError
        If so.
    """
    match words(code):
        case ["graphon", *arguments] if arguments:
            with contextlib.suppress(IncompleteError):
                parsed(arguments)
        case ["python", "-m", "benchmarks", name, *_] if not name.isupper():  # in capitals: a place for a name
            Checker(()).check(code)
        case ["make", *_]:
            Checker(()).check(code)


class _ParsedError(Exception):
    """Ends a program when its arguments are parsed."""


def _only_parse(arguments: list[str]) -> Callable[[argparse.ArgumentParser], None]:
    genuine = argparse.ArgumentParser.parse_args

    def parse(parser: argparse.ArgumentParser) -> None:
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                genuine(parser, arguments)
        except SystemExit as error:
            raise WrongCommandError(f"{parser.prog} {shlex.join(arguments)}: {said.getvalue()}") from error
        raise _ParsedError

    return parse


def _require(holds: object, what: str, why: str) -> None:
    if not holds:
        raise WrongCommandError(f"{what}: {why}")
