"""Where the panels of a figure lie, one a group of cases, and what stands above them."""

from __future__ import annotations

from collections.abc import Sequence

_WEIGHTS = ("kept weights", "redrawn weights")
_ACROSS = 3


def places(groups: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Row and column of each group: kept and redrawn weights side by side, then the others in lines of two or three."""
    pairs: dict[str, dict[str, str]] = {}
    for group in groups:
        parts = group.split(", ")
        (kind,) = [part for part in parts if part in _WEIGHTS] or [""]
        pairs.setdefault(", ".join(part for part in parts if part != kind), {})[kind] = group
    both = [found for found in pairs.values() if len(found) > 1]
    single = [group for found in pairs.values() if len(found) == 1 for group in found.values()]
    found_places = {
        group: (row, _WEIGHTS.index(kind)) for row, found in enumerate(both) for kind, group in found.items()
    }
    across = len(_WEIGHTS) if both else _ACROSS
    for k, group in enumerate(single):
        row, column = divmod(k, across)
        found_places[group] = (len(both) + row, column)
    return found_places


def legend_columns(panels: int) -> int:
    """Columns of a legend below so many columns of panels: it must not be wider than they are."""
    return 4 if panels > 1 else 2


def wrapped(name: str, most: int = 60) -> str:
    """Break a group's name after a comma, so that it fits its panel."""
    lines = [""]
    for part in name.split(", "):
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) > most:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = joined
    return "\n".join(lines)
