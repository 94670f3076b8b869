"""How a claim decides, read from its code: sentences, declared margins, and where the rule is written down.

Null, alternative and statistic stand in a claim's ``decide`` as the words of its ``Measurement``; which numbers it
declares, in the constants that its trial and its decision use. Both are read from the source, since a measurement
would need trials.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Any, Final

from verification.claims import Claim

_ROOM: Final = "verification.claims"
_SENTENCES: Final = ("null", "alternative", "statistic", "detectable_unit")


@dataclass(frozen=True)
class Declared:
    """A constant that a trial or a decision uses.

    Parameters
    ----------
    name, source
        As in the code; ``source`` is the expression that it is set to.
    value
        What that is.
    text
        Its documentation, empty where there is none.
    """

    name: str
    source: str
    value: object
    text: str


@dataclass(frozen=True)
class Rule:
    """How a claim decides.

    Parameters
    ----------
    words
        Documentation of the claim's module, reStructuredText.
    sentences
        Of null, alternative, statistic and detectable unit, those that were found.
    declared
        Constants, in the order of their use.
    shared
        Modules of rules that it shares with other claims, by dotted name.
    """

    words: str
    sentences: Mapping[str, str]
    declared: tuple[Declared, ...]
    shared: tuple[str, ...]


@dataclass
class _Reading:
    """What has been read so far."""

    sentences: dict[str, str] = field(default_factory=dict)
    declared: dict[tuple[str, str], Declared] = field(default_factory=dict)
    modules: dict[str, None] = field(default_factory=dict)


def read_rule(claim: Claim) -> Rule:
    """Read how a claim of this package decides.

    Parameters
    ----------
    claim
        The claim.
    """
    home = type(claim).__module__
    found = _Reading()
    for function in (type(claim).decide, type(claim).trial):
        for one, given in _reached(function, type(claim)):
            _read(one, given, found)
    shared = tuple(name for name in found.modules if name not in (home, f"{_ROOM}.claim"))
    return Rule(
        words=inspect.getdoc(import_module(home)) or "",
        sentences={name: found.sentences[name] for name in _SENTENCES if name in found.sentences},
        declared=tuple(found.declared.values()),
        shared=shared,
    )


def _reached(root: FunctionType, owner: type) -> Iterator[tuple[FunctionType, Mapping[str, Any]]]:
    """Functions of the claims that a function leads to, nearest first, with the texts that they are given."""
    pending: list[tuple[FunctionType, Mapping[str, Any]]] = [(root, {})]
    seen = {root}
    while pending:
        function, given = pending.pop(0)
        yield function, given
        tree = _tree(function)
        texts = {
            node.func.id: _texts(node, function.__globals__)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for node in ast.walk(tree):
            target: object = None
            if isinstance(node, ast.Name):
                target = function.__globals__.get(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                target = vars(owner).get(node.attr)
            target = inspect.unwrap(target) if callable(target) else None  # behind a cache
            if isinstance(target, FunctionType) and target.__module__.startswith(_ROOM) and target not in seen:
                seen.add(target)
                pending.append((target, texts.get(target.__name__, {})))


def _read(function: FunctionType, given: Mapping[str, Any], found: _Reading) -> None:
    found.modules[function.__module__] = None
    names = function.__globals__ | dict(given)
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Call):
            for word, text in _texts(node, names).items():
                if word in _SENTENCES and text:
                    found.sentences.setdefault(word, text)
        elif isinstance(node, ast.Name) and node.id.isupper():
            _declare(function.__module__, node.id, found)


def _declare(module: str, name: str, found: _Reading) -> None:
    """Note a constant, and those that it is made of."""
    home = _home(module, name)
    if home is None or (home, name) in found.declared:
        return
    source, text = _constants(home)[name]
    value = getattr(import_module(home), name)
    if _is_number(value) and ("MARGIN" in name or not name.startswith("_")):
        found.declared[home, name] = Declared(name, source, value, text)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id.isupper():
            _declare(home, node.id, found)


@cache
def _tree(function: FunctionType) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def _texts(call: ast.Call, names: Mapping[str, Any]) -> dict[str, str]:
    """Keyword arguments that are texts, f-strings of known names included."""
    found = {}
    for keyword in call.keywords:
        if keyword.arg is None or not isinstance(keyword.value, (ast.Constant, ast.JoinedStr)):
            continue
        known = {node.id for node in ast.walk(keyword.value) if isinstance(node, ast.Name)} <= set(names)
        if known:
            code = compile(ast.Expression(keyword.value), "<claim>", "eval")
            value = eval(code, {"__builtins__": {}}, dict(names))  # noqa: S307  # a constant of this package
            if isinstance(value, str):
                found[keyword.arg] = value
    return found


def _is_number(value: object) -> bool:
    if isinstance(value, (bool, str)):
        return False
    if isinstance(value, Mapping):
        return all(_is_number(part) for part in value.values())
    return isinstance(value, (int, float)) or hasattr(value, "__dataclass_fields__")


def _home(module: str, name: str) -> str | None:
    """Find the module of the claims that sets a name which another one uses; None for those of other rooms."""
    if not module.startswith(_ROOM):
        return None
    if name in _constants(module):
        return module
    for node in ast.walk(_module_tree(module)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and any(a.asname is None and a.name == name for a in node.names)
        ):
            return _home(node.module, name)
    return None


@cache
def _constants(module: str) -> dict[str, tuple[str, str]]:
    """Name -> (source of its value, documentation) of the constants of a module."""
    found = {}
    body = _module_tree(module).body
    for place, node in enumerate(body):
        if not isinstance(node, ast.Assign):
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        text = " ".join(str(after.value.value).split()) if told else ""  # type: ignore[union-attr]
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for one, value in pairs:
                if isinstance(one, ast.Name):
                    found[one.id] = (ast.unparse(value), text)
    return found


@cache
def _module_tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(import_module(module)))
