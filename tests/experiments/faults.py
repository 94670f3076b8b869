"""Drivers of runs that are to be killed, for ``test_faults``: each command is a process of its own.

python faults.py rounds FOLDER N     kill -9 a driver at N random moments, with a fork of this process as driver
python faults.py full FOLDER BYTES   run with files limited to so many bytes
python faults.py hold FOLDER         hold the folder as a run does, until stdin closes
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
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


def rounds(folder: Path, count: int) -> None:
    """Kill drivers at random moments; print "kills, kept before each, trials at the end"."""
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
                raise SystemExit(f"round {kills}: {held} trials, {kept} before, intact: {whole_rows}")
        kept = held
        if not os.WIFSIGNALED(status) or held == REPEATS:
            generation, kept = generation + 1, 0
    place = folder / f"run{generation}"
    place.mkdir(exist_ok=True)
    drive(place)
    for last in (folder, place):
        with Ledger(last / FILE) as ledger:
            print(sorted((row.repeat, row.values_json) for row in ledger.rows()))  # noqa: T201
    print(kills)  # noqa: T201


def full(folder: Path, size: int) -> None:
    """Run with a limit on the size of files, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        drive(folder)
    except InputError as error:
        print(error)  # noqa: T201


def hold(folder: Path) -> None:
    """Hold the folder."""
    with single_writer(folder):
        print("held", flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    name, where, *rest = sys.argv[1:]
    {"rounds": rounds, "full": full, "hold": hold}[name](Path(where), *map(int, rest))
