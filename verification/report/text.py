"""The result of a run as a text table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from verification.report.document import evidence_counts
from verification.run import Run
from verification.verdict import Verdict

COLUMNS = ("statement", "status", "derivation", "enclosed", "trials", "observed", "bound", "mutants rejected")


def summary_rows(run: Run) -> list[tuple[str, ...]]:
    """One row a statement, of the columns ``COLUMNS``."""
    return [_row(verdict) for verdict in run.verdicts]


MUTANT_COLUMNS = ("statement", "false variant", "outcome", "from n", "observed", "bound", "trials", "what it says")


def mutant_rows(run: Run) -> list[tuple[str, ...]]:
    """One row a false variant, of the columns ``MUTANT_COLUMNS``; "from n": the smallest width that rejects it."""
    return [
        (
            verdict.id,
            mutant.mutant.id,
            "rejected" if mutant.rejected else f"NOT rejected ({mutant.measurement.outcome.value})",
            "-" if mutant.rejected_from is None else str(mutant.rejected_from),
            _number(mutant.measurement.observed),
            _number(mutant.measurement.bound),
            str(mutant.measurement.sample_size),
            mutant.mutant.text + (f" (a reading of {mutant.mutant.reading})" if mutant.mutant.reading else ""),
        )
        for verdict in run.verdicts
        for mutant in verdict.mutants
    ]


def render_text(run: Run) -> str:
    """Whole text report."""
    suite = run.suite
    parts = [
        f"suite {suite.name}: {suite.summary}" if suite.summary else f"suite {suite.name}",
        f"{len(run.observations)} trials, seed {suite.seed}, level {suite.level:g} over the whole suite",
        "",
        _table(COLUMNS, summary_rows(run)),
        "",
        _table(MUTANT_COLUMNS, mutant_rows(run)),
    ]
    doubts = [f"{v.id}: {reason}" for v in run.verdicts for reason in v.reasons]
    if doubts:
        parts += ["", "why not supported:", *(f"  {line}" for line in doubts)]
    if run.headlines:
        parts += ["", *run.headlines]
    return "\n".join(parts) + "\n"


def render_mutants(run: Run) -> str:
    """Table of the false variants alone."""
    title = f"suite {run.suite.name}, seed {run.suite.seed}: the smallest width n from which each is rejected"
    return f"{title}\n\n{_table(MUTANT_COLUMNS, mutant_rows(run))}\n"


def _row(verdict: Verdict) -> tuple[str, ...]:
    measurement = verdict.measurement
    counts = ", ".join(f"{count} {kind}" for kind, count in evidence_counts(verdict).items() if count) or "none"
    held = sum(check.holds is True for check in verdict.enclosures)
    rejected = sum(mutant.rejected for mutant in verdict.mutants)
    return (
        verdict.id,
        verdict.status.value,
        counts,
        f"{held}/{len(verdict.enclosures)}" if verdict.enclosures else "-",
        str(measurement.sample_size),
        _number(measurement.observed),
        _number(measurement.bound),
        f"{rejected}/{len(verdict.mutants)}",
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
