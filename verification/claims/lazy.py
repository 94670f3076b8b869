"""LAZY, measured: masked networks trained beside their linearisation, at growing width and fixed data and time.

A trial prunes a fresh network, trains it on new samples of the same teacher, and records, at the end, the *gap*: the
root mean square over test inputs of network less linearisation, over that of the targets; and the kernel's *drift*.
False linearisations have the same targets, rate and steps, and another kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude
from verification.claims.bounded_order import decide_order
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying, grouped, not_run
from verification.claims.masked_kernels import group_name
from verification.criteria import score
from verification.experiment import draw_batch
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import perceptron
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import MaskedNetwork, apply_masks
from verification.ntk.training import LazyTraining, lazy_training

SAMPLES, TESTS = 16, 32
"""Training samples N and test inputs of a trial."""

STEPS, STEP_SIZE = 20, 0.3
"""Steps of gradient descent, and the learning rate in units of N over the kernel's largest eigenvalue."""

RATE, FASTER = 0.5, 1.0
"""The exponent that is stated, and the one that is false of signed GraSP."""

MARGIN = 0.2
"""Margin of the exponent: a correction ``1 - 4 n^(-1/2)`` moves it by as much between n = 64 and n = 1,024."""

SCALE = 2.0
"""A gap of at most ``SCALE n^(-rate)`` of the targets refutes nothing."""

GAP, DRIFT = "gap", "drift"


