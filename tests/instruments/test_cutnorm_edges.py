"""Cut norms where mutants of the code lived: settings of torch, trial products, the source of randomness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from verification.cutnorm import cut_norm, cut_norm_exact, cut_norm_lower, screening_bound
from verification.cutnorm.centred import centre
from verification.cutnorm.gram import double_gram, single_gram, single_is_single
from verification.cutnorm.upper import Scaling, spectral_bound

A = torch.from_numpy(np.random.default_rng(0).standard_normal((40, 50)))
ONES = Scaling(torch.ones(41, dtype=torch.float64), torch.ones(51, dtype=torch.float64))

NUMBERS: dict[str, Callable[[], float | None]] = {
    "both bounds": lambda: cut_norm(A).upper,
    "enumeration": lambda: cut_norm_exact(A[:8]).upper,
    "witness": lambda: cut_norm_lower(A),
    "screening": lambda: screening_bound(A),
    "float32": lambda: spectral_bound(centre(A), ONES, 20.0, single=True).value,
    "products in float32": lambda: single_gram(A.float().split(16, dim=1), 40, 50, 16, 20.0).error,
    "no columns": lambda: double_gram((), 40, 0).error,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_neither_the_default_device_nor_the_global_generator_matters(name: str) -> None:
    expected = NUMBERS[name]()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with torch.device("meta"):
        assert NUMBERS[name]() == expected
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("bits", [8, 11, 23])
@pytest.mark.parametrize("side", ["left", "right", "both"])
def test_products_that_round_a_factor_are_found_out(bits: int, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 keeps 8 bits, TF32 11, and 23 are one less than float32 has: not float32, whatever settings say."""
    plain = torch.Tensor.__matmul__

    def rounded(factor: torch.Tensor, *, really: bool) -> torch.Tensor:
        mantissa, exponent = torch.frexp(factor)
        return torch.ldexp(torch.round(mantissa * 2.0**bits) / 2.0**bits, exponent) if really else factor

    def product(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return plain(rounded(one, really=side != "right"), rounded(other, really=side != "left"))

    assert single_is_single()
    monkeypatch.setattr(torch.Tensor, "__matmul__", product)
    assert not single_is_single()
