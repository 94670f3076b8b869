"""The cut norms of several matrices, with the heuristics run on all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verification.cutnorm.enclosure import bound_all
from verification.cutnorm.intake import matrices, placed, random_source, restart_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from verification.cutnorm.intake import MatrixLike
    from verification.cutnorm.result import CutNorm


def cut_norms(
    A: MatrixLike | Sequence[MatrixLike],
    *,
    certify: bool = True,
    restarts: int = 32,
    seed: int = 0,
    generator: torch.Generator | None = None,
    device: str | None = None,
) -> tuple[CutNorm, ...]:
    """Enclose the cut norms of the step graphons of several matrices.

    Parameters
    ----------
    A : torch.Tensor, numpy.ndarray or sequence of these
        Shape ``(b, n, d)``, or a list or tuple of ``b`` matrices. Matrices of one shape share their products;
        other shapes follow, one group after the other.
    certify : bool
        Whether to compute upper bounds.
    restarts : int
        Number of starts of the search in each matrix, from 1 to 65,536.
    seed : int
        Seed of all randomness, which the matrices of a group share.
    generator : torch.Generator, optional
        CPU generator to use in place of ``seed``.
    device : str, optional
        Where to compute, see :func:`verification.cut_norm`.

    Returns
    -------
    tuple of CutNorm
        In the order given; each is as valid by itself as one of :func:`verification.cut_norm`. The numbers may
        differ from those of a single call within the tolerance of the heuristics.

    Raises
    ------
    TypeError, ValueError
        For unsuitable input, naming the matrix; see :func:`verification.cut_norm`.

    Notes
    -----
    Up to ``2**18`` entries are worked on together, so that two float32 copies of them stay in the cache. Sixteen
    matrices of 128 x 128 take half the time of single calls; larger ones gain less (256 x 256: a tenth).
    """
    given = [placed(one, device) for one in matrices(A)]
    random, count = random_source(seed, generator), restart_count(restarts)
    return tuple(bound_all(given, random, certify=certify, restarts=count))
