"""One run of a suite shared by all of its test items, in whatever processes these are."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from graphon_theory.errors import InputError
from verification.ledger import single_writer
from verification.suite import Suite

_PAUSE: Final = 0.2  # seconds between looks at a lock that another process holds


class SuiteSession:
    """A run of a suite, made when first asked for, and by one process of a test session alone.

    Whoever comes first runs the suite while it holds a lock, and leaves the result under the session's token; the
    others wait for the lock and read it. The lock dies with its holder, so that one of those who wait takes over and,
    by the ledger, goes on where it stopped.

    Parameters
    ----------
    suite
        The suite, its seed included: no seed comes from anywhere else.
    folder
        Run folder, as of ``graphon verify --out``.
    jobs
        Number of processes that make the trials, positive; 1 is this process.
    token
        What the processes of one test session have in common, and no other session has; by default this process is
        alone, and judges anew. A result is shared by those alone that read the same suite and run the same code.

    Raises
    ------
    InputError
        If ``jobs`` is not positive.
    """

    def __init__(self, suite: Suite, *, folder: Path, jobs: int = 1, token: str | None = None) -> None:
        if jobs < 1:
            raise InputError("jobs", jobs, "give a positive number of processes")
        self.suite = suite
        self.folder = folder
        self._jobs = jobs
        self._token = uuid.uuid4().hex if token is None else token
        self._error: Exception | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The result, ``graphon.verify/1``; the suite is run if need be, but a failed run is not tried again."""
        if self._error is not None:
            raise self._error
        try:
            return self._document
        except Exception as error:
            self._error = error
            raise

    @cached_property
    def _document(self) -> dict[str, Any]:
        from verification.ledger import code_version
        from verification.suite_file import suite_file

        shared = self.folder / "pytest"
        # A worker that is started again after a crash may find other code, or another suite, than the first ones did.
        same = hashlib.sha256("\0".join((self._token, suite_file(self.suite), code_version())).encode()).hexdigest()
        try:
            shared.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("out", str(self.folder), f"{error.strerror}: name a folder that can be written") from error
        result = shared / f"{same}.json"
        with _alone(shared):
            if not result.exists():
                made = self._run()
                for earlier in shared.glob("*.json"):
                    earlier.unlink()
                part = result.with_suffix(".part")
                part.write_text(json.dumps(made, allow_nan=False), encoding="utf-8")
                part.replace(result)
            found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found

    def _run(self) -> dict[str, Any]:
        from verification.engines import open_engine
        from verification.report.document import document
        from verification.report.folder import write_folder
        from verification.run import verify

        with open_engine(jobs=self._jobs, device=self.suite.device) as executor:
            run = verify(self.suite, out=self.folder, executor=executor)
        write_folder(run)
        return dict(document(run))

    def statement(self, name: str) -> Mapping[str, Any]:
        """Return the part of the result on one statement."""
        from verification.report.junit import part

        return part(self.document, name)

    def properties(self, name: str) -> list[tuple[str, object]]:
        """Return what a JUnit report says of a statement, as ``verification.report.junit.properties``."""
        from verification.report.junit import properties

        return properties(self.document, name)

    def describe(self, name: str) -> str:
        """Say why a statement is not supported, with the figures of its decision and where the report is."""
        from verification.report.junit import describe

        return f"{describe(self.document, name)}\n  report: {self.folder / 'report.html'}"


def with_seed(suite: Suite, seed: int | None) -> Suite:
    """Return the suite with another master seed, or as it is where none is given.

    Raises
    ------
    InputError
        If the seed is negative.
    """
    if seed is None:
        return suite
    if seed < 0:
        raise InputError("seed", seed, "give an integer of at least 0")
    return replace(suite, seed=seed)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder, as soon as nobody else does."""
    while True:
        lock = single_writer(folder)
        try:
            lock.__enter__()
        except InputError as error:
            if "another run" not in error.remedy:
                raise
            time.sleep(_PAUSE)
        else:
            break
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
