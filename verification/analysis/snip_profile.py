"""SNIP's profiles of a module with one hidden layer (SNIP-S, SNIP-1, SNIP-P, SNIP-U), and the regime of a batch."""

from __future__ import annotations

import math

import numpy as np

from graphon_theory.criteria import (
    ProportionalModel,
    snip_proportional,
    snip_rank_one,
    snip_rank_s,
    snip_uncentred,
)
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.analysis.inputs import Prepared, explained_share
from verification.analysis.layer_models import OwnShares
from verification.analysis.one_hidden import OneHidden
from verification.analysis.result import Array, Regime

LEAST_LAMBDA = 8.0
"""From here on the distance of SNIP's mask to the rank-one graphon follows its law; below, it saturates."""

PROPORTIONAL = (0.5, 64.0)
"""S/d between which the batch counts as in proportion to the inputs (SNIP-P)."""

PAIRS = (0.75, 1.25)
"""Variance of a saliency over that of independent inputs: between these SNIP-P's spread counts as right."""

_CENTRED = 1e-4  # mean residual over root mean square: what single precision leaves is below


def hidden_models(found: OneHidden, prepared: Prepared, noise: NoiseLaw) -> tuple[FiniteModel, FiniteModel]:
    """Rank-S model of the batch (SNIP-S), and the rank-one model (SNIP-1), of the hidden layer."""
    y, x = _labels(prepared), prepared.flat.numpy()
    rank_s = snip_rank_s(found.a[0], found.slopes(), -y, x, noise)
    correlations: Array = x.astype(np.float64).T @ y / len(y)
    return rank_s, snip_rank_one(found.a[0], correlations, noise)


def own_share_model(found: OneHidden, prepared: Prepared, noise: NoiseLaw, scale: float) -> OwnShares | None:
    """Model in which each weight adds to its own saliency (SNIP-U); None for another activation than ReLU.

    Parameters
    ----------
    found, prepared
        The network and its batch.
    noise, scale
        Law of the weights and its factor: the weights are ``scale xi``.
    """
    if found.activation != "relu":
        return None
    x = prepared.flat.double().numpy()
    model = snip_uncentred(found.a[0], found.slopes(), -_labels(prepared), x, found.weight / scale, noise)
    return OwnShares(model)


def proportional_model(found: OneHidden, prepared: Prepared, noise: NoiseLaw) -> ProportionalModel:
    """Model of readout and batch moments alone (SNIP-P)."""
    return snip_proportional(found.a[0], -_labels(prepared), prepared.flat.double().numpy(), noise)


def pair_factor(prepared: Prepared) -> float:
    """Variance of ``S^-1 sum_s r_s x_sj sign(z_is)`` over the weights, in units of SNIP-P's ``s_j^2``, mean over j.

    Signs of two samples at cosine c correlate by ``(2/pi) arcsin c``, here to first order in c; of one sample by 1. For
    independent inputs the pairs cancel against what the first order takes off the diagonal, and the factor is about 1.
    """
    r, x = _labels(prepared), prepared.flat.double().numpy()
    norms = np.sqrt(np.square(x).sum(axis=1, keepdims=True))
    seen = r[:, None] * x
    pairs = seen.T @ np.divide(x, norms, out=np.zeros_like(x), where=norms > 0)
    share = float(np.square(pairs).sum() / np.square(seen).sum())
    return 1.0 - 2.0 / math.pi + 2.0 / math.pi * share


def mean_residual(prepared: Prepared) -> float:
    """``|mean r|`` over the root mean square of r, in [0, 1]; 0 where only single precision is left."""
    y = _labels(prepared)
    share = abs(float(y.mean())) / float(np.sqrt(np.mean(y**2)))
    return share if share > _CENTRED else 0.0


def place(prepared: Prepared, shares: OwnShares | None, rank_s: FiniteModel, *, relu: bool) -> Regime:
    """Return the regime, with the size of the own shares.

    Parameters
    ----------
    prepared
        The batch.
    shares
        The model with own shares; None if there is none.
    rank_s
        The model without.
    relu
        Whether the activation is ReLU.
    """
    kappa = None
    if shares is not None:
        spread = math.sqrt(shares.model.noise.variance)
        size = float(np.sqrt(np.mean(rank_s.profile**2)))
        kappa = float(np.sqrt(np.mean(shares.model.own**2))) * spread / size if size > 0.0 else None
    return regime(prepared, kappa, relu=relu)


def regime(prepared: Prepared, own_share: float | None = None, *, relu: bool = True) -> Regime:
    """Estimate ``lambda = S R^2 / d`` and say which statement the batch is in the regime of.

    Parameters
    ----------
    prepared
        The batch.
    own_share
        Root mean square of ``kappa xi`` over that of h, where it is known.
    relu
        Whether the activation is ReLU: SNIP-P and SNIP-U are for no other.
    """
    batch, inputs = prepared.flat.shape
    share = explained_share(prepared)
    lam = None if share is None else batch * share / inputs
    mean, pairs, ratio = mean_residual(prepared), pair_factor(prepared), batch / inputs
    name = "SNIP-S"
    if mean > 0.0:
        name = "SNIP-U"
        text = (
            f"the residuals have a batch mean, {mean:.2f} of their root mean square: SNIP-S, SNIP-1 and SNIP-P need 0, "
            + ("SNIP-U does not" if relu else "and SNIP-U, which does not, is for ReLU")
        )
    elif lam is not None and lam >= LEAST_LAMBDA:
        name = "SNIP-1"
        text = (
            "large enough for SNIP-1's law (from 8 on): the rank-one graphon is off by about "
            f"{0.057 * lam**-0.5:.3f} at density 0.1, vanishing as lambda grows"
        )
    elif PROPORTIONAL[0] <= ratio <= PROPORTIONAL[1]:
        text = "S/d is neither small nor large, and the rank-one graphon of SNIP-1 stays off"
        if lam is None:
            text = "S/d is neither small nor large; too few samples to estimate R^2"
        if not relu:
            text += ": SNIP-P, for S/d fixed, is for ReLU"
        elif PAIRS[0] <= pairs <= PAIRS[1]:
            name = "SNIP-P"
            text += ": SNIP-P gives the graphon at S/d fixed, SNIP-S that of this network's own slopes"
        else:
            text += (
                f": SNIP-S holds, SNIP-P does not: its inputs are independent, and here pairs of samples make the "
                f"saliencies' variance {pairs:.2g} times that of independent inputs"
            )
    elif lam is None:
        text = "too few samples to estimate R^2: only SNIP-S can be relied on"
    else:
        text = "below 8: the rank-one graphon of SNIP-1 stays off, only SNIP-S holds; a larger batch helps"
    if own_share is not None:
        text += f"; a weight's own share kappa xi is {own_share:.2f} of its saliency"
    return Regime(batch, inputs, share, lam, ratio, name, text, mean, own_share, pairs)


def _labels(prepared: Prepared) -> Array:
    """Labels y in double precision, shape (S,): the residual of the centred network is ``-y``."""
    y: Array = prepared.targets.double().reshape(-1).numpy()
    return y
