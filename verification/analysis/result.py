"""What an analysis finds, as frozen records; arrays among them are for figures and stay out of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from verification.analysis.intrinsic import Intrinsic

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEVEL = 0.05
"""Level, after Holm's correction over the statistics of one comparison, at which a prediction is called rejected."""


@dataclass(frozen=True)
class WeightLaw:
    """The noise law nearest to a layer's weights.

    Parameters
    ----------
    name
        "gaussian", "uniform" or "laplace".
    scale
        Factor from the law at unit scale to the weights.
    distance
        Kolmogorov distance of the moduli to the law at this scale.
    fits
        Whether the distance is within the band of Dvoretzky, Kiefer and Wolfowitz at level 0.001.
    """

    name: str
    scale: float
    distance: float
    fits: bool


@dataclass(frozen=True)
class Regime:
    """Where a batch stands between the statements on SNIP.

    Parameters
    ----------
    batch, inputs
        S and d.
    explained
        R^2, the linearly explained share of the labels on all samples, adjusted for d; None if there are too few.
    lam
        ``lambda = S R^2 / d``; None with ``explained``.
    per_input
        ``S / d``.
    name
        "SNIP-U" where the residuals have a batch mean; else "SNIP-1" where lambda is at least 8; else "SNIP-P" where
        S/d is neither small nor large and inputs look independent; else "SNIP-S".
    text
        What that means, a sentence.
    mean_residual
        Batch mean of the residuals over their root mean square, in [0, 1].
    own_share
        Root mean square of ``kappa xi``, what a weight adds to its own saliency, over that of the saliency; None for
        another activation than ReLU.
    pairs
        Variance of a saliency over that of independent inputs, at least 0: SNIP-P needs 1.
    """

    batch: int
    inputs: int
    explained: float | None
    lam: float | None
    per_input: float
    name: str
    text: str
    mean_residual: float = 0.0
    own_share: float | None = None
    pairs: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A mask held against one prediction.

    Parameters
    ----------
    name
        The prediction.
    statement
        Id of the statement that gives it, or "-".
    rank
        Rank of its saliency profile; None where it is not one of low rank, or not known.
    lower, upper
        Certified bounds of the cut distance of mask and prediction (share of n d); ``upper`` is None where the
        layer is too large for a certificate.
    bound, bound_name, delta
        Finite-width bound of that distance if the prediction is true, its form, and its failure probability; None
        where no bound applies.
    searched
        The distance as the search of the Monte Carlo test finds it; None without draws.
    null
        5 % and 95 % quantile of the same search on masks sampled from the prediction.
    p_values, adjusted
        Monte Carlo p-values by statistic, and corrected for their number (Holm).
    draws
        Number of sampled masks.
    ratio
        ``searched`` over the mean distance of the sampled masks; None without draws.
    independent
        Whether the statement says that the mask looks like sampled ones; else there are neither p-values nor a bound.
    """

    name: str
    statement: str
    rank: int | None
    lower: float
    upper: float | None
    bound: float | None = None
    bound_name: str = ""
    delta: float | None = None
    searched: float | None = None
    null: tuple[float, float] | None = None
    p_values: Mapping[str, float] = field(default_factory=dict)
    adjusted: Mapping[str, float] = field(default_factory=dict)
    draws: int = 0
    ratio: float | None = None
    independent: bool = True

    @property
    def rejected(self) -> bool | None:
        """Whether a statistic speaks against the prediction at ``LEVEL``; None if there are too few draws to tell."""
        if not self.adjusted or len(self.adjusted) > LEVEL * (1 + self.draws) * (1 + 1e-9):
            return None
        return min(self.adjusted.values()) <= LEVEL * (1 + 1e-9)


@dataclass(frozen=True)
class Degrees:
    """Degrees of one side of a layer against a uniform set of as many edges.

    Parameters
    ----------
    count, empty
        Vertices, and those without an edge.
    least, mean, most
        Smallest, mean and largest degree, in edges.
    spread, expected_spread
        Standard deviation of the degrees, found and under the null.
    p_spread, p_largest
        Exact Monte Carlo p-values of the spread and of the largest degree; None for a full or empty layer.
    """

    count: int
    empty: int
    least: int
    mean: float
    most: int
    spread: float
    expected_spread: float
    p_spread: float | None
    p_largest: float | None


@dataclass(frozen=True)
class HistogramSummary:
    """Cross-fitted histogram of a layer, in the place of a prediction.

    Parameters
    ----------
    blocks
        Cells an axis B.
    densities
        Kept share of each cell, B rows of B, both axes by decreasing degree on the other half.
    standard_error
        Largest standard error of a density.
    spread
        Root mean square deviation of the densities from the density of the layer.
    p_value
        Exact Monte Carlo p-value of the spread under a uniform set of as many edges.
    """

    blocks: int
    densities: tuple[tuple[float, ...], ...]
    standard_error: float
    spread: float
    p_value: float


@dataclass(frozen=True)
class Features:
    """Degrees of the inputs of the network.

    Parameters
    ----------
    layer
        Name of the first layer.
    what
        "input" or "input channel".
    count, active
        Inputs d, and those with an edge (active coordinates).
    empty
        Inputs without an edge, in order.
    most, least
        (index, degree) of the most and the least connected, ties by index.
    image
        (channels, height, width) where the inputs are pixels; else None.
    degrees
        Degree of each input, shape (d,).
    """

    layer: str
    what: str
    count: int
    active: int
    empty: tuple[int, ...]
    most: tuple[tuple[int, int], ...]
    least: tuple[tuple[int, int], ...]
    image: tuple[int, int, int] | None
    degrees: npt.NDArray[np.int64] = field(repr=False, compare=False)


@dataclass(frozen=True)
class LayerAnalysis:
    """One layer.

    Parameters
    ----------
    name, kind
        Name in the module, and "Linear", "Conv2d" or "matrix".
    shape
        Shape of the weight.
    reading
        How the weight is read as a matrix: rows are outputs; what columns are.
    kept, size
        Edges kept, and weights.
    predicted_density
        Density that the theory expects of this layer under the threshold; None where it says nothing.
    weights
        Law of the weights; None where they are not known.
    comparisons
        The prediction first, other readings and the constant graphon after it; empty for a full or empty layer.
    regime
        SNIP's, where the layer is one that SNIP-S covers.
    rows, columns
        Degrees of outputs and inputs.
    empty_rows
        Outputs without an edge.
    off_path
        Outputs with edges, but on no path from input to output; None where the order of layers is not known.
    histogram
        Where no prediction is known and the layer is large enough for one.
    theory
        The sentence which theory applies.
    unmet
        Hypotheses that this layer does not meet, or that were not checked.
    mask, prediction
        The matrix of kept edges, and the predicted graphon, shape (n, m); None without a prediction.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    reading: str
    kept: int
    size: int
    predicted_density: float | None
    weights: WeightLaw | None
    comparisons: tuple[Comparison, ...]
    regime: Regime | None
    rows: Degrees
    columns: Degrees
    empty_rows: tuple[int, ...]
    off_path: tuple[int, ...] | None
    histogram: HistogramSummary | None
    theory: str
    unmet: tuple[str, ...]
    mask: Mask = field(repr=False, compare=False)
    prediction: Array | None = field(default=None, repr=False, compare=False)

    @property
    def density(self) -> float:
        """Kept fraction."""
        return self.kept / self.size


