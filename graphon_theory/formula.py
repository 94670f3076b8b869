"""Reading formulas that people write, without evaluating anything they wrote.

The text is parsed into Python's syntax tree, and only numbers, arithmetic, listed names and listed functions
are translated into SymPy. Constants are watched while they are built, so that no formula can ask for a
number too large to compute.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

import sympy
from sympy import Expr

from graphon_theory import notation

LONGEST: Final = 1000  # characters
DEEPEST: Final = 60  # levels of nesting; a sum of n terms has n - 1
LARGEST_EXPONENT: Final = 64  # modulus of a constant exponent, and its denominator
_LARGEST: Final = 1e100  # modulus of a constant
_SMALLEST: Final = 1e-100  # modulus of a constant other than 0
_SHOWN: Final = 60  # characters of an offending piece in a message


class FormulaError(ValueError):
    """A formula that is not understood, with the offending piece and what is allowed instead."""


@dataclass(frozen=True, slots=True)
class _Function:
    build: Callable[..., Expr]
    estimate: Callable[..., float]
    arity: tuple[int, int]


_MANY: Final = 8  # arguments of max and min: SymPy compares them pairwise
_FUNCTIONS: Final = MappingProxyType(
    {
        "exp": _Function(sympy.exp, math.exp, (1, 1)),
        "log": _Function(sympy.log, math.log, (1, 1)),
        "sqrt": _Function(sympy.sqrt, math.sqrt, (1, 1)),
        "abs": _Function(sympy.Abs, abs, (1, 1)),
        "Abs": _Function(sympy.Abs, abs, (1, 1)),
        "sin": _Function(sympy.sin, math.sin, (1, 1)),
        "cos": _Function(sympy.cos, math.cos, (1, 1)),
        "min": _Function(sympy.Min, min, (2, _MANY)),
        "Min": _Function(sympy.Min, min, (2, _MANY)),
        "max": _Function(sympy.Max, max, (2, _MANY)),
        "Max": _Function(sympy.Max, max, (2, _MANY)),
    }
)
_CONSTANTS: Final = MappingProxyType({"pi": (sympy.pi, math.pi), "E": (sympy.E, math.e)})


@dataclass(frozen=True, slots=True)
class _Term:
    """A translated piece; ``estimate`` is its value as a double where it holds no symbol, else None."""

    expression: Expr
    estimate: float | None


def parse_formula(text: str, names: Sequence[str] = ("u", "v")) -> Expr:
    """Translate a formula into a SymPy expression.

    Parameters
    ----------
    text
        Numbers (decimals are exact: ``0.1`` is one tenth), ``+ - * / **``, parentheses, the functions exp,
        log, sqrt, abs, sin, cos, min and max, the constants pi and E, and the names.
    names
        Symbols that may occur, by their names in ``graphon_theory.notation``.

    Returns
    -------
    Expr
        In the symbols of ``graphon_theory.notation``, with their assumptions.

    Raises
    ------
    FormulaError
        If the text is empty, too long or too deep, holds anything else, or asks for a constant that is
        undefined, not real, or beyond 1e100; the message quotes the piece and lists what is allowed.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is text, not {type(text).__name__}")
    reader = _Reader(text, _symbols(names))
    return reader.read()


def _symbols(names: Sequence[str]) -> dict[str, Expr]:
    symbols: dict[str, Expr] = {}
    for name in names:
        symbol = getattr(notation, name, None)
        if not isinstance(symbol, sympy.Symbol):
            raise FormulaError(f"names: {name!r} is no symbol of graphon_theory.notation")
        symbols[name] = symbol
    return symbols


