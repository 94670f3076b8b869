"""What a design makes small: ``2 sqrt(y^T K_1^-1 y tr K_1)/N``, with its gradient in the logarithms of the profile.

The same for K and cK, so that density and scale cancel (statement SCALE) and the *shape* of the graphon is judged.
The threshold moves with the profile so that the density stays: its derivative is taken through one step of Newton at
the solution, which is the theorem on implicit functions.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.design.kernel import profile_kernel
from verification.design.levels import kept_energy, kept_share
from verification.design.profile import Profile
from verification.names import WEIGHTS

Array = npt.NDArray[np.float64]

_ROOM: Final = 0.9
"""Inputs that are 0 on the whole half get no edge while the others' kept share stays below this."""


class Objective:
    """Scale-free complexity of the labels as a function of the profile.

    Parameters
    ----------
    inputs
        X, shape (N, d), d at least 2, finite, not all 0.
    labels
        y, shape (N,), finite, not all equal.
    density
        rho, in (0, 1).
    noise
        Gaussian or uniform.
    weights
        "kept" or "redrawn".
    ridge
        At least 0, in units of ``tr K/N``: ``K + ridge (tr K/N) I`` in the place of K, scale-free as well.

    Raises
    ------
    InputError
        If an argument is not as above.
    """

    def __init__(
        self,
        inputs: npt.ArrayLike,
        labels: npt.ArrayLike,
        density: float,
        *,
        noise: NoiseLaw | None = None,
        weights: str = "kept",
        ridge: float = 0.0,
    ) -> None:
        X, y = require_data(inputs, labels)
        self.density = require_density(density)
        if weights not in WEIGHTS:
            raise InputError("weights", weights, f"choose one of {', '.join(WEIGHTS)}")
        if not (math.isfinite(ridge) and ridge >= 0.0):
            raise InputError("ridge", ridge, "give a number of at least 0, in units of tr K/N")
        self.inputs, self.labels = X, y
        self.noise: NoiseLaw = Gaussian() if noise is None else noise
        self.weights, self.ridge = weights, float(ridge)
        self.live = np.flatnonzero(np.any(X != 0.0, axis=0))
        share = self.density * X.shape[1] / self.live.size
        self._idle = 0.0 if share <= _ROOM else self.density
        self.live_density = share if share <= _ROOM else self.density
        self._x, self._y = torch.from_numpy(X[:, self.live]), torch.from_numpy(y)

    @property
    def size(self) -> int:
        """Number of free parameters: one an input that is not 0 throughout."""
        return self.live.size

    def value(self, parameters: Array) -> float:
        """``2 sqrt(y^T K^-1 y tr K)/N``; infinite where K is singular to rounding.

        Parameters
        ----------
        parameters
            ``log f`` at the live inputs, shape (size,).
        """
        with torch.no_grad():
            found = self._logarithm(torch.from_numpy(np.asarray(parameters, dtype=np.float64)))
        return math.inf if found is None else math.exp(float(found))

    def slope(self, parameters: Array) -> tuple[float, Array]:
        """Logarithm of ``value`` and its gradient, shape (size,); infinite and 0 where K is singular to rounding."""
        point = torch.tensor(np.asarray(parameters, dtype=np.float64), requires_grad=True)
        found = self._logarithm(point)
        if found is None:
            return math.inf, np.zeros(self.size)
        (gradient,) = torch.autograd.grad(found, point)
        return float(found.detach()), gradient.numpy()

    def profile(self, parameters: Array) -> Profile:
        """Profile of the parameters, over all inputs."""
        given = self._require(np.asarray(parameters, dtype=np.float64))
        columns = np.zeros(self.inputs.shape[1])
        columns[self.live] = np.exp(given)
        if self._idle > 0.0 and self.live.size < columns.size:
            level = FiniteModel(columns[None, self.live], self.noise).threshold(self.live_density)
            columns[columns == 0.0] = level / self.noise.inverse(self._idle)
        return Profile(columns, self.density, noise=self.noise, weights=self.weights)

    def _require(self, parameters: Array) -> Array:
        if parameters.shape != (self.size,):
            raise InputError("parameters", f"shape {parameters.shape}", f"give {self.size} numbers")
        return parameters

    def _levels(self, logs: Tensor) -> Tensor:
        """``tau/f`` at the live inputs, differentiable, of density exactly rho."""
        profile = np.exp(self._require(logs.detach().numpy()))
        tau = math.log(FiniteModel(profile[None, :], self.noise).threshold(self.live_density))
        start = torch.tensor(tau, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            mean = kept_share(torch.exp(start - logs.detach()), self.noise).mean()
            (rate,) = torch.autograd.grad(mean, start)
        fixed = start.detach()
        moved = fixed - (kept_share(torch.exp(fixed - logs), self.noise).mean() - self.live_density) / rate
        return torch.exp(moved - logs)

    def _logarithm(self, point: Tensor) -> Tensor | None:
        levels = self._levels(point)
        W = kept_share(levels, self.noise)
        V = W if self.weights == "redrawn" else kept_energy(levels, self.noise)
        kernel = profile_kernel(self._x, W[None, :], V[None, :])
        trace, size = kernel.trace(), len(self._y)
        unit = kernel * (size / trace)
        factor, failed = torch.linalg.cholesky_ex(unit + self.ridge * torch.eye(size, dtype=unit.dtype))
        if int(failed) or not bool(torch.isfinite(factor).all()):
            return None
        # tr unit = N, so that energy times trace is N times the energy under the unit kernel.
        energy = torch.linalg.solve_triangular(factor, self._y[:, None], upper=False).square().sum()
        return 0.5 * torch.log(energy) + math.log(2.0 / math.sqrt(size))


def require_data(inputs: npt.ArrayLike, labels: npt.ArrayLike, least: int = 2) -> tuple[Array, Array]:
    """Return inputs and labels as float64 arrays.

    Parameters
    ----------
    inputs, labels
        As ``Objective``.
    least
        Smallest number of samples.

    Raises
    ------
    InputError
        If shapes do not fit, there are too few samples or inputs, a number is not finite, all inputs are 0 or all
        labels equal.
    """
    X, y = np.asarray(inputs, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if X.ndim != 2:
        raise InputError("inputs", f"shape {X.shape}", "give one row a sample: (N, d)")
    if len(X) < least:
        raise InputError("samples", len(X), f"give {least} or more")
    if X.shape[1] < 2:
        raise InputError("inputs", f"d = {X.shape[1]}", "give 2 inputs or more: with one there is nothing to choose")
    if y.shape != (len(X),):
        raise InputError("labels", f"shape {y.shape}", f"give one number a sample: ({len(X)},)")
    for name, part in (("inputs", X), ("labels", y)):
        if not np.isfinite(part).all():
            raise InputError(name, "NaN or infinite", "give finite numbers")
    if not X.any():
        raise InputError("inputs", "all 0", "give inputs that differ from 0")
    if float(np.ptp(y)) == 0.0:
        raise InputError("labels", f"all {y[0]:g}", "give labels that differ: no input can explain a constant")
    return X, y
