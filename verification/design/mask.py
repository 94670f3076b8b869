"""Masks of a design: the largest ``g_i f_j |w_ij|`` of real weights, or edges drawn independently."""

from __future__ import annotations

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.design.profile import Profile
from verification.masks import mask

KINDS = ("top", "bernoulli")


def design_mask(
    profile: Profile, weights: Tensor, *, generator: torch.Generator, kind: str = "top", ties: str = "random"
) -> Tensor:
    """Prune a layer by a designed profile.

    Parameters
    ----------
    profile
        What the design found.
    weights
        Weights of the layer at initialisation, shape (n, d).
    generator
        Draws edges, breaks ties.
    kind
        "top": exactly ``round(rho n d)`` edges, those of the largest ``g_i f_j |w_ij|`` (a factorised saliency model
        with the weights as its noise). "bernoulli": each edge by itself with the probability ``W_ij``, whatever its
        weight; the weights are then to be drawn anew, or V is not what the profile was designed for.
    ties
        As ``verification.mask``.

    Returns
    -------
    Tensor
        Boolean, shape (n, d).

    Raises
    ------
    InputError
        If the weights' shape does not fit, the kind is unknown, or the density leaves or takes all edges of the mask.
    """
    if weights.ndim != 2 or weights.shape[1] != profile.columns.size:
        raise InputError("weights", f"shape {tuple(weights.shape)}", f"give (n, {profile.columns.size})")
    if kind not in KINDS:
        raise InputError("kind", kind, f"choose one of {', '.join(KINDS)}")
    if profile.rows.size not in (1, len(weights)):
        raise InputError("weights", f"{len(weights)} rows", f"give {profile.rows.size}, the neurons of the profile")
    if kind == "bernoulli":
        drawn = torch.rand(weights.shape, generator=generator, dtype=torch.float64)
        return drawn < torch.from_numpy(profile.W)
    scores = torch.from_numpy(profile.model.profile) * weights.detach().double().abs()
    return mask(scores, density=profile.density, ties=ties, generator=generator)
