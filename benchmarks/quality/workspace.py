"""One room's workspace: a copy of the sources and tests in which mutmut runs, and what it found there.

mutmut puts all mutants of a function beside the original and chooses one by an environment variable, so a mutant
costs a fork and the tests that call its function.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.quality.rooms import ROOT, Room

# Loaded before forking, to save each mutant the import. Never the package nor the tests: what a mutated function
# does while modules are imported has to happen with the mutant switched on. Nor what pytest wants to rewrite.
PRELOADED = ("flint", "mpmath", "scipy.integrate", "scipy.optimize", "scipy.stats", "sympy", "torch")

# Exit codes of pytest in a worker. Others, 255 above all, mean that the tests were not run to an end: no judgement.
STATUS = {0: "survived", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests"}
TIMEOUTS = (-24, 24, 36, 152)


class RoomError(Exception):
    """mutmut ended without judging; most often since a test of the room fails where only packages and tests are."""


class Workspace:
    """The workspace of a room below a folder.

    Parameters
    ----------
    room : Room
        Modules to mutate and tests to judge by.
    folder : Path
        Made if missing, brought up to date if not.
    """

    def __init__(self, room: Room, folder: Path) -> None:
        self.room = room
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in ("graphon_theory", "verification", "tests"):
            shutil.copytree(
                ROOT / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        (folder / "preload.txt").write_text("\n".join(PRELOADED), encoding="utf-8")
        (folder / "pyproject.toml").write_text(self._settings(), encoding="utf-8")

    def _settings(self) -> str:
        own = {
            "only_mutate": list(self.room.modules),
            "pytest_add_cli_args_test_selection": list(self.room.tests),
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in own.items()]
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        return project.replace("[tool.mutmut]\n", "\n".join(["[tool.mutmut]", *lines, ""]))

    def results(self) -> dict[str, int | None]:
        """Exit code of each mutant that is known here; ``None`` where it was not run."""
        found: dict[str, int | None] = {}
        for module in self.room.modules:
            meta = self.folder / "mutants" / f"{module}.meta"
            if meta.exists():
                found |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        return found

    def run(self, names: list[str], jobs: int) -> None:
        """Judge these mutants; mutmut prints its progress and remembers what it judged."""
        self._mutmut("run", "--max-children", str(jobs), *names)

    def difference(self, name: str) -> str:
        """Return the mutant as a difference to the source."""
        return self._mutmut("show", name, show=False)

    def _mutmut(self, *arguments: str, show: bool = True) -> str:
        program = str(Path(sys.executable).with_name("mutmut"))
        # Bytecode is kept, or every worker would compile the package again.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["OMP_NUM_THREADS"] = "1"
        done = subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=environment,
            stdout=None if show else subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RoomError(f"mutmut {arguments[0]} failed in {self.folder}: see above")
        return done.stdout or ""


def status(code: int | None) -> str:
    """Name of an exit code: survived, killed, no tests, timeout, not run; the bare code where nothing was judged."""
    if code is None:
        return "not run"
    return "timeout" if code in TIMEOUTS else STATUS.get(code, f"exit {code}")
