"""What the kernels need to know of an activation, and what they give back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from sympy import Expr

    from graphon_theory.derivation import Derivation

Array = npt.NDArray[np.float64]

_PROBES = np.concatenate([-np.geomspace(40.0, 1e-3, 40), [0.0], np.geomspace(1e-3, 40.0, 40)])


@dataclass(frozen=True)
class Duals:
    """Both expectations at some covariances, each with an error estimate; all of one shape.

    Parameters
    ----------
    k1
        ``E[sigma(z) sigma(z')]``.
    k0
        ``E[sigma'(z) sigma'(z')]``.
    error1, error0
        Estimates of the absolute errors of ``k1`` and ``k0``. For closed forms they cover rounding; for quadrature they
        come from two rules or a tail, and hold as far as the rules resolve the activation.
    """

    k1: Array
    k0: Array
    error1: Array
    error0: Array


@dataclass(frozen=True)
class Activation:
    """An activation function with its slope, and its closed forms where they are known.

    Parameters
    ----------
    name
        What messages call it.
    value, slope
        ``sigma`` and ``sigma'`` on float64 arrays of any shape. At a kink the slope is the mean of its two sides, so
        that a neuron of variance 0 has the slope that small variances tend to.
    kinks
        Points where ``sigma`` or ``sigma'`` is not smooth; quadrature is split there.
    closed
        The closed form on checked covariances ``(s11, s22, s12)``, if there is one.
    expressions
        ``(k1, k0)`` as SymPy expressions in three given symbols ``s11, s22, s12``, if there is a closed form.
    derive
        Makes the derivation of the closed form, or of what replaces it.

    Raises
    ------
    InputError
        If value or slope is not finite, or of another shape than its argument, somewhere on [-40, 40].
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()
    closed: Callable[[Array, Array, Array], Duals] | None = None
    expressions: Callable[[Expr, Expr, Expr], tuple[Expr, Expr]] | None = None
    derive: Callable[[], Derivation] | None = None

    def __post_init__(self) -> None:
        for part in ("value", "slope"):
            with np.errstate(all="ignore"):
                found = np.asarray(getattr(self, part)(_PROBES))
            if found.shape != _PROBES.shape:
                raise InputError(part, f"result of shape {found.shape}", f"activation {self.name}: work elementwise")
            if not bool(np.all(np.isfinite(found))):
                where = float(_PROBES[~np.isfinite(found)][0])
                raise InputError(part, f"not finite at {where:g}", f"activation {self.name}: give finite values")
        if not all(np.isfinite(kink) for kink in self.kinks):
            raise InputError("kinks", self.kinks, f"activation {self.name}: give finite numbers")
