"""From which width a false variant is rejected, as decisions carry it, and the level that it meets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.meta.test_decisions import ByPValue, _observe
from verification.cases import Observation
from verification.claims import Measurement, Outcome
from verification.claims.claim import not_run
from verification.decisions import Decision, decide_all, rejected_from


class FromOwnTrials(ByPValue):
    """Its false variant is computed from the statement's trials: refuted by any from width 128 on."""

    def decide(self, observations: list[Observation], variant: str, level: float) -> Measurement:  # type: ignore[override]
        wide = any(o.case.width >= 128 for o in observations)
        refuted = variant == "false" and wide
        return replace(not_run(level), outcome=Outcome.REFUTED if refuted else Outcome.SUPPORTED)


def _decided(p_values: dict[int, float], level: float = 0.01, *, trace: bool | None = None) -> Decision:
    found = [_observe("LIM-a", 0.5, width) for width in p_values]
    found += [_observe("LIM-a", p, width, "false") for width, p in p_values.items()]
    options = {} if trace is None else {"trace": trace}
    return decide_all({"LIM-a": ByPValue("LIM-a")}, found, level, **options)["LIM-a"]


def test_decisions_carry_the_width_unless_told_not_to() -> None:
    (mutant,) = _decided({64: 0.5, 128: 0.001}).mutants
    assert (mutant.mutant.id, mutant.rejected, mutant.rejected_from) == ("false", True, 128)
    (mutant,) = _decided({64: 0.5, 128: 0.001}, trace=False).mutants
    assert (mutant.rejected, mutant.rejected_from) == (True, None)
    (mutant,) = _decided({64: 0.5, 128: 0.02}).mutants
    assert (mutant.rejected, mutant.rejected_from) == (False, None)


def test_a_suite_of_one_statement_asks_its_false_variant_at_the_whole_level() -> None:
    (mutant,) = _decided({64: 0.009}).mutants
    assert mutant.rejected
    assert mutant.measurement.level == pytest.approx(0.01)


def test_a_variant_without_trials_of_its_own_is_traced_by_the_statement_s() -> None:
    found = [_observe("LIM-a", 0.5, width) for width in (64, 128, 256)]
    claim = FromOwnTrials("LIM-a")
    assert rejected_from(claim, found, "false", 0.01) == 128
    assert decide_all({"LIM-a": claim}, found, 0.01)["LIM-a"].mutants[0].rejected_from == 128
