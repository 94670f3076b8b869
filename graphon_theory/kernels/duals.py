"""Dual activations by the best way there is for each covariance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.hermite import dual_series, hermite_series
from graphon_theory.kernels.intake import TOLERANCE, covariances
from graphon_theory.kernels.panels import dual_panels


def dual_activations(
    activation: Activation,
    s11: npt.ArrayLike,
    s22: npt.ArrayLike,
    s12: npt.ArrayLike,
    *,
    accuracy: float = 1e-9,
    tolerance: float = TOLERANCE,
) -> Duals:
    """``k1 = E[sigma(z) sigma(z')]`` and ``k0 = E[sigma'(z) sigma'(z')]`` with error estimates.

    By closed form where the activation has one; else by Hermite series, and by panels in two dimensions for those
    covariances whose estimated error exceeds the accuracy.

    Parameters
    ----------
    activation
        The activation, such as ``kernels.RELU`` or one of your own.
    s11, s22
        Variances, at least 0, broadcastable.
    s12
        Covariances.
    accuracy
        Wanted error, relative to ``sqrt(E[sigma(z)^2] E[sigma(z')^2])`` and likewise for the slopes. What is reached
        stands in the result.
    tolerance
        Excess of a correlation over 1 that counts as rounding and is clamped.

    Returns
    -------
    Duals
        Arrays of the broadcast shape.

    Raises
    ------
    InputError
        If the covariances are not those of pairs, or the accuracy is not positive.
    """
    if not accuracy > 0:
        raise InputError("accuracy", accuracy, "give a positive number")
    first, second, cross = covariances(s11, s22, s12, tolerance=tolerance)
    if activation.closed is not None:
        return activation.closed(first, second, cross)
    series = dual_series(activation, first, second, cross)
    scales = []
    for slope in (False, True):
        norms = [hermite_series(activation, s.ravel(), 0, slope=slope).norm.reshape(s.shape) for s in (first, second)]
        scales.append(norms[0] * norms[1])
    poor = (series.error1 > accuracy * scales[0]) | (series.error0 > accuracy * scales[1])
    if bool(np.any(poor)):
        better = dual_panels(activation, first[poor], second[poor], cross[poor])
        for name in ("1", "0"):
            value, error = getattr(series, f"k{name}"), getattr(series, f"error{name}")
            gain = getattr(better, f"error{name}") < error[poor]
            value[poor] = np.where(gain, getattr(better, f"k{name}"), value[poor])
            error[poor] = np.where(gain, getattr(better, f"error{name}"), error[poor])
    return series
