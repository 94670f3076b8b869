"""Scores and masks against the usual ways: time (best of three) and peak memory beyond what lies there before.

Usual ways, written as their sources write them: ``torch.nn.utils.prune.global_unstructured`` (L1Unstructured);
joining all scores and ``kthvalue``; SNIP by a gate on every weight, joined, normalised, ``topk``; SynFlow by
autograd on the absolute network. All ratios come from one run, on the machine and threads at hand.
"""

from __future__ import annotations

import copy
import ctypes
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from verification.criteria import score
from verification.losses import cross_entropy
from verification.masks import mask

RUNS = 3
DENSITY = 0.1
BATCH = 128
SIZES = (512, 1024, 2048, 4096, 8192)
DEEP = (784, 4096, 4096, 4096, 10)


def _network(sizes: tuple[int, ...]) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def _measure(task: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Seconds, best of the runs, and peak memory in MB of the last one."""
    seconds, peak = float("inf"), float("nan")
    for _ in range(runs):
        before = _peak(reset=True)
        start = time.perf_counter()
        result = task()
        seconds = min(seconds, time.perf_counter() - start)
        peak = _peak(reset=False) - before
        del result
    return seconds, peak


def _peak(*, reset: bool) -> float:
    """Peak resident memory since the last reset, MB; NaN where the system does not say."""
    try:
        if reset:
            ctypes.CDLL(None).malloc_trim(0)  # give back what earlier tasks freed, so that it counts anew
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except (OSError, AttributeError):
        return float("nan")
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _joined_mask(scores: dict[str, Tensor]) -> dict[str, Tensor]:
    joined = torch.cat([value.reshape(-1) for value in scores.values()])
    level = torch.kthvalue(joined, joined.numel() - round(DENSITY * joined.numel())).values
    return {name: value > level for name, value in scores.items()}


def _global_unstructured(module: nn.Module) -> None:
    copied = copy.deepcopy(module)
    layers = [(part, "weight") for part in copied.modules() if isinstance(part, nn.Linear)]
    prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=1 - DENSITY)


def _gated_snip(module: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    gates = {name: torch.ones_like(p, requires_grad=True) for name, p in module.named_parameters() if p.ndim == 2}
    own = dict(module.named_parameters())
    gated = {name: own[name].detach() * gate for name, gate in gates.items()}
    cross_entropy(torch.func.functional_call(module, gated, (x,)), y).backward()  # type: ignore[no-untyped-call]
    joined = torch.cat([gate.grad.abs().reshape(-1) for gate in gates.values() if gate.grad is not None])
    total = joined.sum()
    return [joined.div_(total), *[gate.grad.abs() / total for gate in gates.values() if gate.grad is not None]]


def _gated_snip_masks(module: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    joined, *scores = _gated_snip(module, x, y)
    level = torch.topk(joined, round(DENSITY * joined.numel())).values[-1]
    return [value >= level for value in scores]


def _autograd_synflow(module: nn.Module, inputs: int) -> list[Tensor]:
    leaves = {
        name: (p.detach().abs() if p.ndim == 2 else torch.zeros_like(p)).requires_grad_()
        for name, p in module.named_parameters()
    }
    torch.func.functional_call(module, leaves, (torch.ones(1, inputs),)).sum().backward()
    return [leaf.detach() * leaf.grad for leaf in leaves.values() if leaf.grad is not None and leaf.ndim == 2]


def _rows(sizes: tuple[int, ...]) -> None:
    module = _network(sizes)
    count = sum(part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))
    unit = 4 * count / 2**20  # MB of float32 scores
    x, y = torch.randn(BATCH, sizes[0]), torch.randint(0, sizes[-1], (BATCH,))
    label = "-".join(map(str, sizes)) if len(sizes) > 3 else f"n = {sizes[0]}"
    print(f"\n{label}: {count:,} weights, {unit:.0f} MB of scores, {torch.get_num_threads()} threads", flush=True)
    print(f"{'task':34}{'seconds':>10}{'usual':>10}{'ratio':>8}{'peak/scores':>13}{'usual':>8}", flush=True)

    def row(task: str, here: Callable[[], object], usual: Callable[[], object], runs: int = RUNS) -> None:
        (seconds, peak), (other, more) = _measure(here), _measure(usual, runs)
        print(
            f"{task:34}{seconds:10.4f}{other:10.4f}{other / seconds:8.1f}{peak / unit:13.2f}{more / unit:8.2f}",
            flush=True,
        )

    scored = [score(module, cross_entropy, [(x, y)], criterion="snip")]
    row("mask, against cat + kthvalue", lambda: mask(scored[0], density=DENSITY), lambda: _joined_mask(scored[0]))
    scored.clear()  # out of the way of the measurements of memory

    def magnitude() -> object:
        return mask(score(module, criterion="magnitude"), density=DENSITY)

    row("magnitude + mask, against prune", magnitude, lambda: _global_unstructured(module), 1)
    row(
        "magnitude + mask, against kthvalue",
        magnitude,
        lambda: _joined_mask({name: p.detach().abs() for name, p in module.named_parameters() if p.ndim == 2}),
    )

    def snip() -> dict[str, Tensor]:
        return score(module, cross_entropy, [(x, y)], criterion="snip")

    def backward() -> object:
        weights = [p for p in module.parameters() if p.ndim == 2]
        return torch.autograd.grad(cross_entropy(module(x), y), weights)

    row(f"SNIP, batch {BATCH}, against gates", snip, lambda: _gated_snip(module, x, y))
    row("SNIP + mask, against gates + topk", lambda: mask(snip(), density=DENSITY),
        lambda: _gated_snip_masks(module, x, y))  # fmt: skip
    row("SNIP, against its backward alone", snip, backward)
    row("SynFlow step, against autograd", lambda: score(module, criterion="synflow"),
        lambda: _autograd_synflow(module, sizes[0]))  # fmt: skip


def main(largest: int) -> None:
    """Print the tables for n x n x 10 up to ``largest``, and for the deep network if it is as wide."""
    for n in (size for size in SIZES if size <= largest):
        _rows((n, n, 10))
    if largest >= max(DEEP):
        _rows(DEEP)
