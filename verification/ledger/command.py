"""The command line of ledgers: ``graphon ledger show | export | merge``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_EPILOG = """\
examples:
  graphon ledger show runs/full-seed0                          what it holds
  graphon ledger export runs/full-seed0 --out trials.csv       one line a number
  graphon ledger export runs/full-seed0 --to parquet --out trials.parquet
  graphon ledger merge runs/all runs/node1 runs/node2          trials of several machines, together
  graphon ledger merge rescued.sqlite damaged.sqlite           what can be read of a damaged ledger

a run folder stands for the ledger in it
"""


def add_ledger(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``graphon ledger`` to the command line."""
    parser = commands.add_parser(
        "ledger",
        help="show, export or merge the finished trials of runs",
        description="Work with the ledgers that runs keep their finished trials in.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="numbers of trials by statement and version of the code")
    show.add_argument("ledger", type=Path, metavar="LEDGER", help="ledger or run folder")
    show.set_defaults(command=_show)
    export = actions.add_parser("export", help="write all numbers as a table")
    export.add_argument("ledger", type=Path, metavar="LEDGER", help="ledger or run folder")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    export.add_argument("--to", default="csv", metavar="FORMAT", help="csv (default) or parquet")
    export.set_defaults(command=_export)
    merge = actions.add_parser("merge", help="add the trials of ledgers to one")
    merge.add_argument(
        "target",
        type=Path,
        metavar="INTO",
        help="ledger or run folder to add to; made if missing, as a file if its name has an ending",
    )
    merge.add_argument("sources", type=Path, nargs="+", metavar="FROM", help="ledgers or run folders")
    merge.set_defaults(command=_merge)


def _show(options: argparse.Namespace) -> int:
    from verification.ledger.merge import locate
    from verification.ledger.store import Ledger

    path = locate(options.ledger)
    if not path.is_file():
        raise InputError("ledger", str(path), "no such file: give a ledger or a run folder")
    counts: Counter[tuple[str, str, str]] = Counter()
    seconds: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    altered = 0
    with Ledger(path) as ledger:
        for row in ledger.rows():
            if row.intact:
                group = (row.statement, row.code, row.device)
                counts[group] += 1
                seconds[group] += row.seconds
            else:
                altered += 1
    print(f"{'statement':12}{'code':18}{'device':10}{'trials':>8}{'seconds':>10}")  # noqa: T201
    for group, count in sorted(counts.items()):
        print(f"{group[0]:12}{group[1]:18}{group[2]:10}{count:8d}{seconds[group]:10.1f}")  # noqa: T201
    if altered:
        print(f"{altered} rows are not what was written, and are not read")  # noqa: T201
    return 0


def _export(options: argparse.Namespace) -> int:
    from verification.ledger.export import export

    count = export(options.ledger, options.out, options.to)
    print(f"{count} numbers in {options.out}", file=sys.stderr)  # noqa: T201
    return 0


def _merge(options: argparse.Namespace) -> int:
    from verification.ledger.lock import single_writer
    from verification.ledger.merge import locate, merge

    if not options.target.exists() and not options.target.suffix and options.target.parent.is_dir():
        options.target.mkdir()
    folder = locate(options.target).parent
    if not folder.is_dir():
        raise InputError("INTO", str(options.target), "its folder does not exist: make it first")
    with single_writer(folder):
        found = merge(options.target, options.sources)
    for entry in found:
        notes = [f"{entry.added} added", f"{entry.known} known"]
        if entry.altered:
            notes.append(f"{entry.altered} altered ones left out")
        if entry.damage:
            notes.append(f"damaged: {entry.damage}")
        print(f"{entry.source}: {', '.join(notes)}")  # noqa: T201
    return 0
