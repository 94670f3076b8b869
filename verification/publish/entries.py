"""A statement as a report shows it: what the present code says of it, with what a run found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphon_theory.derivation import DerivationResult, Evidence, Step
from verification.publish.escape import literal, prose
from verification.publish.sources import RunRecord, StatementRecord
from verification.publish.tex import domain_tex, step_tex
from verification.registry import ancestors, statements

UNKNOWN: Final = "not evaluated"
"""Kind of a step that nothing was computed for."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class StepEntry:
    """One step; all but ``id`` and ``kind`` is Markdown or TeX, ready to print.

    Parameters
    ----------
    id
        As the derivation names it, not escaped.
    kind
        Kind of evidence in lower case, or ``UNKNOWN``.
    text, rule, detail
        Why it holds, by which rule, and how that was found; may be empty.
    formula
        TeX without delimiters; None where there is none.
    domain
        TeX without delimiters, one a symbol.
    assumptions, follows
        Clauses, and ids of earlier steps.
    """

    id: str
    kind: str
    text: str
    rule: str
    detail: str
    formula: str | None
    domain: tuple[str, ...]
    assumptions: tuple[str, ...]
    follows: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One statement.

    Parameters
    ----------
    id, status
        As they are; ``status`` is a key of ``graph.LOOKS``.
    anchor
        Id of its section: letters, digits, ``-`` and ``_``; unique in a report.
    title, conclusion, source, hypotheses, reasons
        Markdown.
    uses
        Ids of the statements that it rests on.
    steps
        Its derivation; empty where it has none, and for a statement that the present code does not know.
    record
        What the run found; None where it is not in the run.
    strays
        Ids of steps that the run evaluated and the present code does not have.
    known
        Whether the present code knows it, registered claims included.
    """

    id: str
    status: str
    anchor: str
    title: str
    conclusion: str
    source: str
    hypotheses: tuple[str, ...]
    reasons: tuple[str, ...]
    uses: tuple[str, ...]
    steps: tuple[StepEntry, ...]
    record: StatementRecord | None
    strays: tuple[str, ...]
    known: bool = True

    def counts(self) -> dict[str, int]:
        """Return the number of steps of each kind, in the order of ``Evidence``; kinds without a step are left out."""
        found = Counter(step.kind for step in self.steps)
        kinds = (*(kind.value for kind in Evidence), UNKNOWN)
        known = {kind: found[kind] for kind in kinds if found[kind]}
        return known | {kind: count for kind, count in sorted(found.items()) if kind not in known}


def run_entries(run: RunRecord) -> tuple[Entry, ...]:
    """Return the statements of a run, and those that they rest on, in the order of the registry."""
    records = {record.id: record for record in run.statements}
    wanted = set(records) | set(run.unfinished or ())
    registry = statements()
    wanted |= {parent for name in wanted & set(registry) for parent in ancestors(name)}
    order = [name for name in registry if name in wanted]
    order += [name for name in records if name not in registry]
    anchors = _anchors(order)
    absent = "not run" if run.unfinished is not None else "not in this run"
    found = []
    for name in order:
        record = records.get(name)
        evidence = {} if record is None else record.steps
        status = absent if record is None else record.status
        if name in registry:
            found.append(_known(name, anchors[name], status, evidence, record))
        elif record is not None:
            found.append(_foreign(record, anchors[name], order))
    return tuple(found)


def derivation_entries(results: Mapping[str, DerivationResult]) -> tuple[Entry, ...]:
    """Return statements with the evidence for their derivations, computed now.

    Parameters
    ----------
    results
        Statement id -> its evaluated derivation.
    """
    return tuple(
        evidence_entry(name, {r.step.id: (r.evidence.value, r.detail) for r in result.results}, anchor)
        for (name, result), anchor in zip(results.items(), _anchors(results).values(), strict=True)
    )


def evidence_entry(name: str, evidence: Mapping[str, tuple[str, str]], anchor: str = "") -> Entry:
    """Return a statement of the registry with evidence for its derivation, and without a run.

    Parameters
    ----------
    name
        Its id.
    evidence
        Step id -> (kind, how it was found); steps that it lacks are shown as not evaluated.
    anchor
        Id of its section; by default made from its id.
    """
    kinds = {kind for kind, _ in evidence.values()}
    status = "derivation holds"
    if not evidence:
        status = "not run"
    elif Evidence.CONTRADICTED.value in kinds:
        status = "step contradicted"
    elif Evidence.UNDECIDED.value in kinds:
        status = "step undecided"
    return _known(name, anchor or _anchors([name])[name], status, evidence, None)


def _known(
    name: str,
    anchor: str,
    status: str,
    evidence: Mapping[str, tuple[str, str]],
    record: StatementRecord | None,
) -> Entry:
    statement = statements()[name]
    steps = () if statement.derive is None else statement.derive().steps
    return Entry(
        id=name,
        status=status,
        anchor=anchor,
        title=literal(statement.title),
        conclusion=prose(statement.conclusion),
        source=literal(statement.source),
        hypotheses=tuple(prose(hypothesis.text) for hypothesis in statement.hypotheses),
        reasons=() if record is None else tuple(literal(reason) for reason in record.reasons),
        uses=statement.uses,
        steps=tuple(_step(step, *evidence.get(step.id, (UNKNOWN, ""))) for step in steps),
        record=record,
        strays=tuple(name for name in evidence if name not in {step.id for step in steps}),
    )


def _foreign(record: StatementRecord, anchor: str, nodes: Sequence[str]) -> Entry:
    """Take a statement that the present code does not know: all of it in the run's words, shown literally."""
    return Entry(
        id=record.id,
        status=record.status,
        anchor=anchor,
        title=literal(record.title),
        conclusion=literal(record.conclusion),
        source=literal(record.source),
        hypotheses=tuple(literal(text) for text in record.hypotheses),
        reasons=tuple(literal(reason) for reason in record.reasons),
        # Only earlier ones: what a file claims to rest on must not make a circle.
        uses=tuple(name for name in record.uses if name in nodes[: nodes.index(record.id)]),
        steps=(),
        record=record,
        strays=tuple(record.steps),
        known=False,
    )


def _step(step: Step, kind: str, detail: str) -> StepEntry:
    return StepEntry(
        id=step.id,
        kind=kind,
        text=prose(step.text),
        rule=literal(step.rule),
        detail=literal(step.source if kind == UNKNOWN and step.is_cited else detail),
        formula=step_tex(step),
        domain=domain_tex(step),
        assumptions=tuple(literal(text) for text in step.assumptions),
        follows=step.follows,
    )


def _anchors(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        plain = _UNSAFE.sub("-", name).strip("-")[:60] or "statement"
        anchor, number = plain, 2
        while anchor in found.values():
            anchor, number = f"{plain}-{number}", number + 1
        found[name] = anchor
    return found
