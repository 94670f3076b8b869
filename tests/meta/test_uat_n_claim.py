"""UAT-n's decision: every outcome can be reached, and real trials carry every false variant."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import verification.claims.empty_columns as module
from tests.cases import ORDINARY
from verification.cases import Case, ModelSpec, Observation
from verification.claims import Outcome, claims
from verification.claims.ignored import train_against_floor
from verification.experiment import prune
from verification.report.approximation_figures import empty_figure

CASE = replace(
    ORDINARY,
    statement="UAT-n",
    criterion="random",
    width=8,
    inputs=3,
    square=False,
    density=0.2,
    active=1,
    target="smooth",
)
SPEC = ModelSpec("columns", "1", "2*exp(-3*v)", "gaussian")
MODEL = replace(
    CASE, criterion=None, model=SPEC, initialisation="gaussian", width=24, inputs=16, density=0.1, target=""
)
CLAIM = claims()["UAT-n"]
LEVEL = 0.003


def _planted(count: int, *, size: int = 4000, undercut: float = 0.0, trained: bool = True) -> Outcome:
    values: dict[str, float] = {
        f"count {module.TOP_K}": count,
        f"size {module.TOP_K}": size,
        f"rate {module.TOP_K}": 0.1,
        f"unequal {module.TOP_K}": 0.0,
    }
    if trained:
        values |= {"undercut": undercut, "ratio": 1.2}
    measurement = CLAIM.decide([Observation(CASE, 0, 0, {"statement": values})], "statement", LEVEL)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted(400) is Outcome.SUPPORTED
    assert _planted(520) is Outcome.REFUTED
    assert _planted(290) is Outcome.REFUTED
    assert _planted(400, undercut=1.0) is Outcome.REFUTED
    assert _planted(40, size=400) is Outcome.INCONCLUSIVE
    assert _planted(400, trained=False) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", LEVEL).outcome is Outcome.NOT_RUN


def _p_value(counts: tuple[int, ...], rates: tuple[float, ...], *, unequal: bool) -> float:
    """p-value of sums of 10 indicators each, of these mean rates."""
    found = [
        Observation(
            CASE,
            r,
            r,
            {
                "statement": {
                    f"count {module.TOP_K}": count,
                    f"size {module.TOP_K}": 10.0,
                    f"rate {module.TOP_K}": rate,
                    f"unequal {module.TOP_K}": float(unequal),
                }
            },
        )
        for r, (count, rate) in enumerate(zip(counts, rates, strict=True))
    ]
    (row,) = CLAIM.decide(found, "statement", LEVEL).rows
    assert isinstance(row["p"], float)
    return row["p"]


def test_within_one_unit_of_the_mean_unequal_rates_have_the_p_value_one() -> None:
    """Hoeffding's bound fails there: nine sure indicators and one of rate 0.1, mean 9.1, against ``Bin(10, 0.91)``."""
    tail = sum(math.comb(10, m) * 0.91**m * 0.09 ** (10 - m) for m in range(10))  # P(Bin <= 9)
    assert tail < 0.9  # P(sum <= 9) is 0.9: the binomial tail does not bound it
    assert _p_value((9,), (0.91,), unequal=True) == 1.0
    assert _p_value((5, 5), (0.5, 0.58), unequal=False) == 1.0  # trials of different rates
    equal = _p_value((9,), (0.93,), unequal=False)
    assert equal == pytest.approx(min(1.0, 2.0 * (1.0 - 0.93**10)), abs=1e-12)
    assert _p_value((2,), (0.01,), unequal=True) == pytest.approx(2.0 * (1.0 - 0.99**10 - 0.1 * 0.99**9), rel=1e-9)
    assert _p_value((0,), (0.09,), unequal=True) == 1.0
    assert _p_value((0,), (0.3,), unequal=True) == pytest.approx(2.0 * 0.7**10, rel=1e-9)


def test_p_values_of_unequal_rates_keep_their_level() -> None:
    """Enumeration: the law of 12 indicators of unequal rates; P(p <= level) is at most the level, at any level."""
    rates = [0.02 + 0.08 * j for j in range(12)]
    law = [1.0]
    for rate in rates:
        law = [
            (law[m] if m < len(law) else 0.0) * (1.0 - rate) + (law[m - 1] * rate if m else 0.0)
            for m in range(len(law) + 1)
        ]
    p_values = [module.two_sided(m, 12, sum(rates) / 12, unequal=True) for m in range(13)]
    for level in p_values:
        assert sum(mass for mass, p in zip(law, p_values, strict=True) if p <= level) <= level + 1e-12


