"""Batches and networks are what their documentation says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from graphon_theory import Gaussian, Uniform
from graphon_theory.errors import InputError
from verification.data import digits, teacher
from verification.networks import OneHiddenLayer


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("pixels", [64, 256, 1024])
def test_digits_are_centred_and_of_mean_square_one(pixels: int) -> None:
    batch = digits(500, pixels, labels="centred", generator=_generator())
    assert batch.inputs.shape == (500, pixels)
    assert float(batch.inputs.mean(dim=0).abs().max()) < 1e-5
    assert float(batch.inputs.square().mean()) == pytest.approx(1.0, rel=1e-5)
    assert float(batch.labels.mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(batch.labels.square().mean()) == pytest.approx(1.0, rel=1e-5)


def test_digit_labels_tell_high_from_low() -> None:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    order = torch.randperm(len(bundle.target), generator=_generator())[:300].numpy()
    batch = digits(300, 64, labels="raw", generator=_generator())
    assert np.array_equal(batch.labels.numpy() > 0, bundle.target[order] >= 5)


def test_correlations_are_those_of_the_batch() -> None:
    batch = digits(200, 64, labels="centred", generator=_generator())
    by_hand = sum(batch.labels[s].double() * batch.inputs[s].double() for s in range(200)) / 200
    torch.testing.assert_close(batch.correlations, by_hand, rtol=1e-4, atol=1e-6)


def test_teacher_explains_its_share() -> None:
    """R^2 of least squares on 40,000 samples: the standard error is about 0.004."""
    batch = teacher(40_000, 10, signal=0.6, labels="centred", generator=_generator())
    x, y = batch.inputs.double().numpy(), batch.labels.double().numpy()
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert float(np.var(fitted) / np.var(y)) == pytest.approx(0.6, abs=0.02)
    measured = x.T @ y / len(y)
    np.testing.assert_allclose(batch.correlations.numpy(), measured, atol=0.03)


def test_raw_labels_keep_a_mean() -> None:
    assert float(teacher(500, 5, signal=0.5, labels="raw", generator=_generator()).labels.mean()) > 0.5
    assert float(digits(500, 64, labels="raw", generator=_generator()).labels.mean()) > 0.5


def test_bad_batches_are_refused() -> None:
    for pixels in (99, 36):
        with pytest.raises(InputError, match=f"inputs = {pixels}"):
            digits(10, pixels, labels="centred", generator=_generator())
    with pytest.raises(InputError, match="batch = 2000"):
        digits(2000, 64, labels="centred", generator=_generator())
    with pytest.raises(InputError, match="labels = 'mean'"):
        digits(10, 64, labels="mean", generator=_generator())
    with pytest.raises(InputError, match="signal"):
        teacher(10, 3, signal=1.5, labels="centred", generator=_generator())
    with pytest.raises(InputError, match="batch = 1"):
        teacher(1, 3, signal=0.5, labels="centred", generator=_generator())


@pytest.mark.parametrize(("initialisation", "law"), [("gaussian", Gaussian()), ("uniform", Uniform())])
def test_weights_follow_the_stated_law(initialisation: str, law) -> None:
    """Kolmogorov-Smirnov on 20,000 weights, false alarm one in a million."""
    network = OneHiddenLayer(100, 200, initialisation=initialisation, seed=3)
    assert network.noise == law
    moduli = (network.hidden.weight.detach().abs() / network.weight_scale).double().numpy().ravel()
    assert stats.kstest(moduli, lambda t: 1.0 - law.survival(np.asarray(t))).pvalue > 1e-6
    assert network.weight_scale == pytest.approx(0.1)


def test_network_is_the_formula_of_the_theory() -> None:
    network = OneHiddenLayer(3, 5, initialisation="gaussian", seed=1).double()
    x = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
    w, a = network.hidden.weight.tolist(), network.readout.weight.tolist()[0]
    z = [sum(w[i][j] * float(x[0, j]) for j in range(3)) for i in range(5)]
    with torch.no_grad():
        output = float(network(x)[0])
    assert output == pytest.approx(sum(a[i] * max(0.0, z[i]) for i in range(5)), rel=1e-12)
    assert network.slopes(x)[0].tolist() == [value > 0 for value in z]


def test_initialisation_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (OneHiddenLayer(4, 4, initialisation="uniform", seed=9) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.hidden.weight, other.hidden.weight)


def test_bad_networks_are_refused() -> None:
    with pytest.raises(InputError, match="width = 0"):
        OneHiddenLayer(3, 0, initialisation="gaussian", seed=0)
    with pytest.raises(InputError, match="orthogonal"):
        OneHiddenLayer(3, 3, initialisation="orthogonal", seed=0)
