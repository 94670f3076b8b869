"""SNIP on labels with a mean: each weight moves its own saliency (THEORY, SNIP-U).

A weight ``w = xi / sqrt(d)`` shifts its neuron's preactivations, hence ReLU's slopes, hence its own gradient:
to first order ``h_ij`` becomes ``h_ij + kappa_ij xi_ij``, with h free of ``xi_ij``. An edge is kept if
``|xi| |h + kappa xi| >= tau``. That set of xi is bounded by roots of the two quadratics
``kappa x^2 + h x = +-tau``, so its probability needs nothing but the survival function of ``|xi|``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import NoiseLaw
from graphon_theory.threshold import continuous_threshold, require_atomless

Array = npt.NDArray[np.float64]

_CHUNK = 4096  # samples a product: bounds the memory of a large batch
_PILOT = 1 << 10  # entries of the pilot sample that gives a large model its start
_SECANT_START = 1e-2
_SECANT_STEPS = 12
_SECANT_TOLERANCE = 1e-8  # convergence is superlinear: the error after a step this small is far less


def kept_beside_own_share(saliency: Array, own: Array, noise: NoiseLaw, level: float) -> Array:
    """``P(|xi| |h + kappa xi| >= tau)`` for symmetric noise.

    With ``h, kappa > 0`` (their signs do not matter, by symmetry) and ``s = sqrt(h^2 + 4 kappa tau)`` the score
    reaches tau for ``xi >= 2 tau/(h + s)`` and ``xi <= -(h + s)/(2 kappa)``. If ``h^2 > 4 kappa tau``, with
    ``r = sqrt(h^2 - 4 kappa tau)``, also for ``-(h + r)/(2 kappa) <= xi <= -2 tau/(h + r)``. Roots are written
    without cancellation, so that small ``kappa`` gives ``Q(tau/|h|)``.

    Parameters
    ----------
    saliency
        ``h_ij``, free of the edge's own weight, any shape and sign.
    own
        ``kappa_ij``, of the same shape, in the unit of ``saliency`` a unit of noise.
    noise
        Law of ``xi``.
    level
        ``tau``, positive, in the unit of ``saliency`` times that of the noise.

    Returns
    -------
    Array
        Of the shape of ``saliency``, in [0, 1]; 0 where both are 0.
    """
    h, kappa = np.abs(saliency), np.abs(own)
    tail = noise.survival
    shift = 4.0 * kappa * level
    reach = h + np.sqrt(h**2 + shift)
    gap = h**2 - shift
    near = h + np.sqrt(np.maximum(gap, 0.0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Where h = kappa = 0 a root is 0/0: no weight reaches the level.
        first = np.where(reach > 0, tail(2.0 * level / reach), 0.0)
        far = np.where(kappa > 0, tail(np.where(kappa > 0, reach / (2.0 * kappa), np.inf)), 0.0)
        hump = tail(2.0 * level / near) - np.where(kappa > 0, tail(near / (2.0 * kappa)), 0.0)
        kept: Array = 0.5 * (first + far + np.where((gap >= 0) & (h > 0), hump, 0.0))
    return kept


@dataclass(frozen=True)
class OwnShareModel:
    """Saliency model in which a weight adds to its own saliency, its types known.

    Parameters
    ----------
    saliency
        ``h_ij`` without the edge's own share, shape (n, d), any sign.
    own
        ``kappa_ij``, shape (n, d), any sign.
    noise
        Law of the weights, in units of their scale at initialisation.

    Raises
    ------
    InputError
        If the arrays are not non-empty matrices of one shape, or not finite.
    """

    saliency: Array
    own: Array
    noise: NoiseLaw

    def __post_init__(self) -> None:
        if self.saliency.ndim != 2 or self.saliency.size == 0 or self.own.shape != self.saliency.shape:
            shapes = (self.saliency.shape, self.own.shape)
            raise InputError("saliency and own", shapes, "give two non-empty matrices of one shape (n, d)")
        for name, value in (("saliency", self.saliency), ("own", self.own)):
            if not bool(np.all(np.isfinite(value))):
                raise InputError(name, "array with NaN or infinity", "give finite numbers")

    def threshold(self, density: float) -> float:
        """``tau`` at which the expected density, given the types, is ``rho``.

        Raises
        ------
        InputError
            If the density is not in (0, 1) or too few entries are non-zero, or the law has atoms.
        """
        rho = require_density(density)
        require_atomless(self.noise)
        alive = float(np.mean((self.saliency != 0) | (self.own != 0)))
        if rho >= alive:
            raise InputError("density", density, f"only a share {alive:.6g} of the entries can be kept: lower it")
        # A part of the entries gives a good start; the secant method needs a few looks at them all from there.
        stride = max(1, self.saliency.size // _PILOT)
        pilot = self._solve(rho, stride, self._typical() * self.noise.inverse(rho)) if stride > 1 else None
        if pilot is None:
            return continuous_threshold(lambda level: float(self._kept(level).mean()), rho, self._typical())
        previous, excess = math.log(pilot), float(self._kept(pilot).mean()) - rho
        current = previous + math.copysign(_SECANT_START, excess)
        for _ in range(_SECANT_STEPS):
            value = float(self._kept(math.exp(current)).mean()) - rho
            if value == excess:
                break
            step = -value * (current - previous) / (value - excess)
            if not abs(step) < 1.0:  # far off its start: leave it to bracketing
                break
            previous, excess, current = current, value, current + step
            if abs(step) < _SECANT_TOLERANCE:
                return math.exp(current)
        return continuous_threshold(lambda level: float(self._kept(level).mean()), rho, pilot)

    def probabilities(self, density: float) -> Array:
        """``P_ij = P(|xi| |h_ij + kappa_ij xi| >= tau)``, shape (n, d), of mean ``rho``."""
        return self._kept(self.threshold(density))

    def _typical(self) -> float:
        size = np.abs(self.saliency) + np.abs(self.own) * math.sqrt(self.noise.variance)
        return float(np.median(size[size > 0]))

    def _solve(self, density: float, stride: int, start: float) -> float | None:
        """Threshold of every so many entries; None where they cannot reach the density."""
        h, kappa = self.saliency.ravel()[::stride], self.own.ravel()[::stride]
        if density >= float(np.mean((h != 0) | (kappa != 0))):
            return None
        return continuous_threshold(
            lambda level: float(kept_beside_own_share(h, kappa, self.noise, level).mean()), density, start
        )

    def _kept(self, level: float) -> Array:
        return kept_beside_own_share(self.saliency, self.own, self.noise, level)


def own_share(readout: Array, residuals: Array, inputs: Array, noise: NoiseLaw) -> Array:
    """Own shares ``kappa_ij = a_i S^-1 sum_s r_s x_sj^2 / (sqrt(2 pi Var xi) |x_s|)`` of a ReLU layer.

    Given the other weights of its neuron, a preactivation without the edge is about normal with variance
    ``Var(xi) |x_s|^2/d``; its density at 0 is the rate at which slopes flip. Where residuals, ``x_j^2`` and norms
    are unrelated and ``|x_s|^2`` is near d this is ``a_i mean(r) E[x_j^2]/sqrt(2 pi d Var xi)``.

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,).
    residuals
        ``r_s``, shape (S,).
    inputs
        ``x_sj``, shape (S, d).
    noise
        Law of the weights, in units of ``d^(-1/2)``.

    Returns
    -------
    Array
        Shape (n, d), in the unit of ``readout`` times residuals times inputs.
    """
    norms = np.sqrt(np.square(inputs, dtype=np.float64).sum(axis=1))
    # A sample of norm 0 has no part in any gradient.
    rates = np.divide(residuals, norms, out=np.zeros_like(norms), where=norms > 0)
    columns = rates @ np.square(inputs, dtype=np.float64) / len(norms)
    shares: Array = readout[:, None] * columns[None, :] / math.sqrt(2.0 * math.pi * noise.variance)
    return shares


def snip_uncentred(
    readout: Array,
    slopes: npt.NDArray[np.bool_] | Array,
    residuals: Array,
    inputs: Array,
    weights: Array,
    noise: NoiseLaw,
) -> OwnShareModel:
    """Model of a finite batch whose residuals may have a mean (SNIP-U).

    The saliency of the batch contains each weight's own share. It is taken out to first order:
    ``h_ij - kappa_ij xi_ij``, whose mean given ``xi_ij`` is free of it up to ``O(d^(-3/2))``. (Slopes evaluated without
    the edge would do as well to first order, but leave out flips beyond the mean, of relative size ``d^(-1/4)``.)

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,).
    slopes
        ``sigma'(z_is)``, shape (S, n).
    residuals
        ``r_s``, shape (S,).
    inputs
        ``x_sj``, shape (S, d).
    weights
        ``xi_ij``, the weights in units of their scale ``d^(-1/2)``, shape (n, d).
    noise
        Law of the weights in that unit.

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    batch, n, d = residuals.shape[0], readout.shape[0], inputs.shape[-1]
    wanted = {"slopes": (batch, n), "inputs": (batch, d), "weights": (n, d)}
    for name, value in (("slopes", slopes), ("inputs", inputs), ("weights", weights)):
        if value.shape != wanted[name]:
            raise InputError(name, f"array of shape {value.shape}", f"give shape {wanted[name]}")
    total = np.zeros((n, d))
    for start in range(0, batch, _CHUNK):
        part = slice(start, start + _CHUNK)
        total += np.multiply(slopes[part], residuals[part, None], dtype=np.float64).T @ inputs[part]
    own = own_share(readout, residuals, inputs, noise)
    return OwnShareModel(saliency=readout[:, None] * total / batch - own * weights, own=own, noise=noise)
