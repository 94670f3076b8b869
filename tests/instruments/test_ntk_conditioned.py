"""The conditioned kernel and its parts: against integrals, simulation, NTK-L's recursion and real networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError
from graphon_theory.kernels import RELU
from graphon_theory.noise import Gaussian
from verification.networks import perceptron
from verification.ntk.conditioned import conditioned_kernel
from verification.ntk.dense_types import LayerTypes, dense_types
from verification.ntk.finite_types import pair_kernel
from verification.ntk.own_share import own_share, smoothed_slopes

Array = npt.NDArray[np.float64]


def _types(width: int, depth: int, samples: int, seed: int, density: float = 0.2) -> tuple[LayerTypes, ...]:
    generator = torch.Generator().manual_seed(seed)
    network = perceptron(width, [width] * depth, seed=seed)
    inputs = torch.randn(samples, width, generator=generator)
    residuals = torch.randn(samples, generator=generator)
    names = [name for name, part in network.named_children() if isinstance(part, nn.Linear)][:depth]
    return dense_types(network, names, inputs, residuals - residuals.mean(), density)


@pytest.mark.parametrize(("mean", "spread"), [(0.5, 0.3), (-2.0, 4.0), (0.2, 0.1), (1.0, 0.2)])
def test_slopes_of_the_smoothed_energy_are_those_of_its_integral(mean: float, spread: float) -> None:
    """By parts: the derivatives of E[V(m + s eps)] in m are E[V eps]/s and E[V (eps^2 - 1)]/s^2."""
    level, m, s = 1.3, mpmath.mpf(mean), mpmath.mpf(spread)

    def energy(h: mpmath.mpf) -> mpmath.mpf:
        if abs(h) < level / 12:
            return mpmath.mpf(0)
        t = level / abs(h)
        return mpmath.erfc(t / mpmath.sqrt(2)) + 2 * t * mpmath.npdf(t)

    with mpmath.workdps(18):
        points = sorted({-10.0, *(x for x in (-mean / spread, 1.0 - mean / spread) if abs(x) < 10.0), 10.0})
        first = mpmath.quad(lambda e: energy(m + s * e) * e * mpmath.npdf(e), points) / s
        second = mpmath.quad(lambda e: energy(m + s * e) * (e * e - 1) * mpmath.npdf(e), points) / s**2
    found = smoothed_slopes(np.array([mean]), np.array([spread]), level)
    scale = max(abs(float(first)), abs(float(second)))
    assert abs(float(found[0][0]) - float(first)) < 1e-5 * scale
    assert abs(float(found[1][0]) - float(second)) < 1e-5 * scale


@pytest.mark.parametrize(
    ("level", "mean", "spread"),
    [
        (1.0, 1.0, 0.05),
        (0.5, 1.0, 0.2),
        (0.5, 1.0, 0.05),
        (0.5, -0.5, 0.005),
        (0.5, 0.2, 2e-4),
        (2.0, 5.0, 1.0),
        (1.0, 0.0, 1.5),
        (0.5, 0.5, 50.0),
        (2.0, 0.05, 0.05),
    ],
)
def test_slopes_at_every_spread_are_means_of_the_derivatives(level: float, mean: float, spread: float) -> None:
    """Another way: ``V' = 2 t^4 phi(t)/tau`` and ``V'' = 2 (t^7 - 4 t^5) phi(t)/tau^2``, ``t = tau/|h|``, averaged."""

    def slope(h: mpmath.mpf) -> mpmath.mpf:
        t = level / abs(h)
        return mpmath.sign(h) * 2 * t**4 * mpmath.npdf(t) / level

    def curvature(h: mpmath.mpf) -> mpmath.mpf:
        t = level / abs(h)
        return 2 * (t**7 - 4 * t**5) * mpmath.npdf(t) / level**2

    kinks = ((k * level / 2 - mean) / spread for k in (-8, -4, -2, -1, -0.5, -0.3, 0, 0.3, 0.5, 1, 2, 4, 8))
    points = sorted({-4.0, 0.0, 4.0, -9.0, 9.0, *(x for x in kinks if abs(x) < 9.0)})

    def averaged(f: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
        def term(e: mpmath.mpf) -> mpmath.mpf:
            h = mean + spread * e
            return mpmath.mpf(0) if abs(h) < level / 14 else f(h) * mpmath.npdf(e)

        return mpmath.quad(term, points)

    with mpmath.workdps(17):
        first, second = averaged(slope), averaged(curvature)
    found = smoothed_slopes(np.array([mean]), np.array([spread]), level)
    assert abs(float(found[0][0] - first)) < 1e-9 / level
    assert abs(float(found[1][0] - second)) < 1e-9 / level**2


def test_slopes_far_from_their_range_are_refused() -> None:
    one = np.ones(1)
    for spread in (0.0, -1.0, math.nan, 1e-4):
        with pytest.raises(InputError, match="spread"):
            smoothed_slopes(one, spread * one, 1.0)
    for level in (0.0, math.inf, math.nan):
        with pytest.raises(InputError, match="level"):
            smoothed_slopes(one, one, level)


@pytest.mark.parametrize(("inputs", "samples", "draws"), [(40, 256, 12_000), (160, 512, 6_000)])
def test_own_share_and_projection_are_what_simulated_neurons_keep(inputs: int, samples: int, draws: int) -> None:
    """One batch, many neurons: the mean of w 1{kept} along the mean activations, which is 0 without either."""
    rng = np.random.default_rng(5)
    x = np.maximum(rng.standard_normal((samples, inputs)), 0.0)
    r = rng.standard_normal(samples)
    r -= r.mean()
    level, c = 2.0 / math.sqrt(samples), x.mean(axis=0)
    kept, projections, own = [], [], 0.0
    for block in range(draws // 2000):
        w = rng.standard_normal((2000, inputs))
        z = x @ w.T / math.sqrt(inputs)
        h = (r[:, None] * (z > 0)).T @ x / samples
        kept.append((w * (np.abs(w * h) >= level)) @ c)
        along = kept_energy(np.abs(h), Gaussian(), level) @ (c * c) * z.mean(axis=0) * math.sqrt(inputs) / (c @ c)
        projections.append(along)
        if not block:  # a smooth function of each neuron's mean: one block tells its average
            own = float((own_share(x, z, np.ones_like(z), r, level) @ c).mean())
    observed, projected = np.mean(kept), np.mean(projections)
    assert 5 * projected > own > 2 * projected > 0
    # Expansions to first order in the weight: off by an order d^(-1/2), here half of what the own share is at d = 40.
    error = float(np.std(np.concatenate(kept))) / math.sqrt(draws)
    assert abs(float(observed / (own + projected)) - 1.0) < 2.5 / math.sqrt(inputs) + 3.0 * error / (own + projected)


def test_inputs_of_either_sign_have_no_own_share_on_average() -> None:
    rng = np.random.default_rng(6)
    x, r = rng.standard_normal((512, 1600)), rng.standard_normal(512)
    z = x @ rng.standard_normal((40, 1600)).T / 40
    own = own_share(x, z, np.ones((512, 40)), r - r.mean(), 0.1)
    positive = own_share(np.abs(x), z, np.ones((512, 40)), r - r.mean(), 0.1)
    assert abs(float(own.mean())) < 0.15 * float(positive.mean())


def test_without_means_it_is_the_recursion_of_ntk_l() -> None:
    types = _types(24, 3, 96, 1)
    x, y = np.random.default_rng(2).standard_normal((2, 5, 24))
    found = conditioned_kernel(x, y, types, projection=False, own=False, backward=False)
    kept, energies = ([getattr(part, name) for part in types] for name in ("kept", "energies"))
    plain = pair_kernel(x, y, kept, energies, types[-1].field ** 2, RELU)
    for name in ("first", "second", "cross"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), rel=1e-9)


def test_equal_inputs_make_pairs_equal_to_the_diagonal() -> None:
    types = _types(20, 2, 80, 3)
    x = np.random.default_rng(4).standard_normal((3, 20))
    found = conditioned_kernel(x, x, types)
    # The closest correlation that counts as such is 4e-16 below 1, an angle of 3e-8; fields cancel by two digits.
    assert found.cross == pytest.approx(found.first, rel=3e-6)
    assert found.second == pytest.approx(found.first, rel=1e-12)


def test_two_layers_against_sampled_activations() -> None:
    """Layer by layer with 60,000 Gaussian draws a neuron, in place of closed forms: output part and first layer's."""
    types = _types(12, 2, 64, 7)
    x, y = np.random.default_rng(8).standard_normal((2, 1, 12))
    found, rng = conditioned_kernel(x, y, types), np.random.default_rng(9)
    first, last = types
    pair = np.stack([x[0], y[0]])

    def drawn(mean: Array, cov: Array) -> Array:
        root = np.linalg.cholesky(cov + 1e-12 * np.eye(2))
        return mean[..., None] + root @ rng.standard_normal((len(mean), 2, 60_000))

    below = np.einsum("ij,aj,bj->iab", first.energies, pair, pair) / 12
    z1 = drawn(np.zeros((12, 2)), below)
    h1, s1 = np.maximum(z1, 0.0), z1 > 0
    means, products = h1.mean(axis=2), np.einsum("iak,ibk->iab", h1, h1) / 60_000
    size = float(np.mean(last.activity**2))
    along = np.einsum("ij,j,ja->ia", last.energies, last.activity, means) / (12 * size)
    cov = np.einsum("ij,jab->iab", last.energies, products) / 12 - size * along[:, :, None] * along[:, None, :]
    z2 = drawn(along * last.preactivity[:, None] + last.own @ means / math.sqrt(12), cov)
    h2, s2 = np.maximum(z2, 0.0), z2 > 0
    output = (h2[:, 0] * h2[:, 1]).mean()
    assert float(found.cross[2, 0]) == pytest.approx(output, rel=0.02)
    signal = s2.mean(axis=2) * last.field[:, None]
    outer = np.einsum("iak,ibk->iab", s2 * 1.0, s2 * 1.0) / 60_000 * last.field[:, None, None] ** 2
    weight = float(np.mean(last.signal**2))
    back = np.einsum("ij,i,ia->ja", last.energies, last.signal, signal) / (12 * weight)
    field = back * first.field[:, None]
    squares = np.einsum("ij,iab->jab", last.energies, outer) / 12 - weight * back[:, :, None] * back[:, None, :]
    squares += field[:, :, None] * field[:, None, :]
    fires = (s1[:, 0] & s1[:, 1]).mean(axis=1)
    through = first.kept @ (pair[0] * pair[1]) / 12
    assert float(found.cross[0, 0]) == pytest.approx(float((squares[:, 0, 1] * fires * through).mean()), rel=0.03)


def test_types_are_batch_means_of_the_network() -> None:
    generator = torch.Generator().manual_seed(0)
    network = perceptron(10, [10, 10], seed=0).double()
    inputs = torch.randn(40, 10, generator=generator, dtype=torch.float64)
    residuals = torch.randn(40, generator=generator, dtype=torch.float64)
    first, last = dense_types(network, ["0", "2"], inputs, residuals, 0.3)
    h = torch.relu(inputs @ network[0].weight.T)
    z = (h @ network[2].weight.T).detach().requires_grad_()
    (torch.relu(z) @ network[4].weight.T).sum().backward()
    assert z.grad is not None
    assert last.activity == pytest.approx(h.mean(dim=0).detach().numpy())
    assert last.preactivity == pytest.approx(z.mean(dim=0).detach().numpy())
    assert last.signal == pytest.approx(math.sqrt(10) * z.grad.mean(dim=0).numpy())
    assert last.field == pytest.approx(math.sqrt(10) * network[4].weight[0].detach().numpy())
    assert first.field == pytest.approx(math.sqrt(10) * (z.grad @ network[2].weight).mean(dim=0).detach().numpy())
    assert not first.own.any()
    saliency = (residuals[:, None] * z.grad).T @ h / 40
    rank = np.argsort(saliency.abs().detach().numpy().ravel())
    assert np.all(np.diff(last.kept.ravel()[rank]) >= 0)
    assert last.kept.mean() == pytest.approx(0.3, abs=1e-6)
    assert last.energies == pytest.approx(
        np.vectorize(lambda q: Gaussian().truncated_moment(np.array(Gaussian().inverse(q))))(last.kept), rel=1e-6
    )


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"x": np.zeros((2, 3))}, "x and y"),
        ({"layers": ()}, "layers"),
        ({"means": [np.zeros((2, 2))] * 2}, "means"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change: dict[str, object], name: str) -> None:
    given = {"x": np.ones((1, 12)), "y": np.ones((1, 12)), "layers": _types(12, 2, 48, 1)} | change
    with pytest.raises(InputError, match=name):
        conditioned_kernel(given.pop("x"), given.pop("y"), given.pop("layers"), **given)  # type: ignore[arg-type]


