"""Hypotheses of the statements, checked on a module and its batch; each doubt is one sentence."""

from __future__ import annotations

import math

import numpy as np

from verification.analysis.inputs import Prepared
from verification.analysis.one_hidden import PIECEWISE_LINEAR, OneHidden
from verification.analysis.result import Array, WeightLaw

OWN_SHARE = 0.2
"""A weight's own share of its saliency, in units of the saliency, from which a mask shows it."""

SIGNED_SHARE = 0.05
"""The same for signed scores ``h xi + kappa xi^2``, whose kept probability the share moves in the first order."""

_CARRIES = 0.2  # share of one input in the preactivation's variance from which it counts as carrying it


def law_doubts(law: WeightLaw | None) -> tuple[str, ...]:
    """Whether the weights follow a law that is known."""
    if law is None:
        return ("the law of the weights at initialisation is not known, or they are all zero",)
    if not law.fits:
        return (
            f"weights follow none of the laws gaussian, uniform, laplace (nearest {law.name}, Kolmogorov distance "
            f"{law.distance:.3f})",
        )
    return ()


def carrier_doubts(statement: str, prepared: Prepared) -> tuple[str, ...]:
    """Name an input that carries the preactivation's variance."""
    shares = prepared.flat.double().square().mean(dim=0).numpy()
    share, index = float(shares.max() / shares.sum()), int(shares.argmax())
    if share < _CARRIES:
        return ()
    return (f"input {index} carries {share:.0%} of the preactivations' variance: {statement} needs many inputs",)


def network_doubts(statement: str, found: OneHidden, *, piecewise: bool = False) -> tuple[str, ...]:
    """Activation and biases.

    Parameters
    ----------
    statement
        Id of the statement.
    found
        The network.
    piecewise
        Whether every piecewise-linear activation will do, not ReLU alone.
    """
    doubts: tuple[str, ...] = ()
    if piecewise and found.activation not in PIECEWISE_LINEAR:
        doubts += (
            f"{statement} is stated for piecewise-linear activations; for {found.activation} the term of sigma'' is "
            "added to K r, with which the score is exact, but no statement says that the mask follows",
        )
    if not piecewise and found.activation != "relu":
        doubts += (f"{statement} is stated for ReLU; the activation is {found.activation}",)
    if found.biased:
        doubts += (f"{statement} has no biases; here they enter the preactivations, from which h is computed",)
    return doubts


def own_share(found: OneHidden, seen: Array, inputs: Array, field: Array) -> float | None:
    """Root mean square of ``kappa_ij xi_ij`` over that of ``h_ij``: what a weight adds to its own saliency.

    ``kappa_ij = S^-1 sum_s q_is x_sj^2/(|x_s| sqrt(2 pi Var xi))`` for ReLU (SNIP-U), with ``q_is`` the residual that
    unit i sees.

    Parameters
    ----------
    found
        The network.
    seen
        ``q_is``, shape (S, n).
    inputs
        ``x_sj``, shape (S, d).
    field
        ``h_ij``, shape (n, d).

    Returns
    -------
    float or None
        At least 0; None for another activation than ReLU, or where h vanishes.
    """
    size = float(np.sqrt(np.mean(field**2)))
    if found.activation != "relu" or size == 0.0:
        return None
    norms = np.sqrt(np.square(inputs).sum(axis=1))
    rates = np.divide(np.square(inputs), norms[:, None], out=np.zeros_like(inputs), where=norms[:, None] > 0)
    # kappa is over sqrt(Var xi), and xi of that size: the variance cancels.
    share = seen.T @ rates / (len(inputs) * math.sqrt(2.0 * math.pi))
    return float(np.sqrt(np.mean(share**2)) / size)


def share_doubts(statement: str, residual: str, share: float | None, least: float = OWN_SHARE) -> tuple[str, ...]:
    """Whether the batch-mean residual is small enough for weights not to move their own saliency.

    Parameters
    ----------
    statement, residual
        Id of the statement, and what it wants to have batch mean 0.
    share
        As ``own_share`` gives it.
    least
        Share from which that is a doubt.
    """
    if share is None or share < least:
        return ()
    return (f"{statement} needs {residual} of batch mean 0: a weight's own share of its saliency is {share:.2f} of it",)


def mean_share(seen: Array) -> float:
    """Batch mean of a unit's residual over its root mean square, in [0, 1], by root mean squares over the units."""
    square = float(np.mean(np.square(seen)))
    return math.sqrt(float(np.mean(np.square(seen.mean(axis=0)))) / square) if square > 0.0 else 0.0
