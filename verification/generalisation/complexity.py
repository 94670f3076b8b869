"""The complexity of labels under a kernel, ``B^2 = y^T K^-1 y``, with a rigorous bound of its error.

``y^T K^-1 y`` is the squared norm, in the space of the kernel, of the function of least norm through the labels: the
data-dependent part of GEN. For any x with residual ``r = y - K x``

    y^T K^-1 y = x^T (y + r) + r^T K^-1 r,    0 <= r^T K^-1 r <= ||r||^2 / lambda_min,

so that an approximate solution encloses it, whatever solver made it; the products' rounding is added (Higham 2002,
section 3.1). A kernel whose smallest eigenvalue cannot be told from 0 has no such number, and is refused: nothing is
added to it in silence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import linalg

from graphon_theory.errors import InputError
from verification.ntk.spectra import Spectrum, spectrum

Array = npt.NDArray[np.float64]

LEAST_SAMPLES: Final = 2
_SHOWN: Final = 5  # eigenvalues named in a message
_UNIT: Final = 2.0**-53
_SMALLEST: Final = float(np.finfo(np.float64).tiny)
_NOTHING: Final = 1e-150  # share of the ridge below which squares of the kernel's entries are lost
_UNDERFLOW: Final = 2.0**-500  # for what products lose below the normal range; energies are above 1/(8 N) once scaled


@dataclass(frozen=True)
class Complexity:
    """Labels under a kernel.

    Parameters
    ----------
    energy
        ``B^2 = y^T (K + ridge I)^-1 y``, non-negative; in units of squared labels over those of the kernel.
    error
        The exact number lies within ``error`` of ``energy``: rigorous, except from ``range_complexity``.
    trace
        ``tr K``, without the ridge.
    smallest
        Smallest eigenvalue of K, as computed.
    samples
        N.
    ridge
        What was added to the diagonal; 0 for training to the end.
    """

    energy: float
    error: float
    trace: float
    smallest: float
    samples: int
    ridge: float = 0.0

    @property
    def scale_free(self) -> float:
        """``sqrt(y^T K^-1 y tr K)/N``: the same for K and every multiple of it."""
        return math.sqrt(self.energy) * math.sqrt(self.trace) / self.samples


def complexity(kernel: npt.ArrayLike, labels: npt.ArrayLike, *, ridge: float | None = None) -> Complexity:
    """Compute ``y^T K^-1 y`` with an enclosure.

    Parameters
    ----------
    kernel
        K, shape (N, N), N at least 2, symmetric positive definite up to 1e-6, as ``spectrum``.
    labels
        y, shape (N,), finite, not all 0.
    ridge
        If given, positive: ``y^T (K + ridge I)^-1 y``. This bounds the squared norm of the ridge predictor
        ``K(x, X) (K + ridge I)^-1 y``, for which GEN holds with it; it is not the norm of the interpolant.

    Returns
    -------
    Complexity
        With a rigorous error.

    Raises
    ------
    InputError
        If an argument is not as above; if, without a ridge, an eigenvalue cannot be told from 0: the message names
        how many, and what to do; or if the energy or the trace is beyond the range of normal floats.

    Notes
    -----
    Source: Arora et al. (2019), section 5, for the dense kernel. Kernel, ridge and labels are scaled by powers of two
    first, exactly, so that nothing leaves the range on the way.
    """
    if ridge is not None and not (math.isfinite(ridge) and ridge > 0.0):
        raise InputError("ridge", ridge, "give a positive number, or leave it out")
    added = 0.0 if ridge is None else float(ridge)
    given = _prepared(kernel, labels, added)
    least = float(given.spectrum.eigenvalues[-1])
    share = math.ldexp(added, -given.power)
    certain = least - given.spectrum.error + share
    if certain <= 0.0:
        raise _singular(given)
    energy, error = _enclosed(given.matrix, given.labels, share, certain)
    return _restored(given, energy, error, least, added)


def range_complexity(kernel: npt.ArrayLike, labels: npt.ArrayLike, *, tolerance: float = 1e-8) -> Complexity:
    """``y^T K^+ y`` for a singular kernel whose range holds the labels.

    Parameters
    ----------
    kernel, labels
        As ``complexity``, K positive semidefinite.
    tolerance
        Eigenvalues up to this share of the largest count as 0; the part of y outside the range of the others may
        reach this share of its norm. In (0, 1).

    Returns
    -------
    Complexity
        Its error is an estimate: to first order, of the eigenvalues' own errors.

    Raises
    ------
    InputError
        If an argument is not as above; if y does not lie in the range: no function of the kernel's space then goes
        through the labels; or if the energy or the trace is beyond the range of normal floats.
    """
    if not 0.0 < tolerance < 1.0:
        raise InputError("tolerance", tolerance, "give a number in (0, 1)")
    given = _prepared(kernel, labels, 0.0)
    matrix, y, found = given.matrix, given.labels, given.spectrum
    values, vectors = np.linalg.eigh(matrix)
    kept = values > max(tolerance * float(values[-1]), found.error)
    along = vectors.T @ y
    outside = float(np.linalg.norm(along[~kept]))
    if outside > tolerance * float(np.linalg.norm(y)):
        share = outside / float(np.linalg.norm(y))
        raise InputError("labels", f"a share {share:.2g} outside the range of the kernel", "give a ridge to complexity")
    terms = along[kept] ** 2 / values[kept]
    error = float((terms * found.error / values[kept]).sum()) + len(y) * _UNIT * float(terms.sum())
    return _restored(given, float(terms.sum()), error, float(values[0]), 0.0)


class _Prepared(NamedTuple):
    """The symmetric part of ``2^-power K``, its eigenvalues, and ``2^-shift y``: entries of order one."""

    matrix: Array
    labels: Array
    spectrum: Spectrum
    power: int
    shift: int


def _prepared(kernel: npt.ArrayLike, labels: npt.ArrayLike, ridge: float) -> _Prepared:
    given = np.asarray(kernel)
    power = _exponent(given, ridge)
    found = spectrum(kernel if power is None else np.ldexp(given.astype(np.float64), -power))
    if len(given) < LEAST_SAMPLES:
        raise InputError("kernel", f"shape {given.shape}", f"give N = {LEAST_SAMPLES} samples or more")
    y = require_labels(labels, len(given))
    if not y.any():
        raise InputError("labels", "all 0", "give labels that differ from 0: the complexity of nothing is 0")
    power, shift = power or 0, math.frexp(float(np.abs(y).max()))[1]
    scaled = np.ldexp(given.astype(np.float64), -power)
    return _Prepared(0.5 * scaled + 0.5 * scaled.T, np.ldexp(y, -shift), found, power, shift)


def _exponent(kernel: npt.NDArray[Any], ridge: float) -> int | None:
    """Exponent of the largest of entries and ridge; None for what ``spectrum`` refuses, which names it then."""
    if kernel.dtype.kind not in "fiu" or kernel.size == 0 or not np.isfinite(kernel).all() or not kernel.any():
        return None
    largest = float(np.abs(kernel.astype(np.float64)).max())
    if largest < ridge * _NOTHING:
        raise InputError("ridge", ridge, f"give a ridge that a kernel of {largest:.3g} can be seen beside")
    return math.frexp(max(largest, ridge))[1]


def _restored(given: _Prepared, energy: float, error: float, smallest: float, ridge: float) -> Complexity:
    """Undo the scaling."""
    power = 2 * given.shift - given.power
    value, spread = _ldexp(energy, power), _ldexp(error, power)
    trace = _ldexp(float(np.trace(given.matrix)), given.power)
    if not (_SMALLEST <= value < math.inf and spread < math.inf):
        shown = f"y^T K^-1 y of about 2^{math.frexp(energy)[1] + power}"
        raise InputError("labels", shown, "give kernel and labels in units in which it is nearer to 1")
    if not _SMALLEST <= trace < math.inf:
        raise InputError("kernel", f"a trace of {trace:.3g}", "give it in units in which its entries are nearer to 1")
    # The radius may round below the normal range, and no other number here does.
    return Complexity(
        value, math.nextafter(spread, math.inf), trace, _ldexp(smallest, given.power), len(given.labels), ridge
    )


def _ldexp(value: float, power: int) -> float:
    try:
        return math.ldexp(value, power)
    except OverflowError:
        return math.copysign(math.inf, value)


def require_labels(labels: npt.ArrayLike, samples: int) -> Array:
    """Return labels as float64, shape (N,).

    Raises
    ------
    InputError
        If they have another shape or are not finite real numbers.
    """
    y = np.asarray(labels)
    if y.shape != (samples,):
        raise InputError("labels", f"shape {y.shape}", f"give one number a sample: ({samples},)")
    if y.dtype.kind not in "fiu" or not np.isfinite(y).all():
        raise InputError("labels", "NaN, infinite or no numbers", "give finite real numbers")
    return y.astype(np.float64)


def _enclosed(matrix: Array, y: Array, ridge: float, least: float) -> tuple[float, float]:
    """Midpoint and radius of an enclosure; ``least`` is a lower bound of the smallest eigenvalue with the ridge."""
    size = len(y)
    shifted = matrix + ridge * np.eye(size)
    factor = linalg.cho_factor(shifted, lower=True)
    x = linalg.cho_solve(factor, y)
    # One step of refinement: the residual is what the enclosure's width is made of.
    x = x + linalg.cho_solve(factor, y - matrix @ x - ridge * x)
    residual = y - matrix @ x - ridge * x
    gamma = (size + 4) * _UNIT / (1.0 - (size + 4) * _UNIT)
    # Once more for the rounding of this bound itself.
    rounding = gamma * (1.0 + gamma) * (np.abs(y) + np.abs(matrix) @ np.abs(x) + ridge * np.abs(x))
    value = math.fsum(x * (y + residual))
    spread = float(np.abs(x) @ rounding) + gamma * float(np.abs(x) @ (np.abs(y) + np.abs(residual)))
    beyond = (float(np.linalg.norm(residual)) + float(np.linalg.norm(rounding))) ** 2 / least
    return value + 0.5 * beyond, (spread + 0.5 * beyond) * (1.0 + 4.0 * size * _UNIT) + _UNDERFLOW


def _singular(given: _Prepared) -> InputError:
    """Say which eigenvalues are too small, and what can be asked instead."""
    found, size = given.spectrum, given.spectrum.eigenvalues.size
    small = np.flatnonzero(found.eigenvalues <= found.error)
    shown = [_ldexp(float(value), given.power) for value in found.eigenvalues[small][:_SHOWN]]
    listed = ", ".join(f"{value:.2g}" for value in shown)
    more = ", ..." if small.size > _SHOWN else ""
    return InputError(
        "kernel",
        f"eigenvalues {int(small[0]) + 1} to {size} of {size} are not above their error "
        f"{_ldexp(found.error, given.power):.2g}: "
        f"{listed}{more}",
        "look for equal inputs or too few edges; give ridge > 0 for the ridge predictor; or, where the labels lie in "
        "the kernel's range, call range_complexity for y^T K^+ y",
    )
