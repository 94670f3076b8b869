"""The evidence of a statement that needs no network: its derivation, and rigorous intervals for its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from graphon_theory.derivation import DerivationResult
from verification.registry import derivation_of
from verification.suite import Suite

_DIGITS = 12
"""Digits asked of an enclosure where the noise law is analytic."""

_DIGITS_AT_KINKS = 4
"""Digits asked where it is not: two-dimensional kinks allow about five."""

_SLACK = 1e-6
"""Relative accuracy of the float solver of thresholds where the integrand has a kink."""


@dataclass(frozen=True)
class EnclosureCheck:
    """A rigorous interval that the float solver's value was held against.

    Parameters
    ----------
    name
        What is enclosed.
    lower, upper
        The interval, outward rounded; NaN where none was found.
    value
        The float solver's value.
    holds
        True: the value lies inside (to its stated accuracy); False: it does not; None: no interval was found.
    """

    name: str
    lower: float
    upper: float
    value: float
    holds: bool | None


@dataclass(frozen=True)
class TheoryEvidence:
    """What the theory alone says of a statement.

    Parameters
    ----------
    derivation
        Its steps with their evidence; None where it has no derivation.
    enclosures
        Rigorous intervals for the population thresholds of the suite's models.
    """

    derivation: DerivationResult | None
    enclosures: tuple[EnclosureCheck, ...]


def theory_evidence(statement: str, suite: Suite) -> TheoryEvidence:
    """Run a statement's derivation and enclose its numbers: a pure function, so that any process may run it.

    Raises
    ------
    InputError
        If this process does not know the statement, or what is registered as its derivation builds none.
    """
    derivation = derivation_of(statement)
    return TheoryEvidence(None if derivation is None else derivation.run(), _thresholds(statement, suite))


def _thresholds(statement: str, suite: Suite) -> tuple[EnclosureCheck, ...]:
    """Enclose ``tau`` for every model and density of the suite's THR checks; nothing for other statements."""
    if statement != "THR":
        return ()
    wanted = dict.fromkeys(
        (name, density)
        for check in suite.checks
        if check.statement == statement
        for name in check.models
        for density in check.densities
    )
    return tuple(_threshold(suite, name, density) for name, density in wanted)


def _threshold(suite: Suite, name: str, density: float) -> EnclosureCheck:
    model = suite.models[name].build()
    digits = _DIGITS if model.noise.analytic else _DIGITS_AT_KINKS
    threshold = model.threshold(density, digits=digits)
    label = f"tau of {name} at rho = {density:g}"
    found = threshold.enclosure
    if found is None:
        return EnclosureCheck(label, float("nan"), float("nan"), threshold.value, holds=None)
    slack = 0.0 if model.noise.analytic else _SLACK * threshold.value
    slack = max(slack, 1e-14 * threshold.value)  # the last bits of a double
    inside = found.lower - slack <= threshold.value <= found.upper + slack
    return EnclosureCheck(label, found.lower, found.upper, threshold.value, holds=inside)
