"""A layered drawing of an acyclic graph: columns by depth, few crossings, no library.

Sugiyama, Tagawa, Toda (1981) in its simplest form: longest-path layers, dummy nodes on edges that pass a layer,
sweeps that sort each layer by the mean place of its neighbours. It is a heuristic: crossings are few, not fewest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from graphon_theory.errors import InputError

_SWEEPS: Final = 12


@dataclass(frozen=True)
class Layout:
    """Where nodes lie and edges run.

    Parameters
    ----------
    places
        Node -> (column, row): column a non-negative integer, row a number of at least 0 in units of a node's height.
    routes
        (parent, child) -> places that the edge passes, both ends included.
    columns, rows
        Size of the drawing, in units of places.
    """

    places: Mapping[str, tuple[int, float]]
    routes: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    columns: int
    rows: float


def reduced(parents: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Leave out every edge that a longer way implies (the transitive reduction)."""
    above = {node: _ancestors(node, parents) for node in parents}
    return {
        node: tuple(p for p in direct if not any(p in above[other] for other in direct if other != p))
        for node, direct in parents.items()
    }


def layered(parents: Mapping[str, Sequence[str]]) -> Layout:
    """Lay out a graph.

    Parameters
    ----------
    parents
        Node -> nodes that it rests on, all of them nodes.

    Raises
    ------
    InputError
        If the graph has a cycle or names an unknown node.
    """
    depth: dict[str, int] = {}
    for node in parents:
        depth[node] = len(_longest(node, parents, ())) - 1
    chains = {(p, node): _chain(p, node, depth) for node, direct in parents.items() for p in direct}
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in parents:
        layers[depth[node]].append(node)
    neighbours: dict[str, list[tuple[str, int]]] = {node: [] for node in parents}
    for (parent, _), chain in chains.items():
        for i, name in enumerate(chain[1:-1], start=1):
            layers[depth[parent] + i].append(name)
            neighbours[name] = []
        for i, (one, other) in enumerate(pairwise(chain), start=depth[parent]):
            neighbours[one].append((other, i + 1))
            neighbours[other].append((one, i))
    _untangle(layers, neighbours)
    places = _rows(layers, real=frozenset(parents))
    rows = max((row for _, row in places.values()), default=0.0) + 1.0
    return Layout(
        places={node: places[node] for node in parents},
        routes={edge: tuple(places[name] for name in chain) for edge, chain in chains.items()},
        columns=len(layers),
        rows=rows,
    )


def _ancestors(node: str, parents: Mapping[str, Sequence[str]], below: tuple[str, ...] = ()) -> frozenset[str]:
    if node in below:
        raise InputError("parents", " -> ".join((*below, node)), "statements must not rest on each other in a circle")
    direct = frozenset(parents.get(node, ()))
    return direct.union(*(_ancestors(p, parents, (*below, node)) for p in direct)) if direct else direct


def _longest(node: str, parents: Mapping[str, Sequence[str]], below: tuple[str, ...]) -> tuple[str, ...]:
    """Longest way down to a node from one that rests on nothing, the node included."""
    if node in below:
        raise InputError("parents", " -> ".join((*below, node)), "statements must not rest on each other in a circle")
    if node not in parents:
        raise InputError("parents", node, "name only nodes of the graph")
    ways = [_longest(p, parents, (*below, node)) for p in parents[node]]
    return (*max(ways, key=len, default=()), node)


def _chain(parent: str, child: str, depth: Mapping[str, int]) -> tuple[str, ...]:
    between = range(depth[parent] + 1, depth[child])
    return (parent, *(f"\0{parent}\0{child}\0{layer}" for layer in between), child)


def _untangle(layers: list[list[str]], neighbours: Mapping[str, Sequence[tuple[str, int]]]) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before, then in the layer after."""
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        order = range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1)
        for here in order:
            beside = here - 1 if forward else here + 1
            place = {name: i / max(len(layers[beside]) - 1, 1) for i, name in enumerate(layers[beside])}
            own = {name: i / max(len(layers[here]) - 1, 1) for i, name in enumerate(layers[here])}

            def mean(
                name: str, place: dict[str, float] = place, own: dict[str, float] = own, beside: int = beside
            ) -> float:
                found = [place[other] for other, layer in neighbours[name] if layer == beside]
                return sum(found) / len(found) if found else own[name]

            layers[here].sort(key=mean)


def _rows(layers: list[list[str]], real: frozenset[str]) -> dict[str, tuple[int, float]]:
    """Stack each layer, dummies on half a row, and centre it."""
    heights = [sum(1.0 if name in real else 0.5 for name in layer) for layer in layers]
    tallest = max(heights)
    places = {}
    for column, (layer, height) in enumerate(zip(layers, heights, strict=True)):
        top = (tallest - height) / 2
        for name in layer:
            size = 1.0 if name in real else 0.5
            places[name] = (column, top + size / 2 - 0.5)
            top += size
    return places
