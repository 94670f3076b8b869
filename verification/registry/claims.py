"""Claims of the user's own: a class that fills the role of a claim, registered with what it states.

A claim is refused unless it could be found false: it needs false variants that its rule must reject, a rule in words
with the largest level that it is made for, and its hypotheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from graphon_theory.errors import InputError, require_density
from verification.registry.entry_points import discover

if TYPE_CHECKING:
    from graphon_theory.derivation import Derivation
    from graphon_theory.statements import Hypothesis, Statement
    from verification.claims.claim import Claim

C = TypeVar("C", bound=type)

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")
_METHODS = ("trial", "decide", "headline")

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
        If anything of this is missing or malformed, the id is taken, a false variant is missing, or the rule does not
        say "not run" where there is no observation.
    """

    def register(cls: C) -> C:
        from graphon_theory.statements import Hypothesis, Statement

        made = _instance(cls)
        name = made.id
        where = f"claim {name}"
        known = statements()
        if name in known:
            raise InputError("id", name, "a statement of this id exists: choose another")
        for key, text in (("title", title), ("conclusion", conclusion), ("rule", rule)):
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"{where}, {key}", text, _REMEDIES[key])
        if level is None:
            raise InputError(f"{where}, level", level, "declare the largest level that the rule is made for, as 0.05")
        if isinstance(hypotheses, str) or not hypotheses:
            raise InputError(f"{where}, hypotheses", hypotheses, "state what it assumes, in a tuple of one or more")
        missing = [parent for parent in uses if parent not in known]
        if missing:
            raise InputError(f"{where}, uses", missing, "name statements that are registered before it")
        _require_false_variants(where, made)
        if not made.criteria and not made.on_models:
            raise InputError(f"{where}, criteria", made.criteria, "name criteria, or set on_models = True")
        _require_silence(where, made, require_density(level, f"{where}, level"))
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


_REMEDIES = {
    "title": "give one line",
    "conclusion": "say what holds, as a sentence",
    "rule": "say how it decides: the null, the test, and what counts as support",
}


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


def ancestors(statement: str) -> tuple[str, ...]:
    """Return the ids of all statements that one rests on, as ``graphon_theory.statements.ancestors``."""
    known = statements()
    found: dict[str, None] = {}
    for parent in known[statement].uses:
        found.update(dict.fromkeys((*ancestors(parent), parent)))
    return tuple(found)


def _instance(cls: type) -> Claim:
    """Make the claim, and see that it has everything that a claim has."""
    if cls.__module__ == "__main__":
        raise InputError("claim", cls.__qualname__, "put it into a module: workers and the ledger look for its source")
    absent = [name for name in ("id", "mutants", "criteria", "on_models", *_METHODS) if not hasattr(cls, name)]
    if absent:
        raise InputError(f"claim {cls.__qualname__}", f"without {', '.join(absent)}", "see verification.claims.Claim")
    try:
        made = cast("Claim", cls())
    except TypeError as error:
        raise InputError(f"claim {cls.__qualname__}", str(error), "let it be made without arguments") from error
    if not isinstance(made.id, str) or not _ID.fullmatch(made.id):
        raise InputError("id", made.id, "use letters and digits, joined by hyphens")
    return made


def _require_false_variants(where: str, made: Claim) -> None:
    from verification.claims.claim import STATEMENT, Mutant

    if not isinstance(made.mutants, tuple) or not made.mutants:
        remedy = "give a tuple of one false variant or more: a rule that has rejected nothing supports nothing"
        raise InputError(f"{where}, mutants", made.mutants, remedy)
    for mutant in made.mutants:
        if not isinstance(mutant, Mutant) or not mutant.text.strip() or mutant.id in ("", STATEMENT):
            raise InputError(f"{where}, mutants", mutant, f'give Mutant(id, text) with an id other than "{STATEMENT}"')
    names = [mutant.id for mutant in made.mutants]
    if len(set(names)) < len(names):
        raise InputError(f"{where}, mutants", names, "give each an id of its own")


def _require_silence(where: str, made: Claim, level: float) -> None:
    """Without observations every variant must be "not run": a rule that decides on nothing decides by itself."""
    from verification.claims.claim import STATEMENT, Measurement, Outcome

    for variant in (STATEMENT, *(mutant.id for mutant in made.mutants)):
        found = made.decide((), variant, level)
        if not isinstance(found, Measurement) or found.outcome is not Outcome.NOT_RUN or found.level != level:
            outcome = f"{found.outcome.value} at level {found.level:g}" if isinstance(found, Measurement) else found
            remedy = "return verification.claims.claim.not_run(level) where there are no observations"
            raise InputError(f"{where}, decide without observations of {variant}", outcome, remedy)
