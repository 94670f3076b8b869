"""Masks beyond memory: top-k masks of a factorised saliency model with up to 10^12 entries, tile by tile.

    >>> import numpy as np
    >>> mask = StreamedMask(FactorModel(np.linspace(0.5, 1.5, 300), np.ones(200)), density=0.1, seed=0)
    >>> mask.count, bool((mask.tile(slice(0, 300), slice(0, 200)) == mask.dense()).all())
    (6000, True)

Modules: ``philox`` and ``tiles`` make the noise of any entry, ``model`` holds the factors of the types, ``levels`` the
laws on arrays, ``sieve`` decides entries, ``passes`` walks through strips, ``prediction`` solves for the level of
LIM-a, ``threshold`` finds the k-th score, ``mask`` is the facade; ``moments`` counts, ``products`` multiplies,
``relaxation``, ``chebyshev`` and ``cut`` bound the cut distance to the prediction, ``bound`` is LIM-a's.
"""

from __future__ import annotations

from verification.streaming.cut import StreamedCut, cut_norm_bounds
from verification.streaming.mask import StreamedMask
from verification.streaming.model import FactorModel
from verification.streaming.moments import Estimate, Moments, count_moments, homomorphism_density

__all__ = [
    "Estimate",
    "FactorModel",
    "Moments",
    "StreamedCut",
    "StreamedMask",
    "count_moments",
    "cut_norm_bounds",
    "homomorphism_density",
]
