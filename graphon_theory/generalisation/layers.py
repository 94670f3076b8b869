"""Path density through several masked layers, with which the tangent kernel of a deep ReLU network is bounded below.

Each layer passes at least a quarter of the linear kernel on: forwards ``k1 >= s/4``, backwards ``k0 >= 1/4``, in
Loewner order. So the kernel of the weights of layer l is at least ``4^-L (1/d) X diag(D) X^T``, D the mean over all
paths from an input to the output of the edges' factors: W in the layer that trains, V in every other, ``E[a^2]`` at the
end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import matrix, vector

Array = npt.NDArray[np.float64]


def path_density_layers(
    trains: Sequence[npt.ArrayLike],
    output_squares: npt.ArrayLike,
    *,
    transmits: Sequence[npt.ArrayLike] | None = None,
    layer: int | None = 1,
) -> Array:
    """Path density of each input through L masked layers (statement PATH, coefficient ``4^-L``).

    Parameters
    ----------
    trains
        ``W_l`` from the first layer on, shapes (n_1, d), (n_2, n_1), ..., (n_L, n_(L-1)): kept probabilities, which
        count the edges that train.
    output_squares
        ``E[a_i^2]`` given the type, shape (n_L,), at least 0.
    transmits
        ``V_l = E[xi^2; kept]`` in units of the variance, of the same shapes, for weights kept from initialisation.
        Weights drawn anew have ``V = W``, which is taken if nothing is given.
    layer
        The layer whose weights train, 1 to L + 1, where L + 1 is the output layer; None for all of them, the sum of
        their densities, which goes with the whole kernel.

    Returns
    -------
    Array
        Shape (d,): a mean over paths, ``1/n_l`` for each layer. For L = 1 and ``layer=1`` that of
        ``input_path_density``; the output layer has no ``E[a^2]``.

    Raises
    ------
    InputError
        If there is no layer, shapes do not fit one another, or a number is negative or not finite.
    """
    edges = _chain("trains", trains)
    flow = edges if transmits is None else _chain("transmits", transmits)
    if [W.shape for W in edges] != [V.shape for V in flow]:
        raise InputError("transmits", [V.shape for V in flow], f"give the shapes of trains: {[W.shape for W in edges]}")
    depth = len(edges)
    squares = vector("output_squares", output_squares, edges[-1].shape[0])
    if layer is None:
        parts = [_through(edges, flow, squares, chosen) for chosen in range(1, depth + 2)]
        return np.asarray(np.sum(parts, axis=0))
    if isinstance(layer, bool) or not 1 <= layer <= depth + 1:
        raise InputError("layer", layer, f"give a layer from 1 to {depth + 1}, or None for all")
    return _through(edges, flow, squares, layer)


def _through(edges: list[Array], flow: list[Array], squares: Array, layer: int) -> Array:
    """Backwards from the output, one mean over rows a layer."""
    depth = len(edges)
    signal = np.ones_like(squares) if layer == depth + 1 else squares
    for place in range(depth, 0, -1):
        factor = edges[place - 1] if place == layer else flow[place - 1]
        signal = signal @ factor / factor.shape[0]
    return signal


def _chain(name: str, layers: Sequence[npt.ArrayLike]) -> list[Array]:
    found = [matrix(name, one) for one in layers]
    if not found:
        raise InputError(name, "no layer", "give the matrix of one layer or more")
    for below, above in pairwise(found):
        if above.shape[1] != below.shape[0]:
            raise InputError(name, f"{above.shape} after {below.shape}", "give each layer a column for each row before")
    return found
