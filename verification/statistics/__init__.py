"""The statistical tests behind the decision rules; each states its null and what its level means.

    >>> from verification.statistics import betting_interval, binomial_interval
    >>> low, high = binomial_interval(3, 100, 0.05)
    >>> bool(low < 0.03 < high)
    True
    >>> low, high = betting_interval([0.0] * 97 + [1.0] * 3, 0.05)
    >>> bool(0.0 <= low < 0.03 < high < 0.2)
    True

Modules: ``exact`` tests counts, ``student`` means of normal values, ``permutation`` symmetry and
exchangeability, ``monte_carlo`` a statistic whose null can be drawn; ``betting`` and ``mixture`` hold
intervals that stay valid when one looks after every observation; ``rates`` judges an exponent, ``holm``
shares a level among hypotheses, ``power`` says what a test could have seen; ``intake`` checks input.
"""

from __future__ import annotations

from verification.statistics.betting import betting_interval, betting_sequence
from verification.statistics.exact import (
    binomial_at_least,
    binomial_interval,
    binomial_two_sided,
    fisher,
    hypergeometric_two_sided,
)
from verification.statistics.holm import holm, holm_levels
from verification.statistics.mixture import (
    normal_mixture_sequence,
    normal_prior,
    student_mixture_sequence,
    student_prior,
)
from verification.statistics.monte_carlo import rank_p_value
from verification.statistics.permutation import sign_flip_p_value, two_sample_p_value
from verification.statistics.power import (
    POWER,
    critical_count,
    critical_rate,
    detectable_proportion,
    detectable_rate,
)
from verification.statistics.rates import RateVerdict, rate_equivalence
from verification.statistics.student import contrast_interval, detectable_mean, mean_interval, mean_p_value

__all__ = [
    "POWER",
    "RateVerdict",
    "betting_interval",
    "betting_sequence",
    "binomial_at_least",
    "binomial_interval",
    "binomial_two_sided",
    "contrast_interval",
    "critical_count",
    "critical_rate",
    "detectable_mean",
    "detectable_proportion",
    "detectable_rate",
    "fisher",
    "holm",
    "holm_levels",
    "hypergeometric_two_sided",
    "mean_interval",
    "mean_p_value",
    "normal_mixture_sequence",
    "normal_prior",
    "rank_p_value",
    "rate_equivalence",
    "sign_flip_p_value",
    "student_mixture_sequence",
    "student_prior",
    "two_sample_p_value",
]
