"""Bipartite graphons ``W : [0, 1]^2 -> [0, 1]``; not symmetric: ``u`` is a neuron, ``v`` an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

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
