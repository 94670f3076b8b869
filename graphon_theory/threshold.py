"""The pruning threshold: the level ``tau`` at which the graphon's density is ``rho`` (statement THR).

Two problems, one idea. ``N(tau) = mean of Q(tau / |h|)`` is continuous and non-increasing, so a bracket
with ``N(low) > rho > N(high)`` holds the root. A few population models have a closed form, and all of them a
way to many digits, by mpmath.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mpmath
import numpy as np
import numpy.typing as npt
import sympy
from scipy import optimize

from graphon_theory import notation
from graphon_theory.errors import InputError, require_density

if TYPE_CHECKING:
    from collections.abc import Callable

    from sympy import Expr

    from graphon_theory.enclosures import Interval
    from graphon_theory.noise import NoiseLaw

Array = npt.NDArray[np.float64]

_PILOT = 1 << 16  # entries of the pilot sample that gives a large profile its start
_NEWTON_STEPS = 8
_NEWTON_TOLERANCE = 1e-7
_PLANE_DEGREE = 5  # of mpmath's rules on the square, some 50 to 100 points an axis: each degree more costs fourfold
_GUARD_DIGITS = 10  # of mpmath, beyond those asked for
_RELATIVE_TOLERANCE = 4e-15  # root finding stops here: a few units of double precision


@dataclass(frozen=True)
class Threshold:
    """A pruning threshold.

    Parameters
    ----------
    value
        The level ``tau``, in the units of the score; positive, save for one-sided scores.
    exact
        The closed form, where there is one.
    enclosure
        A rigorous interval that contains ``tau``, where one was asked for and found.
    precise
        ``tau`` as a decimal of many digits, where they were asked for and the quadrature's error estimate
        vouches for them: an estimate, no proof.
    """

    value: float
    exact: Expr | None = None
    enclosure: Interval | None = None
    precise: str | None = None

    @property
    def expr(self) -> Expr:
        """The level for formulas: the closed form where it is elementary, else the value to 17 digits."""
        if self.exact is None or self.exact.has(sympy.LambertW, sympy.ComplexRootOf):
            return sympy.Float(self.value, 17)
        return self.exact

    def negated(self) -> Threshold:
        """Return the threshold of the opposite sign."""
        return Threshold(
            value=-self.value,
            exact=None if self.exact is None else -self.exact,
            enclosure=None if self.enclosure is None else -self.enclosure,
            precise=None if self.precise is None else f"-{self.precise}",
        )


def require_atomless(noise: NoiseLaw) -> None:
    """Refuse a law with atoms.

    Raises
    ------
    InputError
        If the law has atoms: statement THR needs a continuous ``Q``, or many scores tie at the threshold.
    """
    if noise.atoms:
        raise InputError(
            "noise",
            noise,
            f"its modulus has atoms at {', '.join(f'{atom:g}' for atom in noise.atoms)}, and statement THR needs an "
            "atomless law: break ties at random in the mask, or choose another law",
        )


def finite_threshold(profile: Array, noise: NoiseLaw, density: float) -> float:
    """Solve ``mean_ij Q(tau / |h_ij|) = rho`` for a finite profile (statement LIM-a).

    Parameters
    ----------
    profile
        Non-negative profile ``|h_ij|``, any shape; zeros count as never kept.
    noise
        Law of the edge noise.
    density
        Kept fraction ``rho``, strictly between 0 and the share of non-zero entries.

    Returns
    -------
    float
        ``tau``, to about 15 digits.

    Raises
    ------
    InputError
        If the profile has negative, NaN or infinite entries, or too few non-zero ones, or the law has atoms.
    """
    rho = require_density(density)
    require_atomless(noise)
    flat = np.asarray(profile, dtype=np.float64).ravel()
    if flat.size == 0 or not bool(np.all(np.isfinite(flat))) or bool(np.any(flat < 0)):
        raise InputError("profile", f"array of {flat.size}", "give finite, non-negative values, at least one")
    support = flat[flat > 0]
    alive = support.size / flat.size
    if rho >= alive:
        raise InputError(
            "density",
            density,
            f"the profile is non-zero on a share {alive:.6g} of the entries only, and no threshold keeps "
            "that many: choose a smaller density",
        )
    inverse_profile = 1.0 / support
    target = rho / alive
    pilot = inverse_profile[:: max(1, support.size // _PILOT)]
    start = _root(
        lambda log_tau: float(noise.survival(math.exp(log_tau) * pilot).mean()) - target,
        math.log(noise.inverse(target) / float(np.median(pilot))),
        step=1.0,
        density=rho,
    )
    return math.exp(_polish(inverse_profile, noise, target, start))


def continuous_threshold(mean_kept: Callable[[float], float], density: float, start: float) -> float:
    """Solve ``N(tau) = rho`` for a population model.

    Parameters
    ----------
    mean_kept
        ``N``: kept fraction as a function of ``tau``; continuous, non-increasing.
    density
        Kept fraction ``rho`` in (0, 1).
    start
        A positive first guess.

    Returns
    -------
    float
        ``tau``.

    Raises
    ------
    InputError
        If no level keeps a fraction ``rho``.
    """
    rho = require_density(density)
    return math.exp(_root(lambda log_tau: mean_kept(math.exp(log_tau)) - rho, math.log(start), step=1.0, density=rho))


def precise_threshold(profile: Expr, noise: NoiseLaw, density: Expr, start: float, digits: int) -> str | None:
    """Solve ``N(tau) = rho`` to many digits, by mpmath's quadrature and secant method.

    Parameters
    ----------
    profile
        ``|h(u, v)|``.
    noise
        Law of the edge noise.
    density
        ``rho`` in (0, 1), rational.
    start
        ``tau`` to a few digits.
    digits
        Significant digits wanted.

    Returns
    -------
    str or None
        None where the law has a kink, the secant method does not settle, or the quadrature's own estimate of its
        error is too large.
    """
    axes = [symbol for symbol in (notation.u, notation.v) if symbol in profile.free_symbols]
    if axes and not noise.analytic:
        return None
    height = sympy.lambdify(axes, profile, modules="mpmath")
    # SymPy compiles the regularised incomplete beta function to mpmath's plain one: normalise it here.
    formula = noise.survival_expr(notation.t).replace(
        sympy.betainc_regularized, lambda a, b, low, high: sympy.betainc(a, b, low, high) / sympy.beta(a, b)
    )
    survival = sympy.lambdify(notation.t, formula, modules="mpmath")
    settings = {"maxdegree": _PLANE_DEGREE} if len(axes) == 2 else {}
    errors: list[mpmath.mpf] = []

    def excess(level: mpmath.mpf) -> mpmath.mpf:
        def kept(*point: mpmath.mpf) -> mpmath.mpf:
            try:
                h = height(*point)
            except (ZeroDivisionError, ValueError):
                return mpmath.mpf(1)  # a pole of the profile, on the border
            if h == 0:
                return mpmath.mpf(0)
            return mpmath.mpf(1) if mpmath.isinf(h) else survival(level / h)

        if not axes:
            return kept() - target
        mean, error = mpmath.quad(kept, *([0, 1] for _ in axes), error=True, method=method, **settings)
        errors.append(error)
        return mean - target

    with mpmath.workdps(digits + _GUARD_DIGITS):
        target = mpmath.mpf(density.p) / density.q
        method = "gauss-legendre" if _regular(height, len(axes)) else "tanh-sinh"
        guess = mpmath.mpf(start)
        tolerance = mpmath.mpf(10) ** (-2 * (digits + 2))
        try:
            root = mpmath.findroot(excess, (guess, guess * (1 + mpmath.mpf(10) ** -9)), solver="secant", tol=tolerance)
        except (ValueError, ZeroDivisionError):
            return None
        if errors and errors[-1] > mpmath.mpf(10) ** -(digits + 1) * target:
            return None
        decimal: str = mpmath.nstr(root, digits, strip_zeros=False)
        return decimal


def _regular(height: Callable[..., mpmath.mpf], axes: int) -> bool:
    """Whether the profile is finite and positive at the corners, so that nothing is singular on the border."""
    try:
        corners = [height(*corner) for corner in itertools.product((mpmath.mpf(0), mpmath.mpf(1)), repeat=axes)]
    except (ZeroDivisionError, ValueError):
        return False
    return all(mpmath.isfinite(value) and value > 0 for value in corners)


def _polish(inverse_profile: Array, noise: NoiseLaw, target: float, start: float) -> float:
    """Newton's method in ``log tau`` from a good start; Brent's where it does not settle."""
    log_tau = start
    for _ in range(_NEWTON_STEPS):
        levels = math.exp(log_tau) * inverse_profile
        slope = float((noise.density(levels) * levels).mean())
        if slope <= 0:
            break
        step = (float(noise.survival(levels).mean()) - target) / slope
        log_tau += step
        # Convergence is quadratic: after a step this small the error is its square.
        if abs(step) < _NEWTON_TOLERANCE:
            return log_tau
    return _root(
        lambda value: float(noise.survival(math.exp(value) * inverse_profile).mean()) - target,
        start,
        step=1e-2,
        density=target,
    )


def _root(excess: Callable[[float], float], centre: float, *, step: float, density: float) -> float:
    """Root of a non-increasing function of ``log tau``: widen a bracket about ``centre``, then Brent."""
    low = high = centre
    value = excess(centre)
    while value <= 0:
        high, low = low, low - step
        step *= 2
        if low < -700:
            raise InputError("density", density, "the profile vanishes too often, no threshold keeps so many: lower it")
        value = excess(low)
    value = excess(high)
    while value > 0:
        low, high = high, high + step
        step *= 2
        if high > 700:  # before it is tried: the level itself would overflow
            raise InputError("density", density, "no finite threshold keeps so few entries: raise it")
        value = excess(high)
    if value == 0.0:
        return high
    return float(optimize.brentq(excess, low, high, xtol=_RELATIVE_TOLERANCE, rtol=_RELATIVE_TOLERANCE))
