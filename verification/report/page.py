"""A first HTML report: status, figures, mutants and the derivations' evidence on one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from verification.registry import statements
from verification.report.text import COLUMNS, MUTANT_COLUMNS, mutant_rows, summary_rows
from verification.run import Run
from verification.verdict import Verdict

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8885; vertical-align: top; }
.supported, .rejected { color: #00704e; } .refuted { color: #b02a00; } .inconclusive, .not { color: #8a5a00; }
.supported, .refuted, .inconclusive, .rejected, .not { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .supported, .rejected { color: #4cc9a0; } .refuted { color: #ff8a66; } .inconclusive, .not { color: #e6b450; }
}
figure { margin: 1.5rem 0; background: #fff; padding: .5rem; color: #222; }
figure svg { max-width: 100%; height: auto; }
blockquote { border-left: .25rem solid #0072b2; margin: .6rem 0; padding: .2rem 1rem; }
code { font-size: .9em; }
"""


def render_page(run: Run, figures: Sequence[tuple[str, str, str]]) -> str:
    """Whole page.

    Parameters
    ----------
    run
        The run.
    figures
        (title, caption, SVG) of each figure.
    """
    suite = run.suite
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    body = [
        f"<h1>Verification run: {escape(suite.name)}</h1>",
        f"<p>{escape(suite.summary)}. {len(run.observations)} trials, seed {suite.seed}, "
        f"level {suite.level:g} over the whole suite.</p>",
        *(f"<blockquote>{escape(line)}</blockquote>" for line in run.headlines),
        "<h2>Status</h2>",
        _table(COLUMNS, summary_rows(run), status_column=1),
        _reasons(run.verdicts),
        *(_figure(*figure) for figure in figures),
        "<h2>False variants put to the same decision</h2>",
        _table(MUTANT_COLUMNS, mutant_rows(run), status_column=2),
        "<h2>Statements</h2>",
        *(_section(verdict) for verdict in run.verdicts),
        f"<h2>Made with</h2><p>{escape(versions)}</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>graphon verify: {escape(suite.name)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _figure(title: str, caption: str, svg: str) -> str:
    drawing = svg[svg.index("<svg") :]  # without the XML prologue, which HTML does not know
    return f"<h2>{escape(title)}</h2><figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _reasons(verdicts: Iterable[Verdict]) -> str:
    lines = [f"<li>{escape(v.id)}: {escape(reason)}</li>" for v in verdicts for reason in v.reasons]
    return f"<p>Why not supported:</p><ul>{''.join(lines)}</ul>" if lines else ""


def _section(verdict: Verdict) -> str:
    statement = statements()[verdict.id]
    measurement = verdict.measurement
    steps = [
        (result.step.id, result.evidence.name.lower(), result.step.text, result.detail) for result in verdict.steps
    ]
    facts = [
        ("rests on", ", ".join(statement.uses) or "nothing"),
        ("hypotheses", "; ".join(hypothesis.text for hypothesis in statement.hypotheses)),
        ("source", statement.source),
        ("null", measurement.null),
        ("alternative", measurement.alternative),
        ("statistic", f"{measurement.statistic}: {measurement.observed:.6g} against {measurement.bound:.6g}"),
        ("level, trials", f"{measurement.level:.3g}, {measurement.sample_size}"),
        ("detectable with probability 0.9", f"{measurement.detectable:.3g} ({measurement.detectable_unit})"),
    ]
    enclosures = [
        (check.name, f"[{check.lower:.15g}, {check.upper:.15g}]", f"{check.value:.15g}", str(check.holds))
        for check in verdict.enclosures
    ]
    parts = [
        f'<h3 id="{escape(verdict.id)}">{escape(verdict.id)}: {escape(statement.title)} '
        f'<span class="{verdict.status.value.split()[0]}">{verdict.status.value}</span></h3>',
        f"<p>{escape(statement.conclusion)}</p>",
        _table(("", ""), facts),
        _table(("step", "evidence", "what it says", "how it was decided"), steps) if steps else "<p>No derivation.</p>",
    ]
    if enclosures:
        parts.append(_table(("enclosed", "rigorous interval", "value used", "holds"), enclosures))
    if measurement.rows:
        header = tuple(dict.fromkeys(key for row in measurement.rows for key in row))
        rows = [tuple(_cell(row.get(key, "")) for key in header) for row in measurement.rows]
        parts.append(f"<details><summary>figures of each case</summary>{_table(header, rows)}</details>")
    return "\n".join(parts)


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.5g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], status_column: int | None = None) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header) if any(header) else ""
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            style = f' class="{escape(cell.split()[0].lower())}"' if i == status_column else ""
            cells.append(f"<td{style}>{escape(cell)}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
