"""Running a tape on grids of arguments.

A two-dimensional rule evaluates its integrand on the product of two lists. Instructions that read neither
axis run once when the program is bound, those of one axis once a row or column, and only the rest on the
whole grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sympy import Symbol

    from graphon_theory.enclosures.arithmetic import Arithmetic, Value
    from graphon_theory.enclosures.tape import Instruction, Tape

_FIRST, _SECOND = 1, 2


@dataclass(frozen=True, slots=True)
class Program:
    """A tape bound to an arithmetic, at the precision that was set when it was bound.

    Parameters
    ----------
    arithmetic
        Kind of set that values are.
    axes
        Symbols still to be given; every other symbol has its value already.
    known
        Value of each slot that depends on no axis.
    pending
        The other instructions as (slot, instruction, axes it depends on as a bit mask).
    result
        Slot of the expression's value.
    """

    arithmetic: Arithmetic
    axes: tuple[Symbol, ...]
    known: Mapping[int, Value]
    pending: tuple[tuple[int, Instruction, int], ...]
    result: int

    def on_grid(self, first: Sequence[Value] = (), second: Sequence[Value] = ()) -> list[Value]:
        """Return the value at every pair of arguments, row by row (``first`` is the row).

        Parameters
        ----------
        first, second
            Arguments on the first and the second axis; empty where there is no such axis. A program of more
            than two axes has no grid.
        """
        rows, columns = max(1, len(first)), max(1, len(second))
        values: dict[int, list[Value]] = {slot: [value] for slot, value in self.known.items()}
        masks: dict[int, int] = dict.fromkeys(self.known, 0)
        for slot, line, mask in self.pending:
            masks[slot] = mask
            if line.name == "symbol":
                values[slot] = list(first if line.parameter == self.axes[0] else second)
                continue
            operands = [_spread(values[operand], masks[operand], mask, rows, columns) for operand in line.operands]
            if line.name in self.arithmetic.parametrised:
                values[slot] = list(map(self.arithmetic.parametrised[line.name], operands[0], repeat(line.parameter)))
            else:
                values[slot] = list(map(self.arithmetic.functions[line.name], *operands))
        mask = masks[self.result]
        full = (_FIRST if first else 0) | (_SECOND if second else 0)
        return list(_spread(values[self.result], mask, full, rows, columns))

    def at(self, *arguments: Value) -> Value:
        """Return the value at one argument for each axis, any number of them."""
        given = dict(zip(self.axes, arguments, strict=True))
        values = dict(self.known)
        for slot, line, _ in self.pending:
            if line.name == "symbol":
                values[slot] = given[line.parameter]
            else:
                values[slot] = _apply(line, self.arithmetic, values)
        return values[self.result]


def _spread(values: list[Value], mask: int, target: int, rows: int, columns: int) -> list[Value]:
    if mask == target:
        return values
    if mask == 0:
        return values * ((rows if target & _FIRST else 1) * (columns if target & _SECOND else 1))
    if mask == _FIRST:
        return [value for value in values for _ in range(columns)]
    return values * rows


def bind(tape: Tape, arithmetic: Arithmetic, axes: tuple[Symbol, ...], parameters: Mapping[Symbol, Value]) -> Program:
    """Bind a tape: choose the arithmetic, name the axes and fix the other symbols.

    Parameters
    ----------
    tape
        The compiled expression.
    arithmetic
        Kind of set to compute with.
    axes
        Symbols left to vary: at most two for ``Program.on_grid``, any number for ``Program.at``.
    parameters
        Value of every other symbol, in that arithmetic.

    Raises
    ------
    KeyError
        If a symbol of the tape is neither an axis nor a parameter.
    """
    known: dict[int, Value] = {}
    masks: list[int] = []
    pending: list[tuple[int, Instruction, int]] = []
    for slot, line in enumerate(tape.instructions):
        mask = 0
        for operand in line.operands:
            mask |= masks[operand]
        if line.name == "symbol" and line.parameter in axes:
            mask = 1 << axes.index(line.parameter)
        masks.append(mask)
        if mask:
            pending.append((slot, line, mask))
        else:
            known[slot] = _constant(line, arithmetic, known, parameters)
    return Program(arithmetic, axes, known, tuple(pending), tape.result)


def _constant(
    line: Instruction,
    arithmetic: Arithmetic,
    known: Mapping[int, Value],
    parameters: Mapping[Symbol, Value],
) -> Value:
    if line.name == "symbol":
        return parameters[line.parameter]
    if line.name == "rational":
        return arithmetic.from_ends(line.parameter, line.parameter)
    if line.name in arithmetic.constants:
        return arithmetic.constants[line.name]()
    return _apply(line, arithmetic, known)


def _apply(line: Instruction, arithmetic: Arithmetic, values: Mapping[int, Value]) -> Value:
    operands = [values[operand] for operand in line.operands]
    if line.name in arithmetic.parametrised:
        return arithmetic.parametrised[line.name](operands[0], line.parameter)
    return arithmetic.functions[line.name](*operands)
