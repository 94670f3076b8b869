"""Imports run one way, and the command line answers fast because it imports little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Room (longest prefix wins) -> prefixes that it must not import.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "graphon_theory": ("torch", "verification", "random", "pathlib", "os", "io"),
    "verification": (),
    "verification.masks": ("verification.claims", "verification.sweep", "verification.run", "verification.report"),
    "verification.statistics": ("verification.claims", "verification.sweep", "verification.run", "torch"),
    "verification.cutnorm": (
        "verification.claims",
        "verification.sweep",
        "verification.experiment",
        "graphon_theory.saliency",
    ),
    "verification.null_laws": ("verification.claims", "verification.sweep", "verification.run"),
    "verification.streaming": (
        "verification.claims",
        "verification.sweep",
        "verification.run",
        "verification.report",
        "verification.experiment",
    ),
    "verification.approximation": ("verification.claims", "verification.sweep", "verification.run"),
    "verification.distances": (
        "verification.claims",
        "verification.sweep",
        "verification.run",
        "verification.sampling",
    ),
    "verification.ntk": (
        "verification.claims",
        "verification.sweep",
        "verification.run",
        "verification.report",
        "verification.experiment",
    ),
    "verification.generalisation": (
        "verification.claims",
        "verification.sweep",
        "verification.run",
        "verification.report",
        "verification.experiment",
    ),
    "verification.analysis": (
        "verification.claims",
        "verification.sweep",
        "verification.run",
        "verification.report",
    ),
    "verification.criteria": ("verification.claims", "graphon_theory.criteria", "verification.experiment"),
    "verification.registry": (
        "verification.sweep",
        "verification.run",
        "verification.report",
        "verification.experiment",
    ),
    # What trials depend on must not depend on what else is registered.
    "verification.registry.criteria": (
        "verification.claims",
        "verification.registry.claims",
        "graphon_theory.statements",
    ),
    "verification.names": ("verification.registry", "torch", "graphon_theory"),
    "verification.strategies": ("verification.run", "verification.sweep", "verification.report"),
    "verification.pytest_plugin": ("torch", "sympy", "numpy", "hypothesis"),
    "verification.claims": ("verification.sweep", "verification.run", "verification.report", "verification.verdict"),
    "verification.sweep": ("verification.verdict", "verification.run", "verification.report"),
    "verification.verdict": ("verification.run", "verification.report", "verification.sweep"),
    "verification.run": ("verification.report", "verification.cli", "verification.suite_session"),
    "verification.report": ("verification.cli", "verification.publish"),
    "verification.publish": (
        "verification.cli",
        "verification.run",
        "verification.sweep",
        "verification.report",
        "verification.claims",
        "verification.experiment",
    ),
}


def _modules() -> Iterator[tuple[str, Path]]:
    for package in ("graphon_theory", "verification"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# Room -> the only rooms that import it.
USERS: dict[str, tuple[str, ...]] = {
    "verification.publish": ("verification.publish", "verification.cli"),
    "verification.report": ("verification.report", "verification.cli", "verification.suite_session"),
    "verification.strategies": ("verification.strategies", "verification.pytest_plugin"),
    "verification.run": ("verification.run", "verification.cli", "verification.suite_session", "verification"),
}
OPEN_TO_ALL = ("verification.report.style",)


def _inside(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def violations(module: str, imported: Iterator[str]) -> list[str]:
    forbidden = [prefix for room, prefixes in FORBIDDEN.items() if _inside(module, room) for prefix in prefixes]
    return [f"{module} imports {name}" for name in imported for prefix in forbidden if _inside(name, prefix)]


@pytest.mark.parametrize(
    ("module", "path"), list(_modules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_imports_run_one_way(module: str, path: Path) -> None:
    assert violations(module, _imports(path)) == []


def test_the_rule_would_catch_a_planted_import() -> None:
    assert violations("graphon_theory.noise", iter(["torch.nn"]))
    assert violations("verification.claims.thr", iter(["verification.run"]))
    assert not violations("verification.claims.thr", iter(["torch"]))


def test_modules_of_tests_have_names_of_their_own() -> None:
    """The folders of tests are no packages: two files of one name cannot be collected together."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(set(names)) == sorted(names)


def test_flint_is_imported_by_the_enclosures_alone() -> None:
    users = [name for name, path in _modules() if any(_inside(x, "flint") for x in _imports(path))]
    assert users
    assert all(_inside(name, "graphon_theory.enclosures") for name in users)


@pytest.mark.parametrize("room", USERS)
def test_rooms_at_the_end_of_the_way_are_imported_by_few(room: str) -> None:
    users = {
        module
        for module, path in _modules()
        for name in _imports(path)
        if _inside(name, room) and not any(_inside(name, other) for other in OPEN_TO_ALL)
    }
    assert users
    assert {user for user in users if not any(_inside(user, allowed) for allowed in USERS[room])} == set()


def test_the_mathematics_draws_nothing_and_opens_nothing() -> None:
    for module, path in _modules():
        if _inside(module, "graphon_theory"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
                assert name not in ("random", "open", "default_rng"), f"{module}, line {node.lineno}: {name}"


def test_hypothesis_is_imported_by_the_strategies_alone() -> None:
    users = [name for name, path in _modules() if any(_inside(x, "hypothesis") for x in _imports(path))]
    assert users
    assert all(_inside(name, "verification.strategies") for name in users)


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys; from verification.cli import main\n"
        "try: main(['verify', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'sympy', 'numpy', 'scipy', 'matplotlib', 'sklearn', 'flint'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout


def test_files_stay_small() -> None:
    for _, path in _modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path
