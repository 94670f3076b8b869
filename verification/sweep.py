"""Run the trials of a suite, here or on any executor, through the ledger; lose none when workers die or stall."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from verification.cases import Observation
from verification.engines.lost import LostWorkersError, is_loss
from verification.ledger import Ledger, code_version
from verification.trials import Made, Trial, make

PATIENCE: Final = 600.0
"""Seconds without any finished trial after which workers count as stalled; at least ``_STALLED`` longest trials."""

_STALLED: Final = 10.0
_ROUNDS: Final = 3


def sweep(
    trials: Sequence[Trial],
    ledger: Ledger,
    *,
    executor: Executor | None = None,
    device: str = "cpu",
    progress: Callable[[Trial], None] | None = None,
    note: Callable[[str], None] | None = None,
    patience: float = PATIENCE,
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
    note
        Called with sentences for people: trials that changed code makes anew, workers that were lost.
    patience
        Seconds without any finished trial after which those that run are given out again; doubled each time, and at
        least ten times the longest trial so far.

    Raises
    ------
    LostWorkersError
        If workers are lost three times with no trial finished in between. Finished trials are kept.
    """
    say = note or _quiet
    codes = {statement: code_version(statement) for statement in dict.fromkeys(t.case.statement for t in trials)}
    found: dict[Trial, Observation] = {}
    missing: list[Trial] = []
    for trial in trials:
        known = ledger.get(trial.case, trial.repeat, trial.seed, code=codes[trial.case.statement])
        if known is None:
            missing.append(trial)
        else:
            found[trial] = known
            if progress is not None:
                progress(trial)
    _tell_of_changes(missing, ledger, codes, say)
    for trial, made in _make_all(missing, executor, device, codes, patience, say):
        ledger.put(made.observation, code=codes[trial.case.statement], seconds=made.seconds)
        found[trial] = made.observation
        if progress is not None:
            progress(trial)
    return tuple(found[trial] for trial in trials)


def _tell_of_changes(
    missing: Sequence[Trial], ledger: Ledger, codes: Mapping[str, str], say: Callable[[str], None]
) -> None:
    outdated = Counter(
        trial.case.statement
        for trial in missing
        if ledger.made_by_other_code(trial.case, trial.seed, code=codes[trial.case.statement])
    )
    if outdated:
        listed = ", ".join(f"{count} of {statement}" for statement, count in outdated.items())
        say(f"the code has changed since these trials were made, so they are made anew: {listed}")


def _make_all(
    trials: Sequence[Trial],
    executor: Executor | None,
    device: str,
    codes: Mapping[str, str],
    patience: float,
    say: Callable[[str], None],
) -> Iterator[tuple[Trial, Made]]:
    """Yield trials as they finish, each once."""
    if executor is None:
        for trial in trials:
            yield trial, make(trial, device, codes[trial.case.statement])
        return
    # The longest first, so that no process is left alone with one at the end.
    open_trials = dict.fromkeys(sorted(trials, key=lambda trial: -trial.case.work))
    running: dict[Future[Made], tuple[Trial, int]] = {}
    # Each future reports itself: waiting on all of them would look at all of them for each that finishes.
    finished: SimpleQueue[Future[Made]] = SimpleQueue()

    def hand_out(chosen: Sequence[Trial], generation: int) -> None:
        for trial in chosen:
            future = executor.submit(make, trial, device, codes[trial.case.statement])
            running[future] = trial, generation
            future.add_done_callback(finished.put)

    longest, rounds, generation, waited_since = 0.0, 0, 0, time.monotonic()
    try:
        hand_out(list(open_trials), generation)
        while open_trials:
            allowed = max(patience, _STALLED * longest) * 2.0**rounds
            remaining = waited_since + allowed - time.monotonic()
            done = _drain(finished, max(remaining, 0.0))
            lost: list[Trial] = []
            afresh = not done
            for future in done:
                entry = running.pop(future, None)
                if entry is None or entry[0] not in open_trials:
                    continue  # void since a restart; or given out twice, and made already
                trial, given = entry
                made = _result(future)
                if made is None:
                    lost.append(trial)
                    # A pool that breaks fails what it was given one by one: that is one loss.
                    afresh = afresh or given == generation
                    continue
                del open_trials[trial]
                longest, rounds, waited_since = max(longest, made.seconds), 0, time.monotonic()
                yield trial, made
            if lost or not done:
                rounds, generation = rounds + afresh, generation + afresh
                if rounds > _ROUNDS:
                    raise LostWorkersError(_describe(list(open_trials)))
                if lost:
                    say(f"workers were lost with {len(lost)} trials, which are given out again")
                else:
                    say(f"no trial has finished for {allowed:.0f} s: {len(open_trials)} are given out again")
                    if _restart(executor):
                        running.clear()
                    lost = list(open_trials)
                waited_since = time.monotonic()
                hand_out(lost, generation)
    finally:
        for future in running:
            future.cancel()


def _drain(finished: SimpleQueue[Future[Made]], timeout: float) -> list[Future[Made]]:
    """Take all futures that have finished; none if none does within so many seconds."""
    found: list[Future[Made]] = []
    with suppress(Empty):
        found.append(finished.get(timeout=timeout))
        while True:
            found.append(finished.get_nowait())
    return found


def _result(future: Future[Made]) -> Made | None:
    """Return what a trial gave, None if its worker was lost; what the trial itself raised is raised here."""
    try:
        return future.result()
    except BaseException as error:
        if is_loss(error):
            return None
        raise


def _restart(executor: Executor) -> bool:
    """Have stalled workers replaced, where the executor can; what it was given before is then void."""
    restart = getattr(executor, "restart", None)
    if not callable(restart):
        return False
    restart()
    return True


def _describe(trials: Sequence[Trial]) -> str:
    cases = list(dict.fromkeys(f"{t.case.statement}, {t.case.source}, n = {t.case.width}" for t in trials))
    rest = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
    return (
        f"workers die or stall on {'; '.join(cases[:3])}{rest}: too little memory for so many? Give fewer --jobs. "
        "Finished trials are kept"
    )


def _quiet(_: str) -> None:
    """Say nothing."""
