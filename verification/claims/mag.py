"""MAG, measured: counts of every layer above one level, and the uniformity of each layer's mask given its count.

A trial prunes a real perceptron by ``|w|`` under one threshold over all layers. Above the level that a variant
predicts, the number of weights of each layer is binomial with that variant's share, exactly, at every width. The
mask itself is tied to the level by an identity: masks at two levels are nested (NEST), so the counts of the layers
differ in one direction. Given its count, a layer's mask is a uniform set, whose degrees are hypergeometric.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from graphon_theory.criteria.magnitude import LayerShares, magnitude_shares
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.false_laws import matched_law
from verification.criteria import score
from verification.masks import LayerCollapse, mask
from verification.networks import initial_noise, perceptron
from verification.null_laws import uniform_degree_p_values
from verification.statistics import binomial_two_sided, critical_rate, detectable_rate, fisher

OUTPUTS = 10
"""Outputs of the network: the last layer has so many rows."""

DRAWS = 199
"""Null draws of the degrees of a layer."""

RESOLUTION = 0.1
"""A layer counts as support only if a relative error of this size in its share would have been seen."""


class Mag:
    """The claim of statement MAG."""

    id = "MAG"
    criteria = ("magnitude",)
    on_models = False
    mutants = (
        Mutant("equal", "every layer keeps the same share rho", reading="[P26]"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant("fan-in", "sigma_l inverse to the fan-in in place of its root"),
        Mutant("one-sided", "one-sided Q: shares P(xi >= tau/sigma_l)"),
        Mutant("layer-masks", "one threshold a layer in place of one for all", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Count the weights of each layer above each variant's level."""
        generator = torch.Generator().manual_seed(seed)
        network = perceptron(
            case.inputs,
            [case.width] * case.depth,
            outputs=OUTPUTS,
            activation=case.activation,
            initialisation=case.initialisation,
            seed=int(torch.randint(2**62, (), generator=generator)),
        )
        scores = score(network, criterion="magnitude")
        scope = "layer" if case.variant == "layer-masks" else "global"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LayerCollapse)  # that a layer keeps nothing is what may be predicted
            kept = mask(scores, density=case.density, scope=scope, generator=generator)
        rng = np.random.default_rng(seed)
        # A uniform set cannot be told from any other in a layer that keeps nothing or all of it.
        mixed = [part.numpy() for part in kept.values() if 0 < int(part.sum()) < part.numel()]
        degrees = [uniform_degree_p_values(part, draws=DRAWS, rng=rng) for part in mixed]
        found = {
            "row p": fisher([p.row_spread for p in degrees]),
            "column p": fisher([p.column_spread for p in degrees]),
        }
        predictions = _predictions(network, case)
        names = (
            (case.variant,) if case.variant != STATEMENT else (STATEMENT, *(n for n in predictions if n != STATEMENT))
        )
        values: dict[str, dict[str, float]] = {}
        for name in names:
            stated = predictions.get(name, predictions[STATEMENT])
            above = {layer: int((value.double() >= stated.threshold).sum()) for layer, value in scores.items()}
            moved = [int(kept[layer].sum()) - count for layer, count in above.items()]
            values[name] = found | {"discordant": float(sum(abs(m) for m in moved) - abs(sum(moved)))}
            for k, (layer, count) in enumerate(above.items()):
                values[name] |= {
                    f"count {k}": float(count),
                    f"size {k}": float(scores[layer].numel()),
                    f"share {k}": float(stated.shares[k]),
                    f"kept {k}": float(kept[layer].double().mean()),
                    f"spread {k}": float(stated.spreads[k]),
                }
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Pool the counts of each layer and case; Bonferroni over layers, both degree tests and cases."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = list(grouped(found, lambda case: case.key()).values())
        tests = sum(_layers(group[0], variant) + 2 for group in groups)
        rows = [row for group in groups for row in _rows(group, variant, level / tests)]
        counted = [row for row in rows if row["test"] == "count"]
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="above tau the counts of the layers are binomial with shares rho_l; given them the masks are uniform",
            alternative="some layer keeps another share, or some mask is not uniform, or not cut at one level",
            statistic="largest error of a layer's share above tau, over what the level allows",
            observed=max(float(row["error over allowed"]) for row in counted),
            bound=1.0,
            level=level,
            p_value=min(1.0, tests * min(float(row["p"]) for row in rows)),
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in counted),
            detectable_unit="relative error of a layer's share",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _layers(observation: Observation, variant: str) -> int:
    return sum(name.startswith("count ") for name in observation.values[variant])


