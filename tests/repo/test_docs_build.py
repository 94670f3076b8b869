"""The pages are built without a warning, show all of every statement, load nothing, and no link of theirs is broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sympy import Symbol

from graphon_theory import notation
from graphon_theory.statements import STATEMENTS
from tests.docs_extension import DOCS, load
from verification.claims import claims
from verification.ledger.code import derivation_version

ROOT = DOCS.parent

# One worker builds, for all tests of this file.
pytestmark = pytest.mark.xdist_group("docs")


@dataclass
class Shown(HTMLParser):
    """What a reader of a page sees and what the page refers to; code is shown apart from text."""

    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    formulas: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "style", "title", "code", "pre", "svg"):
            self.inside.append(tag)
        self.formulas += tag == "math"
        self.ids |= {value for name, value in attrs if name == "id" and value}
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        # What a browser fetches by itself; rel="canonical" and the like are not fetched.
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(str(given["src"]))
        if tag == "link" and given.get("rel") == "stylesheet":
            self.loaded.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag)]

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "title", "svg"} & set(self.inside):
            (self.code if self.inside else self.text).append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def read(path: Path) -> Shown:
    page = Shown()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def build(folder: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", *options, "-d", str(folder / "trees")]
    done = subprocess.run(
        [*command, str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "html"


def shown(folder: Path) -> dict[str, Shown]:
    return {path.relative_to(folder).as_posix(): read(path) for path in folder.rglob("*.html")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All but the API reference, which takes more time than everything else."""
    return build(tmp_path_factory.mktemp("docs"), "-t", "brief")


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Shown]:
    return shown(built)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_plain_page_names_the_statement_and_its_sources(name: str) -> None:
    text = (DOCS / "statements" / f"{name}.md").read_text(encoding="utf-8")
    statement, claim = STATEMENTS[name], claims().get(name)
    assert text.startswith(f"# {name}: {statement.title}\n")
    (body,) = re.findall(rf"^```\{{statement\}} {re.escape(name)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    modules = [statement.derive.__module__, *([type(claim).__module__] if claim else [])]
    assert re.findall(r"\w+(?:/\w+)+\.py", body) == [module.replace(".", "/") + ".py" for module in modules]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statements_page_shows_all_of_it(name: str, pages: dict[str, Shown]) -> None:
    statement, claim, page = STATEMENTS[name], claims().get(name), pages[f"statements/{name}.html"]
    steps = statement.derive().steps
    words = page.words
    for place, step in enumerate(steps, start=1):
        assert f"{place}. {step.id} " in words
    for hypothesis in statement.hypotheses:
        assert " ".join(re.sub(r"\$[^$]*\$", "", hypothesis.text).split()[:3]) in words
    assert statement.source in words
    assert page.formulas >= sum(not step.is_cited for step in steps)
    for parent in statement.uses:
        assert f"{parent}.html" in page.links
    for child, other in STATEMENTS.items():
        assert name not in other.uses or f"{child}.html" in page.links
    for mutant in claim.mutants if claim else ():
        assert f"{mutant.id} {' '.join(mutant.text.split())}" in words.replace("\n", " ")
        assert not mutant.reading or f"(a reading of {mutant.reading})" in words
    if claim:
        for word, sentence in load("claim_rule").read_rule(claim).sentences.items():
            assert " ".join(sentence.split()) in words, word


@pytest.mark.parametrize("name", STATEMENTS)
def test_evidence_is_shown_for_the_code_that_it_was_evaluated_under(name: str, pages: dict[str, Shown]) -> None:
    words = pages[f"statements/{name}.html"].words
    kept = load("evidence").kept(name)
    if kept is None:
        assert "was not evaluated under the present code" in words
        assert f"{len(STATEMENTS[name].derive().steps)} not evaluated." in words
        return
    assert f"Evidence evaluated under code {derivation_version(name)}" in words
    assert list(kept.steps) == [step.id for step in STATEMENTS[name].derive().steps]
    for place, (step, (kind, _)) in enumerate(kept.steps.items(), start=1):
        assert f"{place}. {step} {kind} " in words


def test_evidence_of_other_code_is_not_evidence(tmp_path: Path) -> None:
    evidence = load("evidence")
    file = tmp_path / "evidence.json"
    for code, found in ((derivation_version("NEST"), True), ("0" * 16, False)):
        file.write_text(f'{{"NEST": {{"code": "{code}", "steps": {{"a": ["proved", "by hand"]}}}}}}', encoding="utf-8")
        assert (evidence.kept("NEST", file) is not None) is found
    assert evidence.kept("THR", file) is None
    assert evidence.kept("THR", tmp_path / "missing.json") is None


def test_the_sentences_of_a_rule_are_those_of_its_measurements() -> None:
    """By claims that decide themselves, by a shared rule, and by a shared rule that is given words."""
    from verification.suite import parse_suite
    from verification.trials import observe, plan

    checks = [
        {"statement": "THR", "criteria": ["magnitude"]},
        {"statement": "SNIP-S", "criteria": ["snip"], "batch": [32]},
        {"statement": "GRASP", "criteria": ["grasp-magnitude"], "batch": [32]},
        {"statement": "NTK-c", "criteria": ["random"]},
    ]
    grid = {"widths": [32], "inputs": [16], "densities": [0.5], "repeats": 2, "data": "teacher"}
    suite = {"schema": "graphon.suite/1", "name": "tiny", "summary": "", "check": [check | grid for check in checks]}
    observations = [observe(trial) for trial in plan(parse_suite(suite))]
    for name in ("THR", "SNIP-S", "GRASP", "NTK-c"):
        claim = claims()[name]
        found = claim.decide([o for o in observations if o.case.statement == name], "statement", 0.01)
        said = load("claim_rule").read_rule(claim).sentences
        assert said == {word: getattr(found, word) for word in ("null", "alternative", "statistic", "detectable_unit")}


def test_declared_numbers_are_those_of_the_code_with_their_documentation() -> None:
    from verification.claims import lim_a

    (delta,) = (one for one in load("claim_rule").read_rule(claims()["LIM-a"]).declared if one.name == "DELTA")
    assert delta.value == lim_a.DELTA
    assert "Failure probability" in delta.text
    for name, claim in claims().items():
        rule = load("claim_rule").read_rule(claim)
        assert rule.words, name
        assert len(rule.sentences) == 4, name


def test_no_tex_is_left_in_the_text(pages: dict[str, Shown]) -> None:
    for name, page in pages.items():
        assert "$" not in page.words, name
        assert not re.search(r"\\[a-zA-Z]", page.words), name


def fetched(page: Shown) -> list[str]:
    return [source for source in page.loaded if urlsplit(source).scheme or source.startswith("//")]


def test_pages_load_nothing_from_a_network(pages: dict[str, Shown]) -> None:
    assert not {name: fetched(page) for name, page in pages.items() if fetched(page)}


def broken(folder: Path, pages: dict[str, Shown]) -> list[tuple[str, str]]:
    """Links within the pages that lead to no file, or to no place in it."""
    found = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = ((folder / name).parent / unquote(parts.path) if parts.path else folder / name).resolve()
            place = unquote(parts.fragment)
            known = pages.get(target.relative_to(folder.resolve()).as_posix())
            if not target.exists() or (place and known is not None and place not in known.ids):
                found.append((name, link))
    return found


def test_every_link_leads_somewhere(built: Path, pages: dict[str, Shown]) -> None:
    assert [link for link in broken(built, pages) if "/api/" not in link[1]] == []


@pytest.mark.slow
def test_the_whole_documentation_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    folder = build(tmp_path)
    assert broken(folder, shown(folder)) == []


def test_the_checks_of_pages_see_tex_and_broken_links(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text('<p id="a">of $x$</p><code>$y$</code><a href="b.html">b</a><script src="https://x/y.js"></script>')
    page = read(file)
    assert page.words == "of $x$b"
    assert page.links == ["b.html"]
    assert page.loaded == ["https://x/y.js"]


def test_formulas_of_the_pages_become_mathml() -> None:
    from verification.publish.convert import ConversionError

    mathml = load("mathml")
    inline, display = mathml.to_mathml([(r"\tau", False), ("\\frac{1}{2}\n", True)])
    assert inline.startswith('<math display="inline"')
    assert "τ" in inline
    assert "mfrac" in display
    assert "annotation" not in inline + display
    with pytest.raises(ConversionError):
        mathml.to_mathml([(r"\notacommand{x}", False)])


def test_every_symbol_is_on_the_notation_page(pages: dict[str, Shown]) -> None:
    symbols = {name for name, value in vars(notation).items() if isinstance(value, Symbol)}
    listed = {part.removeprefix("notation.") for part in pages["notation.html"].code if part.startswith("notation.")}
    assert symbols
    assert listed == symbols
