"""A layer's two graphons at quadrature nodes: ``W`` weighs its trainable edges, ``V`` what they transmit.

A row of a layer is a node in u with a weight, so that integrals over neurons become sums; a column is an input, or a
node of the layer before. Kept weights transmit the energy graphon, ``V = E[xi^2; kept]``; weights that are drawn anew
after pruning transmit ``Var(xi) W``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError
from graphon_theory.quadrature import panel_nodes
from graphon_theory.saliency import FiniteModel, SaliencyModel

Array = npt.NDArray[np.float64]
Field = Callable[[Array, Array], Array]
Variant = Literal["kept", "redrawn"]

_COUNTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


@dataclass(frozen=True)
class GraphonLayer:
    """Both graphons of a layer at its nodes.

    Parameters
    ----------
    W
        ``P(kept)`` in [0, 1], shape (Q, C).
    V
        Second moment that an edge transmits, at least 0, shape (Q, C).
    weights
        Shares of the nodes among the neurons, shape (Q,), of sum 1.
    columns
        Shares of the columns, shape (C,), of sum 1: ``1/d`` each for inputs, the previous layer's weights else.
    readout
        ``E[a^2 | u]`` at the nodes, shape (Q,): read where this is the last layer.
    positions
        The nodes in [0, 1], shape (Q,), where they are positions; None for types that are given.
    groups
        Node of each neuron, shape (n,), where the neurons are given; else None.
    error
        Estimated error of sums over the nodes in place of integrals, relative: of degrees, energies and products of
        them. 0 where the sum is exact. It says nothing of the kernel itself; for that see ``limit.refinement_error``.

    Raises
    ------
    InputError
        If shapes do not fit, values are out of range or not finite, or weights do not sum to 1.
    """

    W: Array
    V: Array
    weights: Array
    columns: Array
    readout: Array
    positions: Array | None = None
    groups: npt.NDArray[np.intp] | None = None
    error: float = 0.0

    def __post_init__(self) -> None:
        if self.W.ndim != 2 or self.W.size == 0:
            raise InputError("W", f"array of shape {self.W.shape}", "give a non-empty (nodes, columns) matrix")
        nodes, columns = self.W.shape
        wanted = {"V": (nodes, columns), "weights": (nodes,), "columns": (columns,), "readout": (nodes,)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise InputError(name, f"array of shape {getattr(self, name).shape}", f"give shape {shape}")
        for name in ("W", *wanted):
            part = getattr(self, name)
            if not bool(np.all(np.isfinite(part) & (part >= 0))):
                raise InputError(name, "negative, NaN or infinite values", "give finite numbers, at least 0")
        if float(self.W.max()) > 1.0 + 1e-12:
            raise InputError("W", float(self.W.max()), "give probabilities, at most 1")
        for name in ("weights", "columns"):
            if abs(float(getattr(self, name).sum()) - 1.0) > 1e-9:
                raise InputError(name, float(getattr(self, name).sum()), "give shares of sum 1")

    @property
    def constant(self) -> bool:
        """Whether all nodes and columns have one W and one V."""
        return bool(np.ptp(self.W) == 0 and np.ptp(self.V) == 0 and np.ptp(self.readout) == 0)

    def redrawn(self, variance: float = 1.0) -> GraphonLayer:
        """Return the same mask with weights of this variance drawn anew: ``V = variance W``."""
        return replace(self, V=variance * self.W)


def constant_layer(
    density: float, energy: float | None = None, *, columns: int | npt.ArrayLike | GraphonLayer = 1
) -> GraphonLayer:
    """One node: every edge has the same ``W = density`` and ``V = energy`` (``density`` if not given)."""
    _, shares, _ = _columns(columns)
    W = np.full((1, shares.size), float(density))
    V = W if energy is None else np.full_like(W, float(energy))
    return GraphonLayer(W, V, np.ones(1), shares, np.ones(1), positions=np.array([0.5]))


def model_layer(
    model: SaliencyModel,
    density: float,
    *,
    columns: int | npt.ArrayLike | GraphonLayer,
    variant: Variant = "kept",
    readout: Callable[[Array], Array] | None = None,
    nodes: int | None = None,
    tolerance: float = 1e-4,
) -> GraphonLayer:
    """Layer of a population model at a density: ``W = model.graphon``, ``V = model.energy_graphon``.

    Parameters
    ----------
    model
        The saliency model.
    density
        Kept fraction in (0, 1).
    columns
        Number of inputs (on the midpoint grid), their positions ``v_j`` in [0, 1], or the layer before.
    variant
        "kept" weights, or weights "redrawn" after pruning with the variance of the model's noise.
    readout
        ``E[a^2 | u]`` as a function on arrays of positions; 1 if not given.
    nodes
        Number of nodes; chosen to meet ``tolerance`` if not given.
    tolerance
        Wanted ``error`` of the layer; what is reached stands in the layer.

    Raises
    ------
    InputError
        If the density is out of reach, positions are not in [0, 1], or the previous layer has no positions.
    """
    _require_variant(variant)
    W = model.graphon(density)
    variance = model.noise.variance
    V: Field = model.energy_graphon(density) if variant == "kept" else lambda u, v: variance * W(u, v)
    return field_layer(W, V, columns=columns, readout=readout, nodes=nodes, tolerance=tolerance)


def field_layer(
    W: Field,
    V: Field | None = None,
    *,
    columns: int | npt.ArrayLike | GraphonLayer,
    readout: Callable[[Array], Array] | None = None,
    nodes: int | None = None,
    tolerance: float = 1e-4,
) -> GraphonLayer:
    """Layer of two functions of ``(u, v)`` on broadcastable arrays; parameters as in ``model_layer``.

    Nodes are those of a Gauss-Legendre rule, on [0, 1] or drawn towards both ends (for profiles unbounded there),
    whichever errs less. The rule is judged by integrals of W, V, their product and ``E[a^2|u] W`` for every column,
    against a rule of 384 nodes; functions with jumps are better given as ``step_layer``.
    """
    v, shares, previous = _columns(columns)
    second = W if V is None else V
    weigh = readout if readout is not None else np.ones_like

    def values(u: Array) -> list[Array]:
        shape = (u.size, v.size)
        first, energy = (np.broadcast_to(f(u[:, None], v[None, :]), shape) for f in (W, second))
        amount = np.asarray(weigh(u), dtype=np.float64)
        return [first, energy, amount[:, None] * first, first * energy, np.sqrt(energy)]

    dense = _graded(*panel_nodes())
    truth = [dense[1] @ part for part in values(dense[0])]
    best: tuple[float, Array, Array] | None = None
    for count in _COUNTS if nodes is None else (nodes,):
        for rule in _rules(count):
            found = [rule[1] @ part for part in values(rule[0])]
            error = max(_relative(a, b) for a, b in zip(found, truth, strict=True))
            if best is None or error < best[0]:
                best = (error, *rule)
        if best is not None and best[0] <= tolerance:
            break
    assert best is not None  # noqa: S101  # there is at least one rule
    error, u, weights = best
    if previous is not None:
        error = max(error, _column_error(W, second, u, v, shares))
    first, energy = (np.array(part) for part in values(u)[:2])
    amounts = np.asarray(weigh(u), dtype=np.float64) * np.ones_like(u)
    return GraphonLayer(np.clip(first, 0.0, 1.0), energy, weights, shares, amounts, positions=u, error=error)


def step_layer(
    W: npt.ArrayLike,
    V: npt.ArrayLike | None = None,
    *,
    columns: int | npt.ArrayLike | GraphonLayer,
    readout: npt.ArrayLike | None = None,
) -> GraphonLayer:
    """Layer of a step graphon with equal blocks, such as a histogram: one node a row of blocks, exact.

    Parameters
    ----------
    W
        Block values in [0, 1], shape (Q, B): column block ``ceil(B v)``.
    V
        Block energies, of the same shape; W if not given.
    columns
        As in ``model_layer``. A layer before whose nodes do not share out the blocks rightly counts in ``error``.
    readout
        ``E[a^2 | u]`` by row of blocks, shape (Q,); 1 if not given.
    """
    first = np.asarray(W, dtype=np.float64)
    second = first if V is None else np.asarray(V, dtype=np.float64)
    if first.ndim != 2 or first.size == 0 or second.shape != first.shape:
        raise InputError("W and V", (first.shape, second.shape), "give two non-empty matrices of one shape")
    v, shares, previous = _columns(columns)
    rows, blocks = first.shape
    place = np.searchsorted(np.arange(1, blocks + 1) / blocks, v, side="left")
    amounts = np.ones(rows) if readout is None else np.asarray(readout, dtype=np.float64)
    error = 0.0
    if previous is not None:
        held = np.bincount(place, weights=shares, minlength=blocks)
        error = _relative(first @ held, first.mean(axis=1))
    u = (np.arange(rows) + 0.5) / rows
    return GraphonLayer(first[:, place], second[:, place], np.full(rows, 1.0 / rows), shares, amounts, u, error=error)


def finite_layer(
    model: FiniteModel,
    density: float,
    *,
    before: GraphonLayer | None = None,
    variant: Variant = "kept",
    readout: npt.ArrayLike | None = None,
    nodes: int = 32,
) -> GraphonLayer:
    """Layer of a model with the types of a finite network put in: neurons are grouped into nodes.

    Equal rows share a node, exactly. If more than ``nodes`` rows differ they are sorted by degree (and by readout
    where that is equal) and cut into ``nodes`` groups of equal size, each represented by its mean; ``error`` is then
    the largest relative spread of row degrees and of ``E[a^2]`` times degree in a group, squared: the order of what a
    mean leaves out.

    Parameters
    ----------
    model
        Types of n neurons and C columns.
    density
        Kept fraction in (0, 1).
    before
        The layer before, itself of given neurons, as many as the model has columns; None if columns are inputs.
    variant
        "kept" or "redrawn".
    readout
        ``a_i^2`` or their means, shape (n,); 1 if not given.
    nodes
        Largest number of nodes.

    Raises
    ------
    InputError
        If shapes do not fit or the previous layer's neurons are not given.
    """
    _require_variant(variant)
    if nodes < 1:
        raise InputError("nodes", nodes, "give at least one")
    level = model.threshold(density)
    W = model.probabilities(density)
    V = kept_energy(model.profile, model.noise, level) if variant == "kept" else model.noise.variance * W
    n, count = W.shape
    amounts = np.ones(n) if readout is None else np.asarray(readout, dtype=np.float64)
    if amounts.shape != (n,):
        raise InputError("readout", f"array of shape {amounts.shape}", f"give shape ({n},)")
    shares = np.full(count, 1.0 / count)
    if before is not None:
        if before.groups is None or before.groups.size != count:
            raise InputError("before", "layer without these neurons", f"give a finite layer of {count} neurons")
        sizes = np.bincount(before.groups, minlength=before.weights.size)
        member = np.zeros((count, before.weights.size))
        member[np.arange(count), before.groups] = 1.0 / sizes[before.groups]
        W, V, shares = W @ member, V @ member, before.weights
    # A node must have one row and one readout, since their product counts.
    groups = _equal_rows(np.column_stack([W, V, amounts]))
    error = 0.0
    if int(groups.max()) + 1 > nodes:
        order = np.lexsort((amounts, V @ shares))
        groups = np.empty(n, dtype=np.intp)
        for k, part in enumerate(np.array_split(order, nodes)):
            groups[part] = k
            error = max(error, *(_spread(x[part]) for x in (W @ shares, amounts)))
    sizes = np.bincount(groups)
    mean = np.zeros((sizes.size, n))
    mean[groups, np.arange(n)] = 1.0 / sizes[groups]
    return GraphonLayer(mean @ W, mean @ V, sizes / n, shares, mean @ amounts, groups=groups, error=error)


@dataclass(frozen=True)
class Factors:
    """``W(u_q, v_j) ~ sum_r A_qr B_rj``, and V alike with the same B, whose rows live on parts of the columns.

    Parameters
    ----------
    W, V
        The left factors, shapes (Q, R).
    parts
        Column indices and right factors of each part: shapes (c,) and (r, c); the r sum to R, the parts are disjoint.
    error
        Largest error of an entry of W or V. A covariance ``sum_j V_qj x_j x'_j/d`` is then wrong by at most
        ``error |x| |x'|/d``.
    """

    W: Array
    V: Array
    parts: tuple[tuple[npt.NDArray[np.intp], Array], ...]
    error: float

    @property
    def rank(self) -> int:
        """R: the number of Gram matrices."""
        return int(self.W.shape[1])

    def product(self, left: Array) -> Array:
        """Multiply a left factor (Q, R) by B: shape (Q, C)."""
        columns = sum(part.size for part, _ in self.parts)
        result = np.zeros((left.shape[0], columns))
        start = 0
        for part, right in self.parts:
            result[:, part] = left[:, start : start + right.shape[0]] @ right
            start += right.shape[0]
        return result


def factorise(layer: GraphonLayer, *, tolerance: float = 1e-5) -> Factors:
    """Factorise both graphons of a first layer, so that few Gram matrices serve all nodes.

    Columns are sorted and cut into 1, 2, 4, ... parts, on each of which a truncated SVD of V over W is taken; fewer
    columns need a lower rank, and part b costs its rank times its columns. The cheapest cut wins. Equal columns are
    one column: constant and step graphons come out exactly.

    Parameters
    ----------
    layer
        The layer; its columns are inputs.
    tolerance
        Largest error of an entry, relative to the largest of V (of W for W).

    Raises
    ------
    InputError
        If the tolerance is not positive.
    """
    if not tolerance > 0:
        raise InputError("tolerance", tolerance, "give a positive number")
    top = float(layer.V.max()) * float(layer.W.max())
    proportional = bool(np.all(np.abs(layer.V * layer.W.max() - layer.W * layer.V.max()) <= 1e-15 * top))
    scales = [float(part.max()) or 1.0 for part in (layer.V, layer.W)]
    stack = layer.V / scales[0] if proportional else np.vstack([layer.V / scales[0], layer.W / scales[1]])
    kinds, place = np.unique(stack, axis=1, return_inverse=True)
    place = place.ravel()
    sizes = np.bincount(place)
    order = np.argsort(kinds.sum(axis=0), kind="stable")
    nodes = layer.W.shape[0]
    best: tuple[float, list[tuple[npt.NDArray[np.intp], Array, Array]]] | None = None
    count = 1
    while count <= min(order.size, 128):
        found, cost = [], 0.0
        for part in np.array_split(order, count):
            left, right = _truncated(kinds[:, part], tolerance)
            found.append((part, left, right))
            # Multiplications of a Gram matrix (and the write of its block), then of the combination, which runs slower.
            cost += left.shape[1] * (float(sizes[part].sum()) + 24.0 + 3.0 * nodes * (1 if proportional else 2))
        if best is None or cost < best[0]:
            best = (cost, found)
        elif cost > 1.5 * best[0]:
            break  # ranks fall slower than parts multiply from here on
        count *= 2
    assert best is not None  # noqa: S101  # count = 1 is always tried
    rank_left = np.hstack([left for _, left, _ in best[1]])
    parts = []
    for part, _, right in best[1]:
        spot = np.full(order.size, -1)
        spot[part] = np.arange(part.size)
        columns = np.flatnonzero(spot[place] >= 0)
        parts.append((columns.astype(np.intp), right[:, spot[place[columns]]]))
    V = scales[0] * rank_left[:nodes]
    W = V * (scales[1] / scales[0]) if proportional else scales[1] * rank_left[nodes:]
    factors = Factors(W, V, tuple(parts), 0.0)
    error = max(float(np.abs(factors.product(a) - b).max()) for a, b in ((W, layer.W), (V, layer.V)))
    return replace(factors, error=error)


def _truncated(matrix: Array, tolerance: float) -> tuple[Array, Array]:
    """Factors of least rank by SVD whose product errs by at most ``tolerance`` in any entry."""
    U, s, Vh = np.linalg.svd(matrix, full_matrices=False)
    left = U * s
    for rank in range(1, s.size):
        if s[rank] <= tolerance * np.sqrt(matrix.size):
            error = np.abs(left[:, rank:] @ Vh[rank:]).max()
            if error <= tolerance:
                return left[:, :rank], Vh[:rank]
    return left, Vh


def _columns(columns: object) -> tuple[Array, Array, GraphonLayer | None]:
    """Positions and shares of columns, and the layer before if they are its nodes."""
    if isinstance(columns, GraphonLayer):
        if columns.positions is None:
            raise InputError("columns", "layer of given neurons", "give a layer with positions, or use finite_layer")
        return columns.positions, columns.weights, columns
    if isinstance(columns, (int, np.integer)) and not isinstance(columns, bool):
        if columns < 1:
            raise InputError("columns", columns, "give a positive number of inputs")
        return (np.arange(columns) + 0.5) / columns, np.full(int(columns), 1.0 / columns), None
    v = np.asarray(columns, dtype=np.float64)
    if v.ndim != 1 or v.size == 0 or not bool(np.all((v >= 0) & (v <= 1))):
        raise InputError("columns", "positions outside [0, 1] or of a wrong shape", "give positions in [0, 1]")
    return v, np.full(v.size, 1.0 / v.size), None


def _rules(count: int) -> tuple[tuple[Array, Array], ...]:
    if count < 1:
        raise InputError("nodes", count, "give at least one")
    x, w = np.polynomial.legendre.leggauss(count)
    plain = ((x + 1.0) / 2.0, w / 2.0)
    return (plain,) if count == 1 else (plain, _graded(*plain))


def _graded(nodes: Array, weights: Array) -> tuple[Array, Array]:
    """Draw a rule towards both ends, with weights of sum 1."""
    graded = weights * 30.0 * (nodes * (1.0 - nodes)) ** 2
    return nodes**3 * (10.0 - 15.0 * nodes + 6.0 * nodes**2), graded / graded.sum()


def _column_error(W: Field, V: Field, u: Array, v: Array, shares: Array) -> float:
    """How far sums over the previous layer's nodes are from integrals over v."""
    dense = _graded(*panel_nodes())
    worst = 0.0
    for function in (W, V):
        coarse, fine = (
            np.broadcast_to(function(u[:, None], points[None, :]), (u.size, points.size)) @ weights
            for points, weights in ((v, shares), dense)
        )
        worst = max(worst, _relative(coarse, fine))
    return worst


