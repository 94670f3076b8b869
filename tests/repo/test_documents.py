"""What the documents say is what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from graphon_theory.statements import STATEMENTS
from verification import names
from verification.claims import claims
from verification.cli import _parser
from verification.criteria import CRITERIA
from verification.data import LABELS
from verification.networks import INITIALISATIONS
from verification.suite import Check, parse_suite, shipped_suites

ROOT = Path(__file__).parents[2]


def _blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_readme_python_runs_and_prints_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = _blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  # our own README
    printed = capsys.readouterr().out
    assert re.search(r"tau = \d\.\d{12}, rigorously in ", printed)
    lower, upper = map(float, re.search(r"between (\S+) and (\S+)", printed).groups())
    assert 0 < lower <= upper <= 1.3 * lower


def test_theory_page_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "theory.md"
    (code,), (shown,) = _blocks(page, "python"), _blocks(page, "text")
    exec(compile(code, "theory.md", "exec"), {})  # noqa: S102  # our own page
    assert capsys.readouterr().out == shown


def test_readme_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = "\n".join(_blocks(ROOT / "README.md", "console")).split("\n")
    commands = [line for line in commands if line]
    assert len(commands) >= 8
    for command in commands:
        program, *arguments = shlex.split(command)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", makefile, re.MULTILINE), command
        else:
            assert program == "graphon"
            options = _parser().parse_args(arguments)
            assert options.command is not None
            suite = getattr(options, "suite", None)
            assert suite is None or suite in shipped_suites()


def test_suite_page_shows_a_valid_suite_and_lists_every_key_and_shipped_suite() -> None:
    import tomllib

    page = ROOT / "docs" / "suites.md"
    (example,) = _blocks(page, "toml")
    assert parse_suite(tomllib.loads(example)).name == "mine"
    listed = set(re.findall(r"^\| `(\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == set(Check.__dataclass_fields__) | set(shipped_suites())


def test_every_statement_has_a_page_a_claim_and_a_check() -> None:
    from verification.suite import load_suite

    pages = {path.stem for path in (ROOT / "docs" / "statements").glob("*.md")}
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert set(STATEMENTS) == pages
    assert set(claims()) == set(names.STATEMENTS) <= pages
    assert all(f"statements/{name}" in index for name in pages)
    checked = {
        statement
        for suite in ("quick", "criteria", "approximation", "ntk", "generalisation")
        for statement in load_suite(suite).statements
    }
    assert checked == set(load_suite("full").statements) == set(names.STATEMENTS)


def test_claims_and_registry_agree_on_their_ids() -> None:
    for name, claim in claims().items():
        assert claim.id == name
        assert len({mutant.id for mutant in claim.mutants}) == len(claim.mutants) >= 3


def test_names_are_those_of_the_rooms() -> None:
    from graphon_theory.noise import noise_law

    assert (*CRITERIA, "synflow-iterative") == names.CRITERIA
    assert names.LABELS == LABELS
    assert names.INITIALISATIONS == INITIALISATIONS
    assert all(noise_law(name).name == name for name in names.NOISES)


def test_architecture_page_names_every_room() -> None:
    page = (ROOT / "docs" / "development" / "architecture.md").read_text(encoding="utf-8")
    for package in ("graphon_theory", "verification"):
        for path in (ROOT / package).iterdir():
            if path.name.startswith(("_", ".")) or path.name == "py.typed":
                continue
            assert f"`{path.stem}`" in page or f"`{path.stem}/`" in page, path
