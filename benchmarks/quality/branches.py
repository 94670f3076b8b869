"""Branch coverage of each package, against the share demanded: ``python -m benchmarks.quality.branches FILE``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PACKAGES = ("graphon_theory", "verification")
DEMANDED = 95.0  # per cent, of branches and of lines, in each package


def shares(files: Mapping[str, Any], package: str) -> tuple[float, float]:
    """Return the per cent of branches and of lines of a package that were taken; 100 where it has none.

    Parameters
    ----------
    files
        ``files`` of the JSON report of coverage.py: summaries by path.
    package
        First part of the paths.
    """
    summaries = [entry["summary"] for path, entry in files.items() if Path(path).parts[0] == package]
    branches = sum(summary["num_branches"] for summary in summaries)
    lines = sum(summary["num_statements"] for summary in summaries)
    taken = sum(summary["covered_branches"] for summary in summaries)
    run = sum(summary["covered_lines"] for summary in summaries)
    return 100.0 * taken / branches if branches else 100.0, 100.0 * run / lines if lines else 100.0


def gaps(files: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each file with gaps: the lines not run, and the branches not taken as ``from->to``.

    A branch that ends in a line not run is told by that line; a negative line is the way out of the block.
    """
    for path, entry in sorted(files.items()):
        missing = set(entry["missing_lines"])
        branches = [f"{a}->{b}" for a, b in entry["missing_branches"] if a not in missing and b not in missing]
        if missing or branches:
            yield f"{path}: {', '.join([*_runs(sorted(missing)), *branches])}"


def _runs(lines: list[int]) -> list[str]:
    """Write consecutive lines as ranges."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return [str(low) if low == high else f"{low}-{high}" for low, high in found]


def main(arguments: list[str] | None = None) -> int:
    """Print the shares and every gap; 1 if a package has less than is demanded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.branches", description=__doc__)
    parser.add_argument("report", type=Path, help="JSON report of coverage.py, measured with branches")
    parser.add_argument("--demanded", type=float, default=DEMANDED, help=f"per cent (default {DEMANDED:g})")
    options = parser.parse_args(arguments)
    files = json.loads(options.report.read_text(encoding="utf-8"))["files"]
    print("\n".join(gaps(files)))
    enough = True
    for package in PACKAGES:
        branches, lines = shares(files, package)
        enough = enough and min(branches, lines) >= options.demanded
        print(f"{package}: {branches:.1f} % of branches, {lines:.1f} % of lines")
    if not enough:
        print(f"less than {options.demanded:g} %: test what is listed above", file=sys.stderr)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
