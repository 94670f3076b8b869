"""The neurons of a mask that are joined to every active coordinate.

A neuron can represent an arbitrary ridge function of ``x_J`` only if all edges from J to it are kept. Their number is
``N_J``. If the edges of neuron i are kept independently with probabilities ``P_ij``, it is joined with probability
``p_i = prod_{j in J} P_ij``, and ``P(N_J = 0) = prod_i (1 - p_i)``.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class NoJoinedNeuron(InputError):  # noqa: N818 - an answer, not a failure
    """The mask joins no neuron to all active coordinates, so that no network on it can use them together.

    Parameters
    ----------
    coordinates
        J.
    probability
        ``P(N_J = 0)`` under the graphon, where it is known.
    """

    def __init__(self, coordinates: tuple[int, ...], probability: float | None = None) -> None:
        self.coordinates = coordinates
        self.probability = probability
        how_likely = "" if probability is None else f" (of probability {probability:.3g} under the given graphon)"
        super().__init__(
            "coordinates",
            coordinates,
            f"cannot approximate: the mask joins no neuron to all of them{how_likely}; "
            "take a wider layer, a denser mask or fewer coordinates",
        )

    def __reduce__(self) -> tuple[type[NoJoinedNeuron], tuple[tuple[int, ...], float | None]]:  # type: ignore[override]
        return NoJoinedNeuron, (self.coordinates, self.probability)


def joined(kept: npt.ArrayLike | torch.Tensor, coordinates: Sequence[int]) -> Integers:
    """Return the neurons joined to every coordinate of J, in increasing order; possibly none.

    Parameters
    ----------
    kept
        Mask, shape (n, d), boolean or of zeros and ones.
    coordinates
        J: distinct columns, from 0.

    Raises
    ------
    InputError
        If the mask is no such matrix, or J is empty, repeats a column or leaves the range.
    """
    mask = as_mask(kept)
    columns = active_coordinates(coordinates, mask.shape[1])
    return np.flatnonzero(mask[:, columns].all(axis=1)).astype(np.int64)


def require_joined(
    kept: npt.ArrayLike | torch.Tensor, coordinates: Sequence[int], probabilities: npt.ArrayLike | None = None
) -> Integers:
    """Return ``joined`` where it is not empty.

    Parameters
    ----------
    kept, coordinates
        As for ``joined``.
    probabilities
        Probabilities of the edges, shape (n, d), to say how likely it was that there is none.

    Raises
    ------
    NoJoinedNeuron
        If no neuron is joined to all of J.
    InputError
        For bad input.
    """
    found = joined(kept, coordinates)
    chance = None
    if probabilities is not None:
        chance = none_joined(probabilities, coordinates)
        if np.shape(probabilities) != np.shape(kept):
            raise InputError("probabilities", np.shape(probabilities), f"give the mask's shape {np.shape(kept)}")
    if len(found):
        return found
    raise NoJoinedNeuron(tuple(operator.index(j) for j in coordinates), chance)


def none_joined(probabilities: npt.ArrayLike, coordinates: Sequence[int]) -> float:
    """Return ``P(N_J = 0) = prod_i (1 - prod_{j in J} P_ij)`` for independent edges.

    Parameters
    ----------
    probabilities
        Shape (n, d), in [0, 1].
    coordinates
        J.

    Raises
    ------
    InputError
        For probabilities outside [0, 1] or a bad J.
    """
    try:
        P = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("probabilities", type(probabilities).__name__, "give a matrix (n, d) of numbers") from None
    if P.ndim != 2 or P.size == 0 or not np.all((P >= 0.0) & (P <= 1.0)):
        raise InputError("probabilities", P.shape, "give a matrix (n, d) of numbers in [0, 1]")
    columns = active_coordinates(coordinates, P.shape[1])
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log1p(-P[:, columns].prod(axis=1)).sum()))


def as_mask(kept: npt.ArrayLike | torch.Tensor) -> Mask:
    """Return a mask as a boolean array of shape (n, d).

    Raises
    ------
    InputError
        If it is not a non-empty matrix of zeros and ones.
    """
    try:
        array = kept.detach().cpu().numpy() if isinstance(kept, torch.Tensor) else np.asarray(kept)
    except ValueError:
        raise InputError("kept", type(kept).__name__, "give rows of one length") from None
    if array.ndim != 2 or array.size == 0:
        raise InputError("kept", array.shape, "give a mask of shape (n, d), n and d at least 1")
    if array.dtype != np.bool_ and not np.all((array == 0) | (array == 1)):
        raise InputError("kept", str(array.dtype), "give booleans, or zeros and ones")
    return array.astype(np.bool_)


def active_coordinates(coordinates: Sequence[int], inputs: int) -> Integers:
    """Return J as an array.

    Parameters
    ----------
    coordinates
        Columns, from 0, in the order of the target's coordinates.
    inputs
        d.

    Raises
    ------
    InputError
        If J is empty, repeats a column or leaves ``0, ..., d - 1``.
    """
    try:
        given = list(coordinates)
        columns = [operator.index(j) for j in given]
    except TypeError:
        raise InputError("coordinates", coordinates, "give whole numbers, the columns of the active inputs") from None
    if any(isinstance(j, (bool, np.bool_)) for j in given):
        raise InputError("coordinates", given, "give the numbers of the columns, not booleans")
    if not columns:
        raise InputError("coordinates", coordinates, "give one active coordinate or more")
    if len(set(columns)) != len(columns):
        raise InputError("coordinates", coordinates, "give every coordinate once")
    outside = [j for j in columns if not 0 <= j < inputs]
    if outside:
        raise InputError("coordinates", outside[0], f"give columns from 0 to {inputs - 1}")
    return np.array(columns, dtype=np.int64)
