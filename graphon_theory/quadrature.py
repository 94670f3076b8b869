"""Composite Gauss-Legendre nodes on [0, 1], for float evaluation of integrals of graphons.

Composite, so that the kink of a bounded noise law costs accuracy in one panel only. These values carry no
guarantee; rigorous ones come from ``graphon_theory.enclosures``.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@functools.lru_cache(maxsize=8)
def panel_nodes(panels: int = 48, order: int = 8) -> tuple[Array, Array]:
    """Nodes and weights of a composite rule on [0, 1].

    Parameters
    ----------
    panels
        Number of equal panels.
    order
        Gauss-Legendre points a panel.

    Returns
    -------
    tuple
        Nodes in (0, 1) and positive weights of sum 1, both of shape (panels * order,), read-only.
    """
    x, w = np.polynomial.legendre.leggauss(order)
    left = np.arange(panels) / panels
    nodes = (left[:, None] + (x + 1.0)[None, :] / (2.0 * panels)).ravel()
    weights = np.tile(w / (2.0 * panels), panels)
    nodes.flags.writeable = False
    weights.flags.writeable = False
    return nodes, weights
