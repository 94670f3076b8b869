"""Finite-width bounds on the distance between a mask and its prediction (statement LIM-a).

``hoeffding`` and ``bernstein`` bound the cut norm; ``rectangle`` bounds the deviation on rectangles that
are fixed before the noise is drawn. All hold for the top-k mask of a saliency model whose types are known.
"""

from __future__ import annotations

from graphon_theory.bounds.bernstein import bernstein_bound, bernstein_deviation
from graphon_theory.bounds.hoeffding import hoeffding_bound
from graphon_theory.bounds.rectangle import rectangle_bound

__all__ = ["bernstein_bound", "bernstein_deviation", "hoeffding_bound", "rectangle_bound"]
