"""Profiles of Hypothesis for three places: the desk, a pull request, the night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

DATABASE: Final = ".hypothesis/nightly"
"""Folder of the nightly database, below the working folder: keep it between runs."""


def _dev() -> settings:
    return settings(settings.get_profile("default"), max_examples=25, deadline=None)


def _ci() -> settings:
    """Every run the same: examples follow from the test's source alone, and nothing is remembered."""
    return settings(
        settings.get_profile("default"),
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


def _nightly() -> settings:
    return settings(
        settings.get_profile("default"),
        max_examples=1000,
        derandomize=False,
        database=DirectoryBasedExampleDatabase(Path(DATABASE)),
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


_MAKERS: Final[dict[str, Callable[[], settings]]] = {"dev": _dev, "ci": _ci, "nightly": _nightly}

PROFILES: Final = tuple(_MAKERS)
"""Names of the profiles: ``dev`` (few examples, random), ``ci`` (derandomised), ``nightly`` (many, random, kept)."""


def register_profiles() -> None:
    """Register ``PROFILES`` with Hypothesis; ``pytest --hypothesis-profile NAME`` then loads one.

    None has a deadline: the first example of a test may load torch. Hypothesis's own profile ``ci`` is replaced.
    """
    for name, make in _MAKERS.items():
        settings.register_profile(name, make())
