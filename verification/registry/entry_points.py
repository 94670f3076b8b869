"""Find other packages' claims and criteria: their entry points are loaded once a process, when first asked for."""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Any, Final

from graphon_theory.errors import InputError

GROUPS: Final = ("graphon.criteria", "graphon.claims")
"""Groups of entry points, in the order of loading: a claim may name a criterion."""


class _State:
    """What has been loaded, and the error with which it failed."""

    started = False
    error: InputError | None = None


def discover() -> None:
    """Load the entry points of both groups; later calls do nothing, or fail as the first did.

    Loading a module runs its decorators, which register what it holds. Loading that ends early, be it by an
    interruption, leaves nothing registered: it is not tried again, for a module that was imported before it ended would
    not be run again, and what it holds be missing without a word.

    Raises
    ------
    InputError
        If one cannot be loaded, whatever it raised, naming the entry point and that; or if loading was interrupted
        before.
    """
    if _State.error is not None:
        raise _State.error
    if _State.started:
        return
    registered = _tables()
    before = [dict(table) for table in registered]
    _State.started = True  # first: what is being loaded may itself ask for the registry
    loading = ("entry points", ", ".join(GROUPS))
    try:
        for group in GROUPS:
            # Sorted, so that every process registers in the same order whatever its path looks like.
            for point in sorted(metadata.entry_points(group=group), key=lambda point: (point.name, point.value)):
                loading = (f"entry point {point.name} of {group}", point.value)
                point.load()
    except BaseException as error:  # pytest's skip and SystemExit are no Exception
        _State.started = False
        for table, kept in zip(registered, before, strict=True):
            table.clear()
            table.update(kept)
        if isinstance(error, KeyboardInterrupt):
            _State.error = InputError(*loading, "interrupted while it was loaded; start the program again")
            raise
        _State.error = InputError(*loading, f"{type(error).__name__}: {error}; repair or uninstall the package")
        raise _State.error from error


def _tables() -> list[dict[str, Any]]:
    """Return what is registered so far: criteria and claims.

    By name: what this module imports counts as code that trials depend on, and claims shall not be among it.
    """
    return [vars(import_module(f"{__package__}.{name}"))["_found"] for name in ("criteria", "claims")]