@dataclass(frozen=True)
class Analysis:
    """A network's mask.

    Parameters
    ----------
    source
        Where the network or the mask comes from.
    criterion, density, scope, loss, labels, data, batch, seed
        As asked for; None where a mask was read from a file, or where the criterion does not see it.
    layers
        In the order of the module.
    features
        Of the first layer; None where it does not read the inputs.
    intrinsic
        What the first layer sees of the inputs; None without ``features``, and for a convolution.
    collapsed
        Layers that keep nothing.
    effective
        Edges on a path from input to output; None where the order of layers is not known.
    notes
        What else the reader should know.
    masks
        Layer name to boolean mask, of the shape of the weight.
    """

    source: str
    criterion: str | None
    density: float | None
    scope: str | None
    loss: str | None
    data: str | None
    batch: int | None
    seed: int
    layers: tuple[LayerAnalysis, ...]
    features: Features | None
    intrinsic: Intrinsic | None
    collapsed: tuple[str, ...]
    effective: int | None
    notes: tuple[str, ...]
    masks: Mapping[str, Mask] = field(repr=False, compare=False)
    labels: str | None = None

    @property
    def kept(self) -> int:
        """Edges kept."""
        return sum(layer.kept for layer in self.layers)

    @property
    def size(self) -> int:
        """Weights in all layers."""
        return sum(layer.size for layer in self.layers)
