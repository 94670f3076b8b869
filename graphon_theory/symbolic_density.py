"""Homomorphism densities in closed form, where SymPy does the integrals."""

from __future__ import annotations

import sympy
from sympy import Expr, Symbol

from graphon_theory import notation
from graphon_theory.homomorphism import GraphLike, bipartite_graph


def homomorphism_expr(graph: GraphLike, graphon: Expr) -> Expr | None:
    """Integrate the product of ``W(u_i, v_j)`` over the edges, one vertex after the other.

    Parameters
    ----------
    graph
        Bipartite graph F, as for ``homomorphism_density``.
    graphon
        ``W`` in ``notation.u`` and ``notation.v``; other symbols are parameters.

    Returns
    -------
    Expr or None
        ``t(F, W)``, or None where SymPy leaves an integral undone. Meant for polynomials and the like: nothing
        bounds SymPy's time on harder formulas.
    """
    shape = bipartite_graph(graph)
    neurons = [Symbol(f"u_{i}", nonnegative=True) for i in range(shape.neurons)]
    inputs = [Symbol(f"v_{j}", nonnegative=True) for j in range(shape.inputs)]
    value = sympy.Mul(
        *(graphon.subs({notation.u: neurons[i], notation.v: inputs[j]}, simultaneous=True) for i, j in shape.pairs())
    )
    for vertex in (*neurons, *inputs):
        value = sympy.integrate(sympy.expand(value), (vertex, 0, 1))
        if value.has(sympy.Integral):
            return None
    return sympy.simplify(value)
