"""The drawing of the dependency graph, and the way of figures into LaTeX."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
import zlib
from itertools import pairwise

import pytest
from publishing import SVG

from graphon_theory.errors import InputError
from graphon_theory.statements import STATEMENTS
from verification.publish.graph import LOOKS, graph_svg
from verification.publish.layout import layered, reduced
from verification.publish.svg_pdf import svg_to_pdf

REGISTRY = {name: statement.uses for name, statement in STATEMENTS.items()}


def _random_graph(seed: int) -> dict[str, tuple[str, ...]]:
    draw = random.Random(seed)  # noqa: S311  # graphs to try
    names = [f"s{i}" for i in range(14)]
    return {name: tuple(p for p in names[:i] if draw.random() < 0.25) for i, name in enumerate(names)}


def _reachable(parents: dict[str, tuple[str, ...]]) -> dict[str, set[str]]:
    """Closure by repeated squaring of the relation, not by the recursion under test."""
    found = {node: set(direct) for node, direct in parents.items()}
    for _ in parents:
        for node in found:
            found[node] |= {far for near in found[node] for far in found[near]}
    return found


@pytest.mark.parametrize("parents", [REGISTRY, *(_random_graph(seed) for seed in range(12))])
def test_reduction_keeps_what_rests_on_what_and_no_edge_can_go(parents: dict[str, tuple[str, ...]]) -> None:
    small = reduced(parents)
    assert _reachable(small) == _reachable(dict(parents))
    for node, direct in small.items():
        for edge in direct:
            less = {**small, node: tuple(p for p in direct if p != edge)}
            assert _reachable(less) != _reachable(small)


@pytest.mark.parametrize("parents", [REGISTRY, *(_random_graph(seed) for seed in range(12))])
def test_nodes_come_after_what_they_rest_on_and_do_not_overlap(parents: dict[str, tuple[str, ...]]) -> None:
    layout = layered(parents)
    assert set(layout.places) == set(parents)
    for (parent, child), route in layout.routes.items():
        assert route[0] == layout.places[parent]
        assert route[-1] == layout.places[child]
        assert [column for column, _ in route] == list(range(route[0][0], route[-1][0] + 1))
        assert len(route) >= 2
    places = sorted(layout.places.values())
    assert all(a[0] < b[0] or b[1] - a[1] >= 1.0 for a, b in pairwise(places))
    # No edge runs through a node on its way: dummy nodes have rows of their own.
    for route in layout.routes.values():
        for column, row in route[1:-1]:
            assert all(abs(row - other) >= 0.75 for place, other in layout.places.values() if place == column)
    assert all(0 <= row <= layout.rows - 1 and column < layout.columns for column, row in places)


def test_circles_and_unknown_parents_are_refused() -> None:
    with pytest.raises(InputError, match="circle"):
        layered({"a": ("b",), "b": ("a",)})
    with pytest.raises(InputError, match="circle"):
        reduced({"a": ("a",)})
    with pytest.raises(InputError, match="only nodes"):
        layered({"a": ("b",)})


def test_the_drawing_says_each_status_in_words_and_links() -> None:
    names, statuses = list(REGISTRY), list(LOOKS)
    given = {name: statuses[i % len(statuses)] for i, name in enumerate(names)}
    svg = graph_svg(REGISTRY, given, {name: f"at-{name}" for name in names})
    root = ET.fromstring(svg)  # noqa: S314  # made here
    nodes = [node for node in root if node.tag.endswith("}a")]
    for node, name in zip(nodes, names, strict=True):
        assert node.attrib["href"] == f"#at-{name}"
        assert [part.text for part in node if part.tag.endswith("text")] == [name, given[name]]
    described = next(part.text or "" for part in root if part.tag.endswith("desc"))
    assert "SIGN: " in described
    assert "rests on THR, LIM-a, GRASP" in described
    legend = {part.text for group in root if group.tag.endswith("}g") for part in group if part.text}
    assert legend == set(LOOKS)
    assert graph_svg(REGISTRY, given, {name: f"at-{name}" for name in names}) == svg


def test_names_cannot_leave_the_drawing() -> None:
    evil = "</svg>\n```\n<script>\x00"
    svg = graph_svg({evil: ()}, {evil: "refuted"}, {evil: "x"})
    assert "<script" not in svg
    assert not re.search(r"^```", svg, re.MULTILINE)
    ET.fromstring(svg)  # noqa: S314  # made here


def _drawn(pdf: bytes) -> str:
    """The drawing operators of a PDF, decompressed."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    texts = []
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue
    return "\n".join(texts)


def test_a_figure_has_its_size_its_lines_and_its_colours_in_pdf() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36">'
        '<g transform="translate(10 20) scale(2)"><path d="M 1 2 L 5 2 C 6 2 6 3 6 4" '
        'style="fill: none; stroke: #ff0000; stroke-width: 1.5; stroke-dasharray: 3 2"/></g>'
        '<rect x="40" y="6" width="8" height="4" fill="#0000ff"/></svg>'
    )
    pdf = svg_to_pdf(svg)
    assert pdf == svg_to_pdf(svg)
    box = re.search(rb"/MediaBox \[\s*([\d. ]+?)\s*\]", pdf)
    assert box is not None
    assert [float(part) for part in box[1].split()] == [0, 0, 72, 36]
    drawn = _drawn(pdf)
    # PDF counts from below: (10 + 2 x, 36 - (20 + 2 y)); widths and dashes twice as large.
    assert re.search(r"\b12 12 m\s+20 12 l\s+22 12 22 10 22 8 c", drawn), drawn
    assert "1 0 0 RG" in drawn
    assert re.search(r"\b3 w\b", drawn)
    assert re.search(r"\[ ?6 4 ?\] 0 d", drawn)
    assert "0 0 1 rg" in drawn
    assert re.search(r"\b40 30 m\s+48 30 l\s+48 26 l\s+40 26 l", drawn), drawn


def test_what_is_no_svg_is_refused() -> None:
    for wrong in ("", "<svg", "<svg/>", '<svg viewBox="0 0 1"/>', SVG.replace("M 0 0", "M 0")):
        with pytest.raises(InputError, match="figure"):
            svg_to_pdf(wrong)
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg viewBox="0 0 9 9"><text>&b;</text></svg>'
    with pytest.raises(InputError, match="figure"):
        svg_to_pdf(bomb)
