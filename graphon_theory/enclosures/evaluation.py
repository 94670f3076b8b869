"""Enclosures of the values of expressions, and the coercion of what callers substitute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import sympy
from flint import ctx

from graphon_theory.enclosures.balls import BALLS, to_interval
from graphon_theory.enclosures.boxes import BOXES
from graphon_theory.enclosures.interval import (
    EnclosureError,
    ExactLike,
    Interval,
    as_interval,
    is_exact_like,
)
from graphon_theory.enclosures.machine import Program, bind
from graphon_theory.enclosures.range_algebra import Behaviour
from graphon_theory.enclosures.ranges import RANGES
from graphon_theory.enclosures.tape import Tape, compile_tape
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sympy import Expr, Symbol

    from graphon_theory.enclosures.arithmetic import Arithmetic

    Substitutable: TypeAlias = ExactLike | Interval | Expr
    Substitutions: TypeAlias = Mapping[Symbol, Substitutable]

_GUARD_BITS: Final = 40  # beyond the digits asked for: room for rounding and mild cancellation
_WORD: Final = 32  # precisions are multiples of this, so that tables of nodes are shared
_ATTEMPTS: Final = 6  # precision doublings before an exact expression is given up


def working_bits(digits: int) -> int:
    """Return the working precision in bits for a number of decimal digits.

    Raises
    ------
    InputError
        If ``digits`` is not between 1 and 10,000.
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 10_000:
        raise InputError("digits", digits, "give a whole number of decimal digits between 1 and 10,000")
    return _WORD * math.ceil((digits * math.log2(10) + _GUARD_BITS) / _WORD)


def precision(bits: int) -> Any:
    """Return a context in which Arb works with that many bits; the caller's setting comes back after it."""
    return ctx.workprec(bits)


@dataclass(frozen=True, slots=True)
class Problem:
    """A compiled expression with its parameters, ready to be bound in any arithmetic.

    Parameters
    ----------
    tape
        The program.
    axes
        Symbols that stay free.
    parameters
        Intervals of the other symbols.
    """

    tape: Tape
    axes: tuple[Symbol, ...]
    parameters: Mapping[Symbol, Interval]

    @property
    def is_exact(self) -> bool:
        """Whether every parameter is a single number, so that more precision gives more digits."""
        return all(value.low == value.high for value in self.parameters.values())

    def bound(self, arithmetic: Arithmetic) -> Program:
        """Return the program in an arithmetic, at the current precision."""
        values = {s: arithmetic.from_ends(value.low, value.high) for s, value in self.parameters.items()}
        return bind(self.tape, arithmetic, self.axes, values)

    def real(self) -> Program:
        """Return the program on real balls."""
        return self.bound(BALLS)

    def complex(self) -> Program:
        """Return the program on complex boxes, finite only where analytic."""
        return self.bound(BOXES)

    def ranges(self) -> Program:
        """Return the program on ranges."""
        return self.bound(RANGES)


def pose(expression: Expr, axes: tuple[Symbol, ...], substitutions: Substitutions | None) -> Problem:
    """Compile an expression whose symbols are axes or have substitutes.

    Parameters
    ----------
    expression
        What to evaluate; Python numbers are allowed.
    axes
        Symbols that stay free.
    substitutions
        Number, interval or symbol-free SymPy expression for each other symbol. An interval stands for an
        unknown number in it, the same wherever the symbol occurs.

    Raises
    ------
    InputError
        If a symbol has no value, or a value that its own assumptions forbid.
    EnclosureError
        If the expression holds something that has no enclosure.
    """
    constants: dict[Symbol, Expr] = {}
    parameters: dict[Symbol, Interval] = {}
    for symbol, value in (substitutions or {}).items():
        if isinstance(value, Interval) or is_exact_like(value):
            parameters[symbol] = as_interval(value, f"substitutions[{symbol}]")
            require_admissible(symbol, parameters[symbol], "substitutions")
        elif isinstance(value, sympy.Expr) and not value.free_symbols:
            constants[symbol] = value
            require_admissible(symbol, enclose(value), "substitutions")
        else:
            raise InputError(f"substitutions[{symbol}]", value, "give a number, an Interval or a constant")
    tape = compile_tape(sympy.sympify(expression).xreplace(constants))
    missing = sorted(str(symbol) for symbol in tape.symbols if symbol not in parameters and symbol not in axes)
    if missing:
        raise InputError("substitutions", missing, "give each of these symbols a value")
    return Problem(tape, axes, {symbol: value for symbol, value in parameters.items() if symbol not in axes})


def require_admissible(symbol: Symbol, value: Interval, argument: str) -> None:
    """Refuse values that a symbol's assumptions exclude.

    SymPy has already simplified under those assumptions (``sqrt(u**2)`` to ``u``), so an enclosure at an
    excluded value would be one of another expression. Ends at 0 are allowed for positive symbols.

    Raises
    ------
    InputError
        If the symbol is non-negative and the interval goes below 0, or the other way about.
    """
    if symbol.is_extended_nonnegative and value.low < 0:
        raise InputError(argument, f"{symbol} in {value}", f"{symbol} is assumed non-negative")
    if symbol.is_extended_nonpositive and value.high > 0:
        raise InputError(argument, f"{symbol} in {value}", f"{symbol} is assumed not to be positive")
    if symbol.is_extended_real is False:
        raise InputError(argument, f"{symbol} in {value}", f"{symbol} is assumed not to be real")


def enclose(expression: Expr, substitutions: Substitutions | None = None, *, digits: int = 15) -> Interval:
    """Enclose the value of an expression.

    Parameters
    ----------
    expression
        Real expression; see ``compile_tape`` for what it may hold.
    substitutions
        Value of each of its symbols: a number, an ``Interval`` or a constant SymPy expression.
    digits
        Wanted relative accuracy, in decimal digits.

    Returns
    -------
    Interval
        Contains the value at every choice of numbers from the given intervals at which the expression is
        defined and real. With exact substitutes it has the wanted digits, except next to zero or a jump,
        where no number of digits decides; then it is as narrow as the last attempt made it.

    Raises
    ------
    EnclosureError
        If the expression is undefined, unbounded or not real there, or holds an unknown function.
    InputError
        If a symbol has no value, or ``digits`` is out of range.
    """
    problem = pose(expression, (), substitutions)
    bits = working_bits(digits)
    if not problem.is_exact:
        with precision(bits):
            return _over_intervals(problem)
    result: Interval | None = None
    for attempt in range(_ATTEMPTS):
        with precision(bits << attempt):
            value = problem.real().at()
            if value.is_finite():
                found = to_interval(value)
                result = found if result is None else result.intersection(found)
        if result is not None and (result.digits >= digits or result.width == 0):
            return result
    if result is None:
        raise EnclosureError(f"{sympy.sstr(expression)[:80]} is undefined, unbounded or not real here")
    return result


def _over_intervals(problem: Problem) -> Interval:
    """Image over intervals: the tighter of ball and range arithmetic."""
    sharp = problem.ranges().at()
    if sharp.behaviour == Behaviour.UNREAL or not sharp.is_finite:
        return to_interval(problem.real().at())
    result = Interval(to_interval(sharp.low).low, to_interval(sharp.high).high)
    rough = problem.real().at()
    return result.intersection(to_interval(rough)) if rough.is_finite() else result
