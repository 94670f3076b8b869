"""SNIP where batch and inputs grow together (THEORY, SNIP-P): the graphon given readout and batch moments.

Given its neuron and its input the saliency is ``a (m + s eps)/2``, with eps standard normal over the signs of the
neuron's preactivations: ``W = E_eps Q(2 tau/(|a| |m + s eps|))``. As an integral over ``y = |m + s eps|``

    ``W_ij = int_0^oo Q(2 tau/(|a_i| y)) p_j(y) dy``, ``p_j(y) = [phi((y - m_j)/s_j) + phi((y + m_j)/s_j)]/s_j``,

the integrand is a product of a function of the row and one of the column, so that a quadrature rule with common
nodes is one matrix product, and the mean over all entries, which sets tau, costs as much as a single row.
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

_REACH = 9.0  # standard deviations; beyond, the normal law has 2e-19
_COARSEST = 0.5  # step of the first rule, in the least spread: the normal law's own error is then 1e-33
_MOST_NODES = 1 << 14
TOLERANCE = 1e-4
"""Largest change of a probability on halving the step at which the rule is accepted: a law with a kink gets no more
for less than thousands of nodes, an analytic one far more."""


@dataclass(frozen=True)
class ProportionalModel:
    """Graphon of SNIP in the proportional regime, with readout and moments of a batch known.

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,), in any unit.
    means
        ``m_j = S^-1 sum_s r_s x_sj``, shape (d,).
    spreads
        ``s_j = (E[r^2 x_j^2]/S)^(1/2)``, shape (d,), non-negative, in the unit of ``means``. A column of spread 0 has
        the rank-one probability.
    noise
        Law of the weights, in units of their scale at initialisation.

    Raises
    ------
    InputError
        If the shapes do not fit, a number is not finite or a spread is negative.
    """

    readout: Array
    means: Array
    spreads: Array
    noise: NoiseLaw

    def __post_init__(self) -> None:
        if self.readout.ndim != 1 or self.means.ndim != 1 or self.spreads.shape != self.means.shape:
            shapes = (self.readout.shape, self.means.shape, self.spreads.shape)
            raise InputError("readout, means and spreads", shapes, "give shapes (n,), (d,) and (d,)")
        for name in ("readout", "means", "spreads"):
            value = getattr(self, name)
            if value.size == 0 or not bool(np.all(np.isfinite(value))):
                raise InputError(name, f"array of {value.size}", "give finite numbers, at least one")
        if bool(np.any(self.spreads < 0)):
            raise InputError("spreads", float(self.spreads.min()), "give standard deviations, at least 0")

    def threshold(self, density: float) -> float:
        """``tau`` at which W has mean ``rho``, in the unit of the saliency times that of the noise."""
        return self._solve(density)[0]

    def probabilities(self, density: float) -> Array:
        """``W_ij``, shape (n, d), in [0, 1], of mean ``rho``."""
        return self._solve(density)[1]

    def error(self, density: float) -> float:
        """Estimated error of the probabilities: their largest change when the step of the rule was last halved.

        For an analytic law the error of the rule itself is far smaller; for a law with a kink it is about a third.
        An estimate, no bound.
        """
        return self._solve(density)[2]

    def _solve(self, density: float) -> tuple[float, Array, float]:
        rho = require_density(density)
        require_atomless(self.noise)
        rows, point = np.abs(self.readout), self.spreads == 0
        alive = float(np.mean(rows > 0)) * float(np.mean(~point | (self.means != 0)))
        if rho >= alive:
            raise InputError("density", density, f"only a share {alive:.6g} of the entries can be kept: lower it")
        top = float(np.max(np.abs(self.means) + _REACH * self.spreads))
        count = 64
        if not bool(np.all(point)):
            count = max(count, math.ceil(top / (_COARSEST * float(self.spreads[~point].min()))))
        previous: tuple[Array, float] | None = None
        while count <= _MOST_NODES:
            # The trapezoid rule: the integrand vanishes at 0, with all derivatives, and at the top.
            nodes: Array = np.arange(1, count + 1, dtype=np.float64) * (top / count)
            columns = self._columns(nodes, point)
            mean_columns = columns.mean(axis=1)
            tau = continuous_threshold(
                lambda level, y=nodes, p=mean_columns: (
                    float(self._rows(rows, y, level).mean(axis=0) @ p)  # type: ignore[misc]
                    + self._pointwise(rows, point, level).sum() / (rows.size * point.size)
                ),
                rho,
                float(np.median(rows[rows > 0])) * top / _REACH,
            )
            kept = self._rows(rows, nodes, tau) @ columns
            kept[:, point] = self._pointwise(rows, point, tau)
            if previous is not None:
                change = float(np.abs(kept - previous[0]).max())
                if change <= TOLERANCE:
                    return tau, np.clip(kept, 0.0, 1.0), change
            previous = (kept, tau)
            count *= 2
        raise InputError(
            "spreads",
            f"from {float(self.spreads[~point].min()):.3g} against saliencies up to {top:.3g}",
            f"the rule did not settle to {TOLERANCE:g} with {_MOST_NODES} nodes: leave out nearly constant inputs",
        )

    def _columns(self, nodes: Array, point: npt.NDArray[np.bool_]) -> Array:
        """Folded normal densities times the step, shape (nodes, d); 0 for columns without spread."""
        spread = np.where(point, 1.0, self.spreads)
        size = np.abs(self.means)
        near, far = (nodes[:, None] - size) / spread, (nodes[:, None] + size) / spread
        folded = (np.exp(-0.5 * near**2) + np.exp(-0.5 * far**2)) / (spread * math.sqrt(2.0 * math.pi))
        weighted: Array = np.where(point, 0.0, folded * nodes[0])
        return weighted

    def _rows(self, rows: Array, nodes: Array, level: float) -> Array:
        """``Q(2 tau/(|a_i| y))``, shape (n, nodes)."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.noise.survival(2.0 * level / (rows[:, None] * nodes[None, :]))

    def _pointwise(self, rows: Array, point: npt.NDArray[np.bool_], level: float) -> Array:
        """Probabilities of the columns without spread, shape (n, their number)."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.noise.survival(2.0 * level / (rows[:, None] * np.abs(self.means[point])[None, :]))


def snip_proportional(readout: Array, residuals: Array, inputs: Array, noise: NoiseLaw) -> ProportionalModel:
    """Model of a batch in the proportional regime: no slope of the network enters.

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,).
    residuals
        ``r_s``, shape (S,), of mean 0.
    inputs
        ``x_sj``, shape (S, d), centred.
    noise
        Law of the weights, in units of their scale at initialisation.

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    if inputs.ndim != 2 or inputs.shape[0] != residuals.shape[0]:
        raise InputError("inputs", f"array of shape {inputs.shape}", f"give shape ({residuals.shape[0]}, d)")
    batch = len(residuals)
    means = residuals.astype(np.float64) @ inputs.astype(np.float64) / batch
    squares = np.square(residuals, dtype=np.float64) @ np.square(inputs, dtype=np.float64)
    return ProportionalModel(readout=readout, means=means, spreads=np.sqrt(squares) / batch, noise=noise)
