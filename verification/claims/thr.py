"""THR, measured: how many scores of a real network lie above the predicted threshold.

Given the types, the number of scores above ``tau`` is a sum of ``nd`` independent indicators of mean rate
``rho``, for every width: an exact law, so one network already tests the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.false_laws import denser_threshold, other_noise
from verification.experiment import known_types
from verification.statistics import binomial_two_sided, critical_rate, detectable_rate

RESOLUTION = 0.05
"""A case counts as support only if a relative error of this size in the density would have been seen."""


class Thr:
    """The claim of statement THR."""

    id = "THR"
    criteria = ("magnitude",)
    on_models = True
    mutants = (
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant("one-sided", "one-sided Q: the threshold of P(xi >= t)"),
        Mutant("density-5-percent", "the threshold of a density 5 % larger"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Count the scores above each variant's threshold."""
        model, _, scores = known_types(case, torch.Generator().manual_seed(seed))
        ordered = np.sort(scores.double().numpy().ravel())
        levels = {variant: level(model, case.density) for variant, level in _LEVELS.items()}
        return {
            variant: {
                "count": float(ordered.size - np.searchsorted(ordered, level)),
                "size": float(ordered.size),
            }
            for variant, level in levels.items()
            if level is not None
        }

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Pool the counts of each case and test their rate against ``rho``; Bonferroni over the cases."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = list(grouped(found, lambda case: case.key()).values())
        rows: list[dict[str, float | str]] = []
        outcomes: list[Outcome] = []
        for group in groups:
            case = group[0].case
            count = int(sum(o.values[variant]["count"] for o in group))
            size = int(sum(o.values[variant]["size"] for o in group))
            p_value = min(1.0, len(groups) * binomial_two_sided(count, size, case.density))
            finest = detectable_rate(size, case.density, level / len(groups))
            fine = Outcome.SUPPORTED if finest <= RESOLUTION else Outcome.INCONCLUSIVE
            outcomes.append(Outcome.REFUTED if p_value <= level else fine)
            rows.append(
                {
                    "source": case.source,
                    "initialisation": case.initialisation,
                    "width": float(case.width),
                    "density": case.density,
                    "kept": count / size,
                    "relative error": count / size / case.density - 1.0,
                    "p": p_value,
                    "allowed": critical_rate(size, case.density, level / len(groups)),
                    "detectable": finest,
                }
            )
        deviations = [abs(float(row["relative error"])) / float(row["allowed"]) for row in rows]
        return Measurement(
            outcome=worst(outcomes),
            null="given the types, scores above tau are independent indicators of mean rate rho",
            alternative="their mean rate is another",
            statistic="largest error of the share above tau, over what the level allows",
            observed=max(deviations),
            bound=1.0,
            level=level,
            p_value=min(float(row["p"]) for row in rows),
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="relative error of the density",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _one_sided(model: FiniteModel, density: float) -> float:
    """Threshold of ``P(xi >= t) = Q/2``: where that never reaches ``rho``, no entry is dropped."""
    reachable = 2.0 * density < float(np.mean(model.profile > 0))
    return model.threshold(2.0 * density) if reachable else 0.0


_LEVELS: dict[str, Callable[[FiniteModel, float], float | None]] = {
    STATEMENT: lambda model, density: model.threshold(density),
    "other-noise": lambda model, density: other_noise(model).threshold(density),
    "one-sided": _one_sided,
    "density-5-percent": denser_threshold,
}
