"""UAT-count, measured: neurons joined to all of J, for disjoint sets J of k columns, against their laws.

Four sources, one statement:

* *models*, cut at the population threshold: row types are drawn, so that the sum over disjoint sets has the law of
  ``pooled_law``, exactly;
* *random* and *magnitude*, top-k: uniform masks, whose joint law is exact as well (``uniform_mask_law``);
* *synflow*, top-k: a rank-one model with row types ``|a_i|``, drawn and known. Drawn: mean ``n t_J``, and the variance
  that the threshold's compensation leaves; known: the bracket by nested masks;
* *snip*, top-k: all types given by network and batch; the bracket, mean and variance at the predicted rates.

The sets are declared by the prediction, not by the mask. Where the law is exact, one-sided p-values are combined over
trials (Fisher). Everywhere the relative error of the sum and the squared deviations, over their predicted variance, are
held against margins by the rule of ``asymptotic``: supported inside at the largest size, refuted where they stay out.
A bracket fails with a stated probability, and so often at most over trials. On models the statement's two bounds are
held to trials as well (``joined_bounds``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.approximation import (
    JoinedBracket,
    bracket_probabilities,
    drawn_types_variance,
    given_types_law,
    given_types_variance,
    joined_rates,
    pooled_law,
    row_nodes,
    uniform_mask_law,
)
from graphon_theory.counts import CountLaw
from graphon_theory.graphon import Graphon
from graphon_theory.noise import Gaussian, Uniform
from graphon_theory.notation import u
from graphon_theory.profiles import half_normal
from graphon_theory.saliency import FiniteModel, SaliencyModel
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude, decide_group
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.joined_bounds import (
    BOUNDS,
    FALSE_FLOOR,
    decide_bound,
    few_figures,
    floor_figures,
    telling,
    worse,
)
from verification.experiment import prune
from verification.sampling import model_scores
from verification.statistics import binomial_at_least, detectable_mean, detectable_proportion, fisher

Array = npt.NDArray[np.float64]
Sets = tuple[tuple[int, ...], ...]

MOST_SETS = 16
"""Disjoint sets whose counts are summed where the law of the sum is wanted; figures average over all of them."""

BRACKET_LEVEL = 0.02
"""Probability, at most, that a count leaves its bracket."""

BRACKET_FAILURE = 0.002
"""Part of each tail of it: that the top-k threshold lies beyond one of the bracket's."""

RESOLUTION = 0.1
"""An exact law counts as support only if a relative error of this size in the mean would have been seen, at the
largest size of its group."""

MEAN_MARGIN, SPREAD_MARGIN = 0.05, 0.12
"""Equivalence margins of the relative error of the mean count, and of the variance."""

DRAWN, GIVEN, UNIFORM = "law, types drawn", "law, types given", "law, uniform mask"
BRACKET, MEAN, SPREAD = "bracket", "mean", "variance"


