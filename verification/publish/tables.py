"""Tables in pandoc's Markdown, and the numbers in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from verification.publish.escape import literal

_ROWS: Final = 60
"""Rows shown of a long table; the run folder has them all."""


def pipe_table(header: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int] | None = None) -> str:
    """Return a pipe table in a division that scrolls where the table is too wide.

    Parameters
    ----------
    header, rows
        Cells in Markdown of one line, without bare ``|``.
    shares
        Relative widths of the columns on paper, positive; equal by default.
    """
    dashes = ["-" * (3 * share) for share in (shares or [4] * len(header))]
    lines = [header, dashes, *rows]
    table = "\n".join(f"| {' | '.join(cell or ' ' for cell in line)} |" for line in lines)
    return f"::: {{.table}}\n{table}\n:::"


def bullets(lines: Sequence[str]) -> str:
    """Return a list; each line is Markdown of one line."""
    return "\n".join(f"* {line}" for line in lines)


def number(value: object, digits: int = 4) -> str:
    """Return a number in ``digits`` significant digits, as Markdown; a dash for None and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "\\-" if value is None else literal(value)
    if not math.isfinite(value):
        return "\\-"
    if float(value).is_integer() and abs(value) < 1e9:
        return f"{int(value)}"
    return literal(f"{value:.{digits}g}")


def rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of the figures of each case: what all rows share goes before it, what is too long is cut."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    shared = [key for key in header if len(rows) > 1 and len({repr(row.get(key)) for row in rows}) == 1]
    shown = [key for key in header if key not in shared]
    parts = []
    if shared:
        parts.append("In all rows: " + ", ".join(f"{literal(key)} {number(rows[0].get(key))}" for key in shared) + ".")
    if shown:
        lines = [[number(row.get(key)) for key in shown] for row in rows[:_ROWS]]
        # On paper columns are as wide as what they hold, within bounds.
        longest = [max(len(cell) for cell in column) for column in zip(shown, *lines, strict=True)]
        shares = [max(3, min(12, length // 3)) for length in longest]
        parts.append(pipe_table([literal(key) for key in shown], lines, shares))
    if len(rows) > _ROWS:
        parts.append(f"The first {_ROWS} of {len(rows)} rows; the file run.json has all of them.")
    return "\n\n".join(parts)
