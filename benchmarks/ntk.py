"""Limit kernels: time of homogeneous and heterogeneous graphons, as ratios within one run.

- Homogeneous ReLU kernels of 1 and 3 masked layers at N = 1,024 and 2,048, d = 784, float32, over one full matrix
  product ``X @ X.T`` of torch; their diagonal's largest relative error against float64.
- A heterogeneous chain of three layers (Gaussian noise, smooth rank-one profiles) at N = 1,024, over the homogeneous
  kernel's own time, with the error that nodes and factorisation leave, against many nodes in float64.
- Step graphons of 64 x 64 blocks, over a loop over nodes and pairs of nodes.
- Peak memory of a process over the size of the result, at N = 8,000, d = 100 (what the libraries take at a first call
  is left out, the inputs' copies are in it).
- ``neural-tangents``, where ``GRAPHON_NT_PYTHON`` names an interpreter that has it (it needs an old jax).

Seconds are of the processor where cores are shared (one thread), the least of several runs, ours and the other in
turns: on a busy machine the clock on the wall measures the others.
"""

from __future__ import annotations

import ctypes
import json
import math
import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from sympy import Rational, exp

from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel
from verification.ntk.dual import dual
from verification.ntk.graphon_factors import GraphonLayer, Variant, constant_layer, model_layer, step_layer
from verification.ntk.limit import limit_ntk
from verification.threads import one_thread

D = 784
RUNS = 5
PEER_SCRIPT = Path(__file__).with_name("peer_ntk.py")
PEER_TIMEOUT = 300.0
MEMORY = (8000, 100)
"""Samples and inputs at which peak memory is read."""


def best(*tasks: Callable[[], object]) -> list[float]:
    """Least processor seconds of each task over some rounds in which they take turns."""
    seconds = [float("inf")] * len(tasks)
    for k in range(RUNS + 1):
        for i, task in enumerate(tasks):
            start = time.process_time()
            task()
            if k:  # the first round warms caches
                seconds[i] = min(seconds[i], time.process_time() - start)
    return seconds


def homogeneous(depth: int) -> list[GraphonLayer]:
    """Layers of constant graphons with energies as of kept weights."""
    layers = [constant_layer(0.1, 0.439, columns=D)]
    for _ in range(depth - 1):
        layers.append(constant_layer(0.1, 0.439, columns=layers[-1]))
    return layers


def heterogeneous(variant: Variant, nodes: int | None = None) -> list[GraphonLayer]:
    """Three layers with smooth profiles, densities 0.1, 0.2 and 0.3."""
    first = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v))
    later = SaliencyModel(g=Rational(1, 2) + u, f=1 + v)
    layers = [model_layer(first, 0.1, columns=D, variant=variant, nodes=nodes)]
    for density in (0.2, 0.3):
        layers.append(model_layer(later, density, columns=layers[-1], variant=variant, nodes=nodes))
    return layers


def blocks(count: int, depth: int) -> list[GraphonLayer]:
    """Layers of random step graphons."""
    rng = np.random.default_rng(0)
    layers = [step_layer(rng.random((count, count)), columns=D)]
    for _ in range(depth - 1):
        layers.append(step_layer(rng.random((count, count)), columns=layers[-1]))
    return layers


def naive(X: torch.Tensor, layers: list[GraphonLayer]) -> torch.Tensor:
    """Loop over nodes and pairs of nodes on whole matrices; redrawn weights (V = W)."""
    kernel = dual("relu")
    covariances = [(X * torch.from_numpy(row / D).to(X)) @ X.T for row in layers[0].V]
    terms = [part.clone() for part in covariances]
    k1s: list[torch.Tensor] = []
    for k, layer in enumerate(layers):
        if k:
            mixed = []
            for row in layer.V * layer.columns:
                covariance, term = torch.zeros_like(terms[0]), torch.zeros_like(terms[0])
                for weight, k1, old in zip(row.tolist(), k1s, terms, strict=True):
                    covariance.add_(k1, alpha=weight)
                    term.add_(old, alpha=weight)
                mixed.append((covariance, term.add_(covariance)))
            covariances, terms = [pair[0] for pair in mixed], [pair[1] for pair in mixed]
        k1s = []
        for p, covariance in enumerate(covariances):
            state = kernel.prepare(covariance.diagonal(), X.dtype)
            k1, k0 = kernel.pair(covariance, state, state, same=True)
            k1s.append(k1)
            terms[p] = terms[p] * k0
    weights = layers[-1].weights.tolist()
    return sum((w * (t + k) for w, t, k in zip(weights, terms, k1s, strict=True)), start=torch.zeros_like(terms[0]))


