"""COUNT: graphons close in cut norm have close homomorphism densities (THEORY, COUNT).

Replace one edge's factor after another. What the replacement changes is the integral of
``(W_1 - W_2)(u_a, v_b)`` times a function of ``u_a`` and a function of ``v_b``, both in [0, 1], with the other
positions fixed: F is simple, so no other factor holds both. A form linear in each of two such functions is
largest at indicators, hence at most the cut norm; ``e(F)`` replacements give the bound.
"""

from __future__ import annotations

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike, bipartite_graph


def counting_bound(F: GraphLike, distance: float) -> float:
    """Bound of ``|t(F, W_1) - t(F, W_2)|``: ``e(F) ||W_1 - W_2||_cut``.

    Hypotheses: F bipartite and simple; both graphons with values in [0, 1], in the same labelling. The cut norm
    is the supremum over ``S x T``, S and T chosen independently. The bipartite form of the Counting Lemma of
    Lovasz, *Large Networks and Graph Limits* (2012), chapter 10.

    Parameters
    ----------
    F
        A name, a 0-1 matrix (neurons, inputs) or a ``BipartiteGraph``; see ``homomorphism.bipartite_graph``.
    distance
        ``||W_1 - W_2||_cut`` or an upper bound of it, non-negative.

    Returns
    -------
    float
        The bound; above 1 it says nothing.

    Raises
    ------
    InputError
        If F is no bipartite graph or the distance is negative or NaN.
    """
    if not distance >= 0:
        raise InputError("distance", distance, "give a non-negative cut distance")
    return bipartite_graph(F).edges * float(distance)
