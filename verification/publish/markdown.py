"""The one Markdown source of a report; HTML, LaTeX and PDF are made from it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from graphon_theory._version import __version__
from graphon_theory.errors import InputError
from verification.publish.entries import Entry, derivation_entries, run_entries
from verification.publish.escape import literal
from verification.publish.graph import graph_svg
from verification.publish.section import raw_html, section, status_word
from verification.publish.sources import RunRecord
from verification.publish.tables import bullets, number, pipe_table

if TYPE_CHECKING:
    from graphon_theory.derivation import DerivationResult
    from verification.publish.frames import Frames

_REFERENCES: Final = (
    "[P25] The Graphon Limit Hypothesis, arXiv 2510.17515 (NeurIPS 2025)",
    "[P26] Pham, Ta, Tran-Thanh, Pruning at Initialisation through the lens of Graphon Limit: Convergence, "
    "Expressivity, and Generalisation, arXiv 2602.06675 (ICML 2026)",
)
_KINDS: Final = (
    "A step is proved (SymPy decides it, and no sample point objects), enclosed (ball arithmetic shows it on the "
    "whole domain), checked (it agrees to 45 digits at points: evidence, not proof), cited, undecided or contradicted."
)


@dataclass(frozen=True)
class Page:
    """A report before it is converted.

    Parameters
    ----------
    title
        Plain text.
    markdown
        The source. Images without a suffix are figures: SVG for HTML, PDF for LaTeX.
    files
        Name -> bytes of the images that it names.
    """

    title: str
    markdown: str
    files: Mapping[str, bytes]


def run_page(run: RunRecord, *, code: str, frames: Frames | None = None) -> Page:
    """Build the report of a run.

    Parameters
    ----------
    run
        The run.
    code
        Version of the present code (``verification.ledger.code_version()``), which the formulas come from.
    frames
        Masks at growing widths; None to leave them out.
    """
    entries = run_entries(run)
    graph = _graph(entries)
    files = {"graph.svg": graph.encode()}
    title = f"Verification report: {run.name}"
    parts = [f"# {literal(title)} {{#part-top}}"]
    if run.summary:
        parts.append(f"{literal(run.summary)}.")
    parts += [_made(), *_notices(run, code, entries)]
    parts += [f"> {literal(line)}" for line in run.headlines]
    parts += ["## What was run {#part-run}", _facts(run), *_checks(run)]
    parts += _status(run, entries)
    parts += _graph_part(graph, "status")
    if frames is not None:
        parts += _frames_part(frames, files)
    parts += _figures(run, files)
    parts += _statements(entries)
    return Page(title, "\n\n".join(parts) + "\n", files)


def derivations_page(results: Mapping[str, DerivationResult]) -> Page:
    """Build the report of derivations alone; no run is needed.

    Parameters
    ----------
    results
        Statement id -> its derivation with the evidence of each step.
    """
    entries = derivation_entries(results)
    graph = _graph(entries)
    total: Counter[str] = Counter()
    for entry in entries:
        total.update(entry.counts())
    rows = [[_link(e), e.title, status_word(e.status), _counts(e.counts())] for e in entries]
    parts = [
        "# Derivations of the graphon theory of pruning at initialisation {#part-top}",
        _made(),
        f"{len(entries)} statements, {sum(total.values())} steps: {_counts(total)}. No network was measured.",
        "## Status {#part-status}",
        "::: {#status-table}",
        pipe_table(("statement", "title", "derivation", "steps"), rows, (2, 7, 3, 5)),
        ":::",
        *_graph_part(graph, "what its derivation says"),
        *_statements(entries),
    ]
    return Page("Derivations", "\n\n".join(parts) + "\n", {"graph.svg": graph.encode()})


def made_at() -> datetime:
    """Return the time that a report carries: that of ``SOURCE_DATE_EPOCH`` where it is set, else now, in UTC.

    Raises
    ------
    InputError
        If the variable holds no time in seconds.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        return datetime.fromtimestamp(int(given) if given is not None else int(time.time()), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            "SOURCE_DATE_EPOCH", given, "give a whole number of seconds since 1970, or unset it"
        ) from error


