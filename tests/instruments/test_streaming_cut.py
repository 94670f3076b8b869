"""Bounds of streamed residuals against those in memory; the probabilistic norm against its own theorem."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy

from graphon_theory.bounds import bernstein_bound, hoeffding_bound, null_distance
from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, Uniform
from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel
from verification.cutnorm import cut_norm
from verification.streaming.bound import lim_a_bound
from verification.streaming.chebyshev import largest_eigenvalue_bound
from verification.streaming.cut import cut_norm_bounds
from verification.streaming.mask import StreamedMask
from verification.streaming.model import FactorModel

MODELS = {
    "constant": SaliencyModel(),
    "kink": SaliencyModel(g=sympy.Rational(1, 10) + u**2, f=sympy.exp(-v), noise=Uniform()),
    "rank two": SaliencyModel.from_profiles([1 + u, u - sympy.Rational(1, 2)], [1, v]),
}


def _residual(mask: StreamedMask) -> np.ndarray:
    from verification.streaming.levels import kept

    n, d = mask.shape
    return mask.tile(slice(0, n), slice(0, d)) - kept(mask.model.noise, mask.model.dense().profile, mask.level)


@pytest.mark.parametrize("name", MODELS)
def test_bounds_enclose_the_cut_norm(name: str) -> None:
    mask = StreamedMask(FactorModel.draw(MODELS[name], 300, 270, 4), 0.2, 7)
    residual = _residual(mask)
    known, found = cut_norm(residual), cut_norm_bounds(mask, relaxation=8, alternations=5, degree=8)
    assert known.upper is not None
    assert found.lower <= known.upper
    assert known.lower <= found.upper
    assert found.lower > 0.95 * known.lower
    assert found.upper < 1.35 * found.lower
    inside = abs(float(residual[found.rows][:, found.columns].sum())) / residual.size
    assert found.lower == pytest.approx(inside, rel=1e-6)
    assert found.lower <= inside
    P = mask.tile(slice(0, 300), slice(0, 270)) - residual
    assert found.sums.predicted == pytest.approx(P.sum(), rel=1e-12)
    assert found.sums.variance == pytest.approx((P * (1 - P)).sum(), rel=1e-10)
    assert (found.sums.error == 0.0) == (name != "kink")
    assert found.sums.error < 1e-4 * residual.size


def test_a_mask_of_another_level_is_far_from_the_prediction() -> None:
    mask = StreamedMask(FactorModel.draw(MODELS["constant"], 200, 200, 4), 0.2, 7)
    near = cut_norm_bounds(mask, relaxation=4, alternations=3, degree=4)
    mask.__dict__["level"] = mask.level * 1.2
    far = cut_norm_bounds(mask, relaxation=4, alternations=3, degree=4)
    gap = 0.2 - math.erfc(mask.level / math.sqrt(2.0))
    assert far.lower > max(gap - 1e-9, 2.0 * near.upper)


def test_workers_change_no_bit() -> None:
    model = FactorModel.draw(MODELS["kink"], 220, 150, 4)
    alone = cut_norm_bounds(StreamedMask(model, 0.2, 7), relaxation=2, alternations=2, degree=2)
    with ThreadPoolExecutor(2) as executor:
        mask = StreamedMask(model, 0.2, 7, executor=executor)
        together = cut_norm_bounds(mask, relaxation=2, alternations=2, degree=2)
    assert (alone.lower, alone.upper) == (together.lower, together.upper)
    # What jobs hold travels to processes.
    assert pickle.loads(pickle.dumps(mask.source)).found.value == mask.threshold  # noqa: S301


def test_norm_bound_fails_as_seldom_as_it_says() -> None:
    spectrum = np.linspace(0.0, 1.0, 60) ** 2
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
    B = (basis * spectrum) @ basis.T
    for scale in (0.5, 0.98):
        bounds = [largest_eigenvalue_bound(lambda X: B @ X, 60, scale, 6, 2, seed, 0.3) for seed in range(400)]
        failures = sum(bound < 1.0 for bound in bounds)
        # At most Binomial(400, 0.3): 160 or more with probability 1e-5.
        assert failures < 160
        assert max(bounds) > 1.0
    # Above the largest eigenvalue the scale itself is the bound.
    assert largest_eigenvalue_bound(lambda X: B @ X, 60, 4.0, 30, 8, 1, 1e-6) >= 4.0


def test_norm_bound_is_sharp_where_it_should_fail() -> None:
    # One eigenvalue, one start: the bound is below it as often as its level says.
    bounds = [largest_eigenvalue_bound(lambda X: X, 1, 0.1, 3, 1, seed, 0.3) for seed in range(1500)]
    share = sum(bound < 1.0 for bound in bounds) / len(bounds)
    assert abs(share - 0.3) < 5.0 * math.sqrt(0.21 / 1500)


@pytest.mark.parametrize("shape", [(150, 150), (400, 90)])
def test_lim_a_from_cells_is_an_upper_bound_of_lim_a(shape: tuple[int, int]) -> None:
    for model in (MODELS["constant"], SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v)), MODELS["rank two"]):
        factors = FactorModel.draw(model, *shape, 4)
        mask = StreamedMask(factors, 0.1, 7)
        exact = bernstein_bound(factors.dense().probabilities(0.1), 0.01)
        ours = lim_a_bound(factors, mask.level, 0.01, cells=60)
        assert exact * (1.0 - 1e-9) <= ours < 1.06 * exact
        assert lim_a_bound(factors, mask.level, 0.01, cells=1) == hoeffding_bound(*shape, 0.01) or ours < lim_a_bound(
            factors, mask.level, 0.01, cells=1
        )


def test_constant_profile_is_at_the_distance_of_null() -> None:
    mask = StreamedMask(FactorModel(np.ones(256), np.ones(256), Gaussian()), 0.3, 12)
    found = cut_norm_bounds(mask, relaxation=6, alternations=5, degree=6)
    assert 0.94 < found.lower / null_distance(256, 256, 0.3) < 1.06
    assert found.upper < lim_a_bound(mask.model, mask.level, 0.01)


def test_a_side_shorter_than_the_rank_of_the_relaxation() -> None:
    mask = StreamedMask(FactorModel(np.ones(30), np.ones(6)), 0.3, 0)
    found = cut_norm_bounds(mask, relaxation=5, alternations=3, degree=5)
    known = cut_norm(_residual(mask))
    assert known.upper is not None
    assert found.lower <= known.upper * (1.0 + 1e-9)
    assert known.lower <= found.upper < 1.5 * found.lower


def test_bad_input_is_refused() -> None:
    mask = StreamedMask(FactorModel(np.ones(30), np.ones(20)), 0.1, 0)
    for arguments in ({"relaxation": 0}, {"alternations": 1.5}, {"degree": True}, {"failure": 0.0}):
        ((name, value),) = arguments.items()
        with pytest.raises(InputError, match=f"^{name} = {value}: give "):
            cut_norm_bounds(mask, **{"relaxation": 1, "alternations": 1, "degree": 1} | arguments)  # type: ignore[arg-type]
    for scale, degree, starts, said in (
        (0.0, 3, 1, "scale = 0.0"),
        (np.inf, 3, 1, "scale = inf"),
        (np.nan, 3, 1, "scale = nan"),
        (1.0, 0, 1, "degree = 0"),
        (1.0, 3, -2, "starts = -2"),
    ):
        with pytest.raises(InputError, match=f"^{said}: give a finite number above 0$"):
            largest_eigenvalue_bound(lambda X: X, 3, scale, degree, starts, 0, 0.1)
    with pytest.raises(InputError, match="delta"):
        lim_a_bound(mask.model, 1.0, 0.0)
