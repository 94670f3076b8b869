"""LIM-a, measured: the certified cut distance of a mask to its prediction against the finite-width bound.

The mask is that of a real Magnitude-pruned network, or of a saliency model with known types. Two bounds
share the failure probability of a trial: the one of the cut norm, over all rectangles, and one on the few
rectangles where the prediction differs most from its false variants. Those are declared by the types alone,
and they find a wrong formula at widths where the cut norm cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.bounds import bernstein_bound, hoeffding_bound, rectangle_bound
from graphon_theory.criteria import homogeneous_model
from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.false_laws import denser, one_sided, other_noise
from verification.cutnorm import cut_norm
from verification.devices import current
from verification.experiment import known_types, prune
from verification.masks import mask
from verification.statistics import binomial_at_least

Array = npt.NDArray[np.float64]

DELTA = 1e-4
"""Failure probability of the bounds in one trial, half for the cut norm and half for the rectangles."""

_SAME = 1e-9  # predictions closer than this are the same prediction


class LimA:
    """The claim of statement LIM-a."""

    id = "LIM-a"
    criteria = ("random", "magnitude")
    on_models = True
    mutants = (
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant("one-sided", "one-sided Q"),
        Mutant("density-5-percent", "tau of a density 5 % larger"),
        Mutant("exchanged", "g and f exchanged"),
        Mutant("exponent", "the bound decays with exponent 1 in place of 1/2, from the smallest size's distance on"),
        Mutant("ties-by-index", "noise with an atom at the threshold, ties broken by index", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one mask with the prediction and its false variants."""
        generator = torch.Generator().manual_seed(seed)
        if case.variant == "ties-by-index":
            return {case.variant: _tied_trial(case, generator, seed)}
        model, exchanged, scores = known_types(case, generator)
        truth = model.probabilities(case.density)
        false = _false_predictions(case, model, exchanged, truth)
        kept = mask(scores, density=case.density, generator=generator).numpy()
        rectangles = [_widest(truth - prediction) for prediction in false.values()]
        statement = _cut_statistics(kept, truth, seed) | _rectangle_statistics(kept, truth, rectangles)
        values: dict[str, Mapping[str, float]] = {STATEMENT: statement}
        for name, prediction in false.items():
            distance = cut_norm(kept - prediction, certify=False, seed=seed, device=current())
            values[name] = {
                "lower": distance.lower,
                "bound": bernstein_bound(prediction, DELTA / 2),
            } | _rectangle_statistics(kept, prediction, rectangles)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Count the trials that exceed a bound: at most a share ``DELTA`` of them may."""
        found = _with_false_exponent(observations) if variant == "exponent" else carrying(observations, variant)
        if not found:
            return not_run(level)
        rows = []
        exceeded = undecided = 0
        for observation in found:
            values = observation.values[variant]
            fails = values["lower"] > values["bound"] or values["worst"] > 1.0
            exceeded += fails
            undecided += not fails and values.get("upper", 0.0) > values["bound"]
            rows.append(_row(observation, values))
        p_value = binomial_at_least(exceeded, len(found), DELTA) if exceeded else 1.0
        outcome = Outcome.INCONCLUSIVE if undecided or exceeded else Outcome.SUPPORTED
        if p_value <= level:
            outcome = Outcome.REFUTED
        ratios = [
            max(o.values[variant]["lower"] / o.values[variant]["bound"], o.values[variant]["worst"]) for o in found
        ]
        return Measurement(
            outcome=outcome,
            null=f"each trial stays within its bounds with probability at least 1 - {DELTA:g}",
            alternative="the bounds are exceeded more often",
            statistic="largest deviation over its bound",
            observed=max(ratios),
            bound=1.0,
            level=level,
            p_value=p_value,
            sample_size=len(found),
            detectable=max(_finest(series, variant) for series in grouped(found, _series).values()),
            detectable_unit="change of the prediction, in cut distance, that would put these masks beyond the bound",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _with_false_exponent(observations: Sequence[Observation]) -> list[Observation]:
    """Rewrite the statement's trials for a distance that decays like the size instead of its square root.

    The false law is anchored at the largest certified distance at the smallest size of each series; only
    larger sizes can speak against it.
    """
    found = carrying(observations, STATEMENT)
    series = grouped(found, _series)
    rewritten = []
    for group in series.values():
        smallest = min(o.case.size for o in group)
        anchor = max(o.values[STATEMENT]["upper"] for o in group if o.case.size == smallest)
        for o in group:
            shrunk = math.sqrt(smallest / o.case.size)
            if shrunk < 1.0:
                values = {"lower": o.values[STATEMENT]["lower"], "bound": anchor * shrunk, "worst": 0.0}
                rewritten.append(replace(o, values={"exponent": values}))
    return rewritten


def _series(case: Case) -> tuple[str, str, float]:
    """Name what a series of growing sizes has in common."""
    return case.source, case.initialisation, case.density


def _finest(series: Sequence[Observation], variant: str) -> float:
    """Smallest change of the prediction that is certain to put some mask of a series beyond the bound.

    By the triangle inequality: the distance of a mask to another prediction is at least their distance less the
    certified one. The bound is taken to be that of the stated prediction.
    """
    values = [o.values[variant] for o in series]
    return min(v["bound"] + v.get("upper", float("inf")) for v in values)


def _false_predictions(case: Case, model: FiniteModel, exchanged: FiniteModel | None, truth: Array) -> dict[str, Array]:
    """Make the false predictions that differ from the truth on this case."""
    makers: dict[str, Callable[[], Array | None]] = {
        "other-noise": lambda: other_noise(model).probabilities(case.density),
        "one-sided": lambda: one_sided(model, case.density),
        "density-5-percent": lambda: denser(model, case.density),
        "exchanged": lambda: None if exchanged is None else exchanged.probabilities(case.density),
    }
    made = {name: maker() for name, maker in makers.items()}
    return {name: p for name, p in made.items() if p is not None and float(np.abs(p - truth).max()) > _SAME}


def _widest(difference: Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Find the rectangle where two predictions differ most: a function of the types alone."""
    found = cut_norm(difference, certify=False, seed=0, device=current())
    return found.rows, found.columns


