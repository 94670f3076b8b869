"""Permutation tests where mutants of the code lived: ties of long sums, and as many draws as arrangements."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from verification.statistics import sign_flip_p_value, two_sample_p_value


class _NoDraws:
    """A source of randomness that must not be used."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} drawn, although all arrangements are counted")


@pytest.mark.parametrize("seed", range(6))
def test_sums_that_tie_as_whole_numbers_tie_as_tenths(seed: int) -> None:
    """All 8,192 sign patterns of 13 whole numbers, in exact arithmetic, against those of their tenths."""
    rng = np.random.default_rng(seed)
    moduli, signs = rng.integers(1, 40, 13), rng.choice([-1, 1], 13)
    sums = np.zeros(1, dtype=np.int64)
    for modulus in moduli:
        sums = np.concatenate([sums + modulus, sums - modulus])
    observed = int((signs * moduli).sum())
    assert sign_flip_p_value(0.1 * signs * moduli, "greater") == np.mean(sums >= observed)
    assert sign_flip_p_value(0.1 * signs * moduli, "less") == np.mean(sums <= observed)


def test_drawn_sums_that_tie_as_whole_numbers_tie_as_tenths() -> None:
    """1,000 whole numbers, the largest a power of 2, have exact sums; their tenths have not. The same 499 patterns."""
    rng = np.random.default_rng(0)
    moduli = np.append(rng.integers(1, 5, 999), 4).astype(np.float64)
    for _ in range(4):
        signs = rng.choice([-1.0, 1.0], 1000)
        whole, tenths = (
            sign_flip_p_value(unit * moduli * signs, "greater", 499, np.random.default_rng(1)) for unit in (1.0, 0.1)
        )
        assert whole == tenths
        assert 0.01 < whole < 0.99


def test_as_many_draws_as_arrangements_count_all_of_them() -> None:
    nothing: object = _NoDraws()
    values = np.array([1.0, 2.0, 4.0, 8.0, 0.0])
    assert sign_flip_p_value(values, "greater", 2**4, nothing) == 2.0**-4  # type: ignore[arg-type]
    assert two_sample_p_value(values[2:4], values[:2], "mean", "greater", comb(4, 2), nothing) == 1 / 6  # type: ignore[arg-type]
    for draws in (2**4 - 1, 1):
        with pytest.raises(AssertionError, match="integers drawn"):
            sign_flip_p_value(values, "greater", draws, nothing)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="permuted drawn"):
        two_sample_p_value(values[2:4], values[:2], "mean", "greater", comb(4, 2) - 1, nothing)  # type: ignore[arg-type]
