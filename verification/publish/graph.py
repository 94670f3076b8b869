"""The dependency graph of the statements as SVG: colour, shape, line and words say each status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from verification.publish.escape import visible
from verification.publish.layout import layered, reduced


@dataclass(frozen=True)
class Look:
    """How a status is drawn.

    Parameters
    ----------
    css
        Class of its nodes, and of its words in tables; the style sheet gives the class its colours.
    colour
        Colour where there is no style sheet, ``#rrggbb``.
    dash
        Pattern of its border, as SVG's ``stroke-dasharray``; empty for a full line.
    shape
        Path of its sign, in a box from -6 to 6.
    """

    css: str
    colour: str
    dash: str
    shape: str


_CHECK, _CROSS = "M -6 0 L -2 5 L 6 -5", "M -5 -5 L 5 5 M 5 -5 L -5 5"
_DIAMOND, _RING, _DOT = "M 0 -6 L 6 0 L 0 6 L -6 0 Z", "M -5 -5 L 5 -5 L 5 5 L -5 5 Z", "M -5 0 L 5 0"

LOOKS: Final[Mapping[str, Look]] = {
    "supported": Look("supported", "#00664a", "", _CHECK),
    "derivation holds": Look("supported", "#00664a", "", _CHECK),
    "refuted": Look("refuted", "#a32600", "", _CROSS),
    "step contradicted": Look("refuted", "#a32600", "", _CROSS),
    "inconclusive": Look("inconclusive", "#7a5000", "7 3", _DIAMOND),
    "step undecided": Look("inconclusive", "#7a5000", "7 3", _DIAMOND),
    "not run": Look("absent", "#595959", "2 3", _RING),
    "not in this run": Look("absent", "#595959", "2 3", _DOT),
}
"""Every status that a statement of a report can have."""

_WIDE, _HIGH, _COLUMN, _ROW, _MARGIN, _LEGEND = 150, 42, 206, 56, 12, 34


def graph_svg(parents: Mapping[str, Sequence[str]], statuses: Mapping[str, str], anchors: Mapping[str, str]) -> str:
    """Draw statements from left to right, each after those that it rests on.

    Parameters
    ----------
    parents
        Statement id -> ids that it rests on. Edges that a longer way implies are left out.
    statuses
        Statement id -> a key of ``LOOKS``.
    anchors
        Statement id -> id of its section, that its node links to.

    Returns
    -------
    str
        One ``<svg>`` element, with a title and a description in words.

    Raises
    ------
    graphon_theory.errors.InputError
        If statements rest on each other in a circle, or on one that is not among them.
    """
    edges = reduced(parents)
    layout = layered(edges)
    shown = [status for status in LOOKS if status in statuses.values()]
    width = max(layout.columns * _COLUMN - (_COLUMN - _WIDE) + 2 * _MARGIN, 160 * len(shown) + 2 * _MARGIN)
    height = layout.rows * _ROW + _LEGEND + 2 * _MARGIN
    described = ". ".join(
        f"{node}: {statuses[node]}" + (f", rests on {', '.join(parents[node])}" if parents[node] else "")
        for node in parents
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="0 0 {width} {height:g}" '
        f'width="{width}" height="{height:g}" role="group" aria-labelledby="graph-title graph-words">',
        '<title id="graph-title">Which statement rests on which, with the status of each</title>',
        f'<desc id="graph-words">{escape(visible(described))}</desc>',
        *(_edge(route) for route in layout.routes.values()),
        *(_node(node, statuses[node], anchors[node], layout.places[node]) for node in parents),
        *(_legend(i, status, height - _LEGEND / 2 - _MARGIN) for i, status in enumerate(shown)),
        "</svg>",
    ]
    return "\n".join(parts)


def _corner(place: tuple[int, float]) -> tuple[float, float]:
    return _MARGIN + place[0] * _COLUMN, _MARGIN + place[1] * _ROW


def _edge(route: Sequence[tuple[int, float]]) -> str:
    points = []
    for i, place in enumerate(route):
        x, y = _corner(place)
        middle = y + _HIGH / 2
        if i > 0:
            points.append((x, middle))
        if i < len(route) - 1:
            points.append((x + _WIDE, middle))
    path = f"M {points[0][0]:g} {points[0][1]:g}"
    for k in range(1, len(points)):
        (x0, y0), (x1, y1) = points[k - 1], points[k]
        if k % 2:
            bend = (x0 + x1) / 2
            path += f" C {bend:g} {y0:g} {bend:g} {y1:g} {x1:g} {y1:g}"
        else:
            path += f" L {x1:g} {y1:g}"
    x, y = points[-1]
    head = f"M {x - 7:g} {y - 4:g} L {x:g} {y:g} L {x - 7:g} {y + 4:g}"
    return f'<path class="edge" d="{path} {head}" fill="none" stroke="#767676" stroke-width="1.3"/>'


def _node(name: str, status: str, anchor: str, place: tuple[int, float]) -> str:
    look = LOOKS[status]
    x, y = _corner(place)
    dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
    return (
        f'<a href="#{escape(anchor, quote=True)}" class="{look.css}">'
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{_WIDE}" height="{_HIGH}" rx="6" fill="#ffffff" '
        f'stroke="{look.colour}" stroke-width="2"{dash}/>'
        f"{_sign(look, x + 16, y + _HIGH / 2)}"
        f'<text class="name" x="{x + 30:g}" y="{y + 18:g}" font-family="sans-serif" font-size="14" '
        f'font-weight="bold" fill="#1a1a1a">{escape(visible(name)[:14])}</text>'
        f'<text class="word" x="{x + 30:g}" y="{y + 34:g}" font-family="sans-serif" font-size="12" '
        f'fill="{look.colour}">{escape(status)}</text></a>'
    )


def _sign(look: Look, x: float, y: float) -> str:
    return (
        f'<path class="sign" d="{look.shape}" transform="translate({x:g} {y:g})" fill="none" stroke="{look.colour}" '
        'stroke-width="2.5"/>'
    )


def _legend(i: int, status: str, y: float) -> str:
    look = LOOKS[status]
    x = _MARGIN + 16 + 160 * i
    return (
        f'<g class="{look.css}">{_sign(look, x, y)}<text class="word" x="{x + 14:g}" y="{y + 4:g}" '
        f'font-family="sans-serif" font-size="13" fill="{look.colour}">{escape(status)}</text></g>'
    )