def test_real_trials_say_which_rates_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS", 16)
    assert CLAIM.trial(replace(CASE, width=64), 3)["statement"][f"unequal {module.TOP_K}"] == 0.0
    values = CLAIM.trial(MODEL, 3)
    assert values["statement"][f"unequal {module.GIVEN_COLUMN}"] == 1.0
    assert values["constant-degree"][f"unequal {module.GIVEN_COLUMN}"] == 0.0


def test_columns_cease_to_be_lost_where_the_law_says() -> None:
    """Columns of equal degree: d (1 - rho)^n empty ones on average, below 1 from n = 20 on; 512 masks a width."""
    even = replace(MODEL, model=ModelSpec("even", "1/2 + u", "1", "gaussian"), inputs=8)
    found = [
        Observation(case, r, r, CLAIM.trial(case, r))
        for case in (replace(even, width=n) for n in (6, 12, 24, 36))
        for r in range(2)
    ]
    measurement = CLAIM.decide(found, "statement", LEVEL)
    assert measurement.outcome is not Outcome.REFUTED
    rows = {row["width"]: row for row in measurement.rows if row["test"] == module.GIVEN_ROWS}
    for n, row in rows.items():
        observed, predicted = float(row["empty columns a mask"]), float(row["predicted a mask"])
        exact = 8 * 0.9 ** float(n)
        # Six standard errors of a mean over 512 masks of a count whose variance is at most 8/4 and its mean.
        error = 6.0 * math.sqrt(min(2.0, 2.0 * exact) / 512)
        assert abs(observed - exact) < error
        assert abs(predicted - exact) < error
        assert abs(float(row["masks without one"]) - float(row["predicted without one"])) < 6.0 * 0.5 / math.sqrt(512)
    line = CLAIM.headline(found, LEVEL)
    assert line is not None
    assert "between n = 12 and 24" in line
    svg = empty_figure(SimpleNamespace(observations=found))  # type: ignore[arg-type]
    assert svg is not None
    assert "model even" in svg
    assert empty_figure(SimpleNamespace(observations=found[:2])) is None  # type: ignore[arg-type]
    few = CLAIM.headline([o for o in found if o.case.width > 12], LEVEL)
    assert few is None  # only one side was measured


def test_real_trials_reject_every_false_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS", 160)
    found = [
        Observation(case, r, case.seed(0, r), CLAIM.trial(case, case.seed(0, r)))
        for case, repeats in ((CASE, 4), (MODEL, 2))
        for r in range(repeats)
    ]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        assert CLAIM.decide(found, mutant.id, LEVEL).outcome is Outcome.REFUTED, mutant.id


def test_columns_that_are_emptied_on_purpose_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS", 160)
    honest = module.prune
    calls = iter(range(10_000))

    def emptied(case: Case, generator: torch.Generator) -> object:
        pruned = honest(case, generator)
        if next(calls) % 4 == 0:
            pruned.kept[:, 0] = False
        return pruned

    monkeypatch.setattr(module, "prune", emptied)
    found = [Observation(CASE, r, r, CLAIM.trial(CASE, r)) for r in range(2)]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is Outcome.REFUTED


@pytest.mark.parametrize(("active", "activation"), [(1, "relu"), (2, "tanh")])
def test_a_trained_network_ignores_the_column_and_stays_above_the_floor(active: int, activation: str) -> None:
    case = replace(CASE, active=active, activation=activation, width=16, inputs=5, target="barron")
    generator = torch.Generator().manual_seed(4)
    pruned = prune(case, generator)
    pruned.kept[:, 2] = False
    pruned.kept[0, [0, 1, 3, 4]] = True
    found = train_against_floor(pruned, case, generator)
    assert found is not None
    assert found.moved == 0.0
    assert found.floor.lower <= found.error.upper
    assert found.floor.lower <= found.floor.upper <= 1.05 * found.floor.lower


def test_snip_leaves_the_blank_pixels_of_digits_empty() -> None:
    case = replace(CASE, criterion="snip", width=32, inputs=64, density=0.1, batch=64)
    values = CLAIM.trial(case, 1)
    assert set(values) == {"statement", "whole-oscillation", "made-up"}
    assert values["statement"]["undercut"] == 0.0
    assert values["statement"]["ratio"] >= 1.0
