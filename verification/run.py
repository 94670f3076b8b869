"""A verification run: a suite in, verdicts out, everything kept in a run folder."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from graphon_theory._version import __version__
from graphon_theory.errors import InputError
from verification.budget import fit_to_budget
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.decisions import decide_all
from verification.devices import resolve
from verification.engines.lost import is_loss
from verification.evidence import TheoryEvidence, theory_evidence
from verification.ledger import FILE, Ledger, code_version, single_writer
from verification.library_defaults import library_defaults
from verification.registry import ancestors, statements
from verification.suite import Suite, load_suite
from verification.sweep import PATIENCE, sweep
from verification.trials import Trial, plan
from verification.verdict import Verdict, judge


@dataclass(frozen=True)
class Run:
    """The result of a verification run.

    Parameters
    ----------
    suite
        The suite that was run, with the seed that was used.
    verdicts
        One a statement, parents first.
    headlines
        Sentences for people, computed from the observations.
    observations
        All trials.
    versions
        Versions of what the numbers depend on.
    seconds
        Wall time, by part ("trials", "rest").
    folder
        The run folder.
    """

    suite: Suite
    verdicts: tuple[Verdict, ...]
    headlines: tuple[str, ...]
    observations: tuple[Observation, ...]
    versions: dict[str, str]
    seconds: dict[str, float]
    folder: Path

    @property
    def refuted(self) -> bool:
        """Whether any statement is refuted."""
        return any(verdict.status is Outcome.REFUTED for verdict in self.verdicts)

    @property
    def conclusive(self) -> bool:
        """Whether every statement is supported or refuted."""
        return all(verdict.status in (Outcome.SUPPORTED, Outcome.REFUTED) for verdict in self.verdicts)


@library_defaults()
def verify(
    suite: Suite | str,
    *,
    out: Path | str,
    seed: int | None = None,
    executor: Executor | None = None,
    device: str | None = None,
    budget: float | None = None,
    on_start: Callable[[tuple[Trial, ...]], None] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    patience: float = PATIENCE,
) -> Run:
    """Run a suite and judge its statements.

    Parameters
    ----------
    suite
        A suite, the name of a shipped one ("small", "quick", "full", "readings"), or a path.
    out
        Run folder; made if missing. Finished trials of an earlier, broken-off run in it are used again.
    seed
        Master seed; that of the suite by default.
    executor
        Runs the trials: anything that is a ``concurrent.futures.Executor``. By default they run in this process.
        See ``verification.engines.open_engine``.
    device
        "cpu", "cuda", "cuda:<number>" or "auto" (CUDA where there is one): where networks are scored and cut norms
        searched; the suite's by default. Random numbers come from the CPU whatever the device; results differ by
        rounding.
    budget
        Seconds that the trials may take; the suite's by default, and without one all of the suite is run. See
        ``verification.budget``.
    on_start, on_trial, on_note
        Called with the plan before the first trial, with each finished trial, and with sentences for people: trials
        that changed code makes anew, workers that were lost.
    patience
        Seconds without a finished trial after which those that run are given out again, where there is an executor.

    Raises
    ------
    InputError
        If the suite is not valid, the device absent, or the folder cannot be written or is written by another run.
    verification.engines.lost.LostWorkersError
        If workers die again and again. Finished trials are kept.
    """
    chosen = load_suite(suite) if isinstance(suite, str) else suite
    if seed is not None:
        if seed < 0:
            raise InputError("seed", seed, "give an integer of at least 0")
        chosen = replace(chosen, seed=seed)
    place = str(resolve(chosen.device if device is None else device))
    folder = _make_folder(Path(out))
    start = time.perf_counter()
    limit = chosen.budget if budget is None else budget
    with single_writer(folder), Ledger(folder / FILE, device=place) as ledger:
        if limit is not None:
            chosen = fit_to_budget(chosen, limit, ledger, executor=executor, device=place, note=on_note)
        trials = plan(chosen)
        if on_start is not None:
            on_start(trials)
        pending = _submit_evidence(chosen, executor)
        observations = sweep(
            trials,
            ledger,
            executor=executor,
            device=place,
            progress=on_trial,
            note=on_note,
            patience=patience,
        )
    measured = time.perf_counter()
    found = _evidence(chosen, pending)
    verdicts = _judge_all(chosen, observations, found)
    registry = claims()
    level = chosen.level / len(chosen.statements)
    headlines = [registry[statement].headline(_of(observations, statement), level) for statement in chosen.statements]
    return Run(
        suite=chosen,
        verdicts=verdicts,
        headlines=tuple(line for line in headlines if line is not None),
        observations=observations,
        versions=_versions(place, code_version()),
        seconds={"trials": measured - start, "rest": time.perf_counter() - measured},
        folder=folder,
    )


def _submit_evidence(suite: Suite, executor: Executor | None) -> list[Future[TheoryEvidence] | None]:
    """Have the theory's evidence computed beside the trials, where there is somebody to do so."""
    if executor is None:
        return [None] * len(suite.statements)
    return [executor.submit(theory_evidence, name, suite) for name in suite.statements]


def _evidence(suite: Suite, pending: list[Future[TheoryEvidence] | None]) -> dict[str, TheoryEvidence]:
    """Evidence of every statement; computed here where a worker was lost with it."""
    found = {}
    for name, future in zip(suite.statements, pending, strict=True):
        try:
            found[name] = theory_evidence(name, suite) if future is None else future.result()
        except BaseException as error:
            if not is_loss(error):
                raise
            found[name] = theory_evidence(name, suite)
    return found


def _judge_all(
    suite: Suite, observations: tuple[Observation, ...], evidence: Mapping[str, TheoryEvidence]
) -> tuple[Verdict, ...]:
    """Judge the statements of a suite, parents first."""
    registry = claims()
    decisions = decide_all({name: registry[name] for name in suite.statements}, observations, suite.level)
    places = {name: place for place, name in enumerate(statements())}
    order = sorted(suite.statements, key=lambda name: (len(ancestors(name)), places[name]))
    statuses: dict[str, Outcome] = {}
    verdicts = []
    for name in order:
        verdict = judge(name, decisions[name], evidence[name], statuses)
        statuses[name] = verdict.status
        verdicts.append(verdict)
    return tuple(verdicts)


def _of(observations: tuple[Observation, ...], statement: str) -> tuple[Observation, ...]:
    return tuple(o for o in observations if o.case.statement == statement)


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("out", str(folder), f"{error.strerror}: name a folder that can be written") from error
    if not os.access(folder, os.W_OK):
        raise InputError("out", str(folder), "not writable: name a folder that can be written")
    return folder


def _versions(device: str, code: str) -> dict[str, str]:
    packages = ("torch", "numpy", "scipy", "sympy", "mpmath", "python-flint", "scikit-learn")
    return {
        "graphon-theory": __version__,
        "code": code,
        "python": platform.python_version(),
        "device": device,
    } | {name: metadata.version(name) for name in packages}