def _relative(found: Array, truth: Array) -> float:
    scale = float(np.abs(truth).max())
    return float(np.abs(found - truth).max()) / scale if scale > 0 else 0.0


def _spread(values: Array) -> float:
    centre = float(np.abs(values).mean())
    return float(np.var(values)) / centre**2 if centre > 0 else 0.0


def _equal_rows(rows: Array) -> npt.NDArray[np.intp]:
    _, groups = np.unique(rows, axis=0, return_inverse=True)
    return groups.ravel().astype(np.intp)


def _require_variant(variant: str) -> None:
    if variant not in ("kept", "redrawn"):
        raise InputError("variant", variant, 'give "kept" or "redrawn"')


def require_chain(layers: object) -> tuple[GraphonLayer, ...]:
    """Check that each layer's columns are the nodes of the one before.

    Raises
    ------
    InputError
        If there is no layer, or two do not fit.
    """
    chain = tuple(layers) if isinstance(layers, (list, tuple)) else (layers,)
    if not chain or not all(isinstance(layer, GraphonLayer) for layer in chain):
        raise InputError("layers", [type(layer).__name__ for layer in chain], "give one GraphonLayer or more")
    for k, (first, second) in enumerate(itertools.pairwise(chain)):
        if second.columns.shape != first.weights.shape or not np.allclose(second.columns, first.weights):
            raise InputError(f"layers[{k + 1}]", f"{second.columns.size} columns", "give columns=<the layer before>")
    return chain
