"""UAT-count's decision: every outcome can be reached, real trials carry false variants, planted masks are found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import verification.claims.uat_count as module
from graphon_theory.approximation import active_set, disjoint_sets
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, ModelSpec, Observation
from verification.claims import Outcome, claims
from verification.claims.joined_bounds import FEW, FLOOR, floor_figures
from verification.claims.uat_count import BRACKET, MEAN, SPREAD, UNIFORM, declared_sets
from verification.experiment import Pruned
from verification.suite import load_suite, parse_suite

CASE = replace(ORDINARY, statement="UAT-count", data="teacher", width=32, square=False, density=0.5, active=2)
SLOPE = replace(CASE, criterion=None, model=ModelSpec("slope", "1/10 + u**2", "1/4 + v", "gaussian"), density=0.3)
SYNFLOW = replace(CASE, criterion="synflow", density=0.3)
SNIP = replace(CASE, criterion="snip", density=0.3, batch=256)
CLAIM = claims()["UAT-count"]
LEVEL = 0.002


def _trials(case: Case, repeats: int, master: int = 1) -> list[Observation]:
    return [Observation(case, r, r, CLAIM.trial(case, case.seed(master, r))) for r in range(repeats)]


def _planted(
    *,
    spread: float = 0.0,
    mean: float = 0.0,
    low: float = 0.5,
    high: float = 0.5,
    outside: float = 0.0,
    noise: float = 0.01,
    error: float = 0.02,
) -> Outcome:
    rng = np.random.default_rng(0)
    found = []
    for width in (8, 128):
        for r in range(20):
            values = {
                MEAN: mean + noise * rng.normal(),
                SPREAD: spread + noise * rng.normal(),
                BRACKET: outside,
                f"{UNIFORM} low": low,
                f"{UNIFORM} high": high,
                f"{UNIFORM} error": error * rng.normal(),
                "joined": 4.0,
                "expected": 4.0,
            }
            found.append(Observation(replace(CASE, width=width), r, r, {"statement": values}))
    measurement = CLAIM.decide(found, "statement", LEVEL)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted() is Outcome.SUPPORTED
    assert _planted(low=0.05, high=0.99) is Outcome.REFUTED  # 20 faint tails of one side
    assert _planted(low=0.99, high=0.05) is Outcome.REFUTED
    assert _planted(outside=1.0) is Outcome.REFUTED
    assert _planted(spread=-0.3) is Outcome.REFUTED
    assert _planted(mean=0.1) is Outcome.REFUTED
    assert _planted(spread=0.1, noise=0.2) is Outcome.INCONCLUSIVE
    assert _planted(error=0.5) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", LEVEL).outcome is Outcome.NOT_RUN
    assert CLAIM.headline([], LEVEL) is None


def test_sets_are_disjoint_and_by_degree() -> None:
    sets = declared_sets(np.array([0.1, 0.9, 0.5, 0.7, 0.3]), 2)
    assert sets == ((1, 3), (2, 4))


@pytest.mark.parametrize(
    ("case", "false"),
    [
        (SLOPE, ("product", "weakest", "homogeneous", "floor-once")),
        (CASE, ("weakest",)),
        (SYNFLOW, ("product", "weakest")),
        (SNIP, ("product", "weakest", "homogeneous")),
    ],
    ids=["model", "magnitude", "synflow", "snip"],
)
def test_real_trials_reject_false_variants_and_not_the_truth(case: Case, false: tuple[str, ...]) -> None:
    """Null: the statement, level 0.002; 12 trials of each of two widths."""
    found = _trials(replace(case, width=6), 12) + _trials(replace(case, width=40), 12)
    assert CLAIM.decide(found, "statement", LEVEL).outcome is not Outcome.REFUTED
    for name in false:
        rejected = CLAIM.decide(found, name, LEVEL)
        assert rejected.outcome is Outcome.REFUTED, name


def test_top_k_is_not_binomial_with_row_types_drawn() -> None:
    """Null: the statement, level 0.002; SynFlow, two widths; the variance is 0.7 of the binomial."""
    case = replace(SYNFLOW, inputs=192, active=1)
    found = _trials(replace(case, width=8), 30) + _trials(replace(case, width=96), 30)
    assert CLAIM.decide(found, "statement", LEVEL).outcome is Outcome.SUPPORTED
    assert CLAIM.decide(found, "binomial", LEVEL).outcome is Outcome.REFUTED
    line = CLAIM.headline(found, LEVEL)
    assert line is not None
    assert "factor 0.6" in line or "factor 0.7" in line


def _altered(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., Pruned]:
    honest = module.prune

    def prune(case: Case, generator: torch.Generator) -> Pruned:
        pruned = honest(case, generator)
        return replace(pruned, kept=change(pruned.kept))

    return prune


def _rows_sorted(kept: torch.Tensor) -> torch.Tensor:
    """Whole columns moved by rows: as many entries in each column, in the first rows."""
    return kept.sort(dim=0, descending=True).values


def _columns_shifted(kept: torch.Tensor) -> torch.Tensor:
    """The second half of the columns one row further: as many entries, and no dependence that independence has not."""
    half = kept.shape[1] // 2
    return torch.cat([kept[:, :half], kept[:, half:].roll(1, dims=0)], dim=1)


@pytest.mark.parametrize("case", [CASE, SNIP], ids=["magnitude", "snip"])
def test_masks_whose_columns_depend_on_one_another_are_found(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "prune", _altered(_rows_sorted))
    assert CLAIM.decide(_trials(case, 6), "statement", LEVEL).outcome is Outcome.REFUTED


def test_a_change_that_the_law_allows_is_not_held_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "prune", _altered(_columns_shifted))
    assert CLAIM.decide(_trials(CASE, 20), "statement", LEVEL).outcome is not Outcome.REFUTED


def test_p_values_of_the_exact_laws_keep_their_level() -> None:
    """Null: the exact law of uniform masks and of models; 100 trials each; level 0.1; binomial tail below 1e-5."""
    from verification.statistics import binomial_at_least

    for case, measure in ((replace(CASE, criterion="random"), UNIFORM), (replace(SLOPE, inputs=8), module.DRAWN)):
        tails = [CLAIM.trial(case, case.seed(9, r))["statement"] for r in range(100)]
        for side in ("low", "high"):
            rejected = sum(values[f"{measure} {side}"] <= 0.1 for values in tails)
            assert binomial_at_least(rejected, 100, 0.1) > 1e-5


@pytest.mark.parametrize("active", [3, None, 2.5])
def test_what_is_no_collection_is_no_set_of_coordinates(active: object) -> None:
    for read in (active_set, disjoint_sets):
        with pytest.raises(InputError, match=r"active = .*give a collection"):
            read(active, 10)  # type: ignore[arg-type]


def _suite(**changes: object) -> dict[str, object]:
    check = {
        "statement": "UAT-count",
        "criteria": ["random"],
        "widths": [8],
        "inputs": [4],
        "densities": [0.5],
        "active": [2],
        "repeats": 2,
    }
    return {"schema": "graphon.suite/1", "check": [check | changes]}


def test_suites_in_which_no_neuron_can_be_joined_are_refused() -> None:
    parse_suite(_suite())
    parse_suite(_suite(active=[1, 4]))
    with pytest.raises(InputError, match=r"check 1\.active = 5.*at most as many coordinates as inputs, 4"):
        parse_suite(_suite(active=[1, 5]))
    square = _suite(widths=[3, 8], active=[4])
    del square["check"][0]["inputs"]  # type: ignore[index]
    with pytest.raises(InputError, match=r"check 1\.active = 4.*inputs, 3"):
        parse_suite(square)
    with pytest.raises(InputError, match=r"check 1\.densities = 0\.06.*keeps 2 of 32 entries: keep 3"):
        parse_suite(_suite(densities=[0.5, 0.06], active=[3]))
    parse_suite(_suite(densities=[0.1], active=[3]))


def test_nothing_expected_is_no_error_and_no_support() -> None:
    """A uniform mask of two entries joins no neuron to three inputs: trials go through, and support nothing."""
    case = replace(CASE, width=4, inputs=8, density=2 / 32, active=3)
    found = _trials(case, 4)
    values = found[0].values["statement"]
    assert values["expected"] == values["joined"] == values[MEAN] == values[SPREAD] == 0.0
    assert values[f"{UNIFORM} low"] == values[f"{UNIFORM} high"] == 1.0
    measurement = CLAIM.decide(found, "statement", LEVEL)
    assert {row["outcome"] for row in measurement.rows} == {Outcome.INCONCLUSIVE.value}


def _bounds(*, few: float = 0.0, above: float = 0.0, bound: float = 0.25, repeats: int = 40) -> dict[str, Outcome]:
    values = {FEW: few, f"{FEW} bound": bound, FLOOR: above, f"{FLOOR} ratio": 0.5 + above}
    values |= {"joined": 4.0, "expected": 4.0}
    found = [Observation(SLOPE, r, r, {"statement": values}) for r in range(repeats)]
    rows = CLAIM.decide(found, "statement", LEVEL).rows
    return {str(row["measure"]): Outcome(str(row["outcome"])) for row in rows}


def test_the_bounds_can_be_supported_and_refuted() -> None:
    assert _bounds() == {FEW: Outcome.SUPPORTED, FLOOR: Outcome.SUPPORTED}
    assert _bounds(few=1.0) == {FEW: Outcome.REFUTED, FLOOR: Outcome.SUPPORTED}
    assert _bounds(above=1.0) == {FEW: Outcome.SUPPORTED, FLOOR: Outcome.REFUTED}
    assert _bounds(few=1.0, bound=0.95)[FEW] is Outcome.INCONCLUSIVE  # no number of trials could exceed it


def test_the_edge_floor_holds_and_its_false_variant_does_not() -> None:
    """Two rows of kept probabilities 0.8 and 0.2 in both columns: t_J = 0.34; floors 0.32 and 0.04, false 0.4."""
    kept, weights = np.array([[0.8, 0.8], [0.2, 0.2]]), np.array([0.5, 0.5])
    true = floor_figures(kept, weights, [(0, 1)])
    assert true[FLOOR] == 0.0
    assert true[f"{FLOOR} ratio"] == pytest.approx(0.32 / 0.34, rel=1e-12)
    false = floor_figures(kept, weights, [(0, 1)], once=True)
    assert false[FLOOR] == 3.0  # shares up to a half
    assert false[f"{FLOOR} ratio"] == pytest.approx(0.4 / 0.34, rel=1e-12)


def test_few_joined_neurons_on_purpose_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Null: Chernoff's bound, level 0.002; masks whose neurons are cut off, three of four."""
    honest = module.model_scores

    def cut(model: object, generator: torch.Generator) -> torch.Tensor:
        scores = honest(model, generator)  # type: ignore[arg-type]
        scores[scores.shape[0] // 4 :] = 0.0
        return scores

    monkeypatch.setattr(module, "model_scores", cut)
    rows = CLAIM.decide(_trials(replace(SLOPE, width=96), 12), "statement", LEVEL).rows
    assert {row["outcome"] for row in rows if row["measure"] == FEW} == {Outcome.REFUTED.value}


def test_the_suite_checks_what_the_statement_rests_on() -> None:
    from graphon_theory.statements import ancestors

    suite = load_suite("approximation")
    assert {"UAT-count", *ancestors("UAT-count")} <= set(suite.statements)
    cases = [case for check in suite.checks if check.statement == "UAT-count" for case in suite.cases(check)]
    assert {case.criterion for case in cases} == {None, *CLAIM.criteria}
