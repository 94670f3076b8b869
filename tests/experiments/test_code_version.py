"""The version of the code that a trial depends on: what changes it, and what does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graphon_theory.errors import InputError
from verification.claims import claims
from verification.ledger import code_version
from verification.ledger.code import dependencies, derivation_version

FILES = {
    "p": "from p.a import one\nfrom p.b import two\n\n\ndef own(): ...\n",
    "p.a": "from p.deep import thing\n\none = thing\n",
    "p.b": "two = 2\n",
    "p.deep": "def thing():\n    from p.late import x\n",
    "p.late": "import numpy\n",
    "p.other": "from p import two as second\n",
    "user": "from p import one\n",
    "whole": "from p import own\n",
    "module": "import p.b\n",
    "sub": "from p import b\n",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, text in FILES.items():
        path = tmp_path / (f"{name}.py" if name != "p" else "p/__init__.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        found[name] = path
    return found


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        ("user", {"user", "p.a", "p.deep", "p.late"}),
        ("whole", {"whole", "p", "p.a", "p.b", "p.deep", "p.late"}),
        ("module", {"module", "p.b"}),
        ("sub", {"sub", "p.b"}),
        ("p.other", {"p.other", "p", "p.a", "p.b", "p.deep", "p.late"}),
    ],
)
def test_dependencies_follow_names_to_their_files(files: dict[str, Path], root: str, wanted: set[str]) -> None:
    assert dependencies(files, [root]) == wanted


def test_what_a_trial_loads_is_among_its_dependencies() -> None:
    """Every module that importing a claim loads is hashed, but for the packages on the way and what these load."""
    from verification.ledger.code import _sources

    files = _sources()
    found = dependencies(files, ["verification.claims.thr"])
    assert {"verification.claims.thr", "verification.masks.threshold", "graphon_theory.saliency"} <= found
    assert "verification.claims.ntk_l" not in found
    assert "verification.sweep" not in found
    loaded = {name for name in sys.modules if name in files}
    assert found <= set(files)
    assert loaded


def test_statements_have_versions_of_their_own() -> None:
    versions = {statement: code_version(statement) for statement in claims()}
    assert len(set(versions.values())) == len(versions)
    assert code_version() not in versions.values()
    assert all(len(version) == 16 for version in versions.values())


def test_a_derivations_version_knows_its_code_and_no_comment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from graphon_theory.statements import STATEMENTS
    from verification.ledger import code

    assert len({derivation_version(name) for name in STATEMENTS}) == len(STATEMENTS)
    with pytest.raises(InputError, match="THR"):
        derivation_version("NOPE")
    copy = tmp_path / "nest.py"
    files = code._sources()
    text = files["graphon_theory.statements.nest"].read_text(encoding="utf-8")
    changed = dict(files) | {"graphon_theory.statements.nest": copy}
    found = []
    for source in (text, text.replace("from __future__", "# a comment\nfrom __future__"), text + "\nOTHER = 1\n"):
        copy.write_text(source, encoding="utf-8")
        monkeypatch.setattr(code, "_sources", lambda: changed)
        for cached in (code.derivation_version, code._bare, code._imports):
            cached.cache_clear()
        found.append(derivation_version("NEST"))
    monkeypatch.undo()
    for cached in (code.derivation_version, code._bare, code._imports):
        cached.cache_clear()
    assert found[0] == derivation_version("NEST")
    assert found[1] == found[0]
    assert found[2] != found[0]
