"""The factorised saliency model (FSM): ``S_ij = |h(U_i, V_j)| |xi_ij|`` (THEORY section 1).

``SaliencyModel`` is the population model, with profiles written as formulas; ``FiniteModel`` is the model
with the types of a finite network put in, of any rank.
"""

from __future__ import annotations

import functools
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from graphon_theory import notation
from graphon_theory.closed_threshold import power_threshold, step_law, step_threshold
from graphon_theory.energy import energy_graphon
from graphon_theory.errors import InputError, require_density
from graphon_theory.graphon import Graphon
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.profiles import check_profile, power_law, profile_function
from graphon_theory.quadrature import panel_nodes
from graphon_theory.threshold import (
    Threshold,
    continuous_threshold,
    finite_threshold,
    precise_threshold,
    require_atomless,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SaliencyModel:
    """Population model: rank one, ``h(u, v) = g(u) f(v)``, or by ``from_profiles`` of any rank.

    Parameters
    ----------
    g
        Row profile: a SymPy expression in ``notation.u``, non-negative on [0, 1]; a number is a constant.
    f
        Column profile: a SymPy expression in ``notation.v``, likewise.
    noise
        Law of the edge noise.
    signed
        Whether the largest ``h xi`` are kept instead of the largest moduli. Profiles may then be negative; as the
        noise is symmetric, the sign of h does not matter.
    further
        Further terms ``(q_r, p_r)`` of a model of rank two or more, of any sign; ``from_profiles`` fills it.

    Raises
    ------
    InputError
        If a profile has other symbols, or is infinite, NaN, zero throughout or (at rank one, unless signed) negative
        somewhere on (0, 1), or if the terms cancel.
    """

    g: Expr = field(default_factory=lambda: sympy.Integer(1))
    f: Expr = field(default_factory=lambda: sympy.Integer(1))
    noise: NoiseLaw = field(default_factory=Gaussian)
    _: KW_ONLY
    signed: bool = False
    further: tuple[tuple[Expr, Expr], ...] = ()

    def __post_init__(self) -> None:
        for name, term, symbol in (("g", "qs", notation.u), ("f", "ps", notation.v)):
            expr = sympy.sympify(getattr(self, name), strict=True)
            object.__setattr__(self, name, expr)
            check_profile(term if self.further else name, expr, symbol, any_sign=self._any_sign)
        for rows, columns in self.further:
            check_profile("qs", rows, notation.u, any_sign=True)
            check_profile("ps", columns, notation.v, any_sign=True)
        if self.further and not bool(np.any(self._grid[0] > 0)):
            raise InputError("qs", [str(q) for q, _ in self._terms], "give terms whose sum does not vanish throughout")

    @classmethod
    def from_profiles(
        cls, qs: Sequence[Expr | float], ps: Sequence[Expr | float], noise: NoiseLaw | None = None
    ) -> SaliencyModel:
        """Model of rank R, ``h(u, v) = |sum_r q_r(u) p_r(v)|``.

        Parameters
        ----------
        qs
            Row profiles, R expressions in ``notation.u``, of any sign.
        ps
            Column profiles, R expressions in ``notation.v``, of any sign.
        noise
            Law of the edge noise; Gaussian of unit variance if not given.

        Raises
        ------
        InputError
            If there are no profiles, their numbers differ, or one is unusable.
        """
        rows, columns = ([sympy.sympify(expr, strict=True) for expr in side] for side in (qs, ps))
        if not rows or len(rows) != len(columns):
            raise InputError("ps", [str(p) for p in columns], f"give as many as qs, {len(rows)}, and at least one")
        law = Gaussian() if noise is None else noise
        if len(rows) == 1:
            return cls(sympy.Abs(rows[0]), sympy.Abs(columns[0]), law)
        return cls(rows[0], columns[0], law, further=tuple(zip(rows[1:], columns[1:], strict=True)))

    @property
    def profile(self) -> Expr:
        """``|h(u, v)|`` as a SymPy expression."""
        total = sum((q * p for q, p in self._terms), start=sympy.Integer(0))
        return sympy.Abs(total) if self._any_sign else total

    @property
    def constant(self) -> bool:
        """Whether the profile is constant, so that the graphon is (statement TAX)."""
        return not self.profile.free_symbols

    def evaluate_profile(self, u: Array, v: Array) -> Array:
        """``|h(u, v)|`` on broadcastable arrays of positions in [0, 1]."""
        with np.errstate(invalid="ignore"):
            return np.abs(np.asarray(sum(row(u) * column(v) for row, column in self._functions), dtype=np.float64))

    def at(self, rows: Array, columns: Array) -> FiniteModel:
        """Put in the types of a finite network.

        Parameters
        ----------
        rows
            Types ``U_i`` in [0, 1], shape (n,).
        columns
            Types ``V_j`` in [0, 1], shape (d,).

        Raises
        ------
        InputError
            If the model is signed: finite models have two-sided scores.
        """
        if self.signed:
            raise InputError("signed", self.signed, "finite models have two-sided scores: leave signed at False")
        q = np.stack([row(rows) for row, _ in self._functions], axis=-1)
        p = np.stack([column(columns) for _, column in self._functions], axis=-1)
        return FiniteModel.from_factors(q, p, self.noise)

    def threshold(self, density: float, *, digits: int | None = None, precise: int | None = None) -> Threshold:
        """Level ``tau`` at which the graphon has density ``rho`` (statement THR).

        For one-sided scores ``N(tau) = N_2(tau)/2`` for ``tau >= 0`` and ``1 - N_2(-tau)/2`` below, ``N_2`` the
        two-sided kept fraction, so that ``tau`` is a two-sided threshold of another density, up to sign.

        Parameters
        ----------
        density
            Kept fraction ``rho`` in (0, 1).
        digits
            If given, a rigorous enclosure of about so many digits is computed as well.
        precise
            If given, ``tau`` is computed to so many significant digits as well.

        Returns
        -------
        Threshold
            With a closed form where the profile is constant and the law's inverse known, and for the profiles
            of ``closed_threshold`` (powers and steps).

        Raises
        ------
        InputError
            If the density is not in (0, 1) or no threshold reaches it, the law has atoms, or ``precise`` is below 1.
        """
        rho = sympy.Rational(repr(require_density(density)))
        require_atomless(self.noise)
        if precise is not None and precise < 1:
            raise InputError("precise", precise, "give a number of significant digits, at least 1")
        if not self.signed:
            return self._two_sided(rho, digits, precise)
        if 2 * rho < 1:
            return self._two_sided(2 * rho, digits, precise)
        if 2 * rho > 1:
            return self._two_sided(2 * (1 - rho), digits, precise).negated()
        if bool(np.any(self._grid[0] == 0)):
            raise InputError("density", density, "the profile vanishes on a part, whose edges tie at 0: choose another")
        return Threshold(value=0.0, exact=sympy.Integer(0), precise=None if precise is None else "0.0")

    def _two_sided(self, rho: Expr, digits: int | None, precise: int | None) -> Threshold:
        density = float(rho)
        exact = self._closed_form(rho)
        if exact is not None:
            value = float(exact.evalf(30))
        elif self.constant:
            value = float(self.profile) * self.noise.inverse(density)
        else:
            value = continuous_threshold(self._mean_kept, density, start=self.noise.inverse(density))
        enclosure = decimal = None
        if digits is not None:
            from graphon_theory.enclosed_threshold import enclose_threshold

            enclosure = enclose_threshold(self, density, value, digits=digits)
        if precise is not None and exact is not None:
            decimal = str(exact.evalf(precise))
        elif precise is not None:
            decimal = precise_threshold(self.profile, self.noise, rho, value, precise)
        return Threshold(value=value, exact=exact, enclosure=enclosure, precise=decimal)

    def _closed_form(self, rho: Expr) -> Expr | None:
        profile = self.profile
        if self.constant:
            inverse = self.noise.inverse_expr(rho)
            return None if inverse is None else profile * inverse
        for symbol in (notation.u, notation.v):
            found = power_law(profile, symbol)
            if found is not None:
                return power_threshold(self.noise, *found, rho)
            pieces = step_law(profile, symbol)
            if pieces is not None:
                return step_threshold(self.noise, pieces, rho)
        return None

    def graphon(self, density: float) -> Graphon:
        """Limit graphon ``W = Q(tau / h)`` of density ``rho`` (statement THR), or ``P(h xi >= tau)`` if signed."""
        threshold = self.threshold(density)
        below = threshold.value < 0
        level = abs(threshold.value)
        expr = self.kept_expr(-threshold.expr if below else threshold.expr)

        def evaluate(u: Array, v: Array) -> Array:
            kept = kept_probability(self.evaluate_profile(u, v), self.noise, level)
            if not self.signed:
                return kept
            return 1.0 - 0.5 * kept if below else 0.5 * kept

        if self.signed:
            expr = 1 - expr / 2 if below else expr / 2
        return Graphon(expr=expr, evaluate=evaluate)

    def energy_graphon(self, density: float) -> Graphon:
        """``V = E[xi^2; kept]`` at the threshold of density ``rho`` (THEORY section 4), in [0, variance]."""
        return energy_graphon(self, self.threshold(density))

    def kept_expr(self, level: Expr) -> Expr:
        """``Q(level / |h(u, v)|)``, the probability that the modulus is kept, as a SymPy expression."""
        return self.noise.survival_expr(level / self.profile)

    def _mean_kept(self, level: float) -> float:
        profile, weights = self._grid
        return float(weights @ kept_probability(profile, self.noise, level) @ weights)

    @property
    def _any_sign(self) -> bool:
        return self.signed or bool(self.further)

    @property
    def _terms(self) -> tuple[tuple[Expr, Expr], ...]:
        return ((self.g, self.f), *self.further)

    @functools.cached_property
    def _functions(self) -> list[tuple[Callable[[Array], Array], Callable[[Array], Array]]]:
        return [(profile_function(q, notation.u), profile_function(p, notation.v)) for q, p in self._terms]

    @functools.cached_property
    def _grid(self) -> tuple[Array, Array]:
        nodes, weights = panel_nodes()
        ends = np.array([0.0, 1.0])
        if not bool(np.all(np.isfinite(self.evaluate_profile(ends[:, None], ends[None, :])))):
            # Unbounded at an end: draw the nodes there.
            weights = weights * 30.0 * (nodes * (1.0 - nodes)) ** 2
            nodes = nodes**3 * (10.0 - 15.0 * nodes + 6.0 * nodes**2)
        return self.evaluate_profile(nodes[:, None], nodes[None, :]), weights


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
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        levels = np.where(profile > 0, level / profile, np.inf)
    return noise.survival(levels)
