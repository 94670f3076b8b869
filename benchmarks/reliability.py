"""Reliability of a suite: error rates of its verdicts over many master seeds.

Two figures matter: the share of seeds on which a true statement is called refuted, to be held against the
suite's level; and the share on which each false variant is rejected, which should be at least 99 %.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from verification.engines import open_engine
from verification.reliability import LEVEL, SeedOutcome, Share, outcomes, summarise
from verification.suite import load_suite

WANTED = 0.99
"""Share of seeds on which a false variant should be rejected."""


def main(seeds: int, suite: str, jobs: int | None) -> None:
    """Print the error rates over ``seeds`` master seeds; a broken-off run goes on from its record."""
    chosen = load_suite(suite)
    record = Path("runs") / f"reliability-{chosen.name}.jsonl"
    record.parent.mkdir(exist_ok=True)
    done = 0

    def count(_: SeedOutcome) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done} seeds", end="", file=sys.stderr)

    with open_engine(jobs=jobs) as executor:
        found = outcomes(chosen, range(seeds), executor=executor, record=record, progress=count)
    rates = summarise(found)
    print(f"suite {chosen.name}, {seeds} master seeds; intervals of total error {LEVEL:g}")
    print(f"level of the suite {chosen.level:g}: {_held(rates.any_refuted, chosen.level)}\n")
    _table("true statements called refuted", (rates.any_refuted, *rates.refuted))
    _table("true statements supported", rates.supported)
    _table("false variants rejected", rates.rejected)
    weak = [share.name for share in rates.rejected if share.count < WANTED * share.size]
    print(f"false variants rejected on fewer than {WANTED:.0%} of the seeds: {', '.join(weak) or 'none'}")


def _held(share: Share, level: float) -> str:
    if share.high <= level:
        return "kept (the whole interval lies below it)"
    return "exceeded (the whole interval lies above it)" if share.low > level else "not contradicted"


def _table(title: str, shares: Sequence[Share]) -> None:
    print(f"{title:34}{'seeds':>7}{'share':>9}   {'interval':18}at any time")
    for share in shares:
        print(
            f"  {share.name:32}{share.count:7d}{share.count / share.size:9.4f}   "
            f"{share.low:.4f} to {share.high:.4f}  {share.anytime_low:.4f} to {share.anytime_high:.4f}"
        )
    print()
