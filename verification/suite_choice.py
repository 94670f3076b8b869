"""Which suites a pytest session runs, by its options: where their files lie, and where their runs go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from verification.suite_session import SuiteSession

FLAG: Final = "--graphon-suite"

WORKER_KEY: Final = "graphon_session"
"""Entry of ``workerinput`` of pytest-xdist: what the workers of one session share, and no other session has."""


def chosen_suites(config: pytest.Config) -> list[str]:
    """Return the suites to run: all that the options name, but where the command line names single tests alone.

    A suite takes minutes, and cannot be run by halves. So where all arguments are node ids, as ``test_a.py::test_b``,
    only the suites that stand on the command line too are run: not those of ``addopts``.

    Parameters
    ----------
    config
        The configuration of the session, or of one of its workers.
    """
    sources: list[str] = config.getoption(FLAG)
    named = bool(config.args) and all("::" in argument for argument in config.args)
    return list(_typed([str(argument) for argument in config.invocation_params.args])) if named else sources


def suites_left_out(config: pytest.Config) -> list[str]:
    """Return the suites that the options name, and ``chosen_suites`` does not."""
    chosen = chosen_suites(config)
    return [source for source in config.getoption(FLAG) if source not in chosen]


def open_suites(config: pytest.Config) -> list[SuiteSession]:
    """Read the chosen suites and check the options; nothing is run.

    Parameters
    ----------
    config
        The configuration of the session, or of one of its workers.

    Raises
    ------
    pytest.UsageError
        If a suite is not valid, two have one name, or the seed or number of processes is out of range.
    """
    from verification.suite import load_suite
    from verification.suite_session import SuiteSession, with_seed

    worker: dict[str, Any] = getattr(config, "workerinput", {})  # of pytest-xdist
    found: dict[str, SuiteSession] = {}
    try:
        for source in chosen_suites(config):
            suite = with_seed(load_suite(_located(config, source)), config.getoption("--graphon-seed"))
            if suite.name in found:
                raise InputError(FLAG, source, f"two suites are called {suite.name}: rename one")
            found[suite.name] = SuiteSession(
                suite,
                folder=_out(config) / f"{suite.name}-seed{suite.seed}",
                jobs=config.getoption("--graphon-jobs"),
                token=worker.get(WORKER_KEY),
            )
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    return list(found.values())


def _typed(arguments: Sequence[str]) -> Iterator[str]:
    """Suites that stand on the command line itself."""
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=True):
        if argument == FLAG:
            yield following
        elif argument.startswith(f"{FLAG}="):
            yield argument.removeprefix(f"{FLAG}=")


def _located(config: pytest.Config, source: str) -> str:
    """Look for a suite file from the working folder, then from rootdir: there the paths of ``addopts`` begin."""
    from verification.suite import shipped_suites

    if source not in shipped_suites():
        for folder in (config.invocation_params.dir, config.rootpath):
            if (folder / source).is_file():
                return str(folder / source)
    return source


def _out(config: pytest.Config) -> Path:
    """Folder of the run folders: as given, from the working folder; by default in rootdir."""
    given = config.getoption("--graphon-out")
    return config.invocation_params.dir / given if given else config.rootpath / "runs"
