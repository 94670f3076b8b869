"""Bipartite graphons ``W : [0, 1]^2 -> [0, 1]``; not symmetric: ``u`` is a neuron, ``v`` an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike, homomorphism_density
from graphon_theory.quadrature import panel_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from sympy import Expr

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Graphon:
    """A limit graphon.

    Parameters
    ----------
    expr
        ``W(u, v)`` as a SymPy expression in ``notation.u`` and ``notation.v``.
    evaluate
        The same on broadcastable arrays of positions in [0, 1].
    """

    expr: Expr
    evaluate: Callable[[Array, Array], Array]

    def __call__(self, u: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """``W(u, v)`` on broadcastable arrays of positions in [0, 1]; values in [0, 1]."""
        return self.evaluate(np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64))

    def density(self) -> float:
        """``double integral of W``, by quadrature (no guarantee; about 1e-7 where W has a kink)."""
        nodes, weights = panel_nodes()
        return float(weights @ self(nodes[:, None], nodes[None, :]) @ weights)

    def degree_input(self, v: npt.ArrayLike) -> Array:
        """``deg(v) = integral of W(u, v) du``: share of neurons joined to an input at ``v``."""
        nodes, weights = panel_nodes()
        points = np.atleast_1d(np.asarray(v, dtype=np.float64))
        return np.asarray(weights @ self(nodes[:, None], points[None, :]))

    def degree_neuron(self, u: npt.ArrayLike) -> Array:
        """``integral of W(u, v) dv``: share of inputs joined to a neuron at ``u``."""
        nodes, weights = panel_nodes()
        points = np.atleast_1d(np.asarray(u, dtype=np.float64))
        return np.asarray(self(points[:, None], nodes[None, :]) @ weights)

    def weighted_values(self) -> tuple[Array, Array, Array]:
        """Values on the quadrature grid, shape (m, m), and the weights of its rows and columns, shape (m,)."""
        nodes, weights = panel_nodes()
        return self._on_square(nodes), weights, weights

    def homomorphism_density(self, F: GraphLike) -> float:
        """``t(F, W)`` in [0, 1], by quadrature (no guarantee); F as in ``homomorphism.bipartite_graph``."""
        return homomorphism_density(F, self)

    def heterogeneity(self, *, panels: int = 192) -> float:
        """``||W - rho||_cut`` of a W monotone in each variable: 0 for Random, up to ``rho (1 - rho)``.

        Turn both axes so that W is non-decreasing. Given T, the set S that makes the integral of ``W - rho`` over
        S x T largest is where ``integral over T of W(u, v) - rho dv`` is positive: an end interval, since this
        is monotone in u. The same holds for T, and for the smallest integral with the other ends. So corner
        rectangles suffice, and sums over a grid find the best; as ``W - rho`` has integral 0, both signs occur.

        Parameters
        ----------
        panels
            Corners lie at multiples of ``1/panels``; positive.

        Returns
        -------
        float
            In [0, 1]. A lower bound up to the error of Gauss quadrature in each panel; short of the supremum by a
            multiple of ``panels**-2`` for smooth W, since the integral is stationary at the best corner.

        Raises
        ------
        InputError
            If ``panels`` is not positive or W is not monotone in each variable on the grid.
        """
        if panels < 1:
            raise InputError("panels", panels, "give a positive number of panels")
        order = 4
        nodes, weights = panel_nodes(panels, order)
        values = self._on_square(nodes)
        slack = 1e-12
        for axis in (0, 1):
            steps = np.diff(values, axis=axis)
            if not (bool(np.all(steps >= -slack)) or bool(np.all(steps <= slack))):
                raise InputError("W", f"not monotone along axis {axis}", "sort both axes by profile first")
            if float(steps.sum()) < 0:
                values = np.flip(values, axis=axis)
        centred = (values - float(weights @ values @ weights)) * np.outer(weights, weights)
        cells = centred.reshape(panels, order, panels, order).sum(axis=(1, 3))
        low = np.cumsum(np.cumsum(cells, axis=0), axis=1)
        high = np.cumsum(np.cumsum(cells[::-1, ::-1], axis=0), axis=1)
        return float(max(-low.min(), high.max(), 0.0))

    def _on_square(self, nodes: Array) -> Array:
        """Values at all pairs of nodes, shape (m, m), also where ``evaluate`` ignores a variable."""
        return np.broadcast_to(self(nodes[:, None], nodes[None, :]), (nodes.size, nodes.size))
