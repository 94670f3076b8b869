"""Sampled noise follows its law; sampled masks keep k entries at the predicted rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from graphon_theory import FiniteModel, Gaussian, Laplace, Rademacher, StudentT, TruncatedNormal, Uniform
from graphon_theory.errors import InputError
from verification.sampling import draw_noise, sample_mask

LAWS = (Gaussian(0.5), Uniform(2.0), Laplace(1.5), StudentT(4.0, 0.7), TruncatedNormal(1.2, 0.8))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_moduli_follow_the_survival_function(law) -> None:
    """Null: the sampler's law is Q; Kolmogorov-Smirnov on 20,000 draws, false alarm one in a million."""
    draws = draw_noise(law, (20_000,), torch.Generator().manual_seed(5)).numpy()
    assert stats.kstest(draws, lambda t: 1.0 - law.survival(np.asarray(t))).pvalue > 1e-6


def test_a_law_with_an_atom_is_sampled_and_its_model_is_refused() -> None:
    assert set(draw_noise(Rademacher(2.0), (5,), torch.Generator().manual_seed(1)).tolist()) == {2.0}
    with pytest.raises(InputError, match="atom"):
        FiniteModel(np.ones((2, 2)), Rademacher()).threshold(0.5)


def test_sampled_masks_have_the_predicted_rates() -> None:
    """Mean of 2,000 masks against P; the largest of 12 deviations stays below 5.5 standard errors."""
    model = FiniteModel(np.array([[0.2, 1.0, 2.0], [0.5, 0.7, 3.0], [1.0, 1.0, 0.0], [0.4, 2.0, 1.5]]), Gaussian())
    generator = torch.Generator().manual_seed(6)
    # 60 copies of each row: the top-k correction to the rate is of order 1/(n d).
    wide = FiniteModel(np.tile(model.profile, (60, 1)), Gaussian())
    mean = torch.stack([sample_mask(wide, 0.3, generator).double() for _ in range(300)]).mean(dim=0)
    rate = mean.reshape(60, 4, 3).mean(dim=0).numpy()
    p = wide.probabilities(0.3)[:4]
    error = np.sqrt(p * (1 - p) / (60 * 300)) + 1e-9
    assert np.max(np.abs(rate - p) / error) < 5.5
    assert rate[2, 2] == 0.0


def test_equal_seeds_give_equal_masks() -> None:
    model = FiniteModel(np.ones((5, 6)), Gaussian())
    one, other = (sample_mask(model, 0.4, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, other)
    assert math.isclose(float(one.double().mean()), 0.4)
