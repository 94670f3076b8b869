"""Formulas as they are written: SymPy's automatic evaluation switched off while one is built.

SymPy cancels and substitutes while an expression is built. A side of a step can so become its other side before
anything is decided, and the step would show and prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Expr


def as_written(build: Callable[[], Expr]) -> Expr:
    """Build an expression without automatic evaluation, as ``as_written(lambda: c * t / c)``.

    Parameters
    ----------
    build
        Builds the expression. What it takes from outside is as evaluated as it was; methods that evaluate by
        themselves (``subs``, ``doit``, ``diff``) still do: write ``Subs`` and ``Derivative`` in their place.

    Returns
    -------
    Expr
        Equal to what the plain expression would be, and as long as it was written.
    """
    with sympy.evaluate(x=False):
        return build()