class UatCount:
    """The claim of statement UAT-count."""

    id = "UAT-count"
    criteria = ("random", "magnitude", "synflow", "snip")
    on_models = True
    mutants = (
        Mutant("product", "t_J is the product of the degrees: columns are independent in u"),
        Mutant("binomial", "N_J is binomial under top-k with row types drawn, as at a fixed threshold"),
        Mutant("weakest", "t_J is the smallest degree, whatever k"),
        Mutant("homogeneous", "t_J is rho^k, whatever the columns"),
        Mutant(FALSE_FLOOR, "t_J >= alpha p, whatever k: the edge floor of one column"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Count the joined neurons of one mask, for each variant's law."""
        generator = torch.Generator().manual_seed(seed)
        if case.model is not None:
            return _fixed_threshold(case, generator)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        if case.criterion == "synflow":
            return _drawn_rows(
                case, kept, FiniteModel.from_factors(np.abs(pruned.readout), np.ones(case.inputs), pruned.noise)
            )
        if case.criterion == "snip":
            return _given_types(case, kept, pruned.rank_s())
        return _uniform(case, kept)

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Exact tests where the law is exact, brackets, and the rule for growing sizes; Bonferroni over all."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = grouped(found, group_name)
        cases = [
            (name, measure, group, group[0].case.size == max(o.case.size for o in sizes))
            for name, sizes in groups.items()
            for group in grouped(sizes, lambda case: case.key()).values()
            for measure in (DRAWN, GIVEN, UNIFORM, BRACKET, *BOUNDS)
            if f"{measure} low" in group[0].values[variant] or measure in group[0].values[variant]
        ]
        growing = [
            (name, measure, group)
            for name, group in groups.items()
            for measure in (MEAN, SPREAD)
            if measure in group[0].values[variant]
        ]
        tests = len(cases) + len(growing)
        rows = [
            _about(name, measure, group, variant) | decide_bound(measure, group, variant, level / tests)
            if measure in BOUNDS
            else _by_bracket(name, group, variant, level / tests)
            if measure == BRACKET
            else _by_law(name, measure, group, variant, level / tests, largest=largest)
            for name, measure, group, largest in cases
        ]
        rows += [
            decide_group(
                name,
                group,
                measure,
                partial(_value, variant=variant, measure=measure),
                margin=MEAN_MARGIN if measure == MEAN else SPREAD_MARGIN,
                level=level,
                tests=tests,
            )
            | _nothing_expected(group, variant)
            for name, measure, group in growing
        ]
        return conclude(
            rows,
            len(found),
            level,
            null="N_J has the law of UAT-count: its sum over disjoint sets, its mean, its variance, its bracket, "
            "its bounds",
            alternative="its law is another, or mean or variance stay outside their margins as n and d grow",
            statistic="relative error of mean or variance, share outside the bracket or beyond a bound, over what is "
            "allowed",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How far the variance under top-k lies below the binomial one, with row types drawn."""
        found = [o for o in carrying(observations, "binomial") if SPREAD in o.values["binomial"]]
        if not found:
            return None
        largest = max(o.case.size for o in found)
        shares = {
            o.case.active: [1.0 + p.values["binomial"][SPREAD] for p in found if p.case.active == o.case.active]
            for o in found
            if o.case.size == largest
        }
        figures = ", ".join(f"{float(np.mean(values)):.2f} at k = {k}" for k, values in sorted(shares.items()))
        return f"Under top-k with row types drawn (SynFlow) Var N_J is less than binomial by the factor {figures}."


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    batch = f", {case.data}, S/d = {case.batch_per_input:g}" if case.batch_per_input else ""
    batch = f", {case.data}, S = {case.batch}" if case.batch and not batch else batch
    return f"{case.source}, {case.initialisation}{batch}, rho = {case.density:g}, k = {case.active}"


def declared_sets(columns: Array, active: int) -> Sets:
    """Disjoint sets of k columns each, by falling degree: columns of like degree together, ties by index."""
    order = np.argsort(-columns, kind="stable")
    count = columns.size // active
    return tuple(tuple(int(j) for j in order[g * active : (g + 1) * active]) for g in range(count))


def _fixed_threshold(case: Case, generator: torch.Generator) -> Values:
    """Cut a model's scores at the population threshold: exact laws, row types drawn or given."""
    model, graphon, tau = _built(case)
    types = torch.rand(case.width + case.inputs, generator=generator, dtype=torch.float64).numpy()
    rows, columns = types[: case.width], types[case.width :]
    above = model_scores(model.at(rows, columns), generator).numpy() >= tau
    nodes, weights = row_nodes()
    kept, own = (
        np.broadcast_to(graphon(points[:, None], columns[None, :]), (points.size, columns.size))
        for points in (nodes, rows)
    )
    sets = declared_sets(weights @ kept, case.active)
    counts = _counts(above, sets)
    rates = joined_rates(own, sets)
    part = sets[:MOST_SETS]
    values = {
        STATEMENT: _figures(counts, rates.sum(axis=0), (rates * (1.0 - rates)).sum(axis=0))
        | _tails(DRAWN, counts, pooled_law(case.width, joined_rates(kept, part), weights))
        | _tails(GIVEN, counts, given_types_law(rates[:, :MOST_SETS]))
    }
    for name, stars in _false_stars(kept, weights, sets).items():
        # Rows that are all alike: types drawn and types given are one law.
        law = given_types_law(np.tile(stars[:MOST_SETS], (case.width, 1)))
        figures = _figures(counts, case.width * stars, case.width * stars * (1.0 - stars))
        values[name] = figures | _tails(DRAWN, counts, law) | _tails(GIVEN, counts, law)
    spread = range(0, len(sets), -(-len(sets) // MOST_SETS))  # sets of all degrees
    looked = [sets[g] for g in spread]
    expected = case.width * (weights @ joined_rates(kept, looked))
    place = telling(expected)
    values[STATEMENT] |= few_figures(int(counts[spread[place]]), float(expected[place]))
    given = np.full(case.width, 1.0 / case.width)
    for name in (STATEMENT, FALSE_FLOOR) if case.active > 1 else (STATEMENT,):
        both = [floor_figures(w, at, looked, once=name == FALSE_FLOOR) for w, at in ((kept, weights), (own, given))]
        figures = {"joined": values[STATEMENT]["joined"], "expected": values[STATEMENT]["expected"]}
        values[name] = values.get(name, figures) | worse(both)
    return values


def _uniform(case: Case, kept: npt.NDArray[np.bool_]) -> Values:
    """Count in a uniform mask of K entries: exact laws."""
    sets = declared_sets(np.zeros(case.inputs), case.active)
    counts = _counts(kept, sets)
    blocks = {STATEMENT: case.active} | ({"weakest": 1} if case.active > 1 else {})
    values = {}
    for name, size in blocks.items():
        one = _uniform_law(case.width, size, case.size, int(kept.sum()))
        law = _uniform_law(case.width * min(len(sets), MOST_SETS), size, case.size, int(kept.sum()))
        moments = np.full(len(sets), one.mean), np.full(len(sets), one.variance)
        values[name] = _figures(counts, *moments) | _tails(UNIFORM, counts, law)
    return values


def _drawn_rows(case: Case, kept: npt.NDArray[np.bool_], model: FiniteModel) -> Values:
    """Count in SynFlow's mask: row types drawn, or known."""
    sets = declared_sets(np.zeros(case.inputs), case.active)
    counts = _counts(kept, sets)
    star, independent, compensated = _synflow_moments(case.initialisation, case.density, case.inputs, case.active)
    means = {STATEMENT: star, "binomial": star}
    if case.active > 1:
        means |= {"product": case.density**case.active, "weakest": case.density}
    values = {}
    for name, mean in means.items():
        # A variance of its own would only make a false mean stand out less clearly.
        variance = compensated if name == STATEMENT else independent
        moments = np.full(len(sets), case.width * mean), np.full(len(sets), case.width * variance)
        values[name] = _figures(counts, *moments)
    return _with_brackets(values, counts, model, int(kept.sum()), sets)


def _given_types(case: Case, kept: npt.NDArray[np.bool_], model: FiniteModel) -> Values:
    """Count in SNIP's mask: all types given."""
    probabilities = model.probabilities(case.density)
    weights = np.full(case.width, 1.0 / case.width)
    sets = declared_sets(probabilities.mean(axis=0), case.active)
    counts = _counts(kept, sets)
    corrected = np.array([v.value for v in given_types_variance(model, case.density, sets)])
    means = case.width * (weights @ joined_rates(probabilities, sets))
    values = {STATEMENT: _figures(counts, means, case.width * corrected)}
    for name, stars in _false_stars(probabilities, weights, sets).items():
        values[name] = _figures(counts, case.width * stars, case.width * stars * (1.0 - stars))
    return _with_brackets(values, counts, model, int(kept.sum()), sets)


def _false_stars(kept: Array, weights: Array, sets: Sets) -> dict[str, Array]:
    """``t_J`` of each set by each false variant, shape (G,); at k = 1 they say little else than the statement."""
    active = len(sets[0])
    if active == 1:
        return {}
    degrees = (weights @ kept)[np.array(sets)]
    return {
        "product": degrees.prod(axis=1),
        "weakest": degrees.min(axis=1),
        "homogeneous": np.full(len(sets), float(weights @ kept.mean(axis=1)) ** active),
    }


def _with_brackets(
    values: dict[str, dict[str, float]], counts: npt.NDArray[np.int64], model: FiniteModel, kept: int, sets: Sets
) -> Values:
    """Say of each variant whether the summed count lies outside its bracket."""
    part = sets[:MOST_SETS]
    total = int(counts[:MOST_SETS].sum())
    ends = bracket_probabilities(model, kept, BRACKET_FAILURE)
    rows = model.profile.shape[0]
    rates = {STATEMENT: [joined_rates(there, part) for there in ends]}
    false = [_false_stars(there, np.full(rows, 1.0 / rows), part) for there in ends]
    rates |= {name: [np.tile(stars[name], (rows, 1)) for stars in false] for name in false[0]}
    brackets = {
        name: JoinedBracket(given_types_law(low), given_types_law(high), BRACKET_FAILURE)
        for name, (low, high) in rates.items()
        if name in values
    }
    for name in values:
        if name in brackets:
            values[name] |= {BRACKET: float(brackets[name].outside(total, BRACKET_LEVEL))}
    return values


@lru_cache(maxsize=64)
def _built(case: Case) -> tuple[SaliencyModel, Graphon, float]:
    """Build a case's model, its graphon and its threshold: costly, and the same in every trial."""
    if case.model is None:
        raise RuntimeError("this case has no model")
    model = case.model.build()
    return model, model.graphon(case.density), model.threshold(case.density).value


@lru_cache(maxsize=64)
def _uniform_law(blocks: int, active: int, entries: int, kept: int) -> CountLaw:
    return uniform_mask_law(blocks, active, entries, kept)


@lru_cache(maxsize=64)
def _synflow_moments(initialisation: str, density: float, inputs: int, active: int) -> tuple[float, float, float]:
    """``t_J``, binomial and compensated variance a neuron, of SynFlow with one hidden layer: g = |a|, f = 1."""
    gaussian = initialisation == "gaussian"
    model = SaliencyModel(g=half_normal(u) if gaussian else u, noise=Gaussian() if gaussian else Uniform())
    (found,) = drawn_types_variance(model, density, np.zeros(inputs), [range(active)])
    return found.star, found.independent, found.value


def _counts(kept: npt.NDArray[np.bool_], sets: Sets) -> npt.NDArray[np.int64]:
    """Count the joined neurons of each set, shape (G,)."""
    return np.asarray(kept[:, np.array(sets)].all(axis=2).sum(axis=0), dtype=np.int64)


def _figures(counts: npt.NDArray[np.int64], means: Array, variances: Array) -> dict[str, float]:
    """Relative error of the sum, and of the mean squared deviation over its predicted mean."""
    total = float(means.sum())
    squares = float(np.square(counts - means).sum())
    return {
        MEAN: _relative(float(counts.sum()), total),
        SPREAD: _relative(squares, float(variances.sum())),
        "joined": float(counts.mean()),
        "expected": total / means.size,
    }


def _tails(measure: str, counts: npt.NDArray[np.int64], law: CountLaw) -> dict[str, float]:
    """Tails of the law of the summed count at what was found, and its relative error."""
    total = int(counts[:MOST_SETS].sum())
    return {
        f"{measure} low": law.at_most(total),
        f"{measure} high": law.at_least(total),
        f"{measure} error": _relative(total, law.mean),
    }


def _relative(found: float, predicted: float) -> float:
    """Relative error; where 0 is predicted, what was found instead, so that nothing found is no error."""
    return found / predicted - 1.0 if predicted > 0.0 else found


def _nothing_expected(group: Sequence[Observation], variant: str) -> dict[str, float | str]:
    """Take support away where no neuron is expected to be joined: agreement would be empty."""
    if any(o.values[variant]["expected"] > 0.0 for o in group):
        return {}
    return {"outcome": Outcome.INCONCLUSIVE.value} if not any(o.values[variant]["joined"] for o in group) else {}


def _value(observation: Observation, variant: str, measure: str) -> float:
    return observation.values[variant][measure]


def _about(name: str, measure: str, group: Sequence[Observation], variant: str) -> dict[str, float | str]:
    values: list[Mapping[str, float]] = [o.values[variant] for o in group]
    return {
        "group": name,
        "measure": measure,
        "largest size": float(group[0].case.size),
        "joined": float(np.mean([v["joined"] for v in values])),
        "expected": float(np.mean([v["expected"] for v in values])),
    }


def _by_law(
    name: str, measure: str, group: Sequence[Observation], variant: str, share: float, *, largest: bool
) -> dict[str, float | str]:
    """Test the exact law of one case: p-values of either tail, combined over trials."""
    values = [o.values[variant] for o in group]
    p_value = min(1.0, 2.0 * min(fisher([v[f"{measure} {side}"] for v in values]) for side in ("low", "high")))
    errors = [v[f"{measure} error"] for v in values]
    finest = detectable_mean(errors, share / 2.0) / RESOLUTION
    fine = Outcome.SUPPORTED if finest <= 1.0 or not largest else Outcome.INCONCLUSIVE
    row = _about(name, measure, group, variant) | {
        "mean": float(np.mean(errors)),
        "p": p_value,
        "margin": RESOLUTION,
        "share of margin": abs(float(np.mean(errors))) / RESOLUTION,
        "detectable": finest,
        "outcome": (Outcome.REFUTED if p_value <= share else fine).value,
    }
    return row | _nothing_expected(group, variant)


def _by_bracket(name: str, group: Sequence[Observation], variant: str, share: float) -> dict[str, float | str]:
    """Test how often the count of one case leaves its bracket."""
    outside = int(sum(o.values[variant][BRACKET] for o in group))
    p_value = binomial_at_least(outside, len(group), BRACKET_LEVEL)
    return _about(name, BRACKET, group, variant) | {
        "mean": float(outside) / len(group),
        "p": p_value,
        "share of margin": float(outside) / len(group),
        "detectable": detectable_proportion(len(group), share, BRACKET_LEVEL),
        "outcome": (Outcome.REFUTED if p_value <= share else Outcome.SUPPORTED).value,
    }
