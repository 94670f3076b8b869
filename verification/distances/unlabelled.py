"""Cut distance up to relabelling: rows and columns may each be rearranged, apart from one another.

``distance(A, B) = inf over measure-preserving maps of rows and of columns of ||W_A' - W_B||_cut``. Computing it is
hard; here it is enclosed. Any pair of relabellings gives an upper bound, the certified cut distance of the aligned
matrices. Degree laws and homomorphism densities do not change under relabelling and give lower bounds
(``invariants``).

How far apart the bounds are: the infimum over all relabellings of two noisy matrices is not found by sorting, and
invariants hardly see noise. Measured at n = d = 256, density 0.1, lower and upper bound: two masks of rank-one
models of one law, with types of their own, 0.005 and 0.010; such a mask and a homogeneous one, 0.037 and 0.052; two
homogeneous masks, 0.002 and 0.013; densities 0.1 and 0.2, both 0.096. So a difference of degrees or densities
beyond the noise is known to within a factor of about 1.5. Graphons of equal degree laws are told apart by the
counting bounds alone, if at all: these divide by e(F), and see little of sparse masks. A mask and a shuffled copy
of it have both bounds 0 unless its degrees and their refinement tie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike
from verification.distances.alignment import Order, degree_orders, profile_orders
from verification.distances.intake import Array, finite_matrix, profile
from verification.distances.invariants import counting_bounds, degree_bound, density_bound
from verification.distances.step import StepDistance, step_distance

Profiles: TypeAlias = tuple[tuple[npt.ArrayLike, npt.ArrayLike], tuple[npt.ArrayLike, npt.ArrayLike]]
"""((rows of A, columns of A), (rows of B, columns of B)): one number a row or column."""

GRAPHS: tuple[str, ...] = ("star_neuron(2)", "star_input(2)", "path(3)", "C_4")
"""Graphs of the counting bounds unless others are given."""


@dataclass(frozen=True, eq=False)
class UnlabelledDistance:
    """Bounds on the cut distance up to relabelling.

    Parameters
    ----------
    lower
        The largest of ``lower_bounds``.
    upper
        Certified upper bound, or None if none was asked for.
    lower_bounds
        By name: "density", "row degrees", "column degrees", and the graphs.
    aligned
        Distance of the aligned matrices; its own lower bound says nothing of the unlabelled distance.
    orders
        ((rows, columns) of A, (rows, columns) of B): permutations, position -> index, of the alignment.
    """

    lower: float
    upper: float | None
    lower_bounds: Mapping[str, float]
    aligned: StepDistance
    orders: tuple[tuple[Order, Order], tuple[Order, Order]]


def unlabelled_distance(
    A: npt.ArrayLike,
    B: npt.ArrayLike,
    *,
    align: Literal["degree", "profile"] = "degree",
    profiles: Profiles | None = None,
    graphs: Sequence[GraphLike] = GRAPHS,
    certify: bool = True,
    restarts: int = 32,
    seed: int = 0,
) -> UnlabelledDistance:
    """Enclose the cut distance of two step graphons up to relabelling of rows and of columns.

    Parameters
    ----------
    A, B
        Shapes (n1, d1) and (n2, d2), any sizes. Values in [0, 1] if there are graphs to count, else any finite.
    align
        "degree" sorts rows and columns of both by degree; "profile" by the profiles given.
    profiles
        Profiles of both matrices, for ``align="profile"``; see ``Profiles``.
    graphs
        Graphs of the counting bounds, of treewidth at most 2; () for none.
    certify, restarts, seed
        As in ``step_distance``.

    Returns
    -------
    UnlabelledDistance
        ``lower <= true <= upper``, rounding included; see the module for how far apart they are.

    Raises
    ------
    InputError
        If a matrix is unusable (``step_distance``), values leave [0, 1] with graphs to count, a graph is none or
        has treewidth above 2, or profiles are missing, superfluous, of wrong length or not finite.
    """
    one, other = finite_matrix(A, "A"), finite_matrix(B, "B")
    if align not in ("degree", "profile"):
        raise InputError("align", align, "choose 'degree' or 'profile'")
    if (profiles is None) != (align == "degree"):
        raise InputError("profiles", "missing" if profiles is None else "given", "they belong to align='profile'")
    if graphs:
        _require_unit(one, "A")
        _require_unit(other, "B")
    bounds = {
        "density": density_bound(one, other),
        "row degrees": degree_bound(one, other, 0),
        "column degrees": degree_bound(one, other, 1),
        **counting_bounds(one, other, graphs),
    }
    if profiles is None:
        orders = degree_orders(one), degree_orders(other)
    else:
        orders = _by_profile(one, profiles, 0), _by_profile(other, profiles, 1)
    first, second = (matrix[np.ix_(*order)] for matrix, order in zip((one, other), orders, strict=True))
    aligned = step_distance(first, second, certify=certify, restarts=restarts, seed=seed)
    return UnlabelledDistance(max(bounds.values()), aligned.upper, bounds, aligned, orders)


def _by_profile(matrix: Array, profiles: Profiles, which: int) -> tuple[Order, Order]:
    try:
        rows, columns = profiles[which]
    except (TypeError, ValueError, IndexError):
        raise InputError("profiles", profiles, "give ((rows of A, columns of A), (rows of B, columns of B))") from None
    sides = [profile(side, size, "profiles") for side, size in zip((rows, columns), matrix.shape, strict=True)]
    return profile_orders(matrix, sides[0], sides[1])


def _require_unit(matrix: Array, argument: str) -> None:
    if not bool(np.all((matrix >= 0) & (matrix <= 1))):
        raise InputError(argument, "values outside [0, 1]", "give a mask or probabilities, or graphs=() to count none")
