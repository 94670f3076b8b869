"""Holm's procedure over a suite, and the width that a false variant is rejected from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.meta.test_planted_falsehoods import CASE
from verification.cases import Case, Observation, Values
from verification.claims import Measurement, Mutant, Outcome
from verification.claims.claim import carrying, not_run
from verification.decisions import decide_all, rejected_from


@dataclass(frozen=True)
class ByPValue:
    """A claim whose rule compares the largest recorded p-value with the level."""

    id: str
    criteria: tuple[str, ...] = ()
    on_models: bool = False
    mutants: tuple[Mutant, ...] = (Mutant("false", "a false variant"),)

    def trial(self, case: Case, seed: int) -> Values:
        raise NotImplementedError

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        p_value = min(o.values[variant]["p"] for o in found)
        return replace(not_run(level), outcome=Outcome.REFUTED if p_value <= level else Outcome.SUPPORTED)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        return None


def _observe(statement: str, p_value: float, width: int = 64, variant: str = "statement") -> Observation:
    return Observation(replace(CASE, statement=statement, width=width), 0, 0, {variant: {"p": p_value}})


def _refuted(p_values: Mapping[str, float], level: float) -> set[str]:
    found = decide_all(
        {name: ByPValue(name) for name in p_values}, [_observe(name, p) for name, p in p_values.items()], level
    )
    return {name for name, decision in found.items() if decision.measurement.outcome is Outcome.REFUTED}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.001, 0.3))
def test_rules_asked_at_levels_give_holms_procedure(p_values: list[float], level: float) -> None:
    """Against the procedure written down from p-values: the smallest against level/m, the next against level/(m-1)."""
    expected = set()
    for k, index in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[index] > level / (len(p_values) - k):
            break
        expected.add(str(index))
    assert _refuted({str(k): p for k, p in enumerate(p_values)}, level) == expected


def test_the_family_wise_level_holds() -> None:
    """Null: five true statements, p-values uniform and equal or independent; level 0.05; 4,000 rounds.

    The share of rounds with a refutation may exceed 0.05 by five standard errors: false failure below 1e-6.
    """
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(4000):
        shared, own = rng.random(), rng.random(5)
        p_values = {str(k): shared if k < 2 else float(own[k]) for k in range(5)}
        wrong += bool(_refuted(p_values, 0.05))
    assert wrong / 4000 <= 0.05 + 5 * (0.05 * 0.95 / 4000) ** 0.5


def test_a_false_variant_is_rejected_from_the_width_after_which_it_stays_so() -> None:
    claim = ByPValue("LIM-a")

    def at(p_values: Mapping[int, float]) -> int | None:
        found = [_observe("LIM-a", p, width, "false") for width, p in p_values.items()]
        return rejected_from(claim, found, "false", 0.01)

    assert at({64: 0.5, 128: 0.001, 256: 0.001}) == 128
    assert at({64: 0.001, 128: 0.5}) == 64  # the rule looks at all trials up to a width
    assert at({64: 0.5, 128: 0.5}) is None


def test_false_variants_meet_the_strictest_level() -> None:
    names = ("THR", "LIM-a", "TAX", "SNIP-S")
    found = [_observe(name, 0.5) for name in names] + [_observe("LIM-a", 0.004, variant="false")]
    decided = decide_all({name: ByPValue(name) for name in names}, found, 0.01)
    assert not decided["LIM-a"].mutants[0].rejected
    assert decide_all({"LIM-a": ByPValue("LIM-a")}, found, 0.01)["LIM-a"].mutants[0].rejected
