"""All code of all pages runs, and prints what the pages show.

Blocks of a page run in order, in one namespace and one empty folder. What is not run is listed in
``listed.py``, with its reason; it is held against the parser of its language or program all the same.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphon_theory._version import __version__
from tests.experiments.test_pytest_plugin import PLUGIN
from tests.repo import recipes
from tests.repo.commands import Checker, WrongCommandError, named, words
from tests.repo.listed import LISTED
from tests.repo.page_run import PageError, PageRun
from tests.repo.pages import ROOT, blocks, commands, inline_code, page_names, read
from verification import cli
from verification.claims import claims

pytest_plugins = ["pytester"]

EXAMPLE = ROOT / "docs" / "examples" / "own_criterion"

WORKFLOW = EXAMPLE / ".github" / "workflows" / "tests.yml"

WITH_CODE = [name for name in page_names() if blocks(read(name))]


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    return Checker(folders=[tmp_path, ROOT, EXAMPLE])


def _run(name: str, text: str, listed: dict[str, str], checker: Checker) -> PageRun:
    page = PageRun(name, text, listed, checker, Path(checker.folders[0]))
    page.run()
    return page


@pytest.mark.parametrize("name", WITH_CODE)
def test_page_runs_and_prints_what_it_shows(name: str, checker: Checker) -> None:
    page = _run(name, read(name), LISTED.get(name, {}), checker)
    stale = set(page.listed) - page.used
    assert not stale, f"listed, and no longer in {name}: {stale}"


def test_only_pages_are_listed() -> None:
    assert set(LISTED) <= set(WITH_CODE)


def test_commands_of_the_example_workflow_are_accepted(checker: Checker) -> None:
    found = list(recipes.commands(WORKFLOW.read_text(encoding="utf-8")))
    assert len(found) >= 3
    for command in found:
        checker.check(command)


def test_pytest_accepts_the_commands_of_pages_and_recipes(request: pytest.FixtureRequest) -> None:
    claims()  # the fixture forgets what is imported after it
    pytester = request.getfixturevalue("pytester")
    checker = Checker(folders=[ROOT, EXAMPLE])
    found = list(recipes.commands(WORKFLOW.read_text(encoding="utf-8")))
    for name in WITH_CODE:
        found += commands(read(name))
        found += (line for b in blocks(read(name)) if b.language == "yaml" for line in recipes.commands(b.text))
    split = [words(command) for command in found]
    given = {tuple(command[1:]) for command in split if command[:1] == ["pytest"]}
    assert len(given) >= 5
    for arguments in given:
        checker.pytest(list(arguments), lambda *all: pytester.parseconfig(*PLUGIN, *all))
    for wrong in (["--graphon-suit", "quick"], ["--graphon-suite", "quack"], ["--hypothesis-profile", "noon"]):
        with pytest.raises(WrongCommandError):
            checker.pytest(wrong, lambda *all: pytester.parseconfig(*PLUGIN, *all))


def test_inline_commands_have_the_options_that_pages_give_them() -> None:
    seen = 0
    for name in page_names():
        for code in inline_code(read(name)):
            if code.startswith(("graphon ", "make ", "python -m benchmarks ")):
                named(code)
                seen += 1
    assert seen >= 10
    for wrong in ("graphon verify --muntants", "make tset", "python -m benchmarks scores --larger 1"):
        with pytest.raises(WrongCommandError):
            named(wrong)


PRINTS = "```python\nprint('1 in 0.1250')\n```\n"
SUITE = (
    '```toml\nschema = "graphon.suite/1"\nname = "x"\n[[check]]\nstatement = "TAX"\ncriteria = ["random"]\n'
    "widths = [9]\ndensities = [0.5]\nrepeats = 2\n```\n"
)
JOB = "```yaml\non: push\njobs:\n  one:\n    runs-on: x\n    steps:\n      - run: {}\n```\n"


@pytest.mark.parametrize(
    "text",
    [
        PRINTS + "```text\n1 in 0.1251\n```",
        PRINTS + "and\n```text\n...\n```",
        SUITE,
        JOB.format("graphon verify --quick > x.xml"),
        "```python\n# made.py\nx = 1\n```\n```python\nfrom made import x\n```",
        "```console\ngraphon --version\n```\n```text\ngraphon-theory " + __version__ + "\n```",
    ],
)
def test_right_pages_pass(text: str, checker: Checker) -> None:
    _run("page", text, {}, checker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PRINTS + "```text\n1 in 0.1270\n```", "not printed"),
        (PRINTS + "```text\n2 in 0.1250\n```", "not printed"),
        (PRINTS + "```text\n1 of 0.1250\n```", "not printed"),
        (PRINTS + "```text\n...\n1\n```", "not printed"),
        ("```text\n1\n```", "the block is not listed"),
        ("```latex\nx\n```", "the block is not listed"),
        ("    indented", "the block is not listed"),
        ("```toml\nx = 1\n```", "the block is not listed"),
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ("```python\n# lonely.py\nx = 1\n```", "no code of the page uses lonely.py"),
        (SUITE.replace("TAX", "TAXI"), "TAXI"),
        ('```toml\n[project.entry-points."graphon.claim"]\nx = "y"\n```', "nothing reads them"),
        ("```console\ngraphon verify --quik\n```", "unrecognized arguments"),
        ("```console\ngraphon verify --suite quack\n```", "no such file"),
        ("```console\ngraphon verify --budget soon\n```", "soon"),
        ("```console\nmake tset\n```", "tset"),
        ("```console\npip install graphon-theory[everything]\n```", "no such extra"),
        ("```console\npytest\n```", "not listed"),
        ("```console\nrm -r x\n```", "nothing here knows this program"),
        ("```console\npython missing.py\n```", "no such file"),
        ("```console\ngraphon report missing\n```", "missing"),
        (JOB.format("graphon verify --quik"), "unrecognized arguments"),
        (JOB.format("x").replace("on: push\n", ""), "without on"),
        (JOB.format("x").replace("runs-on", "run-on"), "needs runs-on"),
        ("```yaml\na: [b\n```", "ParserError"),
    ],
)
def test_wrong_pages_fail(text: str, message: str, checker: Checker) -> None:
    with pytest.raises(PageError, match=re.escape(message)):
        _run("page", text, {}, checker)


def test_a_listed_line_stands_for_one_block(checker: Checker) -> None:
    text = "```text\n1\n```\n"
    assert _run("page", text, {"1": "why"}, checker).used == {"1"}
    with pytest.raises(PageError, match="here is another"):
        _run("page", 2 * text, {"1": "why"}, checker)


def test_exit_codes_are_shown(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", lambda arguments: 1)
    shown = "```console\ngraphon claims\necho $?\n```\n```text\n1\n```"
    _run("page", shown, {}, checker)
    for wrong in (shown.replace("echo $?\n", ""), shown.replace("\n1\n", "\n0\n")):
        with pytest.raises(PageError, match=r"exit code 1|not printed"):
            _run("page", wrong, {}, checker)
