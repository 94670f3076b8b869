"""One trial: what is to be made, and making it on whichever process is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass

from verification.cases import Case, Observation
from verification.claims import claims
from verification.devices import running_on
from verification.ledger.code import code_version
from verification.library_defaults import library_defaults
from verification.registry import require_registered
from verification.suite import Suite
from verification.threads import one_thread


class OtherCodeError(RuntimeError):
    """A worker runs other code than the driver."""


@dataclass(frozen=True)
class Trial:
    """One trial to be made."""

    case: Case
    repeat: int
    seed: int


@dataclass(frozen=True)
class Made:
    """A finished trial, and the seconds that it took."""

    observation: Observation
    seconds: float


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
    """Make one trial on one thread: a pure function of trial and device, so that any process may run it.

    Raises
    ------
    InputError
        If this process does not know the trial's statement.
    """
    require_registered(trial.case.statement)
    with library_defaults(), one_thread(), running_on(device):
        values = claims()[trial.case.statement].trial(trial.case, trial.seed)
    return Observation(case=trial.case, repeat=trial.repeat, seed=trial.seed, values=values)


def make(trial: Trial, device: str, code: str) -> Made:
    """Make one trial where the code is the driver's; what executors are given to run.

    Raises
    ------
    InputError
        If this process does not know the trial's statement.
    OtherCodeError
        If this process has other code than ``code``: its numbers would be filed under the wrong version.
    """
    here = code_version(trial.case.statement)
    if here != code:
        raise OtherCodeError(
            f"a worker has code {here} for {trial.case.statement}, the driver {code}: install the same version of "
            "graphon-theory and its libraries on both"
        )
    start = time.perf_counter()
    observation = observe(trial, device)
    return Made(observation, time.perf_counter() - start)
