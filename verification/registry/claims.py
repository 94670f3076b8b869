"""Claims of the user's own: a class that fills the role of a claim, registered with what it states.

A claim is refused unless it could be found false: it needs false variants that its rule must reject, a rule in words
with the largest level that it is made for, and its hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from graphon_theory.errors import InputError, require_density
from verification.registry.entry_points import discover
from verification.registry.requirements import (
    instance_of,
    require_false_variants,
    require_silence,
    require_sources,
    require_words,
)

if TYPE_CHECKING:
    from graphon_theory.derivation import Derivation
    from graphon_theory.statements import Hypothesis, Statement
    from verification.claims.claim import Claim

C = TypeVar("C", bound=type)

_found: dict[str, OwnClaim] = {}


@dataclass(frozen=True)
class OwnClaim:
    """A registered claim.

    Parameters
    ----------
    claim
        An instance of the decorated class.
    statement
        What it says; ``derive`` is None where no derivation was given.
    level
        Largest level of a suite that its rule is made for, in (0, 1).
    rule
        How it decides, in words.
    packages
        Top-level packages whose source its trials depend on, besides this one.
    """

    claim: Claim
    statement: Statement
    level: float
    rule: str
    packages: tuple[str, ...]


def claim(
    *,
    title: str = "",
    hypotheses: Sequence[Hypothesis | str] = (),
    conclusion: str = "",
    level: float | None = None,
    rule: str = "",
    uses: Sequence[str] = (),
    source: str = "",
    derivation: Callable[[], Derivation] | None = None,
    packages: Sequence[str] = (),
) -> Callable[[C], C]:
    """Register a class as a claim: ``verification.claims.Claim`` says which attributes and methods it has.

    Parameters
    ----------
    title, conclusion
        What it states, as a line and as a sentence.
    hypotheses
        What it assumes, one or more.
    level
        Largest level of a suite that the rule is made for, in (0, 1); suites of a larger one are refused.
    rule
        How it decides: null, test, and what counts as support.
    uses
        Ids of the statements that it rests on; they must be registered before it.
    source
        Where it comes from.
    derivation
        Builds its derivation. Without one, or without a step that is proved or enclosed, it is at best inconclusive.
    packages
        Further top-level packages that its trials depend on, besides its own and those of its criteria: a change
        in them makes its trials anew.

    Returns
    -------
    callable
        A decorator that returns the class as it is.

    Raises
    ------
    InputError
        If anything of this is missing or malformed, the id is taken, a false variant is missing, a method cannot be
        called as it will be, or the rule does not say "not run" where there is no observation.
    """

    def register(cls: C) -> C:
        from graphon_theory.statements import Hypothesis, Statement

        made = instance_of(cls)
        name = made.id
        where = f"claim {name}"
        known = statements()
        if name in known:
            raise InputError("id", name, "a statement of this id exists: choose another")
        require_words(where, title=title, conclusion=conclusion, rule=rule, hypotheses=hypotheses)
        if level is None:
            raise InputError(f"{where}, level", level, "declare the largest level that the rule is made for, as 0.05")
        require_sources(where, uses=uses, source=source, derivation=derivation, packages=packages)
        missing = [parent for parent in uses if parent not in known]
        if missing:
            raise InputError(f"{where}, uses", missing, "name statements that are registered before it")
        require_false_variants(where, made)
        require_silence(where, made, require_density(level, f"{where}, level"))
        _found[name] = OwnClaim(
            claim=made,
            statement=Statement(
                id=name,
                title=title,
                hypotheses=tuple(Hypothesis(text) if isinstance(text, str) else text for text in hypotheses),
                conclusion=conclusion,
                uses=tuple(uses),
                source=source or f"package {cls.__module__.partition('.')[0]}",
                derive=derivation,
            ),
            level=level,
            rule=rule,
            packages=tuple(dict.fromkeys((cls.__module__.partition(".")[0], *packages))),
        )
        return cls

    return register


def own_claims() -> Mapping[str, OwnClaim]:
    """Return all registered claims by id, those of entry points among them.

    Raises
    ------
    InputError
        If an entry point cannot be loaded.
    """
    discover()
    return MappingProxyType(_found)


def statements() -> Mapping[str, Statement]:
    """Return all statements by id: those of the theory, then the registered ones, parents first."""
    from graphon_theory.statements import STATEMENTS

    return MappingProxyType({**STATEMENTS, **{name: own.statement for name, own in own_claims().items()}})


def require_registered(statement: str) -> None:
    """Refuse a statement that this process does not know, such as a worker one that a conftest registered.

    Raises
    ------
    InputError
        Naming the statement and the remedy.
    """
    if statement not in statements():
        remedy = "offer its claim by an entry point (docs/testing.md), or use one process"
        raise InputError("statement", statement, f"not registered in this process: {remedy}")


def derivation_of(statement: str) -> Derivation | None:
    """Build a statement's derivation; None where it has none.

    Raises
    ------
    InputError
        If this process does not know the statement, or what is registered as its derivation builds none.
    """
    from graphon_theory.derivation import Derivation

    require_registered(statement)
    derive = statements()[statement].derive
    made = None if derive is None else derive()
    if derive is not None and not isinstance(made, Derivation):
        remedy = "let it return a graphon_theory.derivation.Derivation"
        raise InputError(f"claim {statement}, derivation", type(made).__name__, remedy)
    return made


def ancestors(statement: str) -> tuple[str, ...]:
    """Return the ids of all statements that one rests on, as ``graphon_theory.statements.ancestors``."""
    known = statements()
    found: dict[str, None] = {}
    for parent in known[statement].uses:
        found.update(dict.fromkeys((*ancestors(parent), parent)))
    return tuple(found)
