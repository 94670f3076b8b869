"""Find other packages' claims and criteria: their entry points are loaded once a process, when first asked for."""

from __future__ import annotations

from importlib import metadata
from typing import Final

from graphon_theory.errors import InputError

GROUPS: Final = ("graphon.criteria", "graphon.claims")
"""Groups of entry points, in the order of loading: a claim may name a criterion."""


class _State:
    """What has been loaded, and the error with which it failed."""

    started = False
    error: InputError | None = None


def discover() -> None:
    """Load the entry points of both groups; later calls do nothing, or fail as the first did.

    Loading a module runs its decorators, which register what it holds.

    Raises
    ------
    InputError
        If one cannot be loaded, naming the entry point and what it raised.
    """
    if _State.error is not None:
        raise _State.error
    if _State.started:
        return
    _State.started = True  # first: what is being loaded may itself ask for the registry
    for group in GROUPS:
        # Sorted, so that every process registers in the same order whatever its path looks like.
        for point in sorted(metadata.entry_points(group=group), key=lambda point: (point.name, point.value)):
            try:
                point.load()
            except Exception as error:
                _State.error = InputError(
                    f"entry point {point.name} of {group}",
                    point.value,
                    f"{type(error).__name__}: {error}; repair or uninstall the package",
                )
                raise _State.error from error
