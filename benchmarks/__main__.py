"""Run a benchmark by name: ``python -m benchmarks tightness --largest 1024``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import cutnorm, deep, enclosures, ntk, reliability, scores, synflow_phase, tightness

BY_SIZE: dict[str, Callable[[int], None]] = {
    "deep": deep.main,
    "enclosures": enclosures.main,
    "ntk": ntk.main,
    "scores": scores.main,
    "synflow-phase": synflow_phase.main,
    "tightness": tightness.main,
}


def main() -> int:
    """Parse the name and hand over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted((*BY_SIZE, "cutnorm", "reliability")), help="which benchmark to run")
    parser.add_argument("--largest", type=int, default=4096, help="largest size (default 4096)")
    parser.add_argument("--peer-largest", type=int, default=2048, help="largest size of the peer (cutnorm; 2048)")
    parser.add_argument("--seeds", type=int, default=500, help="master seeds (reliability; default 500)")
    parser.add_argument("--suite", default="small", help="suite (reliability; default small)")
    parser.add_argument("--jobs", type=int, help="processes (reliability; default one a core)")
    options = parser.parse_args()
    if options.name == "reliability":
        reliability.main(options.seeds, options.suite, options.jobs)
    elif options.name == "cutnorm":
        cutnorm.main(options.largest, options.peer_largest)
    else:
        BY_SIZE[options.name](options.largest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
