"""Criteria as saliency models: what holds of their graphons for any batch, readout and noise law."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from graphon_theory.criteria import (
    class_field,
    class_residuals,
    kept_beside_own_share,
    magnitude_shares,
    one_sided_levels,
    one_sided_threshold,
    output_kernel,
    snip_proportional,
    snip_rank_one,
    snip_rank_s,
    weight_gradient,
)
from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError
from graphon_theory.noise import Laplace, NoiseLaw
from graphon_theory.saliency import FiniteModel, kept_probability
from tests.properties.laws import LAWS, for_every_law
from tests.properties.within import within
from verification.criteria import score
from verification.losses import centred_squared_loss
from verification.names import ACTIVATIONS
from verification.strategies import batches, densities, networks, noise_laws

VALUES = st.sampled_from([1.0, -1.0, 0.5, -2.0, 4.0])
SHARES = densities(0.05, 0.95)


def matrix(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    """Any matrix of a few values, none 0."""
    return arrays(np.float64, (rows, columns), elements=VALUES)


@st.composite
def layers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Readout (n,), slopes (S, n) of 0 and 1, residuals (S,) and inputs (S, d)."""
    S, n, d = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    slopes = draw(arrays(np.float64, (S, n), elements=st.sampled_from([1.0, 0.0])))
    return draw(matrix(1, n))[0], slopes, draw(matrix(1, S))[0], draw(matrix(S, d))


def summed(readout: np.ndarray, slopes: np.ndarray, residuals: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """``a_i S^-1 sum_s r_s sigma'(z_is) x_sj``, entry by entry."""
    S, n, d = len(residuals), len(readout), inputs.shape[1]
    found = [
        [readout[i] * sum(residuals[s] * slopes[s, i] * inputs[s, j] for s in range(S)) / S for j in range(d)]
        for i in range(n)
    ]
    return np.array(found)


@within(40)
@given(layers(), noise_laws())
def test_snips_profile_is_the_gradient_of_the_batch(layer, noise: NoiseLaw) -> None:
    """SNIP-S: ``|h_ij|`` is the modulus of the mean over the batch, whatever batch and network."""
    profile = snip_rank_s(*layer, noise).profile
    np.testing.assert_allclose(profile, np.abs(summed(*layer)), rtol=1e-12, atol=1e-14)


@within(40)
@given(layers(), noise_laws())
def test_one_slope_for_all_neurons_is_rank_one(layer, noise: NoiseLaw) -> None:
    """SNIP-1: where every neuron fires alike, the rank-S model is the rank-one model."""
    readout, slopes, residuals, inputs = layer
    alike = np.repeat(slopes[:, :1], len(readout), axis=1)
    one = snip_rank_one(readout, summed(np.ones(1), slopes[:, :1], residuals, inputs)[0], noise)
    np.testing.assert_allclose(snip_rank_s(readout, alike, residuals, inputs, noise).profile, one.profile, atol=1e-12)


@within(30)
@given(matrix(1, 3), noise_laws(), densities(0.05, 0.6), SHARES)
def test_own_shares_keep_more_the_lower_the_level_and_none_give_the_plain_model(
    h: np.ndarray, noise: NoiseLaw, share: float, part: float
) -> None:
    """SNIP-U: at ``kappa = 0`` it is ``Q(tau/|h|)``; signs of h and kappa do not matter; lower levels keep more."""
    level = noise.inverse(share)
    plain = kept_beside_own_share(h, 0.0 * h, noise, level)
    np.testing.assert_allclose(plain, kept_probability(np.abs(h), noise, level), rtol=1e-9, atol=1e-12)
    kappa = 0.5 * h[:, ::-1]
    found = kept_beside_own_share(h, kappa, noise, level)
    np.testing.assert_array_equal(found, kept_beside_own_share(-h, kappa, noise, level))
    assert bool(np.all((found >= 0.0) & (found <= 1.0)))
    assert bool(np.all(kept_beside_own_share(h, kappa, noise, part * level) >= found - 1e-12))


@within(15)
@given(layers(), noise_laws(), densities(0.1, 0.9), st.sampled_from([2.0, 0.25]))
def test_the_proportional_model_keeps_its_density_and_does_not_see_units(
    layer, noise: NoiseLaw, rho: float, unit: float
) -> None:
    """SNIP-P: the mean of the graphon is the density, and a factor of the residuals moves the threshold alone."""
    readout, _, residuals, inputs = layer
    one = snip_proportional(readout, residuals, inputs, noise).probabilities(rho)
    assert float(one.mean()) == pytest.approx(rho, abs=1e-6)
    other = snip_proportional(readout, unit * residuals, inputs, noise).probabilities(rho)
    np.testing.assert_allclose(other, one, atol=1e-6)


@within(40)
@given(layers())
def test_graspes_kernel_is_a_kernel_and_gives_the_hessian_times_the_gradient(layer) -> None:
    """GRASP: ``H g`` is the gradient at ``K r``: by the outer products of the samples' own gradients."""
    readout, slopes, residuals, inputs = layer
    K, S = output_kernel(readout, slopes, inputs), len(residuals)
    np.testing.assert_array_equal(K, K.T)
    assert np.linalg.eigvalsh(K)[0] >= -1e-12 * max(float(np.abs(K).max()), 1.0)
    rows = [summed(readout, slopes, S * np.eye(S)[s], inputs).ravel() for s in range(S)]
    hessian = sum(np.outer(row, row) for row in rows) / S
    gradient = sum(r * row for r, row in zip(residuals, rows, strict=True)) / S
    found = weight_gradient(readout, slopes, K @ residuals, inputs).ravel()
    np.testing.assert_allclose(found, hessian @ gradient, rtol=1e-10, atol=1e-10)


@for_every_law
def test_one_sided_levels_keep_the_density_and_are_nested(law: str) -> None:
    """SIGN: half of the kept share lies on either side of an even level; the sparser mask lies within the denser."""

    @within(8)
    @given(layers(), LAWS[law], st.tuples(densities(), densities()).map(sorted))
    def check(layer, noise: NoiseLaw, pair: list[float]) -> None:
        model = FiniteModel(np.abs(layer[3]), noise)
        kept = []
        for rho in pair:
            levels = one_sided_levels(model, one_sided_threshold(model, rho))
            half = np.asarray(noise.survival(np.abs(levels))) / 2.0
            kept.append(np.where(levels >= 0.0, half, 1.0 - half))
            assert float(kept[-1].mean()) == pytest.approx(rho, abs=1e-9)
        assert bool(np.all(kept[0] <= kept[1] + 1e-9))

    check()


@within(40)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=4), st.data())
def test_residuals_of_classes_sum_to_nothing_and_do_not_see_a_common_readout(labels: list[int], data) -> None:
    """CE: what all classes share in a readout drops out of the field."""
    S = len(labels)
    logits, readout = data.draw(matrix(S, 3)), data.draw(matrix(3, 2))
    slopes, inputs = np.ones((S, 2)), data.draw(matrix(S, 2))
    r = class_residuals(logits, np.array(labels))
    np.testing.assert_allclose(r.sum(axis=1), 0.0, atol=1e-14)
    assert bool(np.all(r[np.arange(S), labels] <= 0.0))
    moved = class_field(readout + data.draw(matrix(1, 2)), slopes, r, inputs)
    np.testing.assert_allclose(moved, class_field(readout, slopes, r, inputs), atol=1e-12)


