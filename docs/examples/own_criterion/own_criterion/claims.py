"""EQUAL-SHARES: under the scaled magnitude and one threshold, every layer keeps the same share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

import verification
from graphon_theory.criteria.magnitude import magnitude_shares
from own_criterion.derivation import equal_shares
from verification.cases import Case, Observation, Values
from verification.claims import Measurement, Mutant, Outcome
from verification.claims.claim import STATEMENT, carrying, grouped, not_run, worst
from verification.networks import initial_noise, perceptron
from verification.statistics import binomial_two_sided, critical_rate, detectable_rate

OUTPUTS = 10
RESOLUTION = 0.1
"""A layer counts as support only if a relative error of this size in its share would have been seen."""


@verification.claim(
    title="Scaled magnitude keeps equal shares of all layers",
    hypotheses=(
        "the weights of a layer are iid and symmetric, of one law in units of fan-in^(-1/2)",
        "one threshold over all layers",
    ),
    conclusion="Above the threshold Q^{-1}(rho) every layer has the expected share rho, at every width.",
    rule="Counts above the threshold are binomial with rate rho in every layer: two-sided exact tests, Bonferroni over "
    "layers and cases; support needs that an error of 10 % in each share would have been seen.",
    level=0.05,
    derivation=equal_shares,
)
class EqualShares:
    """The claim; its false variants state other shares at the same threshold."""

    id = "EQUAL-SHARES"
    criteria = ("scaled-magnitude",)
    on_models = False
    mutants = (
        Mutant("plain-magnitude", "the shares of |w| without the fan-in, as MAG has them"),
        Mutant("fan-in", "the shares of |w| times the fan-in in place of its root"),
        Mutant("density-5-percent", "a share 5 % larger in every layer"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Score one perceptron, and count the scores of each layer above the threshold."""
        generator = torch.Generator().manual_seed(seed)
        network = perceptron(
            case.inputs,
            [case.width] * case.depth,
            outputs=OUTPUTS,
            activation=case.activation,
            initialisation=case.initialisation,
            seed=int(torch.randint(2**62, (), generator=generator)),
        )
        scores = verification.score(network, criterion=str(case.criterion))
        threshold = initial_noise(case.initialisation).inverse(case.density)
        counts: dict[str, float] = {}
        for k, value in enumerate(scores.values()):
            counts |= {f"count {k}": float((value.double() >= threshold).sum()), f"size {k}": float(value.numel())}
        return {
            name: counts | {f"share {k}": share for k, share in enumerate(shares)}
            for name, shares in _stated(network, case).items()
        }

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Pool the counts of each layer and case, and test them against what the variant states."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = list(grouped(found, lambda case: case.key()).values())
        tests = sum(_layers(group[0], variant) for group in groups)
        rows = [_row(group, variant, k, level / tests) for group in groups for k in range(_layers(group[0], variant))]
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="in every layer scores above the threshold are independent, at the stated rate",
            alternative="some layer has another rate",
            statistic="largest error of a layer's share, over what the level allows",
            observed=max(float(row["error over allowed"]) for row in rows),
            bound=1.0,
            level=level,
            p_value=min(1.0, tests * min(float(row["p"]) for row in rows)),
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="relative error of a layer's share",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _stated(network: nn.Sequential, case: Case) -> dict[str, list[float]]:
    """Shares of the layers, by each variant."""
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    fans = [float(layer.in_features) for layer in layers]
    sizes, law = [layer.weight.numel() for layer in layers], initial_noise(case.initialisation)
    stated = {STATEMENT: [case.density] * len(layers), "density-5-percent": [1.05 * case.density] * len(layers)}
    if len(set(fans)) > 1:  # else the shares of these are equal too, and they are not false
        for name, power in (("plain-magnitude", -0.5), ("fan-in", 0.5)):
            found = magnitude_shares(sizes, [fan**power for fan in fans], law, case.density)
            stated[name] = [float(share) for share in found.shares]
    return stated


def _layers(observation: Observation, variant: str) -> int:
    return sum(name.startswith("count ") for name in observation.values[variant])


def _row(group: Sequence[Observation], variant: str, k: int, level: float) -> dict[str, float | str]:
    """Test one layer of one case."""
    case, values = group[0].case, [o.values[variant] for o in group]
    count, size = (int(sum(v[f"{name} {k}"] for v in values)) for name in ("count", "size"))
    share = values[0][f"share {k}"]
    about: dict[str, float | str] = {"width": float(case.width), "density": case.density, "layer": float(k)}
    p_value = binomial_two_sided(count, size, share)
    if not 0.0 < share < 1.0:  # a certainty: one weight speaks against it
        error = 0.0 if p_value == 1.0 else float("inf")
        outcome = Outcome.REFUTED if p_value <= level else Outcome.SUPPORTED
        return about | {"p": p_value, "detectable": 0.0, "error over allowed": error, "outcome": outcome.value}
    finest = detectable_rate(size, share, level)
    fine = Outcome.SUPPORTED if finest <= RESOLUTION else Outcome.INCONCLUSIVE
    return about | {
        "share": share,
        "above": count / size,
        "p": p_value,
        "detectable": finest,
        "error over allowed": abs(count / size / share - 1.0) / critical_rate(size, share, level),
        "outcome": (Outcome.REFUTED if p_value <= level else fine).value,
    }
