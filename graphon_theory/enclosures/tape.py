"""Straight-line programs from SymPy expressions.

An expression is walked once; every distinct subexpression becomes one instruction. The arithmetics of
``balls`` and ``ranges`` then run the same program, so that they agree on what the expression means.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Final

import sympy
from sympy.core.relational import Relational

from graphon_theory.enclosures.interval import EnclosureError, exact

if TYPE_CHECKING:
    from sympy import Expr, Symbol
    from sympy.logic.boolalg import Boolean


# Functions of one argument and the primitive that each stands for.
_UNARY: Final = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.erf: "erf",
    sympy.erfc: "erfc",
    sympy.erfinv: "erfinv",
    sympy.erfcinv: "erfcinv",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.gamma: "gamma",
    sympy.loggamma: "loggamma",
    sympy.Abs: "abs",
}
_LARGEST_ROOT: Final = 1000  # x**(p/q) with a larger q goes through exp and log
_CONSTANTS: Final = {sympy.pi: "pi", sympy.E: "e", sympy.EulerGamma: "euler"}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation: its primitive, the slots it reads and a parameter that no slot holds.

    ``"symbol"`` carries its symbol, ``"rational"`` its value, ``"power"`` and ``"root"`` their integer.
    """

    name: str
    operands: tuple[int, ...] = ()
    parameter: Any = None


@dataclass(frozen=True, slots=True)
class Tape:
    """A straight-line program; instruction ``k`` writes slot ``k``; ``result`` is the value's slot."""

    instructions: tuple[Instruction, ...]
    result: int

    @property
    def symbols(self) -> frozenset[Symbol]:
        """Symbols that the program reads."""
        return frozenset(line.parameter for line in self.instructions if line.name == "symbol")


def compile_tape(expression: Expr) -> Tape:
    """Translate an expression.

    Parameters
    ----------
    expression
        Sums, products, powers, the functions of one argument listed in this module, ``Max``, ``Min``,
        ``Heaviside``, ``sign`` and ``Piecewise``, over rationals, floats (their binary value), pi, E,
        EulerGamma and symbols. All of it is read as real.

    Raises
    ------
    EnclosureError
        If anything else occurs; the message names it.
    """
    writer = _Writer()
    result = writer.slot(sympy.sympify(expression))
    return Tape(tuple(writer.instructions), result)


class _Writer:
    """Collects instructions; equal subexpressions share a slot."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._known: dict[Expr, int] = {}
        self._emitted: dict[Instruction, int] = {}

    def emit(self, name: str, *operands: int, parameter: Any = None) -> int:
        line = Instruction(name, operands, parameter)
        if line not in self._emitted:
            self._emitted[line] = len(self.instructions)
            self.instructions.append(line)
        return self._emitted[line]

    def _combine(self, name: str, a: int, b: int) -> int:
        # An unevaluated x*x is a square, which ranges know to be non-negative.
        return self.emit("power", a, parameter=2) if name == "mul" and a == b else self.emit(name, a, b)

    def rational(self, value: Fraction | int) -> int:
        return self.emit("rational", parameter=Fraction(value))

    def slot(self, expression: Expr) -> int:
        if expression not in self._known:
            self._known[expression] = self._translate(expression)
        return self._known[expression]

    def _translate(self, expression: Expr) -> int:
        if isinstance(expression, sympy.Symbol):
            return self.emit("symbol", parameter=expression)
        if isinstance(expression, (sympy.Rational, sympy.Float)) and expression.is_finite:
            return self.rational(exact(expression))
        if expression in _CONSTANTS:
            return self.emit(_CONSTANTS[expression])
        if isinstance(expression, (sympy.Add, sympy.Mul, sympy.Max, sympy.Min)):
            name = type(expression).__name__.lower()
            return reduce(partial(self._combine, name), [self.slot(part) for part in expression.args])
        if isinstance(expression, sympy.Pow):
            return self._power(*expression.args)
        if isinstance(expression, sympy.Heaviside):
            return self._step(expression.args[0], 0, expression.args[1], 1)
        if isinstance(expression, sympy.sign):
            return self._step(expression.args[0], -1, sympy.S.Zero, 1)
        if isinstance(expression, sympy.Piecewise):
            return self._pieces(expression.args)
        if type(expression) in _UNARY and len(expression.args) == 1:
            return self.emit(_UNARY[type(expression)], self.slot(expression.args[0]))
        raise EnclosureError(f"no enclosure for {type(expression).__name__}, in {sympy.sstr(expression)[:80]}")

    def _power(self, base: Expr, exponent: Expr) -> int:
        if base is sympy.E:
            return self.emit("exp", self.slot(exponent))
        if isinstance(exponent, (sympy.Rational, sympy.Float)):
            fraction = exact(exponent)
            if fraction.denominator <= _LARGEST_ROOT:
                slot = self.slot(base)
                if fraction.denominator != 1:
                    slot = self.emit("root", slot, parameter=fraction.denominator)
                return slot if fraction.numerator == 1 else self.emit("power", slot, parameter=fraction.numerator)
        return self.emit("general_power", self.slot(base), self.slot(exponent))

    def _step(self, argument: Expr, below: int, at: Expr, above: int) -> int:
        slot = self.slot(argument)
        rest = self.emit("if_nonnegative", slot, self.slot(at), self.rational(below))
        return self.emit("if_positive", slot, self.rational(above), rest)

    def _pieces(self, pieces: tuple[tuple[Expr, Boolean], ...]) -> int:
        value = self.emit("undefined")
        for expression, condition in reversed(pieces):
            value = self._branch(condition, self.slot(expression), value)
        return value

    def _branch(self, condition: Boolean, then: int, otherwise: int) -> int:
        if condition == sympy.true:
            return then
        if condition == sympy.false:
            return otherwise
        if isinstance(condition, sympy.And):
            return reduce(lambda rest, part: self._branch(part, rest, otherwise), condition.args, then)
        if isinstance(condition, sympy.Or):
            return reduce(lambda rest, part: self._branch(part, then, rest), condition.args, otherwise)
        if isinstance(condition, sympy.Not):
            return self._branch(condition.args[0], otherwise, then)
        if isinstance(condition, Relational):
            return self._compare(condition, then, otherwise)
        raise EnclosureError(f"no enclosure for the condition {sympy.sstr(condition)[:80]}")

    def _compare(self, condition: Relational, then: int, otherwise: int) -> int:
        excess = self.slot(condition.lhs - condition.rhs)
        if isinstance(condition, sympy.StrictGreaterThan):
            return self.emit("if_positive", excess, then, otherwise)
        if isinstance(condition, sympy.GreaterThan):
            return self.emit("if_nonnegative", excess, then, otherwise)
        if isinstance(condition, sympy.StrictLessThan):
            return self.emit("if_nonnegative", excess, otherwise, then)
        if isinstance(condition, sympy.LessThan):
            return self.emit("if_positive", excess, otherwise, then)
        equal, unequal = (then, otherwise) if isinstance(condition, sympy.Eq) else (otherwise, then)
        rest = self.emit("if_nonnegative", excess, equal, unequal)
        return self.emit("if_positive", excess, unequal, rest)
