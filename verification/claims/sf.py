"""SF, measured: how a SynFlow step multiplies a planted perturbation, where that turns critical, which rows empty.

A trial takes real perceptrons, multiplies the weights behind half of the units of a layer by ``e^x`` and behind the
other half by ``e^-x``, and prunes that layer by one step of SynFlow. Twice, with the halves exchanged, so that each
unit is its own control. The logarithm of the ratio of the kept masses over ``2x`` is the growth. Bisection in the
density finds where it is 1. Then one network is pruned whole, in steps, and rows that keep nothing are counted.

The statement is asymptotic: growth and critical density must lie within their margins at the largest width, and are
refuted only by a deviation that does not shrink; likewise the rows that are empty above the critical density.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from graphon_theory.criteria import critical_density, step_growth
from graphon_theory.noise import NoiseLaw, noise_law
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude, decide_growing
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.false_laws import matched_law
from verification.criteria import synflow_iterative
from verification.masks import LayerCollapse
from verification.networks import INITIALISATIONS, perceptron
from verification.sampling import draw_noise
from verification.statistics import detectable_mean, mean_interval

PUSH = 0.1
"""Logarithm of the planted factor."""

NETWORKS = 12
"""Networks of a trial over which the growth is averaged."""

BISECTED = 4
"""Networks of a trial over which the critical density is averaged."""

STEPS = 30
"""Steps of the iterative pruning."""

BISECTIONS = 7
"""Halvings of [0.02, 0.98]: the critical density of a network is found to 0.004."""

GROWTH_MARGIN = math.log(1.1)
"""Margin of the log-ratio of measured and predicted growth: ten per cent either way."""

CRITICAL_MARGIN = 0.03
"""Margin of the critical density; those of the three laws are 0.1 apart."""

FEW, MANY = 0.02, 0.1
"""Share of empty rows at most above the critical density, and at least below it."""

GROWTH, CRITICAL, ROWS = "growth", "critical density", "empty rows"


@dataclass(frozen=True)
class _Says:
    """What a variant predicts at one density; None where it says nothing."""

    growth: float | None
    critical: float | None
    empties: bool


class Sf:
    """The claim of statement SF."""

    id = "SF"
    criteria = ("synflow-iterative",)
    on_models = True
    mutants = (
        Mutant("other-law", "growth and critical density of another noise law of equal variance"),
        Mutant("factor-t", "growth t q(t)/E[|xi|; |xi| >= t], with t in standard deviations, in place of t^2"),
        Mutant("stable", "stable at every density: iterative SynFlow is homogeneous", reading="[P26]"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Measure growth, critical density and empty rows; the noise of a model gives the law of the weights."""
        generator = torch.Generator().manual_seed(seed)
        law = noise_law(case.initialisation)
        networks = [_network(case, law, generator) for _ in range(NETWORKS)]
        growth = float(np.mean([_growth(network, case.density, generator) for network in networks]))
        critical = float(np.mean([_critical(network, generator) for network in networks[:BISECTED]]))
        measured = {GROWTH: growth, CRITICAL: critical, ROWS: _empty_rows(networks[0], case, generator)}
        return {name: measured | _as_numbers(says) for name, says in _predictions(law, case.density).items()}

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Hold each quantity to its margin at the largest width; refutation Bonferroni-corrected over them all."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, lambda case: f"{case.initialisation}, depth {case.depth}, rho = {case.density:g}")
        tests = [(name, group, what) for name, group in groups.items() for what in _measures(group, variant)]
        rows = [_decide(name, group, variant, what, level, len(tests)) for name, group, what in tests]
        return conclude(
            rows,
            len(found),
            level,
            null="a step multiplies perturbations by t^2 q/m; rows empty below the density where that is 1, not above",
            alternative="another growth, another critical density, or rows that empty elsewhere",
            statistic="mean deviation at the largest width over its margin, farthest over groups and quantities",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _network(case: Case, law: NoiseLaw, generator: torch.Generator) -> nn.Sequential:
    """Perceptron as wide behind as within, so that no layer feeds few outputs; Laplace weights are written over."""
    known = case.initialisation in INITIALISATIONS
    network = perceptron(
        case.inputs,
        [case.width] * case.depth,
        outputs=case.width,
        activation=case.activation,
        initialisation=case.initialisation if known else "gaussian",
        seed=int(torch.randint(2**62, (), generator=generator)),
    )
    for layer in () if known else _linear(network).values():
        shape = tuple(layer.weight.shape)
        signs = torch.randint(0, 2, shape, generator=generator) * 2 - 1
        with torch.no_grad():
            layer.weight.copy_(draw_noise(law, shape, generator) * signs * layer.in_features**-0.5)
    return network


def _linear(network: nn.Sequential) -> dict[str, nn.Linear]:
    return {name: layer for name, layer in network.named_children() if isinstance(layer, nn.Linear)}


def _growth(network: nn.Sequential, density: float, generator: torch.Generator) -> float:
    """Growth of a planted perturbation of the last hidden layer's units in one step."""
    name, behind = list(_linear(network).items())[-2:]
    weight, original = name[1].weight.detach().abs().double(), behind[1].weight.detach().clone()
    units = weight.shape[0]
    half = torch.randperm(units, generator=generator) < units // 2
    signs = torch.where(half, 1.0, -1.0).to(original.dtype)
    raised = lowered = 0.0
    for sign in (1.0, -1.0):
        with torch.no_grad():
            behind[1].weight.copy_(original * torch.exp(sign * PUSH * signs))
        kept = synflow_iterative(network, density, 1, layers=[name[0]], generator=generator).masks[name[0]]
        masses: Tensor = (weight * kept).sum(dim=1)
        up = signs * sign > 0
        raised, lowered = raised + float(masses[up].sum()), lowered + float(masses[~up].sum())
    with torch.no_grad():
        behind[1].weight.copy_(original)
    return math.log(raised / lowered) / (2.0 * PUSH) if lowered > 0 else math.inf


def _critical(network: nn.Sequential, generator: torch.Generator) -> float:
    """Density at which the growth is 1, by bisection: growth falls in the density."""
    low, high = 0.02, 0.98
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        if _growth(network, middle, generator) > 1.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _empty_rows(network: nn.Sequential, case: Case, generator: torch.Generator) -> float:
    """Share of the rows of the hidden layers that keep nothing after ``STEPS`` steps on the whole network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayerCollapse)
        masks = synflow_iterative(network, case.density, STEPS, generator=generator).masks
    hidden = list(masks.values())[: case.depth]
    return float(np.mean([float((~part.any(dim=1)).double().mean()) for part in hidden]))


def _predictions(law: NoiseLaw, density: float) -> dict[str, _Says]:
    """Growth, critical density and phase by each variant, from the law alone."""
    growth, critical, other = step_growth(law, density, PUSH), critical_density(law), matched_law(law)
    deviations = law.inverse(density) / math.sqrt(law.variance)
    return {
        STATEMENT: _Says(growth, critical, density < critical),
        "other-law": _Says(
            step_growth(other, density, PUSH), critical_density(other), density < critical_density(other)
        ),
        "factor-t": _Says(growth / deviations, None, density < critical),
        "stable": _Says(None, None, empties=False),
    }


def _as_numbers(says: _Says) -> dict[str, float]:
    numbers = {f"{ROWS} said": float(says.empties)}
    if says.growth is not None:
        numbers[f"{GROWTH} said"] = says.growth
    if says.critical is not None:
        numbers[f"{CRITICAL} said"] = says.critical
    return numbers


def _measures(group: Sequence[Observation], variant: str) -> list[str]:
    return [what for what in (GROWTH, CRITICAL, ROWS) if f"{what} said" in group[0].values[variant]]


def _deviation(values: Mapping[str, float], what: str) -> float:
    """Deviation of one quantity from what a variant says; empty rows are as they are."""
    if what == ROWS:
        return values[ROWS]
    said = values[f"{what} said"]
    if what == CRITICAL:
        return values[CRITICAL] - said
    if not math.isfinite(said):
        return -math.inf
    return math.log(max(values[GROWTH], 1e-6) / said)


def _decide(
    name: str, group: Sequence[Observation], variant: str, what: str, level: float, tests: int
) -> dict[str, float | str]:
    """Decide one quantity of one group of growing widths."""
    by_width: dict[int, list[float]] = {}
    for o in group:
        by_width.setdefault(o.case.width, []).append(_deviation(o.values[variant], what))
    smallest, largest = min(by_width), max(by_width)
    said = group[0].values[variant][f"{what} said"]
    row: dict[str, float | str] = {"group": name, "measure": what, "said": said, "largest width": float(largest)}
    if not bool(np.all(np.isfinite(by_width[largest]))):
        # A variant whose law keeps nothing where the mask keeps much.
        infinite: dict[str, float | str] = {
            "share of margin": math.inf,
            "detectable": math.inf,
            "outcome": Outcome.REFUTED.value,
        }
        return row | {"mean": math.inf} | infinite
    share = level / tests
    if what != ROWS or not said:
        margin = {GROWTH: GROWTH_MARGIN, CRITICAL: CRITICAL_MARGIN, ROWS: FEW}[what]
        # Both sides of a layer grow together: its size is the square of the width.
        squares = {width**2: values for width, values in by_width.items()}
        return row | decide_growing(squares, margin=margin, level=level, share=share)
    mean, low, high = mean_interval(by_width[largest], level)
    start = float(np.mean(by_width[smallest]))
    outcome = Outcome.INCONCLUSIVE
    if low > MANY:
        outcome = Outcome.SUPPORTED
    elif mean_interval(by_width[largest], share)[2] < MANY and largest > smallest and mean <= start:
        outcome = Outcome.REFUTED
    return row | {
        "mean": mean,
        "low": low,
        "high": high,
        "mean at the smallest size": start,
        "margin": MANY,
        "share of margin": MANY / max(mean, 1e-9),
        "detectable": 1.0 + detectable_mean(by_width[largest], share) / MANY,
        "outcome": outcome.value,
    }
