"""Homomorphism densities of bipartite graphs in bipartite graphons (statement COUNT).

``t(F, W)`` is the integral of ``prod over edges ab of W(u_a, v_b)`` over independent uniform positions of all
vertices of F; the sides of F are fixed, since W is not symmetric. A copy of F in a mask, with the vertices of
each side free to coincide, has this density in the mask's step graphon.

One vertex after another is integrated out. A vertex with one neighbour leaves a vector (degrees, and products
of their powers); a vertex with two leaves a matrix on the pair (a Gram matrix, and entrywise products of such).
So the largest object is a matrix and the cost is that of matrix products. This covers the graphs of treewidth
at most 2, among them all trees, all cycles and ``K_{2,b}``; others, such as ``K_{3,3}``, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

_REMEDY = (
    "give 'edge', 'star_neuron(k)', 'star_input(k)', 'path(k)', 'C_4' or 'K_{a,b}' with positive numbers, "
    "a 0-1 matrix (neurons, inputs), or a BipartiteGraph"
)


@dataclass(frozen=True)
class BipartiteGraph:
    """Simple graph between a side of neurons and a side of inputs.

    Parameters
    ----------
    biadjacency
        Row a, column b: whether neuron vertex a is joined to input vertex b; non-empty, rectangular.
    name
        For reports.

    Raises
    ------
    InputError
        If the matrix is empty, ragged, has entries other than 0 and 1, or no edge.
    """

    biadjacency: tuple[tuple[bool, ...], ...]
    name: str = "graph"

    def __post_init__(self) -> None:
        widths = {len(row) for row in self.biadjacency}
        if len(widths) != 1 or not min(widths):
            raise InputError("biadjacency", self.biadjacency, "give a non-empty matrix, rows of equal length")
        if any(entry not in (0, 1) for row in self.biadjacency for entry in row):
            raise InputError(
                "biadjacency", self.biadjacency, "give 0 or 1 for each pair; a simple graph has no weights"
            )
        if not any(map(any, self.biadjacency)):
            raise InputError("biadjacency", self.biadjacency, "give a graph with at least one edge")

    @property
    def neurons(self) -> int:
        """Number of vertices on the side of neurons."""
        return len(self.biadjacency)

    @property
    def inputs(self) -> int:
        """Number of vertices on the side of inputs."""
        return len(self.biadjacency[0])

    @property
    def edges(self) -> int:
        """Number of edges ``e(F)``."""
        return sum(map(sum, self.biadjacency))

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Edges as (neuron vertex, input vertex), in order."""
        return tuple((a, b) for a, row in enumerate(self.biadjacency) for b, joined in enumerate(row) if joined)


GraphLike: TypeAlias = BipartiteGraph | str | Sequence[Sequence[int]] | npt.NDArray[np.generic]


class Weighted(Protocol):
    """A graphon that can be written as a matrix with weighted rows and columns."""

    def weighted_values(self) -> tuple[Array, Array, Array]:
        """Values, shape (n, d), weights of rows, shape (n,), and of columns, shape (d,); weights sum to 1."""
        ...


def complete(neurons: int, inputs: int) -> BipartiteGraph:
    """``K_{a,b}``: each of a neurons joined to each of b inputs."""
    for argument, size in (("neurons", neurons), ("inputs", inputs)):
        _require_count(argument, size)
    return BipartiteGraph(((True,) * inputs,) * neurons, f"K_{{{neurons},{inputs}}}")


def star_neuron(leaves: int) -> BipartiteGraph:
    """One neuron joined to k inputs: ``t = integral of degree_neuron(u)^k du``."""
    _require_count("leaves", leaves)
    return BipartiteGraph(((True,) * leaves,), f"star_neuron({leaves})")


def star_input(leaves: int) -> BipartiteGraph:
    """One input joined to k neurons: ``t = integral of degree_input(v)^k dv``."""
    _require_count("leaves", leaves)
    return BipartiteGraph(((True,),) * leaves, f"star_input({leaves})")


