"""A noise law from the survival function that a user writes down."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import sympy
from scipy import optimize
from sympy import Expr

from graphon_theory import notation
from graphon_theory.errors import InputError
from graphon_theory.noise.law import Array
from graphon_theory.quadrature import panel_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG_GRID: Final = (-12.0, 12.0, 4001)  # powers of 10 between which the survival function is looked at, and how often
_SLACK: Final = 1e-12  # rounding that the checks forgive
_FAR: Final = 1e100  # a level at which every law of finite variance has run out, whatever its unit
_RUN_OUT: Final = 1e-6  # what may be left there
_JUMP: Final = 1e-3  # an atom of at least this mass is seen
_HALVINGS: Final = 30  # of an interval of the grid, to tell a jump from a steep fall
_TAIL: Final = 1e4  # medians beyond which the tail's exponent is read off
_ANGULAR: Final = (sympy.Max, sympy.Min, sympy.Piecewise, sympy.Abs, sympy.Heaviside)


@dataclass(frozen=True)
class CustomNoise:
    """Symmetric noise with a given survival function of its modulus.

    The checks look at a grid of levels from 1e-12 to 1e12. They do not prove that the formula is a survival
    function, only that nothing on the grid speaks against it.

    Parameters
    ----------
    formula
        ``Q`` in ``notation.t``: 1 at 0, continuous, non-increasing, with limit 0 and finite second moment.
    name
        Short name of the law.

    Raises
    ------
    InputError
        If the formula has other symbols, cannot be evaluated in doubles, or fails one of these properties on the grid.
    """

    formula: Expr
    name: str = "custom"

    def __post_init__(self) -> None:
        formula = sympy.sympify(self.formula, strict=True)
        object.__setattr__(self, "formula", formula)
        foreign = sorted(str(symbol) for symbol in formula.free_symbols - {notation.t})
        if foreign:
            raise self._refusal(f"use the symbol t of graphon_theory.notation alone, not {', '.join(foreign)}")
        self._check()

    @functools.cached_property
    def variance(self) -> float:
        """``integral of 2 t Q(t) dt``, by quadrature."""
        return float(self.truncated_moment(np.zeros(1))[0])

    @property
    def analytic(self) -> bool:
        """Whether the formula is free of maxima, moduli and case distinctions."""
        return not self.formula.has(*_ANGULAR)

    @property
    def atoms(self) -> tuple[float, ...]:
        """No atoms: jumps of ``Q`` are refused."""
        return ()

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return self._on_array(self._survival, t)

    def density(self, t: Array) -> Array:
        """``-Q'(t)``, elementwise."""
        return self._on_array(self._density, t)

    def inverse(self, probability: float) -> float:
        """Level of a probability in (0, 1), by bracketing in ``log t``."""

        def excess(log_level: float) -> float:
            return float(self.survival(np.array([math.exp(log_level)]))[0]) - probability

        low, high = -1.0, 1.0
        while excess(low) <= 0:
            low *= 2.0
        while excess(high) > 0:
            high *= 2.0
        return math.exp(float(optimize.brentq(excess, low, high, xtol=4e-15, rtol=4e-15)))

    def truncated_moment(self, t: Array) -> Array:
        """``t^2 Q(t) + integral of 2 s Q(s) from t on``, elementwise, by quadrature.

        The tail is mapped to [0, 1] by ``s = t + c x^2/(1 - x)^2``, c the median, and integrated by a composite
        Gauss-Legendre rule: about 10 digits for light tails and some 4 at a kink, fewer as the tail nears ``t^-2``.
        """
        levels = np.asarray(t, dtype=np.float64)
        start = np.minimum(levels, _FAR)
        total = start**2 * self.survival(start)
        for x, weight in zip(*panel_nodes(), strict=True):
            step = self._median * x**2 / (1.0 - x) ** 2
            stretch = 2.0 * self._median * x / (1.0 - x) ** 3
            s = start + step
            total = total + weight * stretch * 2.0 * s * self.survival(s)
        return np.where(np.isfinite(levels), total, 0.0)

    def survival_expr(self, t: Expr) -> Expr:
        """``Q(t)``, the formula as given."""
        return self.formula.subs(notation.t, t)

    def density_expr(self, t: Expr) -> Expr:
        """``-Q'(t)``."""
        return -sympy.diff(self.formula, notation.t).subs(notation.t, t)

    def inverse_expr(self, probability: Expr) -> Expr | None:
        """None: the formula is not solved symbolically."""
        return None

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``t^2 Q(t) + Integral(2 s Q(s), (s, t, oo))``, the integral left as it stands."""
        s = sympy.Dummy("s", positive=True)
        return t**2 * self.survival_expr(t) + sympy.Integral(2 * s * self.survival_expr(s), (s, t, sympy.oo))

    @functools.cached_property
    def _survival(self) -> Callable[[Array], Any]:
        return _compiled(self.formula)

    @functools.cached_property
    def _density(self) -> Callable[[Array], Any]:
        return _compiled(self.density_expr(notation.t))

    @functools.cached_property
    def _median(self) -> float:
        return self.inverse(0.5)

    @staticmethod
    def _on_array(function: Callable[[Array], Any], t: Array) -> Array:
        levels = np.asarray(t, dtype=np.float64)
        with np.errstate(all="ignore"):
            raw = np.asarray(function(levels))
            if np.iscomplexobj(raw):
                raise TypeError("complex values")
            values = np.broadcast_to(raw.astype(np.float64), levels.shape)
        # At infinity the formula may read inf * 0; a law has nothing left there.
        return np.where(np.isfinite(levels), values, 0.0)

    def _check(self) -> None:
        grid = np.concatenate([[0.0], np.logspace(*_LOG_GRID)])
        try:
            values = self.survival(grid)
            far = float(self.survival(np.array([_FAR]))[0])
        except (TypeError, NameError, ValueError) as error:
            raise self._refusal(f"give a real formula that NumPy or SciPy can evaluate ({error})") from None
        if not bool(np.all(np.isfinite(values))):
            level = float(grid[~np.isfinite(values)][0])
            raise self._refusal(f"its value at t = {level:.3g} is not a finite number; rewrite the formula")
        if abs(float(values[0]) - 1.0) > _SLACK:
            raise self._refusal(f"Q(0) is {float(values[0]):.6g}; divide by it, since every modulus is at least 0")
        if bool(np.any((values < -_SLACK) | (values > 1.0 + _SLACK))):
            raise self._refusal("its values leave [0, 1]; give a probability, such as Max(0, 1 - t)")
        if bool(np.any(np.diff(values) > _SLACK)):
            level = float(grid[1:][np.diff(values) > _SLACK][0])
            raise self._refusal(f"it rises at t = {level:.3g}; give a non-increasing function")
        if not abs(far) <= _RUN_OUT:
            raise self._refusal(f"its value at t = {_FAR:g} is {far:.3g}; give a function with limit 0")
        self._check_density(grid, values)

    def _check_density(self, grid: Array, values: Array) -> None:
        with np.errstate(all="ignore"):
            density = self.density(grid[1:])
        if bool(np.any(density < -_SLACK)):
            raise self._refusal("its derivative is positive somewhere; give a non-increasing function")
        # Halving towards the larger fall: a continuous fall shrinks with its interval, a jump stays.
        falling = -np.diff(values) > _JUMP
        low, high = grid[:-1][falling], grid[1:][falling]
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            first = self.survival(low) - self.survival(middle) >= self.survival(middle) - self.survival(high)
            low, high = np.where(first, low, middle), np.where(first, middle, high)
        jumps = self.survival(low) - self.survival(high) > _JUMP
        if bool(np.any(jumps)):
            level = float(low[jumps][0])
            raise self._refusal(f"it jumps near t = {level:.3g}, an atom of the law; give a continuous function")
        level = _TAIL * self._median
        left, slope = (float(f(np.array([level]))[0]) for f in (self.survival, self.density))
        if left > 0 and level * slope <= 2.0 * left:
            raise self._refusal("its tail falls no faster than t^-2; give a law of finite second moment")

    def _refusal(self, remedy: str) -> InputError:
        return InputError("formula", str(self.formula), remedy)


def _compiled(formula: Expr) -> Callable[[Array], Any]:
    function: Callable[[Array], Any] = sympy.lambdify(notation.t, formula, modules=["scipy", "numpy"])
    return function
