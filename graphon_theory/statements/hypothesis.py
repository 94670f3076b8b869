"""Hypotheses as objects: words for people, and a check where a saliency model decides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy

from graphon_theory import notation
from graphon_theory.enclosures import EnclosureError, decide
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from graphon_theory.saliency import SaliencyModel


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis of a statement.

    Parameters
    ----------
    text
        The hypothesis, as a clause.
    decide
        Decides it for a saliency model and a density: True, False, or None for undecided. None in place of
        the function for hypotheses that no model decides (on data, labels or the growth of sizes).
    """

    text: str
    decide: Callable[[SaliencyModel, float], bool | None] | None = None

    def holds(self, model: SaliencyModel, density: float) -> bool | None:
        """Check the hypothesis; None where nothing about the model decides it."""
        return None if self.decide is None else self.decide(model, density)


def _reachable(model: SaliencyModel, density: float) -> bool | None:
    try:
        model.threshold(density)
    except InputError:
        return False
    return True


def _monotone(model: SaliencyModel, _density: float) -> bool | None:
    """Decide by the signs of the profiles' derivatives, proved by ball arithmetic on [0, 1]."""
    verdicts = [_one_signed(model.g, notation.u), _one_signed(model.f, notation.v)]
    return None if None in verdicts else all(verdicts)


def _one_signed(profile: Expr, symbol: Symbol) -> bool | None:
    slope = sympy.diff(profile, symbol)
    box = {symbol: (0, 1)}
    try:
        verdicts = (decide(slope, ">=", box), decide(slope, "<=", box))
    except EnclosureError:
        return None
    if True in verdicts:
        return True
    return False if verdicts == (False, False) else None


def _constant(model: SaliencyModel, _density: float) -> bool | None:
    return True if model.constant else None if sympy.simplify(model.profile).is_number else False


SYMMETRIC_NOISE = Hypothesis(
    "xi is iid given the types and symmetric, without atoms", lambda model, _: not model.noise.atoms
)
REACHABLE_DENSITY = Hypothesis("0 < rho < P(h != 0)", _reachable)
MONOTONE = Hypothesis("rank one, both axes sorted by profile, so that W is monotone in each variable", _monotone)
CONSTANT_PROFILE = Hypothesis("constant profile", _constant)
TOP_K = Hypothesis("the k = round(rho n d) largest scores are kept, ties broken consistently")


def assumed(*texts: str) -> tuple[Hypothesis, ...]:
    """Hypotheses that no saliency model decides."""
    return tuple(Hypothesis(text) for text in texts)
