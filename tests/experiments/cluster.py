"""A real Dask cluster on this machine, for ``test_engines``: a process of its own, since it leaves sockets behind.

python cluster.py FOLDER COUNT     sweep COUNT trials; one of three workers is killed and one stopped in between
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client
from faults import trials

from graphon_theory.errors import InputError
from verification.engines import dask, open_engine
from verification.ledger import FILE, Ledger
from verification.sweep import sweep


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler, and three workers, each a process of its own."""
    address = folder / "scheduler.json"
    # A result that lies on a stopped worker is waited for, and all later ones with it, until the scheduler gives that
    # worker up: after five minutes by default.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "15s"}

    def start(role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + role, "--scheduler-file", str(address), *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with ExitStack() as stack:
        processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
        processes += [
            start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0") for _ in range(3)
        ]
        for process in processes:
            stack.callback(process.wait)
            stack.callback(process.kill)
        while not address.exists():
            time.sleep(0.1)
        with Client(scheduler_file=str(address), set_as_default=False) as client:
            client.wait_for_workers(3, timeout=240)
            where = client.scheduler.address
        yield where, processes[1:]


def main(folder: Path, count: int) -> None:
    """Print what was said on the way, then the values of all trials, a line each."""
    dask._TIMEOUT = "1s"
    try:
        with open_engine("dask:tcp://127.0.0.1:9"):
            pass
    except InputError as error:
        print(json.dumps(str(error)))  # noqa: T201
    dask._TIMEOUT = "60s"
    finished = 0
    said: list[str] = []
    with cluster(folder) as (address, workers):

        def strike(_: object) -> None:
            nonlocal finished
            finished += 1
            if finished == 3:
                workers[0].send_signal(signal.SIGKILL)
                workers[1].send_signal(signal.SIGSTOP)

        with Ledger(folder / FILE) as ledger, open_engine(f"dask:{address}") as executor:
            seen = sweep(trials(count), ledger, executor=executor, progress=strike, note=said.append, patience=5.0)
            rows = len(list(ledger.rows()))
    print(json.dumps(said))  # noqa: T201
    print(rows)  # noqa: T201
    print(json.dumps([observation.values for observation in seen]))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
