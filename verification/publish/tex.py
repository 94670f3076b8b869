r"""TeX of the formulas of derivations: left side, relation, right side; long ones on two lines."""

from __future__ import annotations

from typing import Final

import sympy
from sympy import Expr

from graphon_theory.derivation import Step

_RELATIONS: Final = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}
_ONE_LINE: Final = 240
"""Length of TeX up to which both sides stand on one line; about what fits a page."""


def step_tex(step: Step) -> str | None:
    """Return a step's formula in TeX for display, without delimiters; None for a step that is cited.

    Parameters
    ----------
    step
        Any step. A formula that is long is broken at its relation, and long sums between their terms; readers scroll
        what is longer still.
    """
    if step.left is None or step.relation is None or step.right is None:
        return None
    left, relation, right = sympy.latex(step.left), _RELATIONS[step.relation], sympy.latex(step.right)
    if len(left) + len(right) <= _ONE_LINE:
        return f"{left} {relation} {right}"
    lines = [*_lines(step.left), *(rf"\quad {line}" for line in _lines(step.right, relation))]
    broken = r" \\ & ".join(lines)
    return rf"\begin{{aligned}} & {broken} \end{{aligned}}"


def _lines(side: Expr, start: str = "") -> list[str]:
    """Break a side that is a long sum between its terms; what starts the first line is given."""
    whole = f"{start} {sympy.latex(side)}".strip()
    if len(whole) <= _ONE_LINE or not side.is_Add or side.has(sympy.Mod):
        return [whole]
    lines = [start]
    for i, term in enumerate(side.as_ordered_terms()):
        written = sympy.latex(term)
        if i > 0 and not written.startswith("-"):
            written = f"+ {written}"
        if lines[-1] and len(lines[-1]) + len(written) > _ONE_LINE:
            lines.append("{} ")  # so that a sign at the start of a line is set as one between terms
        lines[-1] = f"{lines[-1]} {written}".strip()
    return lines


def domain_tex(step: Step) -> tuple[str, ...]:
    """Return the range of each of a step's symbols in TeX, by name; none for a step without formula or domain."""
    if step.left is None:
        return ()
    return tuple(
        rf"{sympy.latex(low)} \le {sympy.latex(symbol)} \le {sympy.latex(high)}"
        for symbol, (low, high) in sorted(step.domain.items(), key=lambda entry: str(entry[0]))
    )
