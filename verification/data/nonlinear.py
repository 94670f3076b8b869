"""A nonlinear teacher of Gaussian inputs whose linearly explained share is known in closed form.

The label is a linear part, a one-hidden-layer part that no linear map of the inputs explains, and noise:

    y = sqrt(R^2) <beta, x> + sqrt(N^2) sum_k c_k h(<b_k, x>) / s + sqrt(1 - R^2 - N^2) noise,

with ``<beta, x>`` and every ``<b_k, x>`` of variance 1. The link h has mean 0 and no linear Hermite component,
``E[h(z)] = E[h(z) z] = 0`` for a standard normal z, so that ``E[h(<b_k, x>) x] = 0`` by Stein's identity and
``E[y x] = sqrt(R^2) Sigma beta``. Its variance is ``s^2 = sum_kl c_k c_l kappa(rho_kl)`` with ``rho_kl`` the
correlation of two units and ``kappa(rho) = E[h(z) h(z')]`` at correlation rho:

* "relu": ``h(z) = |z| - sqrt(2/pi)``, which is what ``relu(z) = (z + |z|)/2`` holds beyond its linear half;
  ``kappa(rho) = (2/pi) (sqrt(1 - rho^2) + rho arcsin(rho) - 1)`` (Cho and Saul 2009, the arc-cosine kernel of
  degree 1, summed over both signs);
* "quadratic": ``h(z) = z^2 - 1``, ``kappa(rho) = 2 rho^2``; "cubic": ``h(z) = z^3 - 3z``, ``kappa(rho) = 6 rho^3``
  (Hermite polynomials: O'Donnell, Analysis of Boolean Functions, section 11.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.data.batch import Batch, assemble


def _relu_link(z: Tensor) -> Tensor:
    return z.abs() - math.sqrt(2.0 / math.pi)


def _relu_kernel(rho: Tensor) -> Tensor:
    return (2.0 / math.pi) * ((1.0 - rho.square()).sqrt() + rho * rho.arcsin() - 1.0)


# Name -> (h, kappa).
_LINKS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (_relu_link, _relu_kernel),
    "quadratic": (lambda z: z.square() - 1.0, lambda rho: 2.0 * rho.square()),
    "cubic": (lambda z: z**3 - 3.0 * z, lambda rho: 6.0 * rho**3),
}

LINKS = tuple(_LINKS)
"""Links of the nonlinear teacher."""


def nonlinear_teacher(
    samples: int,
    inputs: int,
    *,
    signal: float,
    generator: torch.Generator,
    nonlinear: float | None = None,
    link: str = "relu",
    hidden: int = 8,
    correlation: float = 0.0,
    labels: str = "centred",
) -> Batch:
    """Gaussian inputs and a one-hidden-layer teacher (module docstring) with a known linear share.

    Parameters
    ----------
    samples
        Batch size S, at least 2.
    inputs
        Number of inputs d, at least 1.
    signal
        Linearly explained share ``R^2`` of the label's variance, in [0, 1].
    generator
        Draws the teacher and the samples.
    nonlinear
        Share ``N^2`` of the one-hidden-layer part, in [0, 1 - signal]; by default all the rest, without noise.
    link
        "relu", "quadratic" or "cubic".
    hidden
        Number of hidden units of the nonlinear part, at least 1; their directions and weights are Gaussian.
    correlation
        Correlation of any two inputs, in [0, 1): one common Gaussian factor; 0 gives independent inputs.
    labels
        "centred" (mean of the batch removed) or "raw" (one standard deviation added instead).

    Returns
    -------
    Batch
        Its correlations are those of the population, ``sqrt(R^2) Sigma beta`` over the scale of the labels.

    Raises
    ------
    InputError
        If a size, a share or the correlation is out of range, or a name is unknown.
    """
    for name, size, least in (("batch", samples, 2), ("inputs", inputs, 1), ("hidden", hidden, 1)):
        if size < least:
            raise InputError(name, size, f"give at least {least}")
    if not 0.0 <= signal <= 1.0:
        raise InputError("signal", signal, "give the explained share R^2, in [0, 1]")
    share = 1.0 - signal if nonlinear is None else nonlinear
    if not 0.0 <= share <= 1.0 - signal:
        raise InputError("nonlinear", nonlinear, f"give a share in [0, 1 - signal] = [0, {1.0 - signal:g}]")
    if link not in _LINKS:
        raise InputError("link", link, f"choose one of {', '.join(LINKS)}")
    if not 0.0 <= correlation < 1.0:
        raise InputError("correlation", correlation, "give a number in [0, 1)")

    x = math.sqrt(1.0 - correlation) * torch.randn(samples, inputs, generator=generator)
    if correlation > 0.0:
        x += math.sqrt(correlation) * torch.randn(samples, 1, generator=generator)
    beta = _directions(1, inputs, correlation, generator)[0]
    y = math.sqrt(signal) * (x.double() @ beta)
    y += math.sqrt(share) * _hidden_part(x, link, hidden, correlation, generator)
    # Rounding can leave 1 - R^2 - N^2 a hair below 0.
    rest = max(0.0, 1.0 - signal - share)
    y += math.sqrt(rest) * torch.randn(samples, generator=generator, dtype=torch.float64)
    if labels == "raw":
        y = y - y.mean() + 1.0
    return assemble(x, y, labels, population=math.sqrt(signal) * _covariance(beta, correlation))


def _hidden_part(x: Tensor, link: str, hidden: int, correlation: float, generator: torch.Generator) -> Tensor:
    """Return the centred hidden part of population variance 1, shape (S,)."""
    function, kernel = _LINKS[link]
    units = _directions(hidden, x.shape[1], correlation, generator)
    weights = torch.randn(hidden, generator=generator, dtype=torch.float64)
    rho = (units @ _covariance(units, correlation).T).clamp(-1.0, 1.0)
    variance = float(weights @ kernel(rho) @ weights)
    return function(x.double() @ units.T) @ weights / math.sqrt(variance)


def _directions(count: int, inputs: int, correlation: float, generator: torch.Generator) -> Tensor:
    """Draw directions b, shape (count, d), with ``<b, x>`` of variance 1."""
    raw = torch.randn(count, inputs, generator=generator, dtype=torch.float64)
    variance = (raw * _covariance(raw, correlation)).sum(dim=1, keepdim=True)
    return raw / variance.sqrt()


def _covariance(vectors: Tensor, correlation: float) -> Tensor:
    """``Sigma v`` for rows v, with ``Sigma = (1 - r) I + r 1 1^T``: never held as a matrix."""
    return (1.0 - correlation) * vectors + correlation * vectors.sum(dim=-1, keepdim=True)