def _made() -> str:
    return f"[Made on {made_at():%Y-%m-%d %H:%M} UTC by graphon\\-theory {literal(__version__)}.]{{.made}}"


def _notices(run: RunRecord, code: str, entries: Sequence[Entry]) -> list[str]:
    found = []
    if run.unfinished is not None:
        found.append(
            f"**This run is not finished**: {run.trials} trials are done, and nothing is judged yet. Run the suite "
            "again with the same folder as \\-\\-out to go on."
        )
    made = run.versions.get("code")
    if run.unfinished is None and made != code:
        found.append(
            f"**The code has changed since this run** (then {literal(made or 'unknown')}, now {literal(code)}). "
            "Figures and evidence are those of the run; hypotheses, conclusions and formulas are those of the "
            "present code."
        )
    missing = [figure.name for figure in run.figures if figure.path is None]
    if missing:
        found.append(f"**Figures are missing** from the run folder: {', '.join(literal(name) for name in missing)}.")
    if run.suite is None:
        found.append("The suite's file is missing or cannot be read: its models and checks are not shown.")
    unknown = [entry.id for entry in entries if not entry.known]
    if unknown:
        names = ", ".join(literal(name) for name in unknown)
        found.append(f"The present code does not know these statements, and shows the run's own words: {names}.")
    return [f"::: {{.notice}}\n{text}\n:::" for text in found]


def _facts(run: RunRecord) -> str:
    facts = [("suite", literal(run.name)), ("trials", str(run.trials))]
    if run.unfinished is None:
        facts += [("master seed", str(run.seed)), ("level over the whole suite", number(run.level))]
    facts += [(literal(name), literal(version)) for name, version in run.versions.items()]
    if run.seconds:
        words = ", ".join(f"{literal(part)} {seconds:.0f} s" for part, seconds in run.seconds.items())
        facts.append(("wall time", words))
    return pipe_table(("what", "value"), facts, (3, 7))


def _checks(run: RunRecord) -> list[str]:
    if run.suite is None:
        return []
    parts = []
    if run.suite.models:
        rows = [[literal(m.name), literal(m.g), literal(m.f), literal(m.noise)] for m in run.suite.models.values()]
        parts += ["Saliency models:", pipe_table(("model", "g", "f", "noise"), rows)]
    rows = [
        [
            literal(check.statement + (f" ({check.variant})" if check.variant != "statement" else "")),
            literal(", ".join((*check.criteria, *check.models))),
            ", ".join(map(str, check.widths)),
            literal(", ".join(f"{density:g}" for density in check.densities)),
            str(check.repeats),
        ]
        for check in run.suite.checks
    ]
    return [
        *parts,
        raw_html("<details><summary>Checks of the suite</summary>"),
        pipe_table(("statement", "pruned by", "widths", "densities", "seeds"), rows, (4, 4, 3, 2, 2)),
        raw_html("</details>"),
    ]


def _status(run: RunRecord, entries: Sequence[Entry]) -> list[str]:
    parts = ["## Status {#part-status}"]
    if run.unfinished is not None:
        rows = [[literal(name), str(count)] for name, count in run.unfinished.items()]
        return [*parts, "::: {#status-table}", pipe_table(("statement", "finished trials"), rows, (3, 3)), ":::"]
    rows = []
    for entry in entries:
        record = entry.record
        if record is None:
            rows.append([_link(entry), entry.title, status_word(entry.status), _counts(entry.counts()), "", "", "", ""])
            continue
        figures, mutants = record.measurement, record.mutants
        held = sum(check.get("holds") is True for check in record.enclosures)
        rows.append(
            [
                _link(entry),
                entry.title,
                status_word(entry.status),
                _counts(entry.counts()) or _counts(Counter(kind for kind, _ in record.steps.values())),
                f"{held}/{len(record.enclosures)}" if record.enclosures else "",
                number(figures.get("sample_size")),
                f"{number(figures.get('observed'))}, {number(figures.get('bound'))}",
                f"{sum(m.get('rejected') is True for m in mutants)}/{len(mutants)}",
            ]
        )
    header = (
        "statement",
        "title",
        "status",
        "derivation",
        "enclosed",
        "trials",
        "observed, bound",
        "variants rejected",
    )
    return [*parts, "::: {#status-table}", pipe_table(header, rows, (4, 8, 5, 6, 3, 3, 5, 3)), ":::"]