def path(edges: int, *, start: Literal["neuron", "input"] = "neuron") -> BipartiteGraph:
    """Path of k edges; ``start`` is the side of its first vertex, and matters for even k."""
    _require_count("edges", edges)
    if start not in ("neuron", "input"):
        raise InputError("start", start, "give 'neuron' or 'input'")
    vertices = [(k + (start == "input")) % 2 for k in range(edges + 1)]
    place = [vertices[:k].count(side) for k, side in enumerate(vertices)]
    steps = zip(range(edges), range(1, edges + 1), strict=True)
    joined = {(place[k], place[m]) if vertices[k] == 0 else (place[m], place[k]) for k, m in steps}
    rows = tuple(tuple((a, b) in joined for b in range(vertices.count(1))) for a in range(vertices.count(0)))
    return BipartiteGraph(rows, f"path({edges})" if start == "neuron" else f"path({edges}, start='input')")


def bipartite_graph(F: GraphLike) -> BipartiteGraph:
    """Coerce a name or a biadjacency matrix to a graph.

    Parameters
    ----------
    F
        ``"edge"``, ``"star_neuron(3)"``, ``"star_input(3)"``, ``"path(3)"``, ``"C_4"``, ``"K_{2,3}"`` (2 neurons, 3
        inputs), a 0-1 matrix of shape (neurons, inputs), or a graph, which is returned as it is.

    Raises
    ------
    InputError
        If the name is unknown or the matrix is no biadjacency matrix.
    """
    if isinstance(F, BipartiteGraph):
        return F
    if isinstance(F, str):
        return _named(F)
    try:
        entries = np.asarray(F, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("F", F, _REMEDY) from None
    if entries.ndim != 2 or not bool(np.all((entries == 0) | (entries == 1))):
        raise InputError("F", F, _REMEDY)
    return BipartiteGraph(tuple(tuple(bool(entry) for entry in row) for row in entries))


def homomorphism_density(F: GraphLike, W: Weighted) -> float:
    """``t(F, W)``, in [0, 1].

    Parameters
    ----------
    F
        Bipartite graph of treewidth at most 2; see ``bipartite_graph``.
    W
        ``Graphon`` (Gauss quadrature: about 1e-7 where W has a kink, no guarantee) or ``StepGraphon`` (the
        finite sum itself, to float64 rounding).

    Raises
    ------
    InputError
        If F is no bipartite graph, or its treewidth exceeds 2.
    """
    graph = bipartite_graph(F)
    values, row_weights, column_weights = W.weighted_values()
    # Vertices: neurons 0..a-1, then inputs. factors[x][y] is a matrix on positions of (x, y).
    weights = [row_weights] * graph.neurons + [column_weights] * graph.inputs
    factors: dict[int, dict[int, Array]] = {x: {} for x in range(len(weights))}
    for a, b in graph.pairs():
        _multiply(factors, a, graph.neurons + b, values)
    total = 1.0
    while factors:
        x = min(factors, key=lambda vertex: len(factors[vertex]))
        around = factors.pop(x)
        if len(around) > 2:
            raise InputError("F", graph.name, "give a graph of treewidth at most 2: a tree, a cycle or K_{2,b}")
        for y in around:
            del factors[y][x]
        if not around:
            total *= float(weights[x].sum())
        elif len(around) == 1:
            ((y, matrix),) = around.items()
            weights[y] = weights[y] * (weights[x] @ matrix)
        else:
            (y, left), (z, right) = around.items()
            _multiply(factors, y, z, (left.T * weights[x]) @ right)
    return total


def _multiply(factors: dict[int, dict[int, Array]], x: int, y: int, matrix: Array) -> None:
    old = factors[x].get(y)
    product = matrix if old is None else old * matrix
    factors[x][y] = product
    factors[y][x] = product.T


def _named(name: str) -> BipartiteGraph:
    text = name.replace(" ", "")
    if text == "edge":
        return BipartiteGraph(((True,),), "edge")
    if text == "C_4":
        return BipartiteGraph(((True, True), (True, True)), "C_4")
    if found := re.fullmatch(r"K_\{([1-9]\d?),([1-9]\d?)\}", text):
        return complete(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"(star_neuron|star_input|path)\(([1-9]\d?)\)", text):
        size = int(found[2])
        if found[1] == "path":
            return path(size)
        return star_neuron(size) if found[1] == "star_neuron" else star_input(size)
    raise InputError("F", name, _REMEDY)


def _require_count(argument: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(argument, count, "give a positive whole number")
