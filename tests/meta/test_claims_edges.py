"""What claims refuse, leave out or leave open: cases that no shipped suite has."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import verification.claims.declared as declared
import verification.claims.uat_n as uat_n
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.claim import worst
from verification.claims.empty_columns import model_counts
from verification.claims.ignored import train_against_floor
from verification.claims.path_shapes import moved
from verification.claims.pruned_samples import linear_samples
from verification.claims.risk_trials import NOISE, TEACHER, draw_sample
from verification.claims.tax import GROUPS
from verification.data.linear_task import linear_task
from verification.experiment import prune

LEVEL = 0.01

CASE = replace(ORDINARY, statement="NTK-1", data="teacher", width=12, inputs=12, density=0.5)


def test_without_a_case_there_is_no_outcome() -> None:
    assert worst(()) is Outcome.NOT_RUN
    assert worst((Outcome.SUPPORTED,)) is Outcome.SUPPORTED
    assert worst((Outcome.SUPPORTED, Outcome.INCONCLUSIVE)) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "change"), [("NTK-1", {"variant": "pruning-batch"}), ("NTK-K", {}), ("SNIP-P", {}), ("SNIP-U", {})]
)
def test_a_criterion_without_a_batch_is_no_case_of_what_needs_one(name: str, change: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="batch"):
        claims()[name].trial(replace(CASE, statement=name, **change), 1)


def test_columns_of_a_model_need_a_model() -> None:
    with pytest.raises(RuntimeError, match="no model"):
        model_counts(CASE, torch.Generator())


def test_large_residuals_are_searched_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # The cut norm of a sum over one sign is the sum: sides are known whatever the search does.
    rng = np.random.default_rng(0)
    residuals = [rng.random((6, 9)), -rng.random((6, 9)), np.zeros((6, 9))]
    truth = [abs(float(residual.mean())) for residual in residuals]
    assert declared.distances(residuals, 0) == pytest.approx(truth, rel=1e-12)
    monkeypatch.setattr(declared, "_TOGETHER", residuals[0].size - 1)
    monkeypatch.setattr(declared, "cut_norms", None)
    assert declared.distances(residuals, 0) == pytest.approx(truth, rel=1e-12)


def test_magnitude_has_no_one_sided_variant_where_twice_the_density_is_all() -> None:
    for density, said in ((0.4, True), (0.5, False)):
        case = replace(CASE, statement="MAG", depth=2, density=density)
        assert ("one-sided" in claims()["MAG"].trial(case, 3)) is said


def test_two_trials_of_one_repeat_on_a_rung_are_refused() -> None:
    case = replace(CASE, statement="SNIP-1", criterion="snip", batch=8, ladder="width")
    twice = [Observation(case, 0, seed, {"statement": {"distance": 0.1}}) for seed in (1, 2)]
    with pytest.raises(RuntimeError, match="two trials 0 on rung 12"):
        claims()["SNIP-1"].decide(twice, "statement", LEVEL)
    assert claims()["SNIP-1"].decide([], "statement", LEVEL).outcome is Outcome.NOT_RUN


def _growths(said: float) -> list[Observation]:
    values = {"growth": 1.6, "growth said": said}
    return [
        Observation(replace(CASE, statement="SF", width=width), repeat, 0, {"statement": values})
        for width in (48, 128)
        for repeat in range(4)
    ]


def test_a_law_without_a_growth_is_refuted_where_the_mask_keeps_much() -> None:
    found = claims()["SF"].decide(_growths(math.inf), "statement", LEVEL)
    assert found.outcome is Outcome.REFUTED
    assert found.observed == math.inf
    assert claims()["SF"].decide(_growths(1.6), "statement", LEVEL).outcome is not Outcome.REFUTED


@pytest.mark.parametrize(
    ("shares", "outcome"),
    [((0.4, 0.4), "supported"), ((0.0, 0.0), "refuted"), ((0.02, 0.05), "inconclusive")],
)
def test_rows_that_begin_to_empty_are_left_open(shares: tuple[float, float], outcome: str) -> None:
    found = [
        Observation(
            replace(CASE, statement="SF", width=width),
            repeat,
            0,
            {"statement": {"empty rows": share * (1.0 + 0.01 * repeat), "empty rows said": 1.0}},
        )
        for width, share in zip((48, 128), shares, strict=True)
        for repeat in range(6)
    ]
    assert claims()["SF"].decide(found, "statement", LEVEL).outcome.value == outcome


@pytest.mark.parametrize(
    ("groups", "trend", "outcome"),
    [
        ((0.1, 0.2, 0.3, 0.4), 0.3, Outcome.SUPPORTED),
        ((0.1, 0.2, 0.2, 0.4), 0.3, Outcome.INCONCLUSIVE),
        ((0.1, 0.1, 0.1, 0.1), 0.0, Outcome.REFUTED),
    ],
)
def test_a_trend_is_supported_only_where_every_group_rises(
    groups: tuple[float, ...], trend: float, outcome: Outcome
) -> None:
    axes = {}
    for axis in ("row", "column"):
        axes |= {f"{axis} says": 1.0, f"{axis} predicted": 0.3, f"{axis} trend": trend}
        axes |= {f"{axis} group {k}": groups[k] for k in range(GROUPS)}
    case = replace(CASE, statement="TAX", criterion="snip", batch=8)
    found = [
        Observation(case, r, 0, {"statement": axes | {"row trend": trend + 1e-3 * r, "column trend": trend + 1e-3 * r}})
        for r in range(6)
    ]
    assert claims()["TAX"].decide(found, "statement", LEVEL).outcome is outcome


@pytest.mark.parametrize(("count", "outcome"), [(0, Outcome.INCONCLUSIVE), (1, Outcome.REFUTED)])
def test_one_column_speaks_against_a_certainty(count: int, outcome: Outcome) -> None:
    test = uat_n.TESTS[0]
    values = {f"count {test}": count, f"size {test}": 400.0, f"rate {test}": 0.0, f"unequal {test}": 0.0}
    case = replace(CASE, statement="UAT-n", criterion="random", density=0.2)
    found = claims()["UAT-n"].decide([Observation(case, 0, 0, {"statement": values})], "statement", LEVEL)
    # The floor was not looked at, so that counts alone support nothing.
    assert found.outcome is outcome
    assert found.rows[0]["outcome"] == (Outcome.REFUTED if count else Outcome.SUPPORTED).value


def test_snip_that_empties_no_column_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(case: Case, generator: torch.Generator) -> object:
        made.append(case)
        return prune(case, generator)

    monkeypatch.setattr(uat_n, "prune", counted)
    dense = replace(CASE, statement="UAT-n", criterion="snip", density=0.9, batch=16)
    assert uat_n._snipped(dense, torch.Generator().manual_seed(0)) is None
    assert len(made) > 1


def test_no_training_where_too_few_columns_are_kept() -> None:
    case = replace(CASE, statement="UAT-n", criterion="random", active=4, target="smooth", density=0.3)
    pruned = prune(case, torch.Generator().manual_seed(0))
    kept = torch.zeros_like(pruned.kept)
    kept[:, :2] = True  # two other columns, where three active coordinates beside the ignored one are asked for
    assert train_against_floor(replace(pruned, kept=kept), case, torch.Generator().manual_seed(1)) is None


def test_where_no_mass_can_move_no_density_is_made() -> None:
    ones = np.ones(3)
    assert moved(ones, ones, np.array([1.0, 2.0, 3.0]), cap=1.0) == []
    found = moved(ones, ones, np.array([1.0, 2.0, 3.0]), cap=2.0)
    assert found
    assert all(density.sum() == pytest.approx(3.0) and density.max() <= 2.0 for density in found)


def test_the_teacher_of_digits_does_not_use_blank_pixels() -> None:
    case = replace(CASE, data="digits", inputs=64)
    beta, parts = linear_samples(case, (40, 30), torch.Generator().manual_seed(0))
    blank = torch.cat([part.inputs for part in parts]).abs().amax(dim=0).numpy() == 0.0
    assert blank.any()
    assert not beta[blank].any()
    assert (beta[~blank] != 0.0).any()
    assert [len(part.inputs) for part in parts] == [40, 30]
    for part in parts:
        np.testing.assert_allclose(part.labels.numpy(), part.inputs.numpy() @ beta, atol=1e-6)


def test_samples_of_the_teacher_and_of_noise_share_their_inputs() -> None:
    task = linear_task(6, generator=torch.Generator().manual_seed(0))
    teacher, noise = (draw_sample(task, 32, part, torch.Generator().manual_seed(5)) for part in (TEACHER, NOISE))
    assert torch.equal(teacher.inputs, noise.inputs)
    torch.testing.assert_close(teacher.labels, (teacher.inputs @ task.beta).to(teacher.labels.dtype))
    assert len(set(noise.labels.abs().tolist())) == 1
