"""The version of the code that a trial depends on: a hash of the source files that its claim imports, all the way down.

A trial's key carries it, so that a change of the code makes again the trials that it may have changed, and no others.
Imports are read from the source, not from what happens to be loaded, those inside functions too. A name imported from
a package counts as imported from the file that it comes from, so that a package's list of contents ties nobody to
all of its files.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path

PACKAGES = ("graphon_theory", "verification")

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")
_RUNNER = ("verification.cases", "verification.devices", "verification.threads")


@cache
def code_version(statement: str | None = None) -> str:
    """Hash of the source that a statement's trials depend on, and of the versions of what computes; 16 digits.

    Parameters
    ----------
    statement
        Statement id; by default the source of both packages is hashed whole.
    """
    files = _sources()
    if statement is None:
        chosen = set(files)
    else:
        from verification.claims import claims

        chosen = dependencies(files, (type(claims()[statement]).__module__, *_RUNNER))
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}".encode())
    for module in sorted(chosen):
        digest.update(module.encode())
        digest.update(files[module].read_bytes())
    return digest.hexdigest()[:16]


@cache
def _sources() -> Mapping[str, Path]:
    """Every module of the packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        root = Path(str(resources.files(package)))
        for path in root.rglob("*.py"):
            parts = (package, *path.relative_to(root).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def dependencies(files: Mapping[str, Path], roots: Iterable[str]) -> set[str]:
    """Modules that the roots import, directly or not, the roots included.

    Parameters
    ----------
    files
        Dotted name to source file of every module to look among; packages under their own name.
    roots
        Dotted names to start from.

    Returns
    -------
    set of str
        A package's own file is among them where something is imported from it that it does not itself import from
        elsewhere. Packages on the way to an imported module are not.
    """
    found: set[str] = set()
    pending = list(roots)
    while pending:
        module = pending.pop()
        if module in found:
            continue
        found.add(module)
        for source, name in _imports(files[module]):
            pending.extend(_home(files, source, name))
    return found


@cache
def _imports(path: Path) -> tuple[tuple[str, str | None], ...]:
    """Pairs (module, name) that a file imports; None for the module itself. Imports are absolute here."""
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # Under another name it is not found as a re-export, and the whole file counts.
            found += [(node.module, alias.name if alias.asname in (None, alias.name) else None) for alias in node.names]
    return tuple(found)


def _home(files: Mapping[str, Path], source: str, name: str | None) -> tuple[str, ...]:
    """Modules that define what is imported; none for other people's packages."""
    if source not in files:
        return ()
    if name is not None:
        if f"{source}.{name}" in files:
            return (f"{source}.{name}",)
        if files[source].name == "__init__.py":
            for origin, exported in _imports(files[source]):
                if exported == name and origin in files and origin != source:
                    return _home(files, origin, name)
    return (source,)
