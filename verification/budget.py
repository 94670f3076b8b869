"""A suite made to fit a time: few trials first, then as many as the time allows, most where they decide something.

A pilot makes two trials of the cheap cases, with seeds of its own. It says what a trial costs, and which checks are
decided by two trials already. The widths and repeats of the run follow from that; its trials have other seeds, and
they alone are judged: what chose the sample size has no part in the verdict, which keeps its level.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final

from graphon_theory.errors import InputError
from verification.cases import Case, Observation
from verification.check import Check
from verification.claims import Outcome, claims
from verification.claims.claim import STATEMENT
from verification.decisions import decide_all
from verification.fit import require_fit
from verification.ledger import Ledger
from verification.suite import Suite
from verification.sweep import sweep
from verification.trials import Trial, plan

LACKING: Final = 4.0
"""How many times its share a check gets that the pilot did not decide."""

MOST: Final = 4
"""A check is repeated at most so many times as its suite says."""

_PILOT_SHARE: Final = 0.25
_FILL: Final = 0.9  # of the time that is left; the rest is for verdicts and reports
_LEAST: Final = 2


def fit_to_budget(
    suite: Suite,
    budget: float,
    ledger: Ledger,
    *,
    executor: Executor | None = None,
    device: str = "cpu",
    progress: Callable[[Trial], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Suite:
    """Choose the widths and repeats of a suite so that its trials take about a given time.

    Parameters
    ----------
    suite
        What would be run without a limit.
    budget
        Seconds, for the pilot too.
    ledger, executor, device, progress, note
        As ``verification.sweep.sweep``.

    Returns
    -------
    Suite
        With the same statements, models and seed; its summary says that it was fitted.

    Raises
    ------
    InputError
        If even two trials at the smallest width of each check take longer.
    """
    start = time.perf_counter()
    pilot = _pilot_suite(suite)
    trials = sorted(plan(pilot), key=lambda trial: trial.case.work)
    made: list[Observation] = []
    workers = _workers(executor)
    while trials and time.perf_counter() - start < _PILOT_SHARE * budget:
        batch, trials = trials[: 4 * workers], trials[4 * workers :]
        made += sweep(batch, ledger, executor=executor, device=device, progress=progress, note=note)
    costs = _costs(suite, made, ledger)
    spent = time.perf_counter() - start
    work = sum(costs(observation.case) for observation in made)
    speed = min(max(work / max(spent, 1e-9), 0.5), float(workers)) if made else 1.0
    weights = _weights(suite, made)
    fitted = allocate(suite, costs, weights, (budget - spent) * _FILL * speed)
    # Reports show the summary: that of the whole suite would promise widths that may be left out.
    return replace(fitted, summary=f"{suite.summary} (widths and trials fitted to {budget:.0f} s)".lstrip())


def allocate(suite: Suite, cost: Callable[[Case], float], weights: Sequence[float], time_left: float) -> Suite:
    """Choose widths and repeats.

    Parameters
    ----------
    suite
        The suite.
    cost
        Seconds of one trial of a case.
    weights
        One a check: repeats are in proportion to it and to the suite's own.
    time_left
        Seconds of trials that may be spent.

    Returns
    -------
    Suite
        Where two repeats of everything are too much, the dearest widths are left out first, but the two smallest of
        each check as long as that will do; then the time is filled with repeats, ``MOST`` times the suite's at most.

    Raises
    ------
    InputError
        If two trials at each check's smallest width do not fit.
    """
    checks = list(suite.checks)
    for keep in (2, 1):
        while _time(suite, checks, cost, _least(checks)) > time_left:
            shorter = [(_widest(suite, check, cost), k) for k, check in enumerate(checks) if _can_lose(k, check, keep)]
            if not shorter:
                break
            _, k = max(shorter)
            checks[k] = replace(checks[k], widths=tuple(sorted(checks[k].widths)[:-1]))
    least = _time(suite, checks, cost, _least(checks))
    if least > time_left:
        raise InputError(
            "budget",
            f"{time_left:.0f} s of trials",
            f"two trials of everything at the smallest widths take {least:.0f} s: give more, or fewer statements",
        )

    def repeats(factor: float) -> list[int]:
        return [
            min(max(_LEAST, int(factor * weight * check.repeats + 1e-9)), MOST * check.repeats)
            for weight, check in zip(weights, checks, strict=True)
        ]

    low, high = 0.0, float(MOST)
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _time(suite, checks, cost, repeats(middle)) <= time_left else (low, middle)
    chosen = tuple(replace(check, repeats=count) for check, count in zip(checks, repeats(low), strict=True))
    return replace(suite, checks=chosen)


def _pilot_suite(suite: Suite) -> Suite:
    digest = hashlib.blake2b(f"pilot/{suite.seed}".encode(), digest_size=7).digest()
    checks = tuple(replace(check, widths=tuple(sorted(check.widths)[:2]), repeats=_LEAST) for check in suite.checks)
    return replace(suite, seed=int.from_bytes(digest, "big"), checks=checks)


def _costs(suite: Suite, made: Sequence[Observation], ledger: Ledger) -> Callable[[Case], float]:
    """Seconds of a trial: as measured, or the statement's rate times the case's work, by its largest case tried."""
    rates: dict[str, float] = {}
    for observation in sorted(made, key=lambda observation: observation.case.work):
        known = ledger.seconds(observation.case)
        rates[observation.case.statement] = sum(known) / len(known) / observation.case.work
    fallback = max(rates.values(), default=1e-8)

    def cost(case: Case) -> float:
        known = ledger.seconds(case)
        return sum(known) / len(known) if known else rates.get(case.statement, fallback) * case.work

    cached: dict[str, float] = {}
    for check in suite.checks:
        for case in suite.cases(check):
            cached.setdefault(case.key(), cost(case))
    return lambda case: cached[case.key()] if case.key() in cached else cost(case)


def _weights(suite: Suite, made: Sequence[Observation]) -> list[float]:
    """``LACKING`` for a check that the pilot leaves open: its statement, or the false variant that it is for."""
    registry = claims()
    decisions = decide_all({name: registry[name] for name in suite.statements}, made, suite.level, trace=False)
    weights = []
    for check in suite.checks:
        decision = decisions[check.statement]
        if check.variant == STATEMENT:
            shared = [entry.rejected for entry in decision.mutants if not entry.mutant.own_data]
            decided = decision.measurement.outcome is Outcome.SUPPORTED and all(shared)
        else:
            decided = any(entry.rejected for entry in decision.mutants if entry.mutant.id == check.variant)
        weights.append(1.0 if decided else LACKING)
    return weights


def _time(suite: Suite, checks: Sequence[Check], cost: Callable[[Case], float], repeats: Sequence[int]) -> float:
    return sum(
        count * sum(cost(case) for case in suite.cases(check)) for check, count in zip(checks, repeats, strict=True)
    )


def _least(checks: Sequence[Check]) -> list[int]:
    return [_LEAST] * len(checks)


def _widest(suite: Suite, check: Check, cost: Callable[[Case], float]) -> float:
    return sum(cost(case) for case in suite.cases(check) if case.width == max(check.widths))


def _can_lose(index: int, check: Check, keep: int) -> bool:
    """Whether the check stands without its largest width."""
    if len(check.widths) <= keep:
        return False
    try:
        require_fit(f"check {index + 1}", replace(check, widths=tuple(sorted(check.widths)[:-1])))
    except InputError:
        return False
    return True


def _workers(executor: Executor | None) -> int:
    return int(getattr(executor, "jobs", getattr(executor, "_max_workers", 1)))
