"""The sharpest of the valid forms of LIM-a, with its name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.bounds.bernstein import bernstein_bound
from graphon_theory.bounds.hoeffding import hoeffding_bound


@dataclass(frozen=True)
class MaskBound:
    """A bound of ``||M - P||_cut`` and where it comes from.

    Parameters
    ----------
    value
        The bound, in units of the cut norm.
    delta
        Failure probability.
    theorem
        The form of LIM-a that gave it.
    hypotheses
        What it assumes.
    """

    value: float
    delta: float
    theorem: str
    hypotheses: str = "top-k mask of a saliency model with known types, noise iid and without atoms (LIM-a)"


def mask_bound(probabilities: npt.NDArray[np.float64], delta: float) -> MaskBound:
    """Return the least of the forms of LIM-a for a prediction.

    Both are functions of the prediction alone, chosen before the mask is seen, so that taking the smaller
    costs no probability.

    Parameters
    ----------
    probabilities
        ``P_ij`` in [0, 1], shape (n, d).
    delta
        Failure probability in (0, 1).

    Raises
    ------
    InputError
        As ``bernstein_bound``.
    """
    sharp = bernstein_bound(probabilities, delta)
    n, d = probabilities.shape
    plain = hoeffding_bound(n, d, delta)
    if sharp <= plain:
        return MaskBound(sharp, delta, "Bernstein, union weighted by size")
    return MaskBound(plain, delta, "Hoeffding, union over all rectangles")