def _cut_statistics(kept: npt.NDArray[np.bool_], prediction: Array, seed: int) -> dict[str, float]:
    distance = cut_norm(kept - prediction, seed=seed, device=current())
    if distance.upper is None:
        raise RuntimeError("the cut norm came without the certificate that was asked for")
    return {
        "lower": distance.lower,
        "upper": distance.upper,
        "bound": bernstein_bound(prediction, DELTA / 2),
        "plain bound": hoeffding_bound(prediction.shape[0], prediction.shape[1], DELTA / 2),
    }


def _rectangle_statistics(
    kept: npt.NDArray[np.bool_],
    prediction: Array,
    rectangles: Sequence[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
) -> dict[str, float]:
    """Largest deviation over its bound among the declared rectangles; 0 without any."""
    variance = prediction * (1.0 - prediction)
    total = float(variance.sum())
    worst = 0.0
    for rows, columns in rectangles:
        inside = np.ix_(rows, columns)
        deviation = abs(float((kept[inside] - prediction[inside]).sum())) / prediction.size
        share = DELTA / (2 * len(rectangles))
        bound = rectangle_bound(float(variance[inside].sum()), total, prediction.size, share)
        worst = max(worst, deviation / bound)
    return {"worst": worst}


def _tied_trial(case: Case, generator: torch.Generator, seed: int) -> dict[str, float]:
    """Magnitude on weights quantised to one bit: every score ties, and the first k are kept."""
    pruned = prune(case, generator)
    one_bit = pruned.network.hidden.weight.detach().sign().abs()
    kept = mask(one_bit, density=case.density, ties="index").numpy()
    truth = homogeneous_model(case.width, case.inputs, pruned.noise).probabilities(case.density)
    return _cut_statistics(kept, truth, seed) | {"worst": 0.0}


def _row(observation: Observation, values: Mapping[str, float]) -> dict[str, float | str]:
    case = observation.case
    return {
        "source": case.source,
        "initialisation": case.initialisation,
        "width": float(case.width),
        "inputs": float(case.inputs),
        "density": case.density,
        **values,
    }
