"""What the statistics refuse, and that they say so in words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import verification.statistics as s
from graphon_theory.errors import InputError

TWO = [0.25, 0.75]
FOUR = [1.0, 2.0, 4.0, 8.0]

# Each takes a sample and is otherwise called well.
SAMPLES: dict[str, Callable[[object], object]] = {
    "mean_interval": lambda v: s.mean_interval(v, 0.05),
    "mean_p_value": lambda v: s.mean_p_value(v, 0.0, "above"),
    "detectable_mean": lambda v: s.detectable_mean(v, 0.05),
    "fisher": lambda v: s.fisher(v),
    "sign_flip": lambda v: s.sign_flip_p_value(v),
    "two_sample_x": lambda v: s.two_sample_p_value(v, TWO),
    "two_sample_y": lambda v: s.two_sample_p_value(TWO, v),
    "rank": lambda v: s.rank_p_value(0.0, v),
    "betting_sequence": lambda v: s.betting_sequence(v, 0.05),
    "betting_interval": lambda v: s.betting_interval(v, 0.05),
    "normal_mixture": lambda v: s.normal_mixture_sequence(v, 1.0, 0.05, 10),
    "student_mixture": lambda v: s.student_mixture_sequence(v, 0.05, 10),
    "rate_sizes": lambda v: s.rate_equivalence(v, FOUR, 0.5, 0.1, 0.05),
    "rate_values": lambda v: s.rate_equivalence(FOUR, v, 0.5, 0.1, 0.05),
    "holm": lambda v: s.holm(v, 0.05),
}

# Each takes a level and is otherwise called well.
LEVELS: dict[str, Callable[[float], object]] = {
    "binomial_interval": lambda a: s.binomial_interval(1, 10, a),
    "mean_interval": lambda a: s.mean_interval(TWO, a),
    "detectable_mean": lambda a: s.detectable_mean(TWO, a),
    "betting_sequence": lambda a: s.betting_sequence(TWO, a),
    "betting_interval": lambda a: s.betting_interval(TWO, a),
    "normal_mixture": lambda a: s.normal_mixture_sequence(TWO, 1.0, a, 10),
    "student_mixture": lambda a: s.student_mixture_sequence(TWO, a, 10),
    "normal_prior": lambda a: s.normal_prior(a, 10),
    "student_prior": lambda a: s.student_prior(a, 10),
    "rate": lambda a: s.rate_equivalence(FOUR, FOUR, 0.5, 0.1, a),
    "holm": lambda a: s.holm(TWO, a),
    "holm_levels": lambda a: s.holm_levels({"a": 0.1}, a),
    "detectable_rate": lambda a: s.detectable_rate(10, 0.1, a),
    "critical_rate": lambda a: s.critical_rate(10, 0.1, a),
    "critical_count": lambda a: s.critical_count(10, a),
    "detectable_proportion": lambda a: s.detectable_proportion(10, a),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
def test_values_that_are_not_finite_are_named(name: str, bad: float) -> None:
    with pytest.raises(InputError, match=r"\[2\] = .*: give "):
        SAMPLES[name]([0.5, 0.25, bad, 0.75])


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("bad", [[], np.array([])])
def test_no_values_are_refused(name: str, bad: object) -> None:
    with pytest.raises(InputError, match="give at least"):
        SAMPLES[name](bad)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"holm"}))
@pytest.mark.parametrize("bad", [[[0.5, 0.5], [0.5, 0.5]], 0.5, ["a", "b"], [[1.0], [1.0, 2.0]]])
def test_other_shapes_and_things_are_refused(name: str, bad: object) -> None:
    with pytest.raises(InputError, match=r"give (one row|a sequence) of numbers"):
        SAMPLES[name](bad)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf, True, "0.05", None])
def test_levels_outside_zero_and_one_are_refused(name: str, bad: float) -> None:
    with pytest.raises(InputError, match=r"level = .*strictly between 0 and 1"):
        LEVELS[name](bad)


FAULTS: list[tuple[Callable[[], object], str]] = [
    (lambda: s.binomial_two_sided(11, 10, 0.1), "count = 11: give a whole number from 0 to 10"),
    (lambda: s.binomial_two_sided(-1, 10, 0.1), "count = -1"),
    (lambda: s.binomial_two_sided(1, 0, 0.1), "size = 0: give a whole number of at least 1"),
    (lambda: s.binomial_two_sided(1.0, 10, 0.1), "count = 1.0"),  # type: ignore[arg-type]
    (lambda: s.binomial_two_sided(True, 10, 0.1), "count = True"),
    (lambda: s.binomial_two_sided(1, 10, 1.1), "probability = 1.1: give a probability from 0 to 1"),
    (lambda: s.binomial_at_least(1, 10, math.nan), "probability = nan"),
    (lambda: s.binomial_interval(3, 2, 0.05), "count = 3: give a whole number from 0 to 2"),
    (lambda: s.hypergeometric_two_sided(0, 5, 7, 10), "count = 0: give a whole number from 2 to 5"),
    (lambda: s.hypergeometric_two_sided(1, 11, 7, 10), "drawn = 11"),
    (lambda: s.hypergeometric_two_sided(1, 5, 12, 10), "marked = 12"),
    (lambda: s.hypergeometric_two_sided(0, 0, 0, 0), "total = 0"),
    (lambda: s.fisher([0.5, 1.5]), r"p_values\[1\] = 1.5: give probabilities"),
    (lambda: s.mean_interval([1.0], 0.05), "values = '1 values': give at least 2"),
    (lambda: s.mean_p_value([1.0], 0.0, "above"), "values = '1 values': give at least 2"),
    (lambda: s.mean_p_value(TWO, math.nan, "above"), "bound = nan"),
    (lambda: s.mean_p_value(TWO, 0.0, "up"), "side = 'up': give one of above, below"),  # type: ignore[arg-type]
    (lambda: s.sign_flip_p_value(TWO, "more"), "alternative = 'more': give one of greater, less"),  # type: ignore[arg-type]
    (lambda: s.sign_flip_p_value(TWO, draws=0), "draws = 0"),
    (lambda: s.two_sample_p_value(TWO, TWO, "median"), "statistic = 'median': give one of mean"),  # type: ignore[arg-type]
    (lambda: s.two_sample_p_value(TWO, TWO, draws=-1), "draws = -1"),
    (lambda: s.rank_p_value(math.nan, TWO), "observed = nan"),
    (lambda: s.rank_p_value(0.0, TWO, "both"), "alternative = 'both'"),  # type: ignore[arg-type]
    (lambda: s.rank_p_value(0.0, TWO, tolerance=-1.0), "tolerance = -1.0: give a number of at least 0"),
    (lambda: s.betting_interval([0.5, 1.2], 0.05), r"values\[1\] = 1.2: give values from 0 to 1"),
    (lambda: s.betting_interval([0.5], 0.05, (1.0, 0.0)), r"bounds = \(1.0, 0.0\): .*lowest < highest"),
    (lambda: s.betting_interval([0.5], 0.05, (0.0, math.inf)), r"bounds\[1\] = inf"),
    (lambda: s.betting_sequence([0.5], 0.05, 1.0), "bounds = 1.0: give a pair"),  # type: ignore[arg-type]
    (lambda: s.normal_mixture_sequence(TWO, 0.0, 0.05, 10), "sigma = 0.0: give a finite number above 0"),
    (lambda: s.normal_mixture_sequence(TWO, 1.0, 0.05, 0), "tuned_at = 0"),
    (lambda: s.student_mixture_sequence(TWO, 0.05, 1), "tuned_at = 1: give a whole number of at least 2"),
    (lambda: s.rate_equivalence(FOUR, [*FOUR[:3], -1.0], 0.5, 0.1, 0.05), r"values\[3\] = -1.0: give numbers above 0"),
    (lambda: s.rate_equivalence([0.0, 1.0, 2.0, 3.0], FOUR, 0.5, 0.1, 0.05), r"sizes\[0\] = 0.0"),
    (lambda: s.rate_equivalence([1.0, 2.0, 1.0, 2.0], FOUR, 0.5, 0.1, 0.05), "2 distinct sizes': give at least three"),
    (lambda: s.rate_equivalence([1.0, 2.0, 3.0], FOUR[:3], 0.5, 0.1, 0.05), "3 values': give at least 4"),
    (lambda: s.rate_equivalence([*FOUR, 9.0], FOUR, 0.5, 0.1, 0.05), "values = '4 values': give one for each of the 5"),
    (lambda: s.rate_equivalence(FOUR, FOUR, math.nan, 0.1, 0.05), "stated = nan"),
    (lambda: s.rate_equivalence(FOUR, FOUR, 0.5, 0.0, 0.05), "margin = 0.0"),
    (lambda: s.rate_equivalence(FOUR, FOUR, 0.5, 0.1, 0.05, 0.0), "correction = 0.0"),
    (lambda: s.rate_equivalence(FOUR, FOUR, 0.5, 0.1, 0.05, 1e-12), "correction = 1e-12: give sizes and a correction"),
    (lambda: s.holm_levels({}, 0.05), "p_values = 'none': give at least one"),
    (lambda: s.holm({"a": 1.5}, 0.05), r"p_values\['a'\] = 1.5: give a probability from 0 to 1"),
    (lambda: s.detectable_rate(10, 0.0, 0.05), "probability = 0.0: give a rate strictly between 0 and 1"),
    (lambda: s.critical_rate(10, 1.0, 0.05), "probability = 1.0"),
    (lambda: s.detectable_proportion(0, 0.05), "size = 0"),
    (lambda: s.critical_count(10, 0.05, -0.1), "null = -0.1"),
]


@pytest.mark.parametrize(("call", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_bad_arguments_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert caught.value.remedy.startswith("give ")


def test_numpy_scalars_are_numbers() -> None:
    assert s.binomial_two_sided(np.int64(0), np.int32(4), np.float64(0.5)) == s.binomial_two_sided(0, 4, 0.5)
    assert s.mean_interval(np.array([1, 2, 3]), np.float64(0.05)) == s.mean_interval([1, 2, 3], 0.05)


def test_every_public_name_is_documented_and_tested_by_one_of_these_files() -> None:
    from pathlib import Path

    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_statistics_*.py"))
    for name in s.__all__:
        assert name in text, name
        if callable(getattr(s, name)):
            assert len(str(getattr(s, name).__doc__)) > 100, name