class Lazy:
    """The claim of statement LAZY."""

    id = "LAZY"
    criteria = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
    on_models = False
    mutants = (
        Mutant("faster", "of order 1/n under signed GraSP too"),
        Mutant("dense-kernel", "the linearisation with every edge training: the kernel without its mask"),
        Mutant("random-mask", "the linearisation with the kernel of a random mask of equal density"),
        Mutant("hidden-only", "the linearisation in the hidden weights alone"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Train one masked network beside its linearisation and false ones."""
        generator = torch.Generator().manual_seed(seed)
        dense, network, x, y, probe = draw_training(case, generator)
        run = lazy_training(network, x, y, probe, steps=STEPS, step_size=STEP_SIZE, records=1)
        unit = float(y.square().mean().sqrt())
        values = {STATEMENT: {GAP: float(run.gap_test[-1]) / unit, DRIFT: float(run.drift[-1])}}
        if case.criterion == "grasp" and case.weights == "kept":
            # In units of the order that it adds, so that the statement's rule asks it for the faster one.
            unit_of_faster = case.width ** (FASTER - RATE)
            values["faster"] = {name: size * unit_of_faster for name, size in values[STATEMENT].items()}
        everything = torch.cat([x, probe])
        hidden = list(network.masks)
        kernels = {
            "dense-kernel": empirical_ntk(network.module, everything, x).total,
            "hidden-only": empirical_ntk(network.module, everything, x, masks=network.masks, layers=hidden).total,
        }
        # Weights that do not remember their mask have the kernel of any homogeneous mask: no false variant then.
        if case.criterion != "random" and case.weights == "kept":
            other = apply_masks(dense, _random_masks(dense, hidden, case.density, generator))
            kernels["random-mask"] = empirical_ntk(other.module, everything, x, masks=other.masks).total
        for name, kernel in kernels.items():
            straight = linear_outputs(kernel, y, run.rate)
            values[name] = {GAP: _distance(run, straight) / unit}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """At most the stated order between the smallest and the largest width of every group."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, _group)
        looked_at = [(name, group, m) for name, group in groups.items() for m in group[0].values[variant]]
        rows: list[dict[str, float | str]] = []
        for name, group, measure in looked_at:
            by_width: dict[int, list[float]] = {}
            for o in group:
                by_width.setdefault(o.case.width, []).append(o.values[variant][measure])
            decided = decide_order(
                by_width,
                rate=RATE,
                margin=MARGIN,
                scale=SCALE,
                level=level,
                share=level / len(looked_at),
            )
            rows.append({"group": name, "measure": measure, **decided})
        return conclude(
            rows,
            len(found),
            level,
            null="gap to the linearisation and drift of the kernel shrink at least as fast as the order that is stated",
            alternative="one of them shrinks more slowly, and is not small",
            statistic="geometric mean at the largest width, over what the margin allows; worst over groups",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Exponents of the gap, reported and not judged: where the bound is sharp and where it is not."""
        rows = self.decide(observations, STATEMENT, level).rows
        by_modulus = [float(row["exponent"]) for row in rows if _is(row, GAP) and not _signed(row)]
        signed = [float(row["exponent"]) for row in rows if _is(row, GAP) and _signed(row)]
        if not by_modulus or not signed or not all(map(math.isfinite, (*by_modulus, *signed))):
            return None
        return (
            f"The gap to the linearisation falls with the exponent {min(signed):.2f} to {max(signed):.2f} under signed "
            f"GraSP, and {min(by_modulus):.2f} to {max(by_modulus):.2f} where the mask does not see the sign of a."
        )


def draw_training(
    case: Case, generator: torch.Generator
) -> tuple[nn.Sequential, MaskedNetwork, Tensor, Tensor, Tensor]:
    """Draw a network, prune its hidden layers, and draw what it trains on and is tested on.

    Parameters
    ----------
    case
        A case with a criterion; ``batch`` samples prune, others of the same draw train and test.
    generator
        Source of all randomness.

    Returns
    -------
    tuple
        The dense network, the masked one (float64), inputs of shape (SAMPLES, d), targets of shape (SAMPLES,), test
        inputs of shape (TESTS, d).
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    network = perceptron(
        case.inputs,
        [case.width] * case.depth,
        activation=case.activation,
        initialisation=case.initialisation,
        seed=seed,
    ).double()
    drawn = draw_batch(replace(case, batch=case.batch + SAMPLES + TESTS), generator)
    x, y = drawn.inputs.double(), drawn.labels.double()
    batch = [(x[: case.batch], y[: case.batch, None])] if case.batch else None
    names = [name for name, part in network.named_children() if isinstance(part, nn.Linear)][: case.depth]
    scores = score(
        network, centred_squared_loss, batch, criterion=str(case.criterion), layers=names, generator=generator
    )
    masks = mask(scores, density=case.density, scope="layer", generator=generator)
    masked = apply_masks(network, masks, weights=case.weights, initialisation=case.initialisation, seed=seed)
    train, tests = slice(case.batch, case.batch + SAMPLES), slice(case.batch + SAMPLES, None)
    return network, masked, x[train], y[train], x[tests]


def linear_outputs(kernel: Tensor, targets: Tensor, rate: float, steps: int = STEPS) -> Tensor:
    """Compute the outputs of a linearisation with any kernel, after its steps, on all inputs.

    Parameters
    ----------
    kernel
        Shape (N + T, N): training inputs first.
    targets
        Shape (N,).
    rate
        Learning rate eta.
    steps
        Number of steps.
    """
    count = len(targets)
    outputs = torch.zeros(len(kernel), dtype=kernel.dtype)
    for _ in range(steps):
        outputs += (rate / count) * (kernel @ (targets - outputs[:count]))
    return outputs


def _distance(run: LazyTraining, straight: Tensor) -> float:
    return float((run.network_test[-1] - straight[SAMPLES:]).square().mean().sqrt())


def _random_masks(
    network: nn.Sequential, names: Sequence[str], density: float, generator: torch.Generator
) -> dict[str, Tensor]:
    scores = score(network, criterion="random", layers=names, generator=generator)
    return mask(scores, density=density, scope="layer", generator=generator)


def _group(case: Case) -> str:
    return f"{group_name(case)}, d = {case.inputs}"


def _is(row: object, measure: str) -> bool:
    return isinstance(row, dict) and row["measure"] == measure


def _signed(row: object) -> bool:
    return isinstance(row, dict) and str(row["group"]).startswith("grasp, kept")
