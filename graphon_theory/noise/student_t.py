"""Student's t noise: power-law tails.

With ``x = nu / (nu + z^2)``, where ``z = xi / scale``, the variable ``x`` is beta distributed with parameters
``nu/2`` and ``1/2``. Everything below follows from that, by the regularised incomplete beta function ``I_x(a, b)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special
from sympy import Expr, Rational, betainc_regularized, gamma, pi, sqrt

from graphon_theory.errors import InputError
from graphon_theory.noise.law import Array, exact_value, require_positive

_CAP: Final = 1e150  # scales; the square of more is no double


@dataclass(frozen=True)
class StudentT:
    """Student's t noise, ``Q(t) = I_x(nu/2, 1/2)`` with ``x = nu / (nu + (t / scale)^2)``.

    Parameters
    ----------
    nu
        Degrees of freedom, above 2 so that the variance is finite.
    scale
        Factor of the standard variable, positive; the variance is ``scale^2 nu / (nu - 2)``.

    Raises
    ------
    InputError
        If ``nu`` is not a finite number above 2 or the scale not one above 0.
    """

    nu: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.nu) and self.nu > 2):
            raise InputError("nu", self.nu, "give a finite number above 2; below, the second moment is infinite")
        require_positive("scale", self.scale)

    @property
    def name(self) -> str:
        """Short name."""
        return "student-t"

    @property
    def variance(self) -> float:
        """``scale**2 nu / (nu - 2)``."""
        return self.scale**2 * self.nu / (self.nu - 2.0)

    @property
    def analytic(self) -> bool:
        """Analytic everywhere."""
        return True

    @property
    def atoms(self) -> tuple[float, ...]:
        """No atoms."""
        return ()

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.asarray(special.betainc(0.5 * self.nu, 0.5, self._share(t)), dtype=np.float64)

    def density(self, t: Array) -> Array:
        """``2 / (scale sqrt(nu) B(nu/2, 1/2)) x^((nu + 1)/2)``, elementwise."""
        constant = 2.0 / (self.scale * math.sqrt(self.nu) * special.beta(0.5 * self.nu, 0.5))
        return np.asarray(constant * self._share(t) ** (0.5 * (self.nu + 1.0)), dtype=np.float64)

    def inverse(self, probability: float) -> float:
        """Invert the incomplete beta function, from the side where ``x`` has its digits."""
        if probability < 0.5:
            x = float(special.betaincinv(0.5 * self.nu, 0.5, probability))
            ratio = (1.0 - x) / x
        else:
            y = float(special.betaincinv(0.5, 0.5 * self.nu, 1.0 - probability))
            ratio = y / (1.0 - y)
        return self.scale * math.sqrt(self.nu * ratio)

    def truncated_moment(self, t: Array) -> Array:
        """``variance I_x(nu/2 - 1, 3/2)``, elementwise: ``z^2 = nu (1 - x)/x`` shifts both parameters by one."""
        return np.asarray(self.variance * special.betainc(0.5 * self.nu - 1.0, 1.5, self._share(t)), dtype=np.float64)

    def survival_expr(self, t: Expr) -> Expr:
        """``I_x(nu/2, 1/2)``."""
        return betainc_regularized(exact_value(self.nu) / 2, Rational(1, 2), 0, self._share_expr(t))

    def density_expr(self, t: Expr) -> Expr:
        """``2 Gamma((nu + 1)/2) / (scale sqrt(nu pi) Gamma(nu/2)) x^((nu + 1)/2)``."""
        nu, s = exact_value(self.nu), exact_value(self.scale)
        constant = 2 * gamma((nu + 1) / 2) / (s * sqrt(nu * pi) * gamma(nu / 2))
        return constant * self._share_expr(t) ** ((nu + 1) / 2)

    def inverse_expr(self, probability: Expr) -> Expr | None:
        """None: SymPy has no inverse of the incomplete beta function."""
        return None

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``scale^2 nu / (nu - 2) I_x(nu/2 - 1, 3/2)``."""
        nu, s = exact_value(self.nu), exact_value(self.scale)
        moment = betainc_regularized(nu / 2 - 1, Rational(3, 2), 0, self._share_expr(t))
        return s**2 * nu / (nu - 2) * moment

    def _share(self, t: Array) -> Array:
        z = np.minimum(np.asarray(t, dtype=np.float64) / self.scale, _CAP)
        return np.where(np.isinf(t), 0.0, self.nu / (self.nu + z**2))

    def _share_expr(self, t: Expr) -> Expr:
        nu = exact_value(self.nu)
        return nu / (nu + (t / exact_value(self.scale)) ** 2)