def _link(entry: Entry) -> str:
    return f"[{literal(entry.id)}](#{entry.anchor})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {literal(kind)}" for kind, count in counts.items())


def _graph(entries: Sequence[Entry]) -> str:
    nodes = {entry.id for entry in entries}
    return graph_svg(
        {entry.id: tuple(name for name in entry.uses if name in nodes) for entry in entries},
        {entry.id: entry.status for entry in entries},
        {entry.id: entry.anchor for entry in entries},
    )


def _graph_part(graph: str, what: str) -> list[str]:
    return [
        "## Which statement rests on which {#part-graph}",
        f"From left to right; colour, border, sign and word of a statement say its {what}. Ways that a longer one "
        "implies are left out.",
        raw_html(f'<div class="scroll">{graph}</div>'),
        "```{=latex}\n\\begin{center}\\includegraphics[width=\\linewidth]{graph}\\end{center}\n```",
    ]


def _frames_part(frames: Frames, files: dict[str, bytes]) -> list[str]:
    files["frame-graphon.png"] = frames.graphon
    parts = [
        "## A mask grows into its graphon {#part-frames}",
        f"Model {literal(frames.model)}, profile {literal(frames.formula)}, {literal(frames.noise)} noise, density "
        f"{number(frames.density)}, d = n; rows and columns by type. Left: the mask. Middle: its kept fraction in "
        f"16 by 16 cells. Right: the mean of the graphon there, from 0 (dark) to {number(frames.top, 2)} (bright). "
        "Drawn from the suite's seed for this page: an illustration, not part of the evidence.",
        "::: {#frames}",
    ]
    for frame in frames.frames:
        mask, averaged = f"frame-{frame.width:04d}-mask.png", f"frame-{frame.width:04d}-cells.png"
        files[mask], files[averaged] = frame.mask, frame.averaged
        parts += [
            f'::: {{.frame data-width="{frame.width}"}}',
            f"![mask, n = {frame.width}]({mask}){{width=31%}} ![kept fraction in cells, n = {frame.width}]({averaged})"
            "{width=31%} ![graphon](frame-graphon.png){width=31%}",
            f"n = {frame.width}: cells differ from the graphon by {number(frame.difference, 2)} (root mean square)",
            ":::",
        ]
    return [*parts, ":::"]


def _figures(run: RunRecord, files: dict[str, bytes]) -> list[str]:
    if not run.figures:
        return []
    parts = ["## Figures {#part-figures}"]
    for figure in run.figures:
        parts.append(f"### {literal(figure.title)}")
        if figure.path is None:
            parts.append(f"::: {{.notice}}\nThe figure {literal(figure.name)} is missing from the run folder.\n:::")
        else:
            files[f"figure-{figure.name}"] = figure.path.read_bytes()
            stem = f"figure-{figure.name.removesuffix('.svg')}"
            parts += [f"::: {{.figure}}\n![{literal(figure.title)}]({stem}){{width=100%}}\n:::"]
        if figure.caption:
            parts.append(literal(figure.caption))
    return parts


def _statements(entries: Sequence[Entry]) -> list[str]:
    anchors = {entry.id: entry.anchor for entry in entries}
    return [
        "## Statements {#part-statements}",
        _KINDS,
        *(section(entry, anchors) for entry in entries),
        "## References {#part-references}",
        bullets([literal(line) for line in _REFERENCES]),
    ]