@within(40)
@given(st.lists(st.tuples(st.integers(1, 50), VALUES.map(abs)), min_size=1, max_size=4), noise_laws(), SHARES)
def test_magnitudes_shares_add_up_and_grow_with_the_scale(
    given_layers: list[tuple[int, float]], noise: NoiseLaw, rho: float
) -> None:
    """MAG: ``sum_l N_l rho_l = rho N``; a layer of larger weights keeps no smaller share."""
    sizes, scales = zip(*given_layers, strict=True)
    shares = magnitude_shares(sizes, scales, noise, rho).shares
    assert float(np.dot(shares, sizes) / sum(sizes)) == pytest.approx(rho, abs=1e-9)
    order = np.argsort(scales, kind="stable")
    assert bool(np.all(np.diff(shares[order]) >= -1e-12))


@within(40)
@given(arrays(np.float64, (2, 3), elements=VALUES.map(abs)), densities(0.01, 0.9))
def test_a_graphon_gives_its_profile_back(profile: np.ndarray, rho: float) -> None:
    """TAX: with Laplace noise ``-log W`` is ``tau/|h|``: two profiles with one graphon differ by a factor."""
    W = FiniteModel(profile, Laplace()).probabilities(rho)
    found = -1.0 / np.log(W)
    np.testing.assert_allclose(found / found[0, 0], profile / profile[0, 0], rtol=1e-8)


@within(40)
@given(noise_laws(), densities(), densities())
def test_energies_lie_between_their_bounds_and_fall_with_the_level(noise: NoiseLaw, one: float, other: float) -> None:
    """ENERGY: ``t^2 Q(t) <= V <= Var xi``, less at a higher level, the whole at none."""
    levels = np.array(sorted((noise.inverse(one), noise.inverse(other))))
    V = kept_energy(np.ones(2), noise, 0.0), *(kept_energy(np.ones(1), noise, float(t)) for t in levels)
    np.testing.assert_allclose(V[0], noise.variance, rtol=1e-12)
    for t, found in zip(levels, V[1:], strict=True):
        slack = 1e-12 * noise.variance
        assert t**2 * float(noise.survival(t)) - slack <= found[0] <= noise.variance + slack
    assert V[2][0] <= V[1][0] + 1e-12 * noise.variance


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("criterion", ["magnitude", "snip", "synflow"])
def test_scores_by_modulus_do_not_see_the_sign_of_the_readout(criterion: str, activation: str) -> None:
    """LAZY: the loss being that of the centred network, a readout of the other sign gives the same scores."""

    @within(4)
    @given(networks(inputs=3, outputs=1, activation=activation), batches(inputs=3))
    def check(network: nn.Sequential, batch) -> None:
        data = [(batch.inputs, batch.labels[:, None])] if criterion == "snip" else None
        loss = centred_squared_loss if criterion == "snip" else None
        try:
            one = score(network, loss, data, criterion=criterion)
        except InputError:
            reject()  # every unit is dead on the batch: no weight moves the loss
        with torch.no_grad():
            network[-1].weight.neg_()
        other = score(network, loss, data, criterion=criterion)
        for name in one:
            torch.testing.assert_close(one[name], other[name])

    check()
