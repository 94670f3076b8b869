"""A place for a page's code: its own folder, registry and modules, all as before when it is left."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import torch

from graphon_theory.derivation import Derivation
from verification.analysis import folder as analysis_folder
from verification.ledger import code
from verification.registry import claims as registered_claims
from verification.registry import criteria as registered_criteria
from verification.report import folder as report_folder

EARLY: Final = (analysis_folder, report_folder)
"""What the command line imports late, matplotlib with it: here before any test, since other tests' ``pytester`` forgets
what is imported while it is in use, and two copies of matplotlib do not work together."""

_remembered = functools.cache(Derivation.run)
"""A derivation depends on itself alone, so that each is evaluated once for all pages."""


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Work in a folder, and leave registry, modules and generators as they were."""
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng(devices=[]):
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        patch.setattr(sys, "dont_write_bytecode", True)  # a page may write a file twice within a second
        patch.setattr(registered_claims, "_found", {})
        patch.setattr(registered_criteria, "_found", {})
        patch.setattr(Derivation, "run", _remembered)
        try:
            yield
        finally:
            if any(folder.rglob("*.py")):
                forget(folder)


def forget(folder: Path) -> None:
    """Make the next program a new one: without what an earlier one registered or imported from the folder."""
    registered_claims._found.clear()
    registered_criteria._found.clear()
    code._version.cache_clear()
    code._sources.cache_clear()
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None)
        if origin is not None and Path(origin).is_relative_to(folder):
            del sys.modules[name]
