"""The kernel at the types of a finite network: against the other recursion, and against a network without masks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from graphon_theory.kernels import ERF, RELU
from verification.ntk.finite_types import pair_kernel
from verification.ntk.graphon_factors import GraphonLayer
from verification.ntk.limit import limit_ntk


def _types(depth: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = [5, *([4] * depth)]
    trainable = [rng.uniform(0.1, 0.6, (b, a)) for a, b in itertools.pairwise(sizes)]
    energies = [part + rng.uniform(0.0, 0.4, part.shape) for part in trainable]
    return rng.normal(size=(3, 5)), rng.normal(size=(3, 5)), trainable, energies, rng.uniform(0.5, 2.0, 4)


@pytest.mark.parametrize(("depth", "activation"), [(1, RELU), (3, RELU), (2, ERF)])
def test_backwards_equals_forwards(depth: int, activation: object) -> None:
    x, y, trainable, energies, readout = _types(depth, depth)
    found = pair_kernel(x, y, trainable, energies, readout, activation)  # type: ignore[arg-type]
    chain = [
        GraphonLayer(
            W, V, np.full(4, 0.25), np.full(W.shape[1], 1 / W.shape[1]), readout if k == depth - 1 else np.ones(4)
        )
        for k, (W, V) in enumerate(zip(trainable, energies, strict=True))
    ]
    name = activation.name  # type: ignore[attr-defined]
    for rows, columns, part in ((x, x, found.first), (y, y, found.second), (x, y, found.cross)):
        limit = limit_ntk(
            torch.from_numpy(rows),
            chain,
            torch.from_numpy(columns),
            activation=name,
            contributions=True,
            tolerance=1e-12,
        )
        assert limit.layers is not None
        assert limit.output is not None
        other = torch.stack([*limit.layers, limit.output]).diagonal(dim1=1, dim2=2).numpy()
        assert part == pytest.approx(other, rel=1e-6)


def test_one_dense_hidden_layer_by_hand() -> None:
    x = np.array([[1.0, 0.0]])
    y = np.array([[0.0, 2.0]])
    ones = np.ones((1, 2))
    found = pair_kernel(x, y, [ones], [ones], np.ones(1), RELU)
    assert found.first[:, 0] == pytest.approx([0.5 * 0.5, 0.25])  # k0 |x|^2/d and |x|^2/(2 d)
    assert found.cross[:, 0] == pytest.approx([0.0, 1.0 / (2.0 * np.pi)], abs=1e-15)


def test_false_slopes_change_the_hidden_parts_alone() -> None:
    x, y, trainable, energies, readout = _types(2, 7)
    true = pair_kernel(x, y, trainable, energies, readout, RELU)
    false = pair_kernel(x, y, trainable, energies, readout, RELU, slopes=ERF)
    assert false.first[-1] == pytest.approx(true.first[-1], rel=1e-14)
    assert bool(np.all(false.first[:-1] > 1.1 * true.first[:-1]))


def test_vanishing_energies_give_no_error() -> None:
    x, y, trainable, energies, readout = _types(1, 8)
    energies[0][0] = 1e-300
    assert bool(np.all(np.isfinite(pair_kernel(x, y, trainable, energies, readout, RELU).cross)))


def test_bad_shapes_are_refused() -> None:
    x, y, trainable, energies, readout = _types(2, 9)
    for broken, argument in (
        ((x[:2], y, trainable, energies, readout), "x and y"),
        ((x[0], y[0], trainable, energies, readout), "x and y"),
        ((x, y, trainable[:1], energies, readout), "trainable and energies"),
        ((x[:, :3], y[:, :3], trainable, energies, readout), "energies[0]"),
        ((x, y, trainable, energies, readout[:2]), "readout"),
    ):
        with pytest.raises(InputError, match=": give ") as caught:
            pair_kernel(*broken, RELU)  # type: ignore[arg-type]
        assert caught.value.argument == argument
        assert caught.value.value is not None
