"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from graphon_theory.statements import STATEMENTS
from verification import names
from verification.claims import claims
from verification.criteria import CRITERIA
from verification.data import LABELS
from verification.networks import INITIALISATIONS
from verification.suite import Check, shipped_suites

ROOT = Path(__file__).parents[2]


def test_suite_page_lists_every_key_and_shipped_suite() -> None:
    page = ROOT / "docs" / "suites.md"
    listed = set(re.findall(r"^\| `(\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == set(Check.__dataclass_fields__) | set(shipped_suites())


def test_suite_page_lists_every_variant_with_data_of_its_own() -> None:
    (listed,) = re.findall(r"false variant \((.*?)\)", (ROOT / "docs" / "suites.md").read_text(encoding="utf-8"))
    found = dict(entry.split(": ") for entry in listed.split("; "))
    own = {name: {mutant.id for mutant in claim.mutants if mutant.own_data} for name, claim in claims().items()}
    assert {name: set(ids.split(", ")) for name, ids in found.items()} == {
        name: ids for name, ids in own.items() if ids
    }


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
