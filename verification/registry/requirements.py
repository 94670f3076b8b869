"""What a class must have, and its author must say of it, before it is registered as a claim.

All of this can be seen without a trial. What is wrong is refused here, by name, and not after all trials are made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard, cast

from graphon_theory.errors import InputError
from verification.registry.calls import misfit

if TYPE_CHECKING:
    from verification.claims.claim import Claim

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")

_CALLED_WITH: Final = {
    "trial": ("case", "seed"),
    "decide": ("observations", "variant", "level"),
    "headline": ("observations", "level"),
}


def instance_of(cls: type) -> Claim:
    """Make the claim, and see that it has everything that a claim has.

    Raises
    ------
    InputError
        If it cannot be made, an attribute is missing or of another type, or a method cannot be called as it will be.
    """
    where = f"claim {cls.__qualname__}"
    if cls.__module__ == "__main__":
        raise InputError("claim", cls.__qualname__, "put it into a module: workers and the ledger look for its source")
    absent = [name for name in ("id", "mutants", "criteria", "on_models", *_CALLED_WITH) if not hasattr(cls, name)]
    if absent:
        raise InputError(where, f"without {', '.join(absent)}", "see verification.claims.Claim")
    try:
        made = cast("Claim", cls())
    except Exception as error:
        raise InputError(where, f"{type(error).__name__}: {error}", "let it be made without arguments") from error
    if not isinstance(made.id, str) or not _ID.fullmatch(made.id):
        raise InputError("id", made.id, "use letters and digits, joined by hyphens")
    for method, arguments in _CALLED_WITH.items():
        reason = misfit(getattr(made, method), len(arguments))
        if reason:
            raise InputError(f"claim {made.id}, {method}", reason, f"let it take ({', '.join(arguments)})")
    if not isinstance(made.criteria, tuple) or not _are_texts(made.criteria):
        remedy = 'give a tuple of names, as ("magnitude",), or ()'
        raise InputError(f"claim {made.id}, criteria", made.criteria, remedy)
    if not isinstance(made.on_models, bool):
        raise InputError(f"claim {made.id}, on_models", made.on_models, "give True or False")
    if not made.criteria and not made.on_models:
        raise InputError(f"claim {made.id}, criteria", made.criteria, "name criteria, or set on_models = True")
    return made


def require_words(where: str, *, title: object, conclusion: object, rule: object, hypotheses: object) -> None:
    """Refuse a claim that does not say what it states and how it decides.

    Raises
    ------
    InputError
        If one of them is missing, blank or of another type.
    """
    from graphon_theory.statements import Hypothesis

    remedies = {
        "title": "give one line",
        "conclusion": "say what holds, as a sentence",
        "rule": "say how it decides: the null, the test, and what counts as support",
    }
    for key, text in {"title": title, "conclusion": conclusion, "rule": rule}.items():
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{where}, {key}", text, remedies[key])
    if not _is_listing(hypotheses) or not hypotheses:
        raise InputError(f"{where}, hypotheses", hypotheses, "state what it assumes, in a tuple of one or more")
    if not _are_texts([h.text if isinstance(h, Hypothesis) else h for h in hypotheses]):
        raise InputError(f"{where}, hypotheses", hypotheses, "give each as a clause, or as a Hypothesis")


def require_sources(where: str, *, uses: object, source: object, derivation: object, packages: object) -> None:
    """Refuse sources of a claim that are not of the type that they must be.

    Raises
    ------
    InputError
        If ``uses`` or ``packages`` is not a sequence of names, or the derivation not a function without arguments.
    """
    if not _is_listing(uses) or not _are_texts(uses):
        raise InputError(f"{where}, uses", uses, 'give a tuple of ids, as ("THR",)')
    if not isinstance(source, str):
        raise InputError(f"{where}, source", source, "say where it comes from, in words")
    reason = "" if derivation is None else misfit(derivation, 0)
    if reason:
        remedy = "give a function without arguments that returns a Derivation, and do not call it"
        raise InputError(f"{where}, derivation", reason, remedy)
    named = _is_listing(packages) and _are_texts(packages)
    if not named or not all(name.isidentifier() for name in cast("Sequence[str]", packages)):
        raise InputError(f"{where}, packages", packages, 'name top-level packages in a tuple, as ("numpy",)')


def require_false_variants(where: str, made: Claim) -> None:
    """Refuse a claim without false variants, or with malformed ones.

    Raises
    ------
    InputError
        Naming what is wrong.
    """
    from verification.claims.claim import STATEMENT, Mutant

    if not isinstance(made.mutants, tuple) or not made.mutants:
        remedy = "give a tuple of one false variant or more: a rule that has rejected nothing supports nothing"
        raise InputError(f"{where}, mutants", made.mutants, remedy)
    for mutant in made.mutants:
        said = isinstance(mutant, Mutant) and _are_texts((mutant.id, mutant.text))
        if not said or mutant.id == STATEMENT:
            raise InputError(f"{where}, mutants", mutant, f'give Mutant(id, text) with an id other than "{STATEMENT}"')
    names = [mutant.id for mutant in made.mutants]
    if len(set(names)) < len(names):
        raise InputError(f"{where}, mutants", names, "give each an id of its own")


def require_silence(where: str, made: Claim, level: float) -> None:
    """Refuse a rule that says anything but "not run" where there are no observations: it decides by itself.

    Raises
    ------
    InputError
        If it does for any variant, answers at another level than it is asked at, or fails.
    """
    from verification.claims.claim import STATEMENT, Measurement, Outcome

    remedy = "return verification.claims.claim.not_run(level) where there are no observations"
    for variant in (STATEMENT, *(mutant.id for mutant in made.mutants)):
        argument = f"{where}, decide without observations of {variant}"
        try:
            found = made.decide((), variant, level)
        except Exception as error:
            raise InputError(argument, f"raised {type(error).__name__}: {error}", remedy) from error
        if not isinstance(found, Measurement) or found.outcome is not Outcome.NOT_RUN or found.level != level:
            outcome = f"{found.outcome.value} at level {found.level:g}" if isinstance(found, Measurement) else found
            raise InputError(argument, outcome, remedy)


def _is_listing(given: object) -> TypeGuard[Sequence[object]]:
    return isinstance(given, Sequence) and not isinstance(given, str)


def _are_texts(given: Collection[object]) -> bool:
    return all(isinstance(text, str) and bool(text.strip()) for text in given)
