"""The nonlinear teacher explains what it says, by sampling and by quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from verification.data import LINKS, Batch, nonlinear_teacher
from verification.data.nonlinear import _LINKS


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _linear_share(batch: Batch) -> float:
    x, y = batch.inputs.double().numpy(), batch.labels.double().numpy()
    return float(np.var(x @ np.linalg.lstsq(x, y, rcond=None)[0]) / np.var(y))


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("rho", [-1.0, -0.6, 0.0, 0.3, 0.95, 1.0])
def test_kernels_are_the_moments_of_their_links(link: str, rho: float) -> None:
    """Gauss-Hermite on the plane; exact for the polynomials, 4e-3 at the kinks of the modulus."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = weights / weights.sum()
    first, second = torch.tensor(nodes)[:, None], torch.tensor(nodes)[None, :]
    function, kernel = _LINKS[link]
    other = rho * first + math.sqrt(1.0 - rho * rho) * second
    mass = torch.tensor(weights)[:, None] * torch.tensor(weights)[None, :]
    close = 4e-3 if link == "relu" else 1e-9
    assert float((mass * function(first) * function(other)).sum()) == pytest.approx(
        float(kernel(torch.tensor(rho, dtype=torch.float64))), abs=close
    )
    assert float((mass * function(first)).sum()) == pytest.approx(0.0, abs=close)
    assert float((mass * function(first) * other).sum()) == pytest.approx(0.0, abs=close)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_linear_share_is_the_signal(link: str, correlation: float) -> None:
    """Least squares on 60,000 samples of 8 inputs; standard error, measured over 12 seeds, at most 0.007 (cubic)."""
    batch = nonlinear_teacher(60_000, 8, signal=0.4, generator=_generator(1), link=link, correlation=correlation)
    assert _linear_share(batch) == pytest.approx(0.4, abs=0.03)
    measured = batch.inputs.double().T @ batch.labels.double() / 60_000
    torch.testing.assert_close(measured, batch.correlations, rtol=0, atol=0.03)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("inputs", [1, 20])
def test_hidden_part_has_its_variance(link: str, correlation: float, inputs: int) -> None:
    """With c = E[y x] over the batch's scale, ``c Sigma^-1 c = R^2 / scale^2``: the scale is 1 if the kernel is right.

    With R^2 = N^2 = 1/2 a variance v of the hidden part would give the scale sqrt((1 + v)/2). 100,000 samples:
    standard error of the scale at most 0.013, from 12 seeds (one cubic of one input has the heaviest tail).
    """
    batch = nonlinear_teacher(
        100_000, inputs, signal=0.5, generator=_generator(2), link=link, hidden=5, correlation=correlation
    )
    covariance = (1.0 - correlation) * np.eye(inputs) + correlation
    c = batch.correlations.numpy()
    assert float(c @ np.linalg.solve(covariance, c)) ** 0.5 == pytest.approx(math.sqrt(0.5), rel=0.06)


def test_noise_takes_the_rest() -> None:
    """A quadratic in three inputs is fitted by all monomials up to degree two: the share left over is noise."""
    batch = nonlinear_teacher(40_000, 3, signal=0.3, nonlinear=0.2, link="quadratic", hidden=4, generator=_generator(4))
    x, y = batch.inputs.double().numpy(), batch.labels.double().numpy()
    squares = np.stack([x[:, i] * x[:, j] for i in range(3) for j in range(i, 3)], axis=1)
    design = np.concatenate([np.ones((len(x), 1)), x, squares], axis=1)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert float(np.var(fitted) / np.var(y)) == pytest.approx(0.5, abs=0.03)
    assert _linear_share(batch) == pytest.approx(0.3, abs=0.03)


def test_without_noise_the_label_is_a_function_of_the_inputs() -> None:
    exact = nonlinear_teacher(4000, 2, signal=0.0, link="quadratic", generator=_generator(5))
    x, y = exact.inputs.double().numpy(), exact.labels.double().numpy()
    design = np.stack([np.ones(4000), x[:, 0], x[:, 1], x[:, 0] ** 2, x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1)
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert float(np.abs(left).max()) < 1e-4
    assert not exact.correlations.any()
    linear = nonlinear_teacher(4000, 5, signal=1.0, generator=_generator(6))
    assert _linear_share(linear) == pytest.approx(1.0, abs=1e-6)


def test_inputs_are_correlated_as_stated() -> None:
    """20,000 samples: the standard error of a correlation is below 0.008."""
    batch = nonlinear_teacher(20_000, 4, signal=0.5, generator=_generator(7), correlation=0.6)
    expected = 0.4 * np.eye(4) + 0.6
    np.testing.assert_allclose(np.corrcoef(batch.inputs.numpy().T), expected, atol=0.04)


def test_labels_are_those_of_every_batch() -> None:
    centred = nonlinear_teacher(500, 4, signal=0.5, generator=_generator(8))
    raw = nonlinear_teacher(500, 4, signal=0.5, generator=_generator(8), labels="raw")
    assert float(centred.labels.mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(raw.labels.mean()) > 0.4
    assert torch.equal(centred.inputs, raw.inputs)
    assert float(raw.labels.square().mean()) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(
    ("samples", "inputs", "options", "message"),
    [
        (1, 4, {}, "batch = 1"),
        (9, 0, {}, "inputs = 0"),
        (9, 4, {"hidden": 0}, "hidden = 0"),
        (9, 4, {"signal": 1.5}, "signal = 1.5"),
        (9, 4, {"signal": math.nan}, "signal = nan"),
        (9, 4, {"signal": 0.6, "nonlinear": 0.5}, "nonlinear = 0.5"),
        (9, 4, {"nonlinear": -0.1}, "nonlinear = -0.1"),
        (9, 4, {"link": "tanh"}, "link = 'tanh'"),
        (9, 4, {"correlation": 1.0}, "correlation = 1.0"),
        (9, 4, {"labels": "mean"}, "labels = 'mean'"),
    ],
)
def test_bad_teachers_are_refused(samples: int, inputs: int, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        nonlinear_teacher(samples, inputs, **{"signal": 0.5, "generator": _generator(), **options})