def _rows(group: Sequence[Observation], variant: str, level: float) -> list[dict[str, float | str]]:
    """Test every layer of one case, its masks, and that they were cut at one level."""
    case = group[0].case
    values = [o.values[variant] for o in group]
    about: dict[str, float | str] = {
        "source": f"{case.initialisation}, {case.inputs} inputs, {case.depth} hidden layers",
        "width": float(case.width),
        "density": case.density,
    }
    rows: list[dict[str, float | str]] = []
    for k in range(_layers(group[0], variant)):
        count, size = (int(sum(v[f"{name} {k}"] for v in values)) for name in ("count", "size"))
        share = values[0][f"share {k}"]
        p_value = binomial_two_sided(count, size, share)
        row = about | {"test": "count", "layer": float(k), "share": share, "above": count / size, "p": p_value}
        row |= {"in the mask": float(np.mean([v[f"kept {k}"] for v in values])), "spread": values[0][f"spread {k}"]}
        if 0.0 < share < 1.0:
            finest = detectable_rate(size, share, level)
            row |= {"detectable": finest}
            row |= {"error over allowed": abs(count / size / share - 1.0) / critical_rate(size, share, level)}
        else:
            # A share of 0 or 1 is a certainty: a single weight speaks against it.
            finest = 0.0
            row |= {"detectable": 0.0, "error over allowed": 0.0 if p_value == 1.0 else float("inf")}
        fine = Outcome.SUPPORTED if finest <= RESOLUTION else Outcome.INCONCLUSIVE
        rows.append(row | {"outcome": (Outcome.REFUTED if p_value <= level else fine).value})
    for axis in ("row", "column"):
        p_value = fisher([v[f"{axis} p"] for v in values])
        refuted = Outcome.REFUTED if p_value <= level else Outcome.SUPPORTED
        rows.append(about | {"test": f"uniform over {axis}s", "p": p_value, "outcome": refuted.value})
    discordant = max(v["discordant"] for v in values)
    nested = Outcome.SUPPORTED if discordant == 0 else Outcome.REFUTED
    rows.append(about | {"test": "one level", "p": float(discordant == 0), "outcome": nested.value})
    return rows


def _predictions(network: nn.Sequential, case: Case) -> dict[str, LayerShares]:
    """Level and shares by each variant, from the sizes of the layers and the law alone."""
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    sizes = [layer.weight.numel() for layer in layers]
    scales = [layer.in_features**-0.5 for layer in layers]
    law = initial_noise(case.initialisation)
    truth = magnitude_shares(sizes, scales, law, case.density)
    equal = np.full(len(layers), case.density)
    # The false scale is matched on the widest layer, so that it differs in its power alone.
    widest = max(layer.in_features for layer in layers)
    squared = [widest**0.5 / layer.in_features for layer in layers]
    made = {
        STATEMENT: truth,
        "equal": LayerShares(truth.threshold, equal, truth.spreads),
        "other-noise": magnitude_shares(sizes, scales, matched_law(law), case.density),
    }
    if len(set(scales)) > 1:
        made["fan-in"] = magnitude_shares(sizes, squared, law, case.density)
    else:
        del made["equal"]  # layers of one scale do keep equal shares
    if 2.0 * case.density < 1.0:
        doubled = magnitude_shares(sizes, scales, law, 2.0 * case.density)
        made["one-sided"] = LayerShares(doubled.threshold, doubled.shares / 2.0, doubled.spreads)
    return made
