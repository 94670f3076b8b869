"""The command line: ``graphon verify``, ``analyse``, ``design``, ``ledger``, ``report``, ``claims``.

Heavy imports (SymPy, torch) happen inside the commands, so that ``graphon --help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphon_theory._version import __version__
from verification.analysis.command import add_analyse
from verification.design.command import add_design
from verification.ledger.command import add_ledger
from verification.publish.command import add_report

if TYPE_CHECKING:
    from verification.run import Run

EXIT_OK, EXIT_REFUTED, EXIT_INPUT, EXIT_INTERNAL, EXIT_EMPTY = 0, 1, 2, 3, 5

_EPILOG = """\
exit codes: 0 no statement refuted; 1 one refuted (or not conclusive, with --fail-on inconclusive);
2 usage or input error; 3 internal error; 5 nothing selected
"""

_VERIFY_EPILOG = (
    """\
examples:
  graphon verify --quick                          the quick suite, one and a half to three minutes on two cores
  graphon verify --suite full --out runs/full     widths up to 4,096
  graphon verify --suite my.toml --seed 7         your own suite (docs/suites.md)
  graphon verify --quick --only THR LIM-a         some statements
  graphon verify --suite full --budget 10m        what ten minutes can decide
  graphon verify --quick --mutants                which width rejects which false variant
  graphon verify --quick --format json | python -m json.tool
  graphon verify --quick --format junit > graphon.xml               what CI servers read
  graphon verify --suite full --engine dask:tcp://10.0.0.1:8786     on a cluster

stdout carries the result, stderr the progress; a run that is broken off goes on where it stopped.

"""
    + _EPILOG
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_OK
    command: Callable[[argparse.Namespace], int] = options.command
    from graphon_theory.errors import InputError

    try:
        return command(options)
    except InputError as error:
        print(f"graphon: error: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_INPUT
    except KeyboardInterrupt:
        print("graphon: interrupted; finished trials are kept, run it again to go on", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        return EXIT_INTERNAL
    except Exception:
        traceback.print_exc()
        print("graphon: internal error (above); finished trials are kept", file=sys.stderr)  # noqa: T201
        return EXIT_INTERNAL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphon",
        description="Verify the graphon theory of pruning at initialisation: symbolically, rigorously, on networks.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"graphon-theory {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="run a suite and judge its statements",
        description="Run a suite: prune real networks, compare their masks with the theory, judge each statement.",
        epilog=_VERIFY_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    suite = verify.add_mutually_exclusive_group()
    suite.add_argument("--quick", action="store_true", help="the quick suite (the default)")
    suite.add_argument(
        "--suite",
        metavar="FILE",
        help="a suite file, or a shipped one: quick, small, criteria, deep, approximation, ntk, generalisation, paper, "
        "full, readings",
    )
    verify.add_argument("--only", nargs="+", metavar="ID", help="check these statements, and those they rest on")
    verify.add_argument("--seed", type=int, metavar="N", help="master seed (default: the suite's)")
    verify.add_argument("--out", metavar="DIR", help="run folder (default: runs/SUITE-seedN)")
    verify.add_argument(
        "--jobs", type=int, metavar="N", help="processes (default: one a core, or one a GPU); 1 stays in this one"
    )
    verify.add_argument(
        "--engine",
        default="processes",
        metavar="NAME",
        help="processes (default), or dask:ADDRESS for an existing cluster (docs/clusters.md)",
    )
    verify.add_argument(
        "--patience",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="without a finished trial for so long, workers count as stalled and are replaced (default: 600)",
    )
    verify.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, cuda:N, or auto: where trials compute (default: the suite's, cpu)"
    )
    verify.add_argument(
        "--budget",
        metavar="TIME",
        help="such as 90s, 10m or 2h: choose widths and seeds to spend about this time where it decides most",
    )
    verify.add_argument(
        "--mutants",
        action="store_true",
        help="print the table of false variants instead, with the smallest width that rejects each",
    )
    verify.add_argument("--format", choices=("text", "json", "junit"), default="text", help="what stdout carries")
    verify.add_argument(
        "--fail-on",
        choices=("refuted", "inconclusive"),
        default="refuted",
        help="exit with 1 if a statement is refuted (default), or if any is not conclusive either",
    )
    verify.set_defaults(command=_verify)
    add_analyse(commands)
    add_design(commands)
    add_ledger(commands)
    add_report(commands)
    claims = commands.add_parser(
        "claims",
        help="list the statements with their hypotheses and what they rest on",
        description="List the statements of the theory.",
        epilog="example:\n  graphon claims\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    claims.set_defaults(command=_claims)
    return parser


def _verify(options: argparse.Namespace) -> int:
    from dataclasses import replace
    from pathlib import Path

    from graphon_theory.errors import InputError
    from verification.selection import select
    from verification.suite import duration, load_suite

    suite = load_suite(options.suite or "quick")
    if options.only:
        suite = select(suite, options.only)
    if not suite.checks:
        print("graphon: nothing selected: the suite checks none of these statements", file=sys.stderr)  # noqa: T201
        return EXIT_EMPTY
    if options.seed is not None:
        if options.seed < 0:
            raise InputError("seed", options.seed, "give an integer of at least 0")
        suite = replace(suite, seed=options.seed)
    budget = None if options.budget is None else duration(options.budget)
    folder = Path(options.out or Path("runs") / f"{suite.name}-seed{suite.seed}")
    # Not before: they take seconds, and a suite that is refused does not need them.
    from verification.engines import open_engine
    from verification.engines.lost import LostWorkersError
    from verification.progress import Progress
    from verification.report.folder import write_folder
    from verification.run import verify

    engine = open_engine(options.engine, jobs=options.jobs, device=options.device or suite.device)
    try:
        with Progress(sys.stderr) as progress, engine as executor:
            run = verify(
                suite,
                out=folder,
                executor=executor,
                device=options.device,
                budget=budget,
                on_start=progress.start,
                on_trial=progress.advance,
                on_note=progress.note,
                patience=options.patience,
            )
    except LostWorkersError as error:
        print(f"graphon: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_INTERNAL
    files = write_folder(run)
    _print_result(run, options)
    print(f"run folder: {folder} ({', '.join(sorted(files))})", file=sys.stderr)  # noqa: T201
    if run.refuted or (options.fail_on == "inconclusive" and not run.conclusive):
        return EXIT_REFUTED
    return EXIT_OK


def _print_result(run: Run, options: argparse.Namespace) -> None:
    import json

    from verification.report.junit import junit
    from verification.report.text import render_mutants, render_text

    if options.format == "text":
        sys.stdout.write(render_mutants(run) if options.mutants else render_text(run))
        return
    written = (run.folder / "run.json").read_text(encoding="utf-8")
    if options.format == "junit":
        written = junit(json.loads(written), inconclusive_fails=options.fail_on == "inconclusive")
    sys.stdout.write(written)


def _claims(_: argparse.Namespace) -> int:
    from verification.registry import statement_names, statements

    measurable = statement_names()
    for statement in statements().values():
        rests = f"; rests on {', '.join(statement.uses)}" if statement.uses else ""
        how = ["derived"] if statement.derive is not None else []
        how += ["measured"] if statement.id in measurable else []
        sys.stdout.write(f"{statement.id:<7} {statement.title} ({' and '.join(how)}{rests})\n")
        for hypothesis in statement.hypotheses:
            sys.stdout.write(f"          if {hypothesis.text}\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
