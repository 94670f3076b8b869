"""Degrees of a layer against a uniform set of as many edges, and of the network's inputs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from verification.analysis.matrices import LayerMatrix
from verification.analysis.result import Degrees, Features
from verification.null_laws import uniform_degree_p_values

DEGREE_DRAWS = 999
"""Draws of the exact null of the degrees."""

_NAMED = 5  # most and least connected inputs that are named
_MOST_ENTRIES = 10**9


def layer_degrees(layer: LayerMatrix, seed: int) -> tuple[Degrees, Degrees]:
    """Degrees of the rows, and of the columns (of channels, in the reading "mean")."""
    kept = layer.kept
    # Columns that are averaged count as one vertex: its taps become further rows.
    grouped = kept.reshape(kept.shape[0], -1, layer.taps).transpose(0, 2, 1).reshape(-1, kept.shape[1] // layer.taps)
    rng = np.random.default_rng([seed, 1])
    p_rows = p_columns = None
    if 0 < int(kept.sum()) < kept.size < _MOST_ENTRIES:
        rows = uniform_degree_p_values(kept, draws=DEGREE_DRAWS, rng=rng)
        columns = rows if layer.taps == 1 else uniform_degree_p_values(grouped, draws=DEGREE_DRAWS, rng=rng)
        p_rows = rows.row_spread, rows.row_largest
        p_columns = columns.column_spread, columns.column_largest
    return _side(kept.sum(axis=1), kept.size, p_rows), _side(grouped.sum(axis=0), kept.size, p_columns)


def input_features(
    layer: str, degrees: npt.NDArray[np.int64], what: str, image: tuple[int, int, int] | None
) -> Features:
    """Most and least connected inputs, ties by index."""
    order = np.argsort(-degrees, kind="stable")
    least = np.argsort(degrees, kind="stable")
    return Features(
        layer=layer,
        what=what,
        count=degrees.size,
        active=int(np.count_nonzero(degrees)),
        empty=tuple(int(j) for j in np.flatnonzero(degrees == 0)),
        most=tuple((int(j), int(degrees[j])) for j in order[:_NAMED]),
        least=tuple((int(j), int(degrees[j])) for j in least[:_NAMED]),
        image=image,
        degrees=degrees,
    )


def _side(degrees: npt.NDArray[np.int64], size: int, p_values: tuple[float, float] | None) -> Degrees:
    count = degrees.size
    room = size // count
    density = float(degrees.sum()) / size
    # Variance of a hypergeometric count: the degree of one vertex under a uniform set of k edges.
    expected = math.sqrt(room * density * (1.0 - density) * (size - room) / max(1, size - 1))
    return Degrees(
        count=count,
        empty=int(np.count_nonzero(degrees == 0)),
        least=int(degrees.min()),
        mean=float(degrees.mean()),
        most=int(degrees.max()),
        spread=float(degrees.std()),
        expected_spread=expected,
        p_spread=None if p_values is None else p_values[0],
        p_largest=None if p_values is None else p_values[1],
    )
