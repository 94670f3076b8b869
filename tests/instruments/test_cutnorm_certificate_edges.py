"""The certificate where nothing but an allowance for rounding holds it up, and float32 slabs by their definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from verification.cutnorm.centred import centre
from verification.cutnorm.upper import Scaling, spectral_bound


@pytest.mark.parametrize(("n", "d"), [(64, 64), (40, 90), (90, 40)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_entries_that_float32_drops_are_paid_for(n: int, d: int, dtype: torch.dtype) -> None:
    """A chequerboard of c and -c has cut norm n d c/4; scaled by 2^-40 all of it is dropped."""
    c = 1.0 - 2.0**-24
    centred = centre((c * (-1.0) ** torch.arange(n)[:, None] * (-1.0) ** torch.arange(d)).to(dtype))
    ends = [torch.full((side + 1,), 2.0**-20, dtype=torch.float64) for side in (n, d)]
    norm = 2.0**-40 * c * (n * d) ** 0.5  # one singular value, that of an outer product of signs
    bound = spectral_bound(centred, Scaling(*ends), norm, single=True)
    assert bound.value >= n * d * c / 4
    # The allowance is twice what was dropped: float32 was used, and no more was added than that.
    assert bound.value <= 2.1 * 0.25 * (n + 1) * (d + 1)
    assert spectral_bound(centred, Scaling(*ends), norm, single=False).value <= 1.1 * 0.25 * (n + 1) * (d + 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [255, 256, 300])
def test_certificates_of_a_matrix_written_out_whose_border_weighs_half(d: int, dtype: torch.dtype) -> None:
    """Slabs of 256 columns: the border ends one, has one of its own, or ends a short one.

    Entries near 1, and scalings that give the border the weight of all the rest: a sign lost there takes 0.3 of the
    norm. What is too low a guess has to be refused.
    """
    rng = np.random.default_rng(d)
    A = torch.from_numpy(1.0 + 0.1 * rng.standard_normal((60, d))).to(dtype)
    scales = []
    for side in (60, d):
        scale = torch.from_numpy(2.0 ** rng.uniform(-0.5, 0.5, side + 1))
        scale[side] *= side**-0.5
        scales.append(scale.float().double())
    left, right = scales
    exact = A.double().numpy()
    bordered = np.block([[exact, -exact.sum(1, keepdims=True)], [-exact.sum(0), exact.sum()]])
    norm = float(np.linalg.norm(left.numpy()[:, None] * bordered * right.numpy(), 2))
    true = 0.25 * norm * float((left**-2).sum() * (right**-2).sum()) ** 0.5
    centred = centre(A)
    for guess in (1.0, 0.85):
        estimate = guess * norm / centred.unit
        narrow, wide = (spectral_bound(centred, Scaling(left, right), estimate, single=one) for one in (True, False))
        assert narrow.margin > wide.margin  # float32 was used
        assert true * (1.0 - 1e-12) <= wide.value <= narrow.value
        assert guess < 1.0 or narrow.value <= 1.005 * true
