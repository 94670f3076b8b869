"""The directive ``{statement} ID``: what the code says of a statement, on its page.

Title, sources, hypotheses, conclusion, derivation, rule, declared numbers and false variants are read from
``graphon_theory.statements`` and ``verification.claims`` when the page is built. The Markdown is that of
``graphon report``, turned into HTML with MathML by the same pandoc: what a text holds is shown, never interpreted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import evidence
from claim_rule import Declared, Rule, read_rule
from docutils import nodes
from mathml import without_tex
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from graphon_theory.statements import STATEMENTS
from verification.claims import Claim, claims
from verification.publish.convert import render
from verification.publish.entries import evidence_entry
from verification.publish.escape import literal
from verification.publish.section import derivation, links, raw_html, theorem
from verification.publish.tables import number, pipe_table

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_LOG: Final = logging.getLogger(__name__)
_OPTIONS: Final = ("--mathml", "--wrap=none")
_MARK: Final = "<!-- part -->"
_WORDS_HERE: Final = "<!-- words -->"
_SAID: Final = {
    "null": "null",
    "alternative": "alternative",
    "statistic": "statistic",
    "detectable_unit": "smallest detectable deviation, in what",
}


class StatementDirective(SphinxDirective):
    """Insert what the code says of one statement; the body is for readers of the plain page."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return an introduction, and a section each for theorem, derivation, measurement and false variants."""
        name = self.arguments[0]
        if name not in STATEMENTS:
            raise self.error(f"no statement {name}: one of {', '.join(STATEMENTS)}")
        found: list[nodes.Node] = []
        for title, html in statement_parts(name):
            shown = nodes.raw("", f'<div class="statement">{html}</div>', format="html")
            if not title:
                found.append(shown)
                continue
            names = {"ids": [nodes.make_id(title)], "names": [title.lower()]}
            found.append(nodes.section("", nodes.title("", title), shown, **names))
        return found


def statement_parts(name: str) -> list[tuple[str, str]]:
    """Return pairs (title, HTML) of a statement's page; the first has no title.

    Parameters
    ----------
    name
        Id of the statement.
    """
    kept = evidence.kept(name)
    entry = evidence_entry(name, {} if kept is None else kept.steps)
    claim = claims().get(name)
    rule = None if claim is None else read_rule(claim)
    parts = {
        "": _introduction(name),
        "Hypotheses and conclusion": theorem(entry),
        "Derivation": [*derivation(entry), _evaluated(kept)],
        "Measurement": ["It is derived, and not measured on its own."]
        if claim is None or rule is None
        else _measured(claim, rule),
    }
    if claim is not None:
        parts["False variants"] = _mutants(claim)
    # One call of pandoc for all of them; no text can hold the mark, for all of its signs are escaped.
    source = f"\n\n{raw_html(_MARK)}\n\n".join("\n\n".join(part) for part in parts.values())
    html = without_tex(render(source, "html5", options=_OPTIONS)).split(_MARK)
    if rule is not None:
        words = render(rule.words, "html5", reader="rst", options=_OPTIONS)
        html = [part.replace(_WORDS_HERE, words) for part in html]
    return list(zip(parts, html, strict=True))


def _introduction(name: str) -> list[str]:
    pages = {other: other for other in STATEMENTS}
    above = tuple(other for other, statement in STATEMENTS.items() if name in statement.uses)
    statement = STATEMENTS[name]
    rests = f"Rests on {links(statement.uses, pages, '{}.html')}."
    carries = f" {links(above, pages, '{}.html')} rest{'s' if len(above) == 1 else ''} on it." if above else ""
    return [f"{literal(statement.title)}. Source: {literal(statement.source)}. {rests}{carries}"]


def _evaluated(kept: evidence.Evidence | None) -> str:
    if kept is None:
        text = "The evidence of these steps was not evaluated under the present code"
    else:
        text = f"Evidence evaluated under code {kept.code}, with {evidence.libraries()}"
    return f"::: {{.how}}\n{literal(text)}.\n:::"


def _measured(claim: Claim, rule: Rule) -> list[str]:
    on = ", ".join(literal(name) for name in claim.criteria) + (", masks of saliency models" if claim.on_models else "")
    facts = [("on masks of", on)] + [(_SAID[word], literal(text)) for word, text in rule.sentences.items()]
    found = [pipe_table(("what", "in words"), facts, (2, 7)), raw_html(_WORDS_HERE)]
    if rule.declared:
        header = ("declared", "value", "what it is")
        found.append(pipe_table(header, [_declared(one) for one in rule.declared], (3, 3, 8)))
    if rule.shared:
        shared = ", ".join(f"[{literal(one)}](../api/claims.html#module-{one})" for one in rule.shared)
        found.append(f"Parts that it shares with other claims: {shared}.")
    return found


def _declared(one: Declared) -> list[str]:
    fields = getattr(one.value, "__dataclass_fields__", None)
    value: Any = one.value
    if fields is not None:
        shown = ", ".join(f"{key} {number(getattr(value, key))}" for key in fields)
    elif isinstance(value, dict):
        shown = ", ".join(f"{literal(key)} {number(part)}" for key, part in value.items())
    else:
        shown = number(value)
        if "(" in one.source:
            shown += f" = {literal(one.source.removeprefix('math.'))}"
    return [literal(one.name), shown, literal(one.text.replace("``", ""))]


def _mutants(claim: Claim) -> list[str]:
    rows = [
        [
            literal(mutant.id),
            literal(mutant.text) + (f" (a reading of {literal(mutant.reading)})" if mutant.reading else ""),
            "data of its own" if mutant.own_data else "those of the statement",
        ]
        for mutant in claim.mutants
    ]
    return [
        "Each is put to the decision above, and must be rejected.",
        pipe_table(("false variant", "what it says", "trials"), rows, (3, 8, 3)),
    ]


def _missing(_app: Sphinx) -> None:
    missing = [name for name in STATEMENTS if evidence.kept(name) is None]
    if missing:
        _LOG.info("no evidence under the present code: %s (python docs/_ext/evidence.py)", ", ".join(missing))


def _always(_app: Sphinx, env: BuildEnvironment, *_changed: set[str]) -> list[str]:
    """Build these pages anew every time: what they show may have changed anywhere in the code."""
    return [page for page in env.found_docs if page.startswith("statements/")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("statement", StatementDirective)
    app.connect("builder-inited", _missing)
    app.connect("env-get-outdated", _always)
    app.add_css_file("statement.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
