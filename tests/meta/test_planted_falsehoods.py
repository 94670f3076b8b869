"""Falsehoods planted in the instruments and the data are found by the decisions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.snip_1 import LIMIT_MARGIN
from verification.claims.snip_s import DEVIATION_MARGIN, RATIO_MARGIN

CASE = replace(ORDINARY, statement="SNIP-S", criterion="snip", square=False, density=0.2, batch=128, ladder="width")


def _ratios(by_width: dict[int, float], spread: float = 0.01, repeats: int = 6) -> list[Observation]:
    return [
        Observation(
            replace(CASE, width=width),
            repeat,
            0,
            {"statement": {"observed": 0.01 * ratio * math.exp(spread * (-1) ** repeat), "null": 0.01}},
        )
        for width, ratio in by_width.items()
        for repeat in range(repeats)
    ]


def _decide_snip_s(by_width: dict[int, float]) -> Outcome:
    return claims()["SNIP-S"].decide(_ratios(by_width), "statement", 0.002).outcome


def test_snip_s_is_supported_within_the_margin_at_the_largest_size_alone() -> None:
    assert _decide_snip_s({64: 1.5, 1024: 1.0}) is Outcome.SUPPORTED
    assert _decide_snip_s({64: 1.0, 1024: math.exp(RATIO_MARGIN)}) is Outcome.INCONCLUSIVE


def test_snip_s_is_refuted_by_a_deviation_that_stays_and_not_by_one_that_shrinks() -> None:
    assert _decide_snip_s({64: 1.3, 1024: 1.3}) is Outcome.REFUTED
    assert _decide_snip_s({64: 1.1, 1024: 1.6}) is Outcome.REFUTED
    # log 3 shrinks to log 1.2 over a factor 4 of the product's square root: slower sizes may yet agree.
    assert _decide_snip_s({64: 3.0, 1024: 1.2}) is Outcome.INCONCLUSIVE


def test_snip_s_is_never_refuted_at_a_single_size() -> None:
    assert _decide_snip_s({64: 2.0}) is Outcome.INCONCLUSIVE


def _deviations(by_width: dict[int, float], spread: float = 2e-4, repeats: int = 6) -> list[Observation]:
    return [
        Observation(
            replace(CASE, width=width),
            repeat,
            0,
            {
                "statement": {
                    "observed": 0.01 * math.exp(0.01 * (-1) ** repeat),
                    "null": 0.01,
                    "rectangle 0": 0.0,
                    "rectangle 1": deviation + spread * (-1) ** repeat,
                }
            },
        )
        for width, deviation in by_width.items()
        for repeat in range(repeats)
    ]


def test_snip_s_is_refuted_by_a_deviation_on_a_declared_rectangle_alone() -> None:
    def decide(by_width: dict[int, float]) -> Outcome:
        return claims()["SNIP-S"].decide(_deviations(by_width), "statement", 0.002).outcome

    assert decide({64: 0.0, 256: 0.0}) is Outcome.SUPPORTED
    assert decide({64: 0.0, 256: DEVIATION_MARGIN}) is Outcome.INCONCLUSIVE
    assert decide({64: -2 * DEVIATION_MARGIN, 256: -2 * DEVIATION_MARGIN}) is Outcome.REFUTED
    assert decide({64: 6 * DEVIATION_MARGIN, 256: 2 * DEVIATION_MARGIN}) is Outcome.INCONCLUSIVE


def _ladder(distances: dict[int, float], spread: float = 2e-4, repeats: int = 8) -> list[Observation]:
    base = replace(CASE, statement="SNIP-1", ladder="batch", data="teacher", signal=1.0, inputs=64)
    return [
        Observation(replace(base, batch=batch), repeat, 0, {"statement": {"distance": value + spread * (-1) ** repeat}})
        for batch, value in distances.items()
        for repeat in range(repeats)
    ]


def _decide_snip_1(distances: dict[int, float]) -> Outcome:
    return claims()["SNIP-1"].decide(_ladder(distances), "statement", 0.002).outcome


def test_snip_1_follows_its_rate_and_its_limit() -> None:
    rungs = (1024, 4096, 16384)
    law = {s: 0.05 * (1024 / s) ** 0.5 for s in rungs}
    assert _decide_snip_1(law) is Outcome.SUPPORTED
    assert _decide_snip_1({s: x + 2 * LIMIT_MARGIN for s, x in law.items()}) is Outcome.REFUTED
    assert _decide_snip_1(dict.fromkeys(rungs, 0.02)) is Outcome.REFUTED
    assert _decide_snip_1({1024: 0.02}) is Outcome.INCONCLUSIVE


def test_snip_1_is_not_refuted_where_lambda_never_grows_large() -> None:
    assert _decide_snip_1({64: 0.046, 128: 0.0455, 256: 0.045}) is Outcome.INCONCLUSIVE


def test_the_false_exponent_needs_two_sizes_and_falls_with_them() -> None:
    claim = claims()["LIM-a"]

    def decide(by_width: dict[int, float]) -> Outcome:
        base = replace(CASE, statement="LIM-a", criterion="magnitude", batch=0)
        found = [
            Observation(
                replace(base, width=width, inputs=width),
                repeat,
                0,
                {"statement": {"lower": x, "upper": 1.15 * x, "bound": 2 * x, "worst": 0.1}},
            )
            for width, x in by_width.items()
            for repeat in range(3)
        ]
        assert claim.decide(found, "statement", 0.002).outcome is Outcome.SUPPORTED
        return claim.decide(found, "exponent", 0.002).outcome

    assert decide({128: 0.0155}) is Outcome.NOT_RUN
    assert decide({128: 0.0155, 1024: 0.0055}) is Outcome.REFUTED
    assert decide({128: 0.0155, 1024: 0.0155 / 8}) is Outcome.SUPPORTED


def test_lim_a_does_not_support_a_trial_beyond_its_bound() -> None:
    claim = claims()["LIM-a"]
    base = replace(CASE, statement="LIM-a", criterion="magnitude", batch=0)
    inside = {"lower": 0.01, "upper": 0.011, "bound": 0.02, "worst": 0.1}
    found = [Observation(base, r, 0, {"statement": inside}) for r in range(99)]
    found.append(Observation(base, 99, 0, {"statement": inside | {"lower": 0.03, "upper": 0.033}}))
    assert claim.decide(found, "statement", 0.002).outcome is Outcome.INCONCLUSIVE


def test_symmetric_profiles_have_no_exchanged_mutant() -> None:
    from verification.cases import ModelSpec

    base = replace(CASE, statement="LIM-a", criterion=None, batch=0, width=48, inputs=40)
    claim = claims()["LIM-a"]
    symmetric = replace(base, model=ModelSpec("s", "1/2 + u", "1/2 + v", "gaussian"))
    skew = replace(base, model=ModelSpec("k", "1/2 + u", "exp(-v)", "gaussian"))
    assert "exchanged" not in claim.trial(symmetric, 1)
    assert "exchanged" in claim.trial(skew, 1)


def test_a_profile_at_the_edge_of_its_density_has_fewer_mutants_and_no_error() -> None:
    from verification.cases import ModelSpec

    base = replace(CASE, criterion=None, batch=0, width=64, inputs=64, density=0.3)
    half = replace(base, model=ModelSpec("half", "max(u - 1/2, 0)", "1", "gaussian"))
    for name in ("THR", "LIM-a"):
        values = claims()[name].trial(replace(half, statement=name), 3)
        assert "statement" in values


def test_tax_supports_a_small_rise_and_needs_enough_trials() -> None:
    claim = claims()["TAX"]
    case = replace(CASE, statement="TAX", density=0.9)
    group = {f"{axis} group {k}": 0.87 + 0.02 * k for axis in ("row", "column") for k in range(4)}

    def observe(repeats: int, says: float) -> list[Observation]:
        return [
            Observation(
                case,
                r,
                0,
                {
                    "statement": {
                        "row p": 0.005,
                        "column p": 0.005,
                        "block p": 0.005,
                        "row trend": 0.06 + 0.002 * (-1) ** r,
                        "column trend": 0.06,
                        "row predicted": 0.06,
                        "column predicted": 0.061,
                        "row says": says,
                        "column says": says,
                        **group,
                    }
                },
            )
            for r in range(repeats)
        ]

    assert claim.decide(observe(6, 1.0), "statement", 0.002).outcome is Outcome.SUPPORTED
    assert claim.decide(observe(6, -1.0), "statement", 0.002).outcome is Outcome.REFUTED
    assert claim.decide(observe(6, 0.0), "statement", 0.002).outcome is Outcome.REFUTED
    # Two trials at the smallest p-value that they can have: 1/200 each, not beyond this level.
    assert claim.decide(observe(2, 0.0), "statement", 0.0005).outcome is Outcome.INCONCLUSIVE


def test_thr_finds_a_sampler_that_draws_the_wrong_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.experiment as experiment

    case = replace(CASE, statement="THR", criterion="magnitude", width=256, inputs=256, batch=0)
    claim = claims()["THR"]

    def decide() -> Outcome:
        found = [Observation(case, r, r, claim.trial(case, case.seed(0, r))) for r in range(4)]
        return claim.decide(found, "statement", 0.002).outcome

    assert decide() is Outcome.SUPPORTED

    class Wider(experiment.OneHiddenLayer):
        def __init__(self, *args: object, **keywords: object) -> None:
            super().__init__(*args, **keywords)  # type: ignore[arg-type]
            with torch.no_grad():
                self.hidden.weight *= 1.03

    monkeypatch.setattr(experiment, "OneHiddenLayer", Wider)
    assert decide() is Outcome.REFUTED


def test_lim_a_finds_a_mask_that_prefers_one_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.claims.lim_a as module

    case = replace(CASE, statement="LIM-a", criterion="magnitude", width=128, inputs=128, batch=0)
    claim = claims()["LIM-a"]
    honest = module.mask

    def biased(scores: torch.Tensor, **keywords: object) -> torch.Tensor:
        weighted = scores.clone()
        weighted[:64, :64] *= 2.5
        return honest(weighted, **keywords)  # type: ignore[call-overload]

    monkeypatch.setattr(module, "mask", biased)
    found = [Observation(case, r, r, claim.trial(case, r)) for r in range(3)]
    assert claim.decide(found, "statement", 0.002).outcome is Outcome.REFUTED


def test_tax_finds_a_checkerboard_that_leaves_the_degrees_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.claims.tax as module
    from verification.experiment import Pruned, prune

    case = replace(CASE, statement="TAX", criterion="magnitude", width=128, inputs=128, density=0.5, batch=0)
    claim = claims()["TAX"]

    def faint(case: Case, generator: torch.Generator) -> Pruned:
        pruned = prune(case, generator)
        rows = torch.from_numpy(pruned.readout).abs().argsort().argsort() // 32 % 2
        columns = torch.arange(128) // 32 % 2
        weighted = pruned.scores * torch.where(rows[:, None] == columns[None, :], 1.15, 1.0)
        return replace(pruned, kept=module_mask(weighted, density=case.density))

    from verification.masks import mask as module_mask

    monkeypatch.setattr(module, "prune", faint)
    found = [Observation(case, r, r, claim.trial(case, r)) for r in range(6)]
    decided = claim.decide(found, "statement", 0.002)
    assert decided.outcome is Outcome.REFUTED
    assert [row["axis"] for row in decided.rows if row["outcome"] == Outcome.REFUTED] == ["u and v"]


def test_tax_finds_a_random_mask_with_a_heavy_column(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.claims.tax as module
    from verification.experiment import Pruned, prune

    case = replace(CASE, statement="TAX", criterion="random", width=128, inputs=128, batch=0)
    claim = claims()["TAX"]

    def biased(case: Case, generator: torch.Generator) -> Pruned:
        pruned = prune(case, generator)
        kept = pruned.kept.clone()
        kept[:, 0] = True
        return replace(pruned, kept=kept)

    def outcome() -> Outcome:
        found = [Observation(case, r, r, claim.trial(case, r)) for r in range(6)]
        return claim.decide(found, "statement", 0.002).outcome

    assert outcome() is Outcome.SUPPORTED
    monkeypatch.setattr(module, "prune", biased)
    assert outcome() is Outcome.REFUTED
