"""Run a benchmark by name: ``python -m benchmarks tightness --largest 1024``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import enclosures, tightness

BENCHMARKS = {"enclosures": enclosures.main, "tightness": tightness.main}


def main() -> int:
    """Parse the name and hand over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS), help="which benchmark to run")
    parser.add_argument("--largest", type=int, default=4096, help="largest n = d (tightness; default 4096)")
    options = parser.parse_args()
    BENCHMARKS[options.name](options.largest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