def peak_over_result(n: int, d: int, *, constant: bool) -> float:
    """Peak memory of ``limit_ntk`` over that of its float32 result, in a process of its own; NaN without ``/proc``.

    ``ru_maxrss`` would start from the size of the process that started it; the high-water mark of ``/proc`` does not.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(_peak, n, d, constant).result()


def _peak(n: int, d: int, constant: bool) -> float:  # noqa: FBT001  # called by position in another process
    def chain(columns: int) -> list[GraphonLayer]:
        if constant:
            return [constant_layer(0.1, 0.439, columns=columns)]
        first = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v))
        return [model_layer(first, 0.1, columns=columns, variant="kept", nodes=5)]

    with one_thread():
        X = torch.randn((n, d), generator=torch.Generator().manual_seed(0))
        layers = chain(d)
        limit_ntk(X[: min(n, 600)], layers)  # libraries and their buffers, loaded at the first call
        try:
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            before = _high_water()
            result = limit_ntk(X, layers).total
            return (_high_water() - before) / (result.numel() * result.element_size())
        except (OSError, AttributeError):
            return math.nan


def _high_water() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024.0 * float(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def run_peer(python: str, n: int, depth: int) -> str:
    """Time ``neural-tangents`` on inputs of this size, in its own interpreter; a word where it does not finish."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    threads["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    command = [python, str(PEER_SCRIPT), str(n), str(D), str(depth)]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=PEER_TIMEOUT, check=True, env=dict(os.environ) | threads
        )
    except (subprocess.SubprocessError, OSError) as error:
        return f"failed: {type(error).__name__}"
    found = json.loads(done.stdout.splitlines()[-1])
    return f"{found['seconds']:.3f} s, diagonal wrong by {found['diagonal']:.1e} (neural-tangents {found['version']})"


def main(largest: int) -> None:
    """Print the tables for N up to ``largest``."""
    print(f"load: {', '.join(f'{x:.1f}' for x in os.getloadavg())}; one thread, d = {D}, float32")
    generator = torch.Generator().manual_seed(0)
    X = torch.randn((max(largest, 64), D), generator=generator)
    peer = os.environ.get("GRAPHON_NT_PYTHON")
    with one_thread():
        for n in (size for size in (1024, 2048) if size <= largest):
            _homogeneous(X[:n], peer)
        small = X[: min(1024, largest)]
        _heterogeneous(small)
        _blocks(small)
    _memory(MEMORY[0] if largest >= 2048 else largest)


def _homogeneous(X: torch.Tensor, peer: str | None) -> None:
    for depth in (1, 3):
        layers = homogeneous(depth)
        ours, product = best(lambda layers=layers: limit_ntk(X, layers), lambda: X @ X.T)  # type: ignore[misc]
        exact = limit_ntk(X[:64].double(), layers).total.diagonal()
        wrong = float((limit_ntk(X[:64], layers).total.diagonal() / exact - 1).abs().max())
        print(f"homogeneous, {depth} layers, N = {len(X)}: {ours:.4f} s, {ours / product:.2f} of a full product; "
              f"diagonal wrong by {wrong:.1e}", flush=True)  # fmt: skip
        if peer is not None:
            print(f"  peer: {run_peer(peer, len(X), depth)}", flush=True)


def _heterogeneous(X: torch.Tensor) -> None:
    for variant in ("redrawn", "kept"):
        layers = heterogeneous(variant)  # type: ignore[arg-type]
        ours, plain = best(
            lambda layers=layers: limit_ntk(X, layers),  # type: ignore[misc]
            lambda: limit_ntk(X, homogeneous(3)),
        )
        few = X[:: max(1, len(X) // 24)]
        exact = limit_ntk(few.double(), heterogeneous(variant, 24), tolerance=1e-12).total  # type: ignore[arg-type]
        found = limit_ntk(few, layers)
        error = float((found.total - exact).abs().max() / exact.max())
        nodes = "/".join(str(layer.weights.size) for layer in layers)
        print(f"heterogeneous, 3 layers, N = {len(X)}, {variant}: {ours:.4f} s, {ours / plain:.2f} of homogeneous; "
              f"nodes {nodes}, {found.rank} Gram factors, error {error:.1e}", flush=True)  # fmt: skip


def _blocks(X: torch.Tensor) -> None:
    for depth in (1, 2):
        layers = blocks(64, depth)
        start = time.process_time()
        slow = naive(X, layers)
        seconds = time.process_time() - start
        (ours,) = best(lambda layers=layers: limit_ntk(X, layers))  # type: ignore[misc]
        gap = float((limit_ntk(X, layers).total - slow).abs().max() / slow.max())
        print(f"64 blocks, {depth} layers, N = {len(X)}: {ours:.3f} s, the loop {seconds:.3f} s, {seconds / ours:.1f} "
              f"times as long; differ by {gap:.1e}", flush=True)  # fmt: skip


def _memory(n: int) -> None:
    size = 4 * n * n / 2**20
    for name, constant in (("homogeneous", True), ("heterogeneous", False)):
        ratio = peak_over_result(n, MEMORY[1], constant=constant)
        print(
            f"memory, {name}, 1 layer, N = {n}, d = {MEMORY[1]}: peak {ratio:.2f} results of {size:.0f} MB", flush=True
        )