def test_layers_that_do_not_follow_each_other_are_refused() -> None:
    first, last = _types(12, 2, 48, 1)
    with pytest.raises(InputError, match="layers"):
        conditioned_kernel(np.ones((1, 12)), np.ones((1, 12)), (first, replace(last, energies=np.ones((12, 5)))))


def test_bad_batches_are_refused() -> None:
    network, inputs = perceptron(6, [6, 6], seed=0), torch.randn(9, 6)
    with pytest.raises(InputError, match="names"):
        dense_types(network, ["0"], inputs, torch.zeros(9), 0.1)
    with pytest.raises(InputError, match="residuals"):
        dense_types(network, ["0", "2"], inputs, torch.zeros(8), 0.1)
    x = np.ones((4, 3))
    with pytest.raises(InputError, match="z"):
        own_share(x, np.ones((4, 2)), np.ones((4, 2)), np.ones(4), 0.1)
    with pytest.raises(InputError, match="level"):
        own_share(x, np.ones((4, 2)), np.ones((4, 2)), np.ones(4), 0.0)
    x, z = np.random.default_rng(0).standard_normal((2, 4, 3))
    good = {"x": x, "z": z, "b": np.ones((4, 3)), "residuals": np.ones(4), "level": 0.1}
    assert np.isfinite(own_share(**good)).all()  # type: ignore[arg-type]
    for name, part in good.items():
        with pytest.raises(InputError, match=name):
            own_share(**(good | {name: math.inf * part}))  # type: ignore[arg-type]
        with pytest.raises(InputError, match=name):
            own_share(**(good | {name: math.nan * part}))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="shapes"):
        own_share(x, np.ones((4, 2)), np.ones((4, 3)), np.ones(4), 0.1)
