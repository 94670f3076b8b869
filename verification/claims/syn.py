"""SYN, measured: SynFlow's scores above the predicted level, in all and on blocks declared by the other layers.

Given the other layers, the factors of a layer are known and its weights are fresh, so that the counts of scores above
a level are sums of independent indicators, of rates known at every width, in the whole layer and on blocks of rows
and columns by quantiles of the factors: binomial tails bound theirs (Hoeffding 1956). The mask is tied to the level by
an identity: masks at two levels are nested.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from graphon_theory.criteria import path_factors, synflow_model
from graphon_theory.saliency import FiniteModel, kept_probability
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.false_laws import other_noise
from verification.criteria import score
from verification.masks import mask
from verification.networks import initial_noise, perceptron
from verification.null_laws import block_counts, quantile_groups, threshold_cells_p_value
from verification.statistics import binomial_two_sided, critical_rate, detectable_rate, fisher

Array = npt.NDArray[np.float64]

GROUPS = 4
"""Groups of rows, and of columns, by quantiles of their factors."""

RESOLUTION = 0.05
"""A layer counts as support only if a relative error of this size in its density would have been seen."""

_CONVOLVED = 1  # blocks are held to the binomial tails that bound Poisson-binomial ones: a hundredth of the time

COUNT, BLOCKS, LEVEL = "count", "blocks", "one level"


class Syn:
    """The claim of statement SYN."""

    id = "SYN"
    criteria = ("synflow",)
    on_models = False
    mutants = (
        Mutant("constant", "SynFlow is homogeneous, as it sees no data", reading="[P26]"),
        Mutant("exchanged", "the columns have the spread of the rows, and the rows that of the columns"),
        Mutant("squared", "r_i squared: |a_i|^2 with one hidden layer"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Count the scores of every hidden layer above each variant's level, on blocks."""
        generator = torch.Generator().manual_seed(seed)
        network = perceptron(
            case.inputs,
            [case.width] * case.depth,
            activation=case.activation,
            initialisation=case.initialisation,
            seed=int(torch.randint(2**62, (), generator=generator)),
        )
        law = initial_noise(case.initialisation)
        layers = {name: layer for name, layer in network.named_children() if isinstance(layer, nn.Linear)}
        factors = path_factors([layer.weight.detach().numpy() for layer in layers.values()])
        scores = score(network, criterion="synflow")
        values: dict[str, dict[str, float]] = {}
        for k, (name, (rows, columns)) in enumerate(zip(list(layers)[: case.depth], factors, strict=False)):
            scaled = scores[name].double() * layers[name].in_features ** 0.5
            kept = mask(scaled, density=case.density, generator=generator).numpy()
            found = _compare(scaled.numpy(), kept, synflow_model(rows, columns, law), (rows, columns), case.density)
            for variant, numbers in found.items():
                values.setdefault(variant, {}).update({f"{key} {k}": number for key, number in numbers.items()})
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Pool the counts and the blocks' p-values of each layer; Bonferroni over layers, tests and cases."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = list(grouped(found, lambda case: case.key()).values())
        tests = 2 * sum(group[0].case.depth for group in groups)
        rows = [
            row
            for group in groups
            for k in range(group[0].case.depth)
            for row in _rows(group, variant, k, level / tests)
        ]
        counted = [row for row in rows if row["test"] == COUNT]
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="given the other layers, scores above tau are independent indicators of rates Q(tau/(r_i c_j))",
            alternative="their rates are others, in all or on some block",
            statistic="p-value, farthest over layers and tests, as -log10",
            observed=max(-float(np.log10(max(float(row["p"]), 1e-300))) for row in rows),
            bound=-float(np.log10(level / tests)),
            level=level,
            p_value=min(1.0, tests * min(float(row["p"]) for row in rows)),
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in counted),
            detectable_unit="relative error of a layer's density",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _compare(
    scores: Array, kept: npt.NDArray[np.bool_], model: FiniteModel, factors: tuple[Array, Array], density: float
) -> dict[str, dict[str, float]]:
    """Statistics of one layer for each variant."""
    # Factors that are all equal are grouped by place; both kinds of groups come from other layers alone.
    groups = [quantile_groups(factor, min(GROUPS, factor.size)) for factor in factors]
    level = model.threshold(density)
    other = other_noise(model)
    other_level = other.threshold(density)
    predictions = {
        STATEMENT: (level, kept_probability(model.profile, model.noise, level)),
        # Predictions without a scale of their own are put at the statement's level: their shape alone speaks.
        "constant": (level, np.full_like(scores, density)),
        "exchanged": (level, _exchanged(model, factors, density)),
        "squared": (level, synflow_model(factors[0] ** 2, factors[1], model.noise).probabilities(density)),
        "other-noise": (other_level, kept_probability(other.profile, other.noise, other_level)),
    }
    values = {}
    for name, (tau, rates) in predictions.items():
        above = scores >= tau
        discordant = int((kept ^ above).sum()) - abs(int(kept.sum()) - int(above.sum()))
        values[name] = {
            "count": float(above.sum()),
            "size": float(above.size),
            "blocks p": threshold_cells_p_value(block_counts(above, *groups), rates, *groups, largest_exact=_CONVOLVED),
            "discordant": float(discordant),
            "row spread": _spread(factors[0]),
            "column spread": _spread(factors[1]),
        }
    return values


def _exchanged(model: FiniteModel, factors: tuple[Array, Array], density: float) -> Array:
    """Prediction with the quantile functions of the two factors exchanged, each side in its own order."""
    rows, columns = factors
    new_rows, new_columns = (
        np.quantile(source, (np.argsort(np.argsort(target, kind="stable")) + 0.5) / target.size)
        for source, target in ((columns, rows), (rows, columns))
    )
    return synflow_model(new_rows, new_columns, model.noise).probabilities(density)


def _spread(factor: Array) -> float:
    return float(factor.std() / factor.mean())


def _rows(group: Sequence[Observation], variant: str, layer: int, level: float) -> list[dict[str, float | str]]:
    """Test one layer of one case: its count, its blocks, and that its mask is cut at one level."""
    case = group[0].case
    values = [o.values[variant] for o in group]
    count, size = (int(sum(v[f"{name} {layer}"] for v in values)) for name in ("count", "size"))
    finest = detectable_rate(size, case.density, level)
    about: dict[str, float | str] = {
        "source": f"{case.initialisation}, {case.depth} hidden layers, d = {case.inputs}",
        "width": float(case.width),
        "density": case.density,
        "layer": float(layer),
        "row spread": float(np.mean([v[f"row spread {layer}"] for v in values])),
        "column spread": float(np.mean([v[f"column spread {layer}"] for v in values])),
        "kept": count / size,
        "allowed": critical_rate(size, case.density, level),
        "detectable": finest,
    }
    fine = Outcome.SUPPORTED if finest <= RESOLUTION else Outcome.INCONCLUSIVE
    p_values = {
        COUNT: binomial_two_sided(count, size, case.density),
        BLOCKS: fisher([v[f"blocks p {layer}"] for v in values]),
    }
    rows = [
        about | {"test": name, "p": p, "outcome": (Outcome.REFUTED if p <= level else fine).value}
        for name, p in p_values.items()
    ]
    nested = all(v[f"discordant {layer}"] == 0 for v in values)
    outcome = Outcome.SUPPORTED if nested else Outcome.REFUTED
    return [*rows, about | {"test": LEVEL, "p": float(nested), "outcome": outcome.value}]
