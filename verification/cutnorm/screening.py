"""A certified upper bound without relaxation or search, for telling large cut norms from small ones early.

For sets ``S``, ``T`` put ``x = 2 1_S - 1`` and ``y = 2 1_T - 1``, vectors of signs. Then ``1_S = (1+x)/2``, and

    ``4 A(S x T) = (1+x)^T A (1+y) = sum A + x^T (A 1) + (A^T 1)^T y + x^T A y``,

so that ``4 |A(S x T)| <= |sum A| + ||A 1||_1 + ||A^T 1||_1 + ||A||_2 sqrt(n d)``, because ``||x|| = sqrt(n)`` and
``||y|| = sqrt(d)``. The spectral norm is bounded by a verified factorisation (:mod:`verification.cutnorm.spectral`),
from an estimate by block Krylov iteration.
"""

from __future__ import annotations

import math
import sys

import torch

from verification.cutnorm.centred import Centred, centre
from verification.cutnorm.intake import MatrixLike, matrix, placed, rescaled
from verification.cutnorm.krylov import largest_singular_values
from verification.cutnorm.pair import Pair
from verification.cutnorm.rounding import divide_up, gamma
from verification.cutnorm.upper import entrywise_bound, plain_norm

_COLUMNS = 12
_POWERS = 6


def screening_bound(A: MatrixLike, *, device: str | None = None) -> float:
    """Bound the cut norm of a step graphon from above, by sums and the spectral norm.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)``, real, finite, dense.
    device : str, optional
        Where to compute, see :func:`verification.cut_norm`.

    Returns
    -------
    float
        At least ``max over S, T of |A(S x T)| / (n d)``, rounding included: the smaller of the bound above and of
        the bounds by moduli of entries; 0 for the zero matrix. For residuals of masks about 1.3 times the upper
        bound of :func:`verification.cut_norm` where the density is constant, 1.8 times where it is far from it.

    Raises
    ------
    TypeError, ValueError
        For unsuitable input; see :func:`verification.cut_norm`.

    Notes
    -----
    Cost: one Gram matrix and one factorisation of the smaller side, as in the full certificate, and some twenty thin
    products; neither relaxation nor search. Both grow like the cube of the side, so for large matrices this saves no
    more than half of the time.
    """
    inner, exponent = rescaled(placed(matrix(A), device))
    centred = centre(inner)
    if centred.absolute == 0.0:
        return 0.0
    value = divide_up(min(_by_norm(centred), entrywise_bound(centred).value), centred.cells)
    if exponent == 0:
        return value
    # Rounded outwards, since the result may be subnormal; no cut norm exceeds the largest float.
    mantissa, power = math.frexp(value)
    if power + exponent > sys.float_info.max_exp:
        return sys.float_info.max
    return math.nextafter(math.ldexp(mantissa, power + exponent), math.inf)


def _by_norm(centred: Centred) -> float:
    n, d = centred.shape
    pair = Pair.of(centred.augmented()[:n, :d])
    ones = (torch.ones(size, dtype=torch.float32, device="cpu") for size in (n, d))
    start = torch.randn(n, _COLUMNS, generator=torch.Generator().manual_seed(0), device="cpu", dtype=torch.float32)
    left, right, start = (part.to(centred.matrix.device) for part in (*ones, start))
    estimate = float(largest_singular_values(pair, left, right, start, _POWERS))
    # The certificate needs a square matrix of its own.
    del pair
    norm = plain_norm(centred, estimate) * math.sqrt(n) * math.sqrt(d)
    borders = float(centred.row_sums.abs().sum()) + float(centred.column_sums.abs().sum())
    total = norm + borders + abs(centred.total) + centred.border_error()
    return 0.25 * total * (1.0 + gamma(n + d + 16))
