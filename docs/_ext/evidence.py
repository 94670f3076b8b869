"""Evidence for derivations, evaluated once and kept: the pages show it for the code that it was evaluated under.

Evaluating every derivation takes minutes, building the pages must not. ``python docs/_ext/evidence.py`` evaluates the
derivations whose code has changed and writes what it found to ``docs/evidence.json``. Nobody writes that file by hand:
the tests evaluate every derivation anew and compare.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from graphon_theory.statements import STATEMENTS
from verification.files import write_whole
from verification.ledger.code import derivation_version

FILE: Final = Path(__file__).parents[1] / "evidence.json"


@dataclass(frozen=True)
class Evidence:
    """What was found of a derivation.

    Parameters
    ----------
    code
        Version of the code that it was evaluated under (``verification.ledger.code.derivation_version``).
    steps
        Step id -> (kind, how it was found).
    """

    code: str
    steps: Mapping[str, tuple[str, str]]


def kept(statement: str, file: Path = FILE) -> Evidence | None:
    """Return the evidence for a statement's derivation; None where none was evaluated under the present code."""
    found = _read(file).get(statement)
    if found is None or found.code != derivation_version(statement):
        return None
    return found


def evaluate(statement: str) -> Evidence:
    """Evaluate a statement's derivation now."""
    result = STATEMENTS[statement].derive().run()
    return Evidence(derivation_version(statement), {r.step.id: (r.evidence.value, r.detail) for r in result.results})


def libraries() -> str:
    """Return the versions of the libraries that decide steps, in words."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("sympy", "mpmath", "python-flint"))


def main() -> None:
    """Evaluate what was not evaluated under the present code, and keep it."""
    found = dict(_read(FILE))
    # All versions first: what is evaluated is the code that was loaded, whatever becomes of its files meanwhile.
    missing = [name for name in STATEMENTS if kept(name) is None]
    for name in missing:
        print(f"evaluating {name}", file=sys.stderr, flush=True)  # noqa: T201
        found[name] = evaluate(name)
        _write(found)


def _read(file: Path) -> dict[str, Evidence]:
    if not file.is_file():
        return {}
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: Evidence(entry["code"], {step: (kind, detail) for step, (kind, detail) in entry["steps"].items()})
        for name, entry in data.items()
    }


def _write(found: Mapping[str, Evidence]) -> None:
    data = {
        name: {"code": found[name].code, "steps": {step: list(pair) for step, pair in found[name].steps.items()}}
        for name in STATEMENTS
        if name in found
    }
    write_whole(FILE, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
