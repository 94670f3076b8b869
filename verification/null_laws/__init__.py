"""What a mask's statistics look like if the prediction is true.

    >>> import numpy as np
    >>> from verification.null_laws import uniform_degree_p_values
    >>> rng = np.random.default_rng(0)
    >>> kept = rng.random((64, 64)) < 0.1
    >>> 0 < uniform_degree_p_values(kept, rng=rng).row_spread <= 1
    True

Modules: ``cells`` counts blocks and knows their law under a constant graphon, ``threshold_cells`` under a fixed
level, ``multinomial`` under independent draws; ``degrees`` tests degrees, ``conditional_degrees`` draws them given
their sum; ``sampled`` draws masks from the prediction for any statistic,
``ready_made`` has statistics, ``ranks`` turns them into p-values; ``intake`` checks input.
"""

from __future__ import annotations

from graphon_theory.counts import CountLaw, poisson_binomial
from verification.null_laws.cells import block_counts, block_sizes, cell_p_values, uniform_cells_p_value
from verification.null_laws.degrees import (
    DegreePValues,
    degree_distance,
    independent_degree_p_values,
    largest_excess,
    uniform_degree_p_values,
)
from verification.null_laws.multinomial import multinomial_p_value
from verification.null_laws.ready_made import READY_MADE, Statistic, quantile_groups
from verification.null_laws.sampled import null_p_values, sampled_null
from verification.null_laws.threshold_cells import threshold_cell_p_values, threshold_cells_p_value

__all__ = [
    "READY_MADE",
    "CountLaw",
    "DegreePValues",
    "Statistic",
    "block_counts",
    "block_sizes",
    "cell_p_values",
    "degree_distance",
    "independent_degree_p_values",
    "largest_excess",
    "multinomial_p_value",
    "null_p_values",
    "poisson_binomial",
    "quantile_groups",
    "sampled_null",
    "threshold_cell_p_values",
    "threshold_cells_p_value",
    "uniform_cells_p_value",
    "uniform_degree_p_values",
]