class _Reader:
    """Translates one text; keeps it for quoting."""

    def __init__(self, text: str, symbols: dict[str, Expr]) -> None:
        self._text = text.strip()
        self._symbols = symbols

    def read(self) -> Expr:
        if not self._text:
            raise FormulaError(f"the formula is empty; {self._allowed()}")
        if len(self._text) > LONGEST:
            raise FormulaError(f"the formula has {len(self._text)} characters; give at most {LONGEST}")
        try:
            with warnings.catch_warnings():
                # Python warns of dubious literals such as "1and 2"; here they are errors.
                warnings.simplefilter("error")
                tree = ast.parse(self._text, mode="eval")
        except (SyntaxError, ValueError, MemoryError, RecursionError, Warning) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise FormulaError(f"{self._quoted(self._text)} is no formula ({reason}); {self._allowed()}") from None
        return self._term(tree.body, DEEPEST).expression

    def _term(self, node: ast.expr, depth: int) -> _Term:
        if depth == 0:
            raise FormulaError(f"the formula is nested more than {DEEPEST} levels deep; name parts or simplify it")
        if isinstance(node, ast.Constant):
            term = self._number(node)
        elif isinstance(node, ast.Name):
            term = self._name(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            inner = self._term(node.operand, depth - 1)
            term = inner if isinstance(node.op, ast.UAdd) else _negated(inner)
        elif isinstance(node, ast.BinOp):
            term = self._operation(node, depth)
        elif isinstance(node, ast.Call):
            term = self._call(node, depth)
        else:
            raise self._refusal(node, "is not part of a formula")
        term = self._checked(term, node)
        if term.estimate is None and not term.expression.free_symbols:
            # The symbols cancelled, as in u - u + 9: from here on the piece is watched as a constant.
            estimate = float(term.expression)
            self._require_size(estimate, node)
            return _Term(term.expression, estimate)
        return term

    def _number(self, node: ast.Constant) -> _Term:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refusal(node, "is no real number")
        estimate = _as_double(value)
        self._require_size(estimate, node)
        if isinstance(value, int):
            return _Term(sympy.Integer(value), estimate)
        # From the text, since the double is not the decimal that was written.
        written = ast.get_source_segment(self._text, node) or repr(value)
        exact = Fraction(written.replace("_", ""))
        self._require_size(float(exact), node, zero=exact == 0)
        return _Term(sympy.Rational(exact.numerator, exact.denominator), estimate)

    def _name(self, node: ast.Name) -> _Term:
        if node.id in self._symbols:
            return _Term(self._symbols[node.id], None)
        if node.id in _CONSTANTS:
            return _Term(*_CONSTANTS[node.id])
        raise self._refusal(node, "is an unknown name")

    def _operation(self, node: ast.BinOp, depth: int) -> _Term:
        if isinstance(node.op, ast.BitXor):
            raise self._refusal(node, "uses ^; write ** for a power")
        if not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)):
            raise self._refusal(node, f"uses the operator {type(node.op).__name__}")
        left, right = self._term(node.left, depth - 1), self._term(node.right, depth - 1)
        constant = left.estimate is not None and right.estimate is not None
        if isinstance(node.op, ast.Pow):
            self._require_exponent(right, node)
        if isinstance(node.op, ast.Div) and right.expression.is_zero:
            raise self._refusal(node, "divides by zero")
        combine = _COMBINE[type(node.op)]
        estimate = self._estimated(combine, node, left, right) if constant else None
        return _Term(combine(left.expression, right.expression), estimate)

    def _call(self, node: ast.Call, depth: int) -> _Term:
        if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS:
            raise self._refusal(node.func, "is an unknown function")
        function = _FUNCTIONS[node.func.id]
        if node.keywords:
            raise self._refusal(node, "has a named argument")
        low, high = function.arity
        if not low <= len(node.args) <= high:
            wanted = "1 argument" if high == 1 else f"{low} to {high} arguments"
            raise self._refusal(node, f"needs {wanted}")
        terms = [self._term(argument, depth - 1) for argument in node.args]
        constant = all(term.estimate is not None for term in terms)
        estimate = self._estimated(function.estimate, node, *terms) if constant else None
        return _Term(function.build(*(term.expression for term in terms)), estimate)

    def _require_exponent(self, exponent: _Term, node: ast.BinOp) -> None:
        if exponent.estimate is None:
            return
        too_large = abs(exponent.estimate) > LARGEST_EXPONENT
        value = exponent.expression
        if too_large or (value.is_Rational and value.q > LARGEST_EXPONENT):
            raise self._refusal(node, f"has an exponent beyond {LARGEST_EXPONENT} (or such a denominator)")

    def _estimated(self, compute: Callable[..., float], node: ast.expr, *terms: _Term) -> float:
        """Value of a constant piece in doubles, computed before SymPy sees the piece."""
        try:
            value = compute(*(term.estimate for term in terms))
        except OverflowError:
            value = math.inf
        except (ValueError, ZeroDivisionError):
            raise self._refusal(node, "is undefined") from None
        if isinstance(value, complex):
            raise self._refusal(node, "is not real")
        factors_vanish = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow)
        self._require_size(value, node, zero=factors_vanish or any(term.estimate == 0 for term in terms))
        return value

    def _require_size(self, value: float, node: ast.expr, *, zero: bool = True) -> None:
        if abs(value) <= _LARGEST and (abs(value) >= _SMALLEST or (value == 0 and zero)):
            return
        raise self._refusal(node, f"is a constant outside {_SMALLEST:g} to {_LARGEST:g}")

    def _checked(self, term: _Term, node: ast.expr) -> _Term:
        value = term.expression
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
            raise self._refusal(node, "is undefined or not real")
        if value.is_Pow and value.exp.is_Rational and max(abs(value.exp.p), value.exp.q) > LARGEST_EXPONENT:
            raise self._refusal(node, f"has an exponent beyond {LARGEST_EXPONENT}")
        return term

    def _refusal(self, node: ast.expr, reason: str) -> FormulaError:
        piece = ast.get_source_segment(self._text, node) or self._text
        return FormulaError(f"{self._quoted(piece)} {reason}; {self._allowed()}")

    def _allowed(self) -> str:
        names = ", ".join((*self._symbols, *_CONSTANTS))
        return f"allowed are numbers, + - * / **, the names {names} and the functions {', '.join(_FUNCTIONS)}"

    @staticmethod
    def _quoted(piece: str) -> str:
        return repr(piece if len(piece) <= _SHOWN else piece[: _SHOWN - 3] + "...")


def _negated(term: _Term) -> _Term:
    return _Term(-term.expression, None if term.estimate is None else -term.estimate)


def _as_double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


_COMBINE: Final[MappingProxyType[type[ast.operator], Callable[..., Any]]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }
)
