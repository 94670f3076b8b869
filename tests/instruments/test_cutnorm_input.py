"""What the cut norm accepts, and what it says when it does not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch

from verification.cutnorm import cut_norm, cut_norm_exact, cut_norm_lower

FAULTS = [
    (torch.zeros(0, 3), ValueError, r"A has shape \(0, 3\).*non-empty"),
    (np.zeros(4), ValueError, r"A has shape \(4,\).*\(n, d\)"),
    (torch.zeros(2, 3, 4), ValueError, r"A has shape \(2, 3, 4\)"),
    (np.array([[1.0, np.nan]]), ValueError, r"A\[0, 1\] is nan; replace"),
    (torch.tensor([[1.0, 2.0], [float("-inf"), 0.0]]), ValueError, r"A\[1, 0\] is -inf"),
    (torch.eye(3).to_sparse(), ValueError, r"A has layout torch.sparse_coo; pass A.to_dense"),
    (torch.eye(3, dtype=torch.complex64), ValueError, r"A has dtype torch.complex64.*A.real"),
    (np.eye(3, dtype=complex), ValueError, r"A has dtype torch.complex128"),
    (np.array([["a"]]), ValueError, r"A has dtype <U1; pass A.astype"),
    (np.array([[1.0]], dtype=object), ValueError, r"A has dtype object"),
    (np.array([[2**60]]), ValueError, r"A holds whole numbers up to 1.15292e\+18.*2\*\*53"),
    (np.ma.masked_array([[1.0, 2.0]], [[False, True]]), ValueError, r"masked array; pass A.filled"),
    ([[1.0]], TypeError, r"A is a list; pass a torch.Tensor"),
    (scipy.sparse.eye_array(3), TypeError, r"A is a dia_array.*toarray"),
    (None, TypeError, r"A is a NoneType"),
]


@pytest.mark.parametrize("entry", [cut_norm, cut_norm_exact, cut_norm_lower])
@pytest.mark.parametrize(("A", "error", "message"), FAULTS)
def test_bad_matrices_are_named(entry: object, A: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        entry(A)  # type: ignore[operator]


@pytest.mark.parametrize("entry", [cut_norm, cut_norm_lower])
def test_bad_options_are_named(entry: object) -> None:
    A = torch.ones(3, 4)
    cases = [
        ({"restarts": 0}, ValueError, r"restarts=0; give a number from 1"),
        ({"restarts": 2.5}, TypeError, r"float"),
        ({"starts": torch.ones(2, 3, dtype=torch.bool)}, ValueError, r"starts has shape \(2, 3\).*\(k, 4\)"),
        ({"starts": np.ones((2, 4))}, ValueError, r"dtype torch.float64; give booleans"),
        ({"starts": [True]}, TypeError, r"starts is a list"),
    ]
    for options, error, message in cases:
        with pytest.raises(error, match=message):
            entry(A, **options)  # type: ignore[operator]


def test_enumeration_refuses_large_matrices() -> None:
    with pytest.raises(ValueError, match=r"A has shape \(23, 30\).*at most 22: use cut_norm"):
        cut_norm_exact(np.ones((23, 30)))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int16, torch.int64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [(6, 9), (40, 50)])
def test_dtypes_hold_the_same_matrix(dtype: torch.dtype, size: tuple[int, int]) -> None:
    A = (torch.rand(size, generator=torch.Generator().manual_seed(1)) < 0.3).to(torch.float64)
    found, reference = cut_norm(A.to(dtype)), cut_norm(A)
    assert found.lower == reference.lower
    assert np.array_equal(found.rows, reference.rows)


@pytest.mark.parametrize("size", [(6, 9), (40, 50)])
def test_layouts_hold_the_same_matrix(size: tuple[int, int]) -> None:
    A = np.random.default_rng(2).standard_normal(size)
    reference = cut_norm(A)
    frozen = A.copy()
    frozen.setflags(write=False)
    padded = np.zeros((size[0] * 2, size[1] * 3))
    padded[::2, ::3] = A
    leaf = torch.from_numpy(A.copy()).requires_grad_()
    views = [
        frozen,
        padded[::2, ::3],
        A[::-1].copy()[::-1],
        np.asfortranarray(A),
        A.astype(">f8"),
        torch.from_numpy(A.T.copy()).T,
        leaf,
        leaf * 1.0,
    ]
    for view in views:
        found = cut_norm(view)
        assert found.upper is not None
        assert reference.upper is not None
        assert found.lower == pytest.approx(reference.lower, rel=1e-12)
        assert found.upper == pytest.approx(reference.upper, rel=1e-6)


def test_input_is_left_alone() -> None:
    A = torch.randn(40, 50, generator=torch.Generator().manual_seed(3))
    before = A.clone()
    cut_norm(A)
    cut_norm_lower(A)
    assert torch.equal(A, before)


def test_default_dtype_does_not_matter() -> None:
    A = np.random.default_rng(4).standard_normal((40, 30))
    reference = cut_norm(A)
    previous = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        found = cut_norm(A)
    finally:
        torch.set_default_dtype(previous)
    assert (found.lower, found.upper) == (reference.lower, reference.upper)


def test_single_row_and_single_column() -> None:
    A = np.array([[3.0, -1.0, 2.0, -7.0]])
    for shape in (A, A.T):
        found = cut_norm(shape)
        assert found.upper is not None
        assert found.lower <= 2.0 <= found.upper
        assert found.upper - found.lower < 1e-15


def test_flushed_subnormals_are_refused() -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush")
    try:
        with pytest.raises(ValueError, match="set_flush_denormal"):
            cut_norm(torch.full((30, 40), 1e-40))
    finally:
        torch.set_flush_denormal(False)
    assert cut_norm(torch.full((30, 40), 1e-40)).lower > 0.0


@pytest.mark.parametrize("seed", [1.5, "a", 2**70])
def test_seeds_are_whole_numbers(seed: object) -> None:
    with pytest.raises(ValueError, match="seed="):
        cut_norm(torch.eye(30), seed=seed)  # type: ignore[arg-type]


def test_a_numpy_generator_and_a_meta_tensor_are_refused() -> None:
    with pytest.raises(TypeError, match=r"torch\.Generator"):
        cut_norm(torch.eye(30), generator=np.random.default_rng(0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="meta"):
        cut_norm(torch.eye(30, device="meta"))
