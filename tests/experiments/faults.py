"""Drivers of runs that are to be killed, for ``test_faults``: ``rounds``, ``full`` and ``hold`` have a process each."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from graphon_theory.errors import InputError
from verification.ledger import FILE, Ledger, code_version, single_writer
from verification.suite import parse_suite
from verification.sweep import sweep
from verification.trials import Trial, plan

REPEATS = 40


def trials(repeats: int = REPEATS) -> tuple[Trial, ...]:
    """Cheap real trials: networks of sixteen neurons."""
    check = {"statement": "THR", "criteria": ["magnitude"], "widths": [16], "densities": [0.5], "repeats": repeats}
    return plan(parse_suite({"schema": "graphon.suite/1", "check": [check]}))


def drive(folder: Path) -> int:
    """Run the plan as a run does; returns the number of observations."""
    with single_writer(folder), Ledger(folder / FILE) as ledger:
        return len(sweep(trials(), ledger))


def rounds(answer: Connection, folder: Path, count: int) -> None:
    """Kill -9 forks of this process that drive; send the rows of an undisturbed run and of the last, and the kills."""
    torch.set_num_threads(1)
    code = code_version("THR")
    start = time.perf_counter()
    folder.mkdir()
    drive(folder)
    whole = time.perf_counter() - start
    source = random.Random(0)  # noqa: S311 - moments, not secrets
    kills, generation, kept = 0, 0, 0
    while kills < count:
        place = folder / f"run{generation}"
        place.mkdir(exist_ok=True)
        child = os.fork()
        if child == 0:
            drive(place)
            os._exit(0)
        time.sleep(source.uniform(0.0, 0.5 * whole))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        held = 0
        if (place / FILE).exists():
            with Ledger(place / FILE) as ledger:
                rows = list(ledger.rows())
                held = len(rows)
                whole_rows = all(row.intact and row.code == code for row in rows)
            if not whole_rows or held < kept:
                answer.send(f"round {kills}: {held} trials, {kept} before, intact: {whole_rows}")
                return
        kept = held
        if not os.WIFSIGNALED(status) or held == REPEATS:
            generation, kept = generation + 1, 0
    place = folder / f"run{generation}"
    place.mkdir(exist_ok=True)
    drive(place)
    found = []
    for last in (folder, place):
        with Ledger(last / FILE) as ledger:
            found.append(sorted((row.repeat, row.values_json) for row in ledger.rows()))
    answer.send((*found, kills))


def full(answer: Connection, folder: Path, size: int) -> None:
    """Run with a limit on the size of files, as on a full disk; send what is said."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        drive(folder)
    except InputError as error:
        answer.send(str(error))


def hold(answer: Connection, folder: Path) -> None:
    """Hold the folder as a run does, until this process is killed."""
    with single_writer(folder):
        answer.send("held")
        answer.recv()
