"""The factorised saliency model (FSM): ``S_ij = |h(U_i, V_j)| |xi_ij|`` (THEORY section 1).

``SaliencyModel`` is the population model, with profiles written as formulas; ``FiniteModel`` is the model
with the types of a finite network put in, of any rank.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from graphon_theory import notation
from graphon_theory.errors import InputError, require_density
from graphon_theory.graphon import Graphon
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.quadrature import panel_nodes
from graphon_theory.threshold import Threshold, continuous_threshold, finite_threshold

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SaliencyModel:
    """Rank-one population model with profile ``h(u, v) = g(u) f(v)``.

    Parameters
    ----------
    g
        Row profile: a SymPy expression in ``notation.u``, non-negative on [0, 1]; a number is a constant.
    f
        Column profile: a SymPy expression in ``notation.v``, likewise.
    noise
        Law of the edge noise.

    Raises
    ------
    InputError
        If a profile has other symbols, or is negative, infinite, NaN or zero throughout on [0, 1].
    """

    g: Expr = field(default_factory=lambda: sympy.Integer(1))
    f: Expr = field(default_factory=lambda: sympy.Integer(1))
    noise: NoiseLaw = field(default_factory=Gaussian)

    def __post_init__(self) -> None:
        for name, symbol in (("g", notation.u), ("f", notation.v)):
            expr = sympy.sympify(getattr(self, name), strict=True)
            object.__setattr__(self, name, expr)
            _check_profile(name, expr, symbol)

    @property
    def profile(self) -> Expr:
        """``h(u, v)`` as a SymPy expression."""
        return self.g * self.f

    @property
    def constant(self) -> bool:
        """Whether the profile is constant, so that the graphon is (statement TAX)."""
        return not self.profile.free_symbols

    def at(self, rows: Array, columns: Array) -> FiniteModel:
        """Put in the types of a finite network.

        Parameters
        ----------
        rows
            Types ``U_i`` in [0, 1], shape (n,).
        columns
            Types ``V_j`` in [0, 1], shape (d,).
        """
        return FiniteModel.from_factors(
            _evaluate(self.g, notation.u, rows), _evaluate(self.f, notation.v, columns), self.noise
        )

    def threshold(self, density: float, *, digits: int | None = None) -> Threshold:
        """Level ``tau`` at which the graphon has density ``rho`` (statement THR).

        Parameters
        ----------
        density
            Kept fraction ``rho`` in (0, 1).
        digits
            If given, a rigorous enclosure of about so many digits is computed as well.

        Returns
        -------
        Threshold
            With a closed form where the profile is constant.

        Raises
        ------
        InputError
            If the density is not in (0, 1) or no threshold reaches it.
        """
        rho = require_density(density)
        exact = None
        if self.constant:
            exact = self.profile * self.noise.inverse_expr(sympy.Rational(repr(rho)))
            value = float(self.profile) * self.noise.inverse(rho)
        else:
            value = continuous_threshold(self._mean_kept, rho, start=self.noise.inverse(rho))
        enclosure = None
        if digits is not None:
            from graphon_theory.enclosed_threshold import enclose_threshold

            enclosure = enclose_threshold(self, rho, value, digits=digits)
        return Threshold(value=value, exact=exact, enclosure=enclosure)

    def graphon(self, density: float) -> Graphon:
        """Limit graphon ``W = Q(tau / h)`` of density ``rho`` (statement THR)."""
        threshold = self.threshold(density)
        level = sympy.Float(threshold.value, 17) if threshold.exact is None else threshold.exact
        return Graphon(expr=self.kept_expr(level), evaluate=self._evaluator(threshold.value))

    def kept_expr(self, level: Expr) -> Expr:
        """``Q(level / h(u, v))`` as a SymPy expression."""
        return self.noise.survival_expr(level / self.profile)

    def _evaluator(self, level: float) -> Callable[[Array, Array], Array]:
        def evaluate(u: Array, v: Array) -> Array:
            h = _evaluate(self.g, notation.u, u) * _evaluate(self.f, notation.v, v)
            return kept_probability(h, self.noise, level)

        return evaluate

    def _mean_kept(self, level: float) -> float:
        g, f, weights = self._grid
        kept = kept_probability(g[:, None] * f[None, :], self.noise, level)
        return float(weights @ kept @ weights)

    @functools.cached_property
    def _grid(self) -> tuple[Array, Array, Array]:
        nodes, weights = panel_nodes()
        return _evaluate(self.g, notation.u, nodes), _evaluate(self.f, notation.v, nodes), weights


@dataclass(frozen=True)
class FiniteModel:
    """Saliency model of a finite network, with its types known.

    Parameters
    ----------
    profile
        ``|h_ij|``, shape (n, d), non-negative.
    noise
        Law of the edge noise.

    Raises
    ------
    InputError
        If the profile is not a non-empty matrix of finite, non-negative numbers.
    """

    profile: Array
    noise: NoiseLaw = field(default_factory=Gaussian)

    def __post_init__(self) -> None:
        if self.profile.ndim != 2 or self.profile.size == 0:
            raise InputError("profile", f"array of shape {self.profile.shape}", "give a non-empty (n, d) matrix")
        if not bool(np.all(np.isfinite(self.profile) & (self.profile >= 0))):
            raise InputError("profile", "array with NaN, infinity or negative entries", "give the modulus of h")

    @classmethod
    def from_factors(cls, rows: Array, columns: Array, noise: NoiseLaw) -> FiniteModel:
        """Model of rank R, ``h_ij = <q_i, p_j>``.

        Parameters
        ----------
        rows
            ``q_i``, shape (n, R), or (n,) for rank one.
        columns
            ``p_j``, shape (d, R), or (d,) for rank one.
        noise
            Law of the edge noise.

        Raises
        ------
        InputError
            If the ranks differ.
        """
        q, p = (value.reshape(value.shape[0], -1) for value in (rows, columns))
        if q.shape[1] != p.shape[1]:
            raise InputError("columns", f"array of shape {columns.shape}", f"give the rank of rows, {q.shape[1]}")
        return cls(profile=np.abs(q @ p.T), noise=noise)

    def threshold(self, density: float) -> float:
        """``tau_T``: the level at which the expected density, given the types, is ``rho``."""
        return finite_threshold(self.profile, self.noise, density)

    def probabilities(self, density: float) -> Array:
        """``P_ij = Q(tau_T / |h_ij|)``, shape (n, d), in [0, 1]; 0 where ``h_ij = 0`` (statement LIM-a)."""
        return kept_probability(self.profile, self.noise, self.threshold(density))


def kept_probability(profile: Array, noise: NoiseLaw, level: float) -> Array:
    """``Q(level / h)`` elementwise for a non-negative profile; 0 where it vanishes."""
    with np.errstate(divide="ignore"):
        return noise.survival(level / profile)


def _evaluate(expr: Expr, symbol: Expr, points: Array) -> Array:
    """Evaluate a one-variable profile on an array, at its shape."""
    function = sympy.lambdify(symbol, expr, modules="numpy")
    with np.errstate(all="ignore"):
        values = np.asarray(function(np.asarray(points, dtype=np.float64)), dtype=np.float64)
    return np.broadcast_to(values, np.shape(points)).copy()


def _check_profile(name: str, expr: Expr, symbol: Expr) -> None:
    foreign = sorted(str(s) for s in expr.free_symbols - {symbol})
    if foreign:
        raise InputError(name, str(expr), f"use the symbol {symbol} alone, not {', '.join(foreign)}")
    values = _evaluate(expr, symbol, np.linspace(0.0, 1.0, 1001))
    interior = values[1:-1]
    if not bool(np.all(np.isfinite(interior))):
        raise InputError(name, str(expr), "give a profile that is finite on (0, 1)")
    if bool(np.any(interior < 0)):
        raise InputError(name, str(expr), "give a non-negative profile, such as its absolute value")
    if not bool(np.any(interior > 0)):
        raise InputError(name, str(expr), "give a profile that does not vanish throughout [0, 1]")
