"""Run the trials of a suite, here or on any executor, through the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass

from verification.cases import Case, Observation
from verification.claims import claims
from verification.devices import running_on
from verification.ledger import Ledger
from verification.suite import Suite
from verification.threads import one_thread


@dataclass(frozen=True)
class Trial:
    """One trial to be made."""

    case: Case
    repeat: int
    seed: int


def plan(suite: Suite) -> tuple[Trial, ...]:
    """All trials of a suite, in the order of its checks; each case once, whatever the checks share."""
    trials: dict[tuple[str, int], Trial] = {}
    for check in suite.checks:
        for case in suite.cases(check):
            for repeat in range(check.repeats):
                seed = case.seed(suite.seed, repeat)
                trials.setdefault((case.key(), repeat), Trial(case=case, repeat=repeat, seed=seed))
    return tuple(trials.values())


def observe(trial: Trial, device: str = "cpu") -> Observation:
    """Make one trial on one thread: a pure function of trial and device, so that any process may run it."""
    with one_thread(), running_on(device):
        values = claims()[trial.case.statement].trial(trial.case, trial.seed)
    return Observation(case=trial.case, repeat=trial.repeat, seed=trial.seed, values=values)


def sweep(
    trials: Sequence[Trial],
    ledger: Ledger,
    *,
    executor: Executor | None = None,
    device: str = "cpu",
    progress: Callable[[Trial], None] | None = None,
) -> tuple[Observation, ...]:
    """Make all trials that the ledger does not hold; return all observations in the order of the plan.

    Parameters
    ----------
    trials
        The plan.
    ledger
        Where finished trials are looked up, and recorded as soon as they are finished.
    executor
        Runs the trials; by default they run here, one after the other.
    device
        Where networks are scored and cut norms searched; it must exist in every process.
    progress
        Called after each trial.
    """
    found: dict[Trial, Observation] = {}
    missing: list[Trial] = []
    for trial in trials:
        known = ledger.get(trial.case, trial.repeat, trial.seed)
        if known is None:
            missing.append(trial)
        else:
            found[trial] = known
            if progress is not None:
                progress(trial)
    for trial, observation in _observe_all(missing, executor, device):
        ledger.put(observation)
        found[trial] = observation
        if progress is not None:
            progress(trial)
    return tuple(found[trial] for trial in trials)


def _observe_all(
    trials: Sequence[Trial], executor: Executor | None, device: str
) -> Iterator[tuple[Trial, Observation]]:
    """Yield trials as they finish."""
    if executor is None:
        for trial in trials:
            yield trial, observe(trial, device)
        return
    # The longest first, so that no process is left alone with one at the end.
    ordered = sorted(trials, key=lambda trial: -trial.case.work)
    futures = {executor.submit(observe, trial, device): trial for trial in ordered}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()
