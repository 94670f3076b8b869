"""Run the package ``cutnorm`` on one matrix, in whichever interpreter has it: ``peer_cutnorm.py MATRIX SETS SCALE``.

Needs NumPy and ``cutnorm`` only. Writes the sets found to SETS and prints seconds and values as JSON. SCALE multiplies
the matrix beforehand; the values printed are divided by it again.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np


def main() -> None:
    """Read the matrix, time one call, write the outcome."""
    source, target, factor = sys.argv[1:]
    own = Path(__file__).resolve().parent  # has a module of the same name
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != own]
    from cutnorm import compute_cutnorm  # type: ignore[import-not-found]

    scale = float(factor)
    A = np.load(source).astype(np.float64) * scale
    zero = np.zeros_like(A)
    compute_cutnorm(A[:32, :32], zero[:32, :32])  # first calls load libraries
    np.random.seed(0)  # noqa: NPY002  # the package draws from the global generator
    start = time.perf_counter()
    rounded, relaxed, info = compute_cutnorm(A, zero)
    seconds = time.perf_counter() - start
    rows, columns = info["cutnorm_sets"]
    np.savez(target, rows=np.asarray(rows) > 0.5, columns=np.asarray(columns) > 0.5)
    outcome = {
        "seconds": seconds,
        "rounded": float(rounded) / scale,
        "relaxed": float(relaxed) / scale,
        "version": metadata.version("cutnorm"),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
