"""Star densities at given columns: how likely a neuron is joined to all active coordinates (statement UAT-count).

``t_J = integral of prod_{j in J} W(u, v_j) du``. Unlike the homomorphism density of a star (``homomorphism``,
``star_neuron``), the columns are given, not drawn: that density is the mean of ``t_J`` over independent columns.

``t_J >= prod_j deg(v_j)`` where the columns ``u -> W(u, v_j)`` are similarly ordered (Chebyshev): no two positions are
ordered one way by one column and the other way by another. Every rank-one saliency model has such columns, since all
rise with ``g(u)``. At rank two or more the inequality can fail: ``h(u, v) = (1-u)(1-v) + u v`` at v = 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.approximation.coordinates import active_set, column_types
from graphon_theory.errors import InputError
from graphon_theory.graphon import Graphon
from graphon_theory.quadrature import panel_nodes
from graphon_theory.saliency import FiniteModel, SaliencyModel
from graphon_theory.step import StepGraphon

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Star:
    """Rows joined to all of J.

    Parameters
    ----------
    rates
        Probability that a row is joined to all of J, given its type: one a row of the network, or one a node of a
        quadrature rule in u, shape (m,).
    kept
        ``W`` at these rows and the columns of J, shape (m, k).
    weights
        Weights of the rows, of sum 1, shape (m,).
    """

    rates: Array
    kept: Array
    weights: Array

    @property
    def density(self) -> float:
        """``t_J``, in [0, 1]."""
        return float(self.weights @ self.rates)

    @property
    def degrees(self) -> Array:
        """``deg(v_j)``, shape (k,)."""
        return np.asarray(self.weights @ self.kept)

    @property
    def product(self) -> float:
        """``prod_j deg(v_j)``: ``t_J`` if the columns were independent in u."""
        return float(np.prod(self.degrees))

    @property
    def weakest(self) -> float:
        """``min_j deg(v_j)``, an upper bound of ``t_J``."""
        return float(self.degrees.min())

    @property
    def similarly_ordered(self) -> bool:
        """Whether no two rows are ordered one way by one column and the other way by another: then t_J >= product."""
        # Similarly ordered columns all rise along the order of their sum.
        order = np.argsort(self.kept.sum(axis=1), kind="stable")
        return bool(np.all(np.diff(self.kept[order], axis=0) >= 0))

    @property
    def floor(self) -> float:
        """Largest edge-floor bound ``alpha p^k`` over all floors p: a lower bound of ``t_J`` (``edge_floor_bound``)."""
        least = self.kept.min(axis=1)
        order = np.argsort(-least, kind="stable")
        return float(np.max(np.cumsum(self.weights[order]) * least[order] ** self.kept.shape[1]))


def star(W: Graphon, types: npt.ArrayLike) -> Star:
    """Star of a graphon at given column types.

    Parameters
    ----------
    W
        The graphon.
    types
        ``v_j`` of the active coordinates, in [0, 1], shape (k,); equal types of different columns are allowed.

    Returns
    -------
    Star
        Rates at the nodes of a quadrature rule in u, which gather at the ends (no guarantee; some 8 digits, 6 where W
        has a kink).

    Raises
    ------
    InputError
        If there is no type, or one is outside [0, 1].
    """
    v = column_types(types)
    nodes, weights = row_nodes()
    kept = np.broadcast_to(W(nodes[:, None], v[None, :]), (nodes.size, v.size))
    return Star(np.asarray(kept.prod(axis=1)), np.asarray(kept), weights)


def model_star(model: SaliencyModel, density: float, types: npt.ArrayLike) -> Star:
    """Star of a saliency model's graphon of a density, at given column types.

    Raises
    ------
    InputError
        As ``star``; or if no threshold reaches the density.
    """
    return star(model.graphon(density), types)


def finite_star(matrix: npt.ArrayLike | StepGraphon | FiniteModel, active: Iterable[int], density: float = 0.0) -> Star:
    """Star of a finite network: per-row rates ``p_i = prod_j P_ij`` and their mean.

    Parameters
    ----------
    matrix
        A mask or kept probabilities, shape (n, d), in [0, 1]; a step graphon; or a model with its types put in, whose
        kept probabilities are those at the threshold of ``density``.
    active
        Indices of the active columns, from 0.
    density
        Kept fraction in (0, 1), for a model alone.

    Raises
    ------
    InputError
        If ``active`` is empty, repeats a column or leaves the matrix, or the matrix is not of values in [0, 1].
    """
    if isinstance(matrix, FiniteModel):
        values = matrix.probabilities(density)
    else:
        values = matrix.matrix if isinstance(matrix, StepGraphon) else np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or values.size == 0 or not bool(np.all((values >= 0) & (values <= 1))):
        raise InputError("matrix", f"array of shape {values.shape}", "give an (n, d) matrix of values in [0, 1]")
    kept = values[:, list(active_set(active, values.shape[1]))]
    return Star(kept.prod(axis=1), kept, np.full(values.shape[0], 1.0 / values.shape[0]))


def edge_floor_bound(share: float, floor: float, active: int) -> float:
    """``alpha p^k <= t_J``, where ``W(u, v_j) >= p`` on row types of measure ``alpha`` for every j in J ([P26]).

    Parameters
    ----------
    share
        ``alpha``, in [0, 1].
    floor
        ``p``, in [0, 1].
    active
        Number k of active coordinates, at least 1.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    for name, value in (("share", share), ("floor", floor)):
        if not 0.0 <= value <= 1.0:
            raise InputError(name, value, "give a number in [0, 1]")
    if isinstance(active, bool) or not isinstance(active, int) or active < 1:
        raise InputError("active", active, "give a positive number of coordinates")
    return float(share * floor**active)


def few_joined_bound(expected: float) -> float:
    """``P(N_J < mu/2) <= exp(-mu/8)``, ``mu = n t_J`` the expected number of joined neurons (Chernoff).

    Holds for a sum of independent indicators: a fixed threshold, row types drawn or given.

    Raises
    ------
    InputError
        If ``expected`` is negative, NaN or infinite.
    """
    if not (math.isfinite(expected) and expected >= 0):
        raise InputError("expected", expected, "give the expected number of joined neurons, 0 or more")
    return math.exp(-expected / 8.0)


def row_nodes() -> tuple[Array, Array]:
    """Nodes in (0, 1) and weights of a rule in u that gathers at the ends, where quantile profiles are unbounded."""
    nodes, weights = panel_nodes()
    return nodes**3 * (10.0 - 15.0 * nodes + 6.0 * nodes**2), weights * 30.0 * (nodes * (1.0 - nodes)) ** 2
