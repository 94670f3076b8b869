"""How reliable a suite is: on what share of master seeds it refutes a true statement, or lets a false one pass.

A verdict is a random variable of the master seed. Here the trials of a suite are made for many seeds and put to
the same decisions as in a run; derivations and enclosures, which have no seed, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from graphon_theory.errors import InputError
from verification.claims import Outcome, claims
from verification.decisions import decide_all
from verification.ledger import code_version
from verification.statistics import betting_interval, binomial_interval
from verification.suite import Suite
from verification.trials import observe, plan

LEVEL = 0.05
"""Total error of the intervals that are reported."""


@dataclass(frozen=True)
class SeedOutcome:
    """What a suite says at one master seed.

    Parameters
    ----------
    seed
        Master seed.
    statements
        Statement id -> outcome of its measurement.
    mutants
        "statement/false variant" -> outcome of its measurement.
    """

    seed: int
    statements: Mapping[str, str]
    mutants: Mapping[str, str]


@dataclass(frozen=True)
class Share:
    """How often something happened over the seeds.

    Parameters
    ----------
    name
        What happened.
    count, size
        Seeds on which it happened, and all seeds.
    low, high
        Interval of Clopper and Pearson for the probability, of total error ``LEVEL``: for a number of seeds
        that was fixed beforehand.
    anytime_low, anytime_high
        Confidence sequence at this number of seeds, of total error ``LEVEL``: also if the figures decided when
        to stop.
    """

    name: str
    count: int
    size: int
    low: float
    high: float
    anytime_low: float
    anytime_high: float


@dataclass(frozen=True)
class Reliability:
    """Error rates of a suite.

    Parameters
    ----------
    any_refuted
        Seeds on which some statement is refuted: to be held against the level of the suite.
    refuted, supported
        Seeds on which each statement is refuted, supported.
    rejected
        Seeds on which each false variant is refuted.
    """

    any_refuted: Share
    refuted: tuple[Share, ...]
    supported: tuple[Share, ...]
    rejected: tuple[Share, ...]


def outcome_at(suite: Suite, seed: int) -> SeedOutcome:
    """Make all trials of a suite at one master seed and decide: a pure function, so that any process may run it."""
    registry = claims()
    observations = [observe(trial) for trial in plan(replace(suite, seed=seed))]
    decisions = decide_all({name: registry[name] for name in suite.statements}, observations, suite.level, trace=False)
    return SeedOutcome(
        seed=seed,
        statements={name: decision.measurement.outcome.value for name, decision in decisions.items()},
        mutants={
            f"{name}/{verdict.mutant.id}": verdict.measurement.outcome.value
            for name, decision in decisions.items()
            for verdict in decision.mutants
        },
    )


def outcomes(
    suite: Suite,
    seeds: Sequence[int],
    *,
    executor: Executor | None = None,
    record: Path | None = None,
    progress: Callable[[SeedOutcome], None] | None = None,
) -> tuple[SeedOutcome, ...]:
    """Find what a suite says at each of many master seeds.

    Parameters
    ----------
    suite
        The suite; its own seed is not used.
    seeds
        Master seeds, each once.
    executor
        Runs the seeds; by default they run here.
    record
        File that each finished seed is added to, and that finished seeds of the same suite and code are taken from.
    progress
        Called with each finished seed.

    Raises
    ------
    InputError
        If a seed is negative or occurs twice.
    """
    if len(set(seeds)) < len(seeds) or any(seed < 0 for seed in seeds) or not seeds:
        raise InputError("seeds", list(seeds)[:5], "give one non-negative integer or more, each once")
    key = {"code": code_version(), "suite": repr(replace(suite, seed=0))}
    found = {} if record is None else {o.seed: o for o in _read(record, key)}
    missing = [seed for seed in seeds if seed not in found]
    for outcome in _make(suite, missing, executor):
        found[outcome.seed] = outcome
        if record is not None:
            with record.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps(key | asdict(outcome)))  # a line cut off before stays apart
        if progress is not None:
            progress(outcome)
    return tuple(found[seed] for seed in seeds)


def summarise(found: Sequence[SeedOutcome]) -> Reliability:
    """Count the outcomes; every share with its intervals."""
    refuted, supported = Outcome.REFUTED.value, Outcome.SUPPORTED.value
    statements, mutants = list(found[0].statements), list(found[0].mutants)
    return Reliability(
        any_refuted=_share("any statement", [refuted in o.statements.values() for o in found]),
        refuted=tuple(_share(name, [o.statements[name] == refuted for o in found]) for name in statements),
        supported=tuple(_share(name, [o.statements[name] == supported for o in found]) for name in statements),
        rejected=tuple(_share(name, [o.mutants[name] == refuted for o in found]) for name in mutants),
    )


def _share(name: str, happened: Sequence[bool]) -> Share:
    values = [float(x) for x in happened]
    count, size = sum(happened), len(happened)
    return Share(name, count, size, *binomial_interval(count, size, LEVEL), *betting_interval(values, LEVEL))


def _make(suite: Suite, seeds: Iterable[int], executor: Executor | None) -> Iterator[SeedOutcome]:
    if executor is None:
        yield from (outcome_at(suite, seed) for seed in seeds)
        return
    futures = [executor.submit(outcome_at, suite, seed) for seed in seeds]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _read(record: Path, key: Mapping[str, str]) -> Iterator[SeedOutcome]:
    """Finished seeds of this suite and code; a last line that was cut off is passed over."""
    if not record.exists():
        return
    for line in record.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if all(entry.get(name) == value for name, value in key.items()):
            yield SeedOutcome(entry["seed"], entry["statements"], entry["mutants"])
