"""The version of the code that a trial depends on: a hash of the source files that its claim imports, all the way down.

A trial's key carries it, so that a change of the code makes again the trials that it may have changed, and no others.
Imports are read from the source, not from what happens to be loaded, those inside functions too. A name imported from
a package counts as imported from the file that it comes from, so that a package's list of contents ties nobody to
all of its files.

Of a claim of the user's own, all files of its package count, and of the packages of its criteria and those that it
names, with what they import of this one.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

from graphon_theory.errors import InputError
from verification.registry import own_claims, own_criteria, require_registered

PACKAGES = ("graphon_theory", "verification")

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")
_DECIDERS = ("sympy", "mpmath", "python-flint")
_RUNNER = ("verification.cases", "verification.devices", "verification.library_defaults", "verification.threads")


def code_version(statement: str | None = None) -> str:
    """Hash of the source that a statement's trials depend on, and of the versions of what computes; 16 digits.

    Parameters
    ----------
    statement
        Statement id; by default the source of both packages is hashed whole, with the packages of registered claims.

    Raises
    ------
    InputError
        If this process does not know the statement, or the source of a registered claim cannot be found.
    """
    # Claims may be registered at any time: what is remembered is remembered for the packages that there are.
    packages = tuple(dict.fromkeys(name for own in own_claims() for name in _own_packages(own)))
    return _version(statement, packages)


@cache
def _version(statement: str | None, packages: tuple[str, ...]) -> str:
    files = _sources(packages)
    if statement is None:
        chosen = set(files)
    else:
        from verification.claims import claims

        require_registered(statement)
        chosen = dependencies(files, (type(claims()[statement]).__module__, *_own_modules(files, statement), *_RUNNER))
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}".encode())
    for module in sorted(chosen):
        digest.update(module.encode())
        digest.update(files[module].read_bytes())
    return digest.hexdigest()[:16]


@cache
def derivation_version(statement: str) -> str:
    """Hash of what the evidence for a statement's derivation depends on; 16 digits.

    That is the code of the module that holds the derivation and of all that it imports, the evaluation of steps
    included, without comments and docstrings; and the versions of the libraries that decide steps.

    Parameters
    ----------
    statement
        Id of a statement of the theory.

    Raises
    ------
    InputError
        If there is no such statement, or it has no derivation.
    """
    from graphon_theory.statements import STATEMENTS

    derive = STATEMENTS[statement].derive if statement in STATEMENTS else None
    if derive is None:
        raise InputError("statement", statement, f"give one with a derivation: {', '.join(STATEMENTS)}")
    files = _sources()
    digest = hashlib.sha256()
    for name in _DECIDERS:
        digest.update(f"{name} {metadata.version(name)}".encode())
    for module in sorted(dependencies(files, (derive.__module__,))):
        digest.update(f"{module} {_bare(files[module])}".encode())
    return digest.hexdigest()[:16]


@cache
def _bare(path: Path) -> str:
    """Return the syntax tree of a file, without docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            node.body = [part for part in node.body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _sources(packages: tuple[str, ...] = ()) -> Mapping[str, Path]:
    """Every module of this project's packages and of others by its dotted name."""
    found = {}
    for package in PACKAGES:
        found.update(_modules(package, Path(str(resources.files(package)))))
    for package in packages:
        if package in PACKAGES:
            continue
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            for place in spec.submodule_search_locations:
                found.update(_modules(package, Path(place)))
        elif spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            found[package] = Path(spec.origin)
        else:
            raise InputError("packages", package, "name top-level packages whose Python source can be read")
    return found


def _modules(package: str, root: Path) -> dict[str, Path]:
    found = {}
    for path in root.rglob("*.py"):
        parts = (package, *path.relative_to(root).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _own_packages(statement: str) -> tuple[str, ...]:
    """Top-level packages that a registered claim depends on, beside this one; none for claims of this package."""
    own = own_claims().get(statement)
    if own is None:
        return ()
    registered = own_criteria()
    # Criteria are found by name, so that no import leads to them.
    scorers = [registered[name].function for name in own.claim.criteria if name in registered]
    return (*own.packages, *(str(function.__module__).partition(".")[0] for function in scorers))


def _own_modules(files: Mapping[str, Path], statement: str) -> list[str]:
    packages = set(_own_packages(statement)) - set(PACKAGES)
    return [module for module in files if module.partition(".")[0] in packages]


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
        for source, name in _imports(module, files[module]):
            pending.extend(_home(files, source, name))
    return found


@cache
def _imports(module: str, path: Path) -> tuple[tuple[str, str | None], ...]:
    """Pairs (module, name) that a module's file imports; None for the module itself."""
    here = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - (node.level - 1)] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            # Under another name it is not found as a re-export, and the whole file counts.
            found += [(source, alias.name if alias.asname in (None, alias.name) else None) for alias in node.names]
    return tuple(found)


def _home(files: Mapping[str, Path], source: str, name: str | None) -> tuple[str, ...]:
    """Modules that define what is imported; none for other people's packages."""
    if source not in files:
        return ()
    if name is not None:
        if f"{source}.{name}" in files:
            return (f"{source}.{name}",)
        if files[source].name == "__init__.py":
            for origin, exported in _imports(source, files[source]):
                if exported == name and origin in files and origin != source:
                    return _home(files, origin, name)
    return (source,)
