"""PATH: the Loewner order and the bound on the energy, near-singular kernels included, and where false ones fail."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import graphon_theory.generalisation.path as path_module
from graphon_theory import SaliencyModel, step_graphon
from graphon_theory.derivation import Derivation, Evidence
from graphon_theory.errors import InputError
from graphon_theory.generalisation import input_path_density, loewner_margin, path_complexity, sample_path_energy
from graphon_theory.notation import u, v
from graphon_theory.statements.path import PATH

Array = npt.NDArray[np.float64]


def kernel(X: Array, W: Array, V: Array, squares: Array) -> Array:
    """Kernel of the hidden weights, by the angle, row by row."""
    total = np.zeros((len(X), len(X)))
    for kept, flow, square in zip(W, V, squares, strict=True):
        covariance = (X * flow) @ X.T
        root = np.sqrt(np.diag(covariance))
        c = np.divide(covariance, np.outer(root, root), out=np.zeros_like(covariance), where=np.outer(root, root) > 0)
        total += square * (math.pi - np.arccos(np.clip(c, -1.0, 1.0))) / (2.0 * math.pi) * ((X * kept) @ X.T)
    found: Array = total / W.size
    return found


def linear(X: Array, D: Array) -> Array:
    found: Array = (X * D) @ X.T / X.shape[1]
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array, Array, Array, Array]:
    """Inputs (some equal, opposite, nearly equal or 0), kept probabilities (some 0), energies above them, a^2, beta."""
    size, rows, width = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((size, width))
    if draw(st.booleans()) and size > 2:
        X[1], X[2] = -X[0], X[0] * (1.0 + draw(st.sampled_from([0.0, 1e-9, 1e-4])))
    if draw(st.booleans()):
        X[-1] = 0.0
    W = rng.random((rows, width)) * (rng.random((rows, width)) < draw(st.sampled_from([0.3, 1.0])))
    V = W + (1.0 - W) * rng.random() * (W > 0)
    squares = draw(arrays(np.float64, rows, elements=st.sampled_from([0.0, 0.25, 1.0, 4.0])))
    return X, W, V, squares, rng.standard_normal(width)


@settings(max_examples=80, deadline=None)
@given(problems())
def test_kernel_is_above_the_linear_one_and_has_the_stated_trace(problem: tuple[Array, ...]) -> None:
    X, W, V, squares, _ = problem
    K, D = kernel(X, W, V, squares), input_path_density(W, squares)
    # arccos near 1 doubles the digits lost: sqrt of the rounding of c, on entries of this size.
    slack = 1e-7 * (float(np.trace(K)) + 1e-300)
    assert loewner_margin(K, 0.25 * linear(X, D)) >= -slack
    np.testing.assert_allclose(np.trace(K), D @ np.square(X).sum(axis=0) / (2 * X.shape[1]), rtol=1e-6, atol=1e-300)


@settings(max_examples=80, deadline=None)
@given(problems())
def test_energy_of_the_labels_is_below_the_bound(problem: tuple[Array, ...]) -> None:
    """By ``2 z^T y - z^T K z`` at a z near the maximiser: below ``y^T K^-1 y`` at every z, for singular K as well."""
    X, W, V, squares, beta = problem
    K, D = kernel(X, W, V, squares), input_path_density(W, squares)
    bound = path_complexity(beta, D)
    y = X @ beta
    if not np.isfinite(bound.energy):
        assert set(bound.unreached) == set(np.flatnonzero(D == 0.0))
        return
    here = sample_path_energy(X, beta, D)
    assert here <= bound.energy * (1.0 + 1e-9)
    if np.linalg.matrix_rank(X * np.sqrt(D), tol=1e-3) == beta.size:
        assert here == pytest.approx(bound.energy, rel=1e-6)
    for ridge in (1e-10, 1e-6, 1e-2):
        z = np.linalg.solve(K + ridge * (np.trace(K) + 1e-300) * np.eye(len(K)), y)
        # The rounding of K moves z^T K z by at most the same slack as above.
        value = 2.0 * z @ y - z @ K @ z - 1e-8 * np.trace(K) * z @ z
        assert value <= min(bound.energy, here) * (1.0 + 1e-9)


def _mp_problem() -> tuple[mpmath.matrix, mpmath.matrix, mpmath.mpf, Array, Array]:
    """Return K and y to 40 digits, four inputs, two of them equal up to 1e-10, and the float D and beta."""
    rng = np.random.default_rng(11)
    X, W, beta = rng.standard_normal((4, 5)), rng.random((3, 5)), rng.standard_normal(5)
    X[1] = X[0] + 1e-10 * X[1]
    squares = np.array([0.5, 1.0, 2.0])
    K = mpmath.matrix(4, 4)
    for kept, square in zip(W.tolist(), squares.tolist(), strict=True):
        for a, b in itertools.product(range(4), repeat=2):

            def covariance(p: int, q: int, kept: list[float] = kept) -> mpmath.mpf:
                terms = zip(kept, X[p].tolist(), X[q].tolist(), strict=True)
                return mpmath.fsum(mpmath.mpf(w) * x * z for w, x, z in terms)

            c = covariance(a, b) / mpmath.sqrt(covariance(a, a) * covariance(b, b))
            angle = mpmath.mpf(0) if a == b else mpmath.acos(c)
            K[a, b] += square * (mpmath.pi - angle) / (2 * mpmath.pi) * covariance(a, b) / 15
    y = mpmath.matrix([mpmath.fdot(row, beta.tolist()) for row in X.tolist()])
    energy = (y.T * mpmath.lu_solve(K, y))[0]
    return K, y, energy, input_path_density(W, squares), beta


def test_a_near_singular_kernel_in_many_digits() -> None:
    with mpmath.workdps(40):
        K, _, energy, D, beta = _mp_problem()
        least = mpmath.eigsy(K, eigvals_only=True)[0]
        assert 0 < least < 1e-9
        ratio = float(path_complexity(beta, D).energy / energy)
    assert 1.0 <= ratio < 3.0


def test_false_variants_break_the_order_or_the_bound() -> None:
    rng = np.random.default_rng(2)
    X, W, beta = rng.standard_normal((12, 6)), rng.random((8, 6)), rng.standard_normal(6)
    for squares, false in [
        (np.ones(8), lambda D: (beta, D, 6, 0.5)),  # 1/2 for 1/4
        (np.ones(8), lambda D: (beta, D, 1, 0.25)),  # no d
        (np.full(8, 0.25), lambda D: (beta, 4.0 * D, 6, 0.25)),  # D without a^2
        (np.full(8, 4.0), lambda D: (beta, np.square(D), 6, 0.25)),  # beta^2/D^2
    ]:
        K, D = kernel(X, W, W, squares), input_path_density(W, squares)
        y = X @ beta
        z = np.linalg.solve(K, y)
        energy = 2.0 * z @ y - z @ K @ z
        assert energy <= path_complexity(beta, D).energy
        wrong, density, size, coefficient = false(D)
        assert energy > path_complexity(wrong, density, size, coefficient=coefficient).energy
        assert loewner_margin(K, 0.5 * linear(X, D)) < -1e-3 * float(np.trace(K)) / len(K)


def _brute(beta: Array, D: Array, X: Array, least: float) -> float:
    """Try each set in turn."""
    size, best = beta.size, math.inf
    for aside in itertools.chain.from_iterable(itertools.combinations(range(size), k) for k in range(size + 1)):
        kept = [j for j in range(size) if j not in aside]
        if any(D[j] == 0.0 and beta[j] != 0.0 for j in kept):
            continue
        along = sum(4.0 * size * beta[j] ** 2 / D[j] for j in kept if beta[j] != 0.0)
        rest = X[:, list(aside)] @ beta[list(aside)]
        best = min(best, (math.sqrt(along) + float(np.linalg.norm(rest)) / math.sqrt(least)) ** 2)
    return best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(1e-3, 10.0))
def test_the_best_set_of_all_against_brute_force(seed: int, width: int, least: float) -> None:
    rng = np.random.default_rng(seed)
    X, beta = rng.standard_normal((4, width)), rng.standard_normal(width) * (rng.random(width) < 0.8)
    D = 10.0 ** rng.uniform(-4, 0, width) * (rng.random(width) < 0.8)
    found = path_complexity(beta, D, rest=(X, least))
    assert found.exhaustive
    assert found.energy == pytest.approx(_brute(beta, D, X, least), rel=1e-9)
    aside = ~found.by_path
    assert found.beside == pytest.approx(
        float(np.square(X[:, aside] @ beta[aside]).sum()) / least, rel=1e-9, abs=1e-300
    )
    assert found.energy <= path_complexity(beta, D).energy * (1.0 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.booleans())
def test_sorted_sets_are_best_for_orthogonal_columns_and_bounds_for_all(
    seed: int, width: int, orthogonal: bool
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((8, width))
    if orthogonal:
        X = np.linalg.qr(X)[0] * rng.lognormal(0.0, 1.0, width)
    beta, D = rng.standard_normal(width), 10.0 ** rng.uniform(-4, 0, width)
    best = path_complexity(beta, D, rest=(X, 0.1)).energy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path_module, "_EXHAUSTIVE", 0)
        found = path_complexity(beta, D, rest=(X, 0.1))
    assert not found.exhaustive
    assert found.energy >= best * (1.0 - 1e-12)
    if orthogonal:
        assert found.energy == pytest.approx(best, rel=1e-9)


def test_unreached_inputs_cost_infinity_or_go_by_the_smallest_eigenvalue() -> None:
    rng = np.random.default_rng(4)
    X, W = rng.standard_normal((4, 6)), rng.random((5, 6))
    W[:, 2] = 0.0
    beta, squares = np.array([1.0, -1.0, 0.3, 0.0, 0.5, 2.0]), np.ones(5)
    D = input_path_density(W, squares)
    assert path_complexity(beta, D).energy == math.inf
    assert path_complexity(beta, D).unreached == (2,)
    K = kernel(X, W, W, squares)
    least = loewner_margin(K, np.zeros_like(K))
    assert least > 0
    found = path_complexity(beta, D, rest=(X, least))
    assert not found.by_path[2]
    y = X @ beta
    assert y @ np.linalg.solve(K, y) <= found.energy < math.inf
    beta[2] = 0.0
    assert path_complexity(beta, D).unreached == ()
    assert path_complexity(beta, D).energy < math.inf


def test_the_bound_of_a_sample_is_least_over_teachers_with_its_labels() -> None:
    rng = np.random.default_rng(9)
    X, W, squares = rng.standard_normal((4, 9)), rng.random((6, 9)), np.ones(6)
    W[:, 0] = 0.0
    beta, D = rng.standard_normal(9), input_path_density(W, squares)
    found = sample_path_energy(X, beta, D)
    y, low = X @ beta, 0.25 * linear(X, D)
    assert found == pytest.approx(float(y @ np.linalg.solve(low, y)), rel=1e-9)
    K = kernel(X, W, W, squares)
    assert y @ np.linalg.solve(K, y) <= found < math.inf == path_complexity(beta, D).energy
    null = np.linalg.svd(X[:, 1:])[2][4:]
    other = np.concatenate([[0.0], np.linalg.lstsq(X[:, 1:], y, rcond=None)[0] + 0.3 * null.sum(axis=0)])
    assert found <= path_complexity(other, D).energy
    assert sample_path_energy(rng.standard_normal((20, 9)), beta, D) == math.inf


def test_density_is_the_mean_over_rows_of_a_squared_and_kept() -> None:
    W = np.array([[1.0, 0.0], [0.5, 0.25], [0.0, 0.0]])
    assert input_path_density(W, [1.0, 4.0, 9.0]) == pytest.approx([1.0, 1.0 / 3.0])
    assert input_path_density(step_graphon(W), [1.0, 4.0, 9.0]) == pytest.approx([1.0, 1.0 / 3.0])


@settings(max_examples=12, deadline=None)
@given(st.floats(0.05, 0.6), st.integers(0, 2**32 - 1), st.booleans())
def test_a_graphon_at_its_row_types_kept_or_drawn_anew(density: float, seed: int, kept: bool) -> None:
    """SynFlow's way to heterogeneity: ``|a|`` is the row's profile, so that E[a^2|u] and W go together."""
    model, rng = SaliencyModel(g=u + sympy.Rational(1, 10), f=1 + v), np.random.default_rng(seed)
    rows, columns = (np.arange(40) + 0.5) / 40, (np.arange(5) + 0.5) / 5
    W = np.asarray(model.graphon(density)(rows[:, None], columns[None, :]))
    V = np.asarray(model.energy_graphon(density)(rows[:, None], columns[None, :])) if kept else W
    squares, X, beta = (rows + 0.1) ** 2, rng.standard_normal((7, 5)), rng.standard_normal(5)
    D = input_path_density(W, squares)
    assert pytest.approx([float(np.mean(squares * W[:, j])) for j in range(5)], rel=1e-12) == D
    # a^2 inside the mean: heavy rows keep more, so that D exceeds the product of the means.
    assert bool(np.all(W.mean(axis=0) * squares.mean() < D))
    K = kernel(X, W, V, squares)
    assert loewner_margin(K, 0.25 * linear(X, D)) > 0.0
    y = X @ beta
    assert y @ np.linalg.solve(K, y) <= path_complexity(beta, D).energy


@pytest.mark.parametrize(("coefficient", "density"), [(1e-9, 1e-20), (1e-9, 1e-30), (1e-9, 1e-40), (1e-20, 1e-60)])
def test_an_input_of_hardly_any_path_is_never_dropped(coefficient: float, density: float) -> None:
    """Full column rank: no other teacher has these labels, however little one coefficient moves them."""
    X = np.random.default_rng(0).standard_normal((6, 3))
    beta, D = np.array([coefficient, 1.0, 1.0]), np.array([density, 1.0, 1.0])
    exact = 12.0 * float((beta**2 / D).sum())
    assert sample_path_energy(X, beta, D) == pytest.approx(exact, rel=1e-12)
    # More inputs than samples: three equal columns share the path of the best, a fourth is alone.
    X = np.column_stack([X[:3, 0], X[:3, 0], X[:3, 0], X[:3, 1]])
    value = sample_path_energy(X, [0.5, 0.25, 0.25, coefficient], [1.0, 1.0, 2.0, density])
    assert value == pytest.approx(16.0 * (1.0 / 4.0 + coefficient**2 / density), rel=1e-9)


def _exact_energy(X: Array, beta: Array, D: Array) -> mpmath.mpf:
    """``y^T L^-1 y`` in 120 digits, for inputs of full row rank."""
    with mpmath.workdps(120):
        inputs, density = mpmath.matrix(X.tolist()), mpmath.diag([mpmath.mpf(x) for x in D.tolist()])
        y = inputs * mpmath.matrix(beta.tolist())
        return (y.T * mpmath.lu_solve(inputs * density * inputs.T / (4 * beta.size), y))[0]


@pytest.mark.parametrize("decades", [0, 4, 8, 12, 20, 40, 80, 250])
@pytest.mark.parametrize("unreached", [False, True])
def test_the_bound_of_a_sample_is_a_bound_for_densities_far_apart(decades: int, unreached: bool) -> None:
    for seed in range(3):
        rng = np.random.default_rng(100 * decades + seed)
        X, beta, D = rng.standard_normal((4, 9)), rng.standard_normal(9), 10.0 ** rng.uniform(-decades, 0.0, 9)
        if unreached:
            D[0] = 0.0
        found = sample_path_energy(X, beta, D)
        with mpmath.workdps(30):
            above = mpmath.mpf(found) / _exact_energy(X, beta, D) - 1
        assert above > -1e-13
        if decades <= 12:
            assert above < 1e-9
        if not unreached:
            assert found <= path_complexity(beta, D).energy


def test_inputs_that_are_0_on_the_sample_and_samples_alike_cost_nothing() -> None:
    rng = np.random.default_rng(12)
    X, beta, D = rng.standard_normal((3, 7)), rng.standard_normal(7), rng.random(7) + 0.1
    D[1] = 0.0
    plain = sample_path_energy(X, beta, D)
    # Twice the sample, and an input more without a path, which is 0 on it: d = 8 for 7.
    more = sample_path_energy(np.column_stack([np.vstack([X, X]), np.zeros(6)]), [*beta, 5.0], [*D, 0.0])
    assert more == pytest.approx(plain * 8.0 / 7.0, rel=1e-9)
    assert sample_path_energy(X, np.zeros(7), D) == 0.0
    assert sample_path_energy(np.zeros((3, 7)), beta, D) == 0.0


@pytest.mark.parametrize(
    ("step", "factor"),
    [("recursion", 2), ("even-powers", 3), ("mean", 2), ("tight", sympy.Rational(1, 2)), ("uncorrelated", 2)],
)
def test_a_wrong_constant_would_be_contradicted(step: str, factor: object) -> None:
    found = next(one for one in PATH.derive().steps if one.id == step)
    assert found.right is not None
    wrong = replace(found, right=found.right * factor, follows=())
    assert Derivation(id="w", title="w", steps=(wrong,)).run().results[0].evidence is Evidence.CONTRADICTED


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: input_path_density([[1.5]], [1.0]), "W"),
        (lambda: input_path_density([[0.5]], [1.0, 2.0]), "output_squares"),
        (lambda: input_path_density([[0.5]], [-1.0]), "output_squares"),
        (lambda: path_complexity([1.0], [1.0, 2.0]), "D"),
        (lambda: path_complexity([math.nan], [1.0]), "beta"),
        (lambda: path_complexity([1.0], [1.0], 0), "dimension"),
        (lambda: sample_path_energy([[1.0, 2.0]], [1.0], [1.0]), "X"),
        (lambda: path_complexity([1.0], [1.0], coefficient=0.0), "coefficient"),
        (lambda: path_complexity([1.0], [1.0], rest=(np.ones((2, 3)), 1.0)), "rest"),
        (lambda: path_complexity([1.0], [1.0], rest=(np.ones((2, 1)), 0.0)), "rest"),
    ],
)
def test_bad_input_is_named(call: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        call()  # type: ignore[operator]
