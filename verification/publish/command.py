"""The subcommand ``graphon report``; heavy imports happen inside it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from verification.publish.markdown import Page

_DESCRIPTION = """\
Write a report of a run: what was run, the status of each statement, which rests on which, every formula of every
derivation with its evidence, measurements, false variants and figures. With --derivations no run is needed.
"""
_EPILOG = """\
examples:
  graphon report runs/quick-seed0                            one HTML file, runs/quick-seed0/report/report.html
  graphon report runs/full-seed0 --to html,tex,pdf --out paper
  graphon report --derivations --to html                     all derivations, evaluated now
  graphon report --derivations --only THR LIM-a --to md

formats: html (needs nothing to read, loads nothing), md (the source), tex (to be \\input), pdf (needs latexmk)
SOURCE_DATE_EPOCH fixes the date; all else depends on the run alone.
exit codes: 0 done; 2 usage or input error, or latexmk missing for a PDF; 3 internal error
"""


def add_report(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``graphon report`` to the command line."""
    parser = commands.add_parser(
        "report",
        help="write the report of a run, or of the derivations: HTML, LaTeX, PDF, Markdown",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="folder of a run, finished or not")
    parser.add_argument("--derivations", action="store_true", help="the derivations alone, evaluated now")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these statements (with --derivations)")
    parser.add_argument("--to", default="html", metavar="FORMATS", help="html (default), md, tex, pdf; with commas")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: RUN/report, derivations)")
    parser.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> int:
    formats = _formats(options.to)
    if options.derivations == (options.run is not None):
        named = None if options.run is None else str(options.run)
        raise InputError("run", named, "name the folder of a run, or give --derivations: one of the two")
    if options.only and not options.derivations:
        raise InputError("only", options.only, "give it with --derivations; the report of a run shows all of it")
    if formats != ("md",):
        from verification.publish.convert import pandoc

        pandoc()
    out: Path = options.out or (Path("derivations") if options.derivations else options.run / "report")
    page = _derivations(options.only) if options.derivations else _run(options.run)
    return write_report(page, formats, out)


def write_report(page: Page, formats: tuple[str, ...], out: Path) -> int:
    """Write a report in each format and return the exit code: 2 where a PDF could not be made, else 0.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from verification.publish import convert

    code = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for form in formats:
            files = {}
            if form == "html":
                files = {"report.html": convert.html(page).encode()}
            elif form == "md":
                files = {"report.md": page.markdown.encode()} | dict(page.files)
            elif form == "tex":
                files = convert.tex(page)
            elif convert.latexmk() is None:
                code = 2
                print(  # noqa: T201
                    "graphon: no PDF: latexmk and pdflatex were not found; install TeX Live with latexmk, or write "
                    "--to tex and compile report-main.tex elsewhere",
                    file=sys.stderr,
                )
            else:
                files = {"report.pdf": convert.pdf(page)}
            for name, content in files.items():
                (out / name).write_bytes(content)
            if files:
                print(out / (f"report.{form}"))  # noqa: T201
    except OSError as error:
        raise InputError("out", str(out), f"{error.strerror}: name a folder that can be written") from error
    return code


def _formats(text: str) -> tuple[str, ...]:
    from difflib import get_close_matches

    known = ("html", "md", "tex", "pdf")
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in chosen:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError("to", name, f"unknown; {hint}choose among {', '.join(known)}, with commas between")
    return chosen


def _run(folder: Path) -> Page:
    from verification.ledger.code import code_version
    from verification.publish.frames import draw_frames
    from verification.publish.markdown import run_page
    from verification.publish.sources import read_run

    run = read_run(folder)
    frames = None if run.suite is None else draw_frames(run.suite)
    return run_page(run, code=code_version(), frames=frames)


def _derivations(only: list[str] | None) -> Page:
    from difflib import get_close_matches

    from graphon_theory.statements import STATEMENTS
    from verification.publish.markdown import derivations_page

    for name in only or ():
        if name not in STATEMENTS:
            near = get_close_matches(name, STATEMENTS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError("only", name, f"unknown; {hint}`graphon claims` lists the statements")
    results = {}
    for name, statement in STATEMENTS.items():
        if statement.derive is not None and (not only or name in only):
            print(f"deriving {name}", file=sys.stderr)  # noqa: T201
            results[name] = statement.derive().run()
    return derivations_page(results)
