"""The section of one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from verification.publish.entries import UNKNOWN, Entry, StepEntry
from verification.publish.escape import literal
from verification.publish.graph import LOOKS
from verification.publish.tables import bullets, number, pipe_table, rows_table

_KINDS: Final = {
    "proved": "supported",
    "enclosed": "supported",
    "checked": "plain",
    "cited": "plain",
    "undecided": "inconclusive",
    "contradicted": "refuted",
    UNKNOWN: "absent",
}


def section(entry: Entry, anchors: Mapping[str, str]) -> str:
    """Return the Markdown of a statement's section.

    Parameters
    ----------
    entry
        The statement.
    anchors
        Statement id -> id of its section, for links.
    """
    parts = [
        f"### {literal(entry.id)}: {entry.title} {{#{entry.anchor} .statement}}",
        f"{status_word(entry.status)}. Rests on {links(entry.uses, anchors)}. Source: {entry.source}.",
    ]
    if entry.reasons:
        parts += ["Why not supported:", bullets(entry.reasons)]
    if entry.status == "refuted" and entry.record is not None:
        parts += _counterexample(entry)
    parts += [*theorem(entry), *derivation(entry)]
    if entry.record is not None:
        parts += _enclosures(entry.record.enclosures)
        parts += _measurement(entry.record.measurement)
        parts += _mutants(entry.record.mutants)
    return "\n\n".join(parts)


def status_word(status: str) -> str:
    """Return a status as a span whose class gives it its colour and its sign."""
    return f"[{literal(status)}]{{.status .{LOOKS[status].css}}}"


def links(names: tuple[str, ...], anchors: Mapping[str, str], page: str = "#{}") -> str:
    """Return ids of statements as links.

    Parameters
    ----------
    names
        The ids.
    anchors
        Statement id -> id of its section; ids that it lacks are shown without a link.
    page
        Address of a section, with ``{}`` for its id.
    """
    return (
        ", ".join(f"[{literal(n)}]({page.format(anchors[n])})" if n in anchors else literal(n) for n in names)
        or "no other statement"
    )


def theorem(entry: Entry) -> list[str]:
    """Return paragraphs: hypotheses and conclusion."""
    return [
        "**Hypotheses.**",
        bullets(entry.hypotheses or ("none",)),
        "**Conclusion.**",
        f"::: {{.conclusion}}\n{entry.conclusion}\n:::",
    ]


def derivation(entry: Entry) -> list[str]:
    """Return paragraphs: the number of steps of each kind, and every step with its formula and evidence."""
    if not entry.steps and entry.known:
        return ["**Derivation.** None: the measurement stands alone, and cannot support the statement by itself."]
    if not entry.steps:
        return ["**Derivation.** The present code does not know this statement, so that no formula can be shown."]
    counts = ", ".join(f"{count} {literal(kind)}" for kind, count in entry.counts().items())
    parts = [f"**Derivation**, {len(entry.steps)} steps: {counts}."]
    parts += [_step(place, step) for place, step in enumerate(entry.steps, start=1)]
    if entry.strays:
        names = ", ".join(literal(name) for name in entry.strays)
        parts.append(f"The run evaluated steps that the present derivation does not have: {names}.")
    return parts


def _step(place: int, step: StepEntry) -> str:
    kind = f"[*{literal(step.kind)}*]{{.kind .{_KINDS.get(step.kind, 'plain')}}}"
    lines = ["::: {.step}", f"**{place}\\. {literal(step.id)}** {kind} {step.text}"]
    if step.formula is not None:
        lines.append(f"$${step.formula}$$")
    how = []
    if step.rule:
        how.append(f"Rule: {step.rule}.")
    if step.follows:
        how.append(f"Follows {', '.join(literal(name) for name in step.follows)}.")
    if step.assumptions:
        how.append(f"Assumed: {'; '.join(step.assumptions)}.")
    if step.domain:
        how.append(f"On {', '.join(f'${part}$' for part in step.domain)}.")
    if step.detail:
        how.append(f"{step.detail}." if step.kind in ("cited", UNKNOWN) else f"Found: {step.detail}.")
    if how:
        lines += ["::: {.how}", " ".join(how), ":::"]
    return "\n\n".join([*lines, ":::"])


def _enclosures(checks: tuple[Mapping[str, Any], ...]) -> list[str]:
    if not checks:
        return []
    words = {True: "holds", False: "excludes it", None: "none found"}
    rows = [
        [
            literal(check.get("name", "")),
            f"\\[{number(check.get('lower'), 15)}, {number(check.get('upper'), 15)}\\]",
            number(check.get("value"), 15),
            words.get(check.get("holds"), "none found"),
        ]
        for check in checks
    ]
    table = pipe_table(("number", "rigorous interval", "value used", "outcome"), rows, (3, 6, 3, 2))
    return ["**Enclosures.**", table]


def _measurement(figures: Mapping[str, Any]) -> list[str]:
    if figures.get("outcome") == "not run":
        return ["**Measurement.** None was made."]
    detectable = f"{number(figures.get('detectable'), 3)} ({literal(figures.get('detectable_unit', ''))})"
    p_value = figures.get("p_value")
    facts = [
        ("outcome", literal(figures.get("outcome", ""))),
        ("null", literal(figures.get("null", ""))),
        ("alternative", literal(figures.get("alternative", ""))),
        ("statistic", literal(figures.get("statistic", ""))),
        ("observed, against", f"{number(figures.get('observed'), 6)}, {number(figures.get('bound'), 6)}"),
        ("level", number(figures.get("level"), 3) + (f" (p {number(p_value, 3)})" if p_value is not None else "")),
        ("sample size", f"{number(figures.get('sample_size'))} trials"),
        ("smallest detectable deviation", detectable),
    ]
    parts = ["**Measurement.**", pipe_table(("what", "value"), facts, (2, 7))]
    rows = figures.get("rows")
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        parts += [
            _raw("html", "<details><summary>Figures over widths and cases</summary>"),
            _raw("latex", "\\begingroup\\scriptsize"),
            rows_table(rows),
            _raw("latex", "\\endgroup"),
            _raw("html", "</details>"),
        ]
    return parts


def _mutants(mutants: tuple[Mapping[str, Any], ...]) -> list[str]:
    if not mutants:
        return []
    rows = []
    for mutant in mutants:
        rejected = mutant.get("rejected") is True
        words = "rejected" if rejected else f"NOT rejected ({literal(mutant.get('outcome', ''))})"
        reading = f" (a reading of {literal(mutant['reading'])})" if mutant.get("reading") else ""
        rows.append(
            [
                literal(mutant.get("id", "")),
                literal(mutant.get("text", "")) + reading,
                f"[{words}]{{.{'supported' if rejected else 'refuted'} .outcome}}",
                number(mutant.get("rejected_from")),
                f"{number(mutant.get('observed'))}, {number(mutant.get('bound'))}",
                number(mutant.get("sample_size")),
            ]
        )
    header = ("false variant", "what it says", "outcome", "from n", "observed, bound", "trials")
    return ["**False variants**, put to the same decision.", pipe_table(header, rows, (3, 6, 3, 2, 3, 2))]


def _counterexample(entry: Entry) -> list[str]:
    """Say what refutes the statement: the point of a step, an interval, or the case that decided the measurement."""
    record = entry.record
    assert record is not None  # noqa: S101  # the caller looked
    found = [
        f"Step {literal(name)} fails: {literal(detail)}."
        for name, (kind, detail) in record.steps.items()
        if kind == "contradicted"
    ]
    found += [
        f"The enclosure \\[{number(c.get('lower'), 15)}, {number(c.get('upper'), 15)}\\] of "
        f"{literal(c.get('name', ''))} excludes the value used, {number(c.get('value'), 15)}."
        for c in record.enclosures
        if c.get("holds") is False
    ]
    figures = record.measurement
    if figures.get("outcome") == "refuted":
        found.append(
            f"Measured: {literal(figures.get('statistic', ''))} {number(figures.get('observed'), 6)} against "
            f"{number(figures.get('bound'), 6)}, in {number(figures.get('sample_size'))} trials."
        )
        rows = [row for row in figures.get("rows") or () if isinstance(row, dict)]
        worst = [row for row in rows if figures.get("observed") in row.values()]
        if worst:
            case = ", ".join(f"{literal(key)} {number(value, 6)}" for key, value in worst[0].items())
            found.append(f"The case that decided: {case}.")
    return ["**Counterexample.**", bullets(found)]


def _raw(form: str, text: str) -> str:
    return f"```{{={form}}}\n{text}\n```"


def raw_html(text: str) -> str:
    """Return a block that only HTML shows; the text is made by this package, never by a user."""
    return _raw("html", text)
