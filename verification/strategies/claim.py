"""Claims, and observations made up for their decision rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from graphon_theory.errors import InputError
from verification import claims as registry
from verification.cases import Observation
from verification.claims.claim import STATEMENT, Claim
from verification.strategies.case import drawn_fields, made_case
from verification.strategies.given import Given, plain, strategy


def claims(ids: Sequence[str] | None = None) -> SearchStrategy[Claim]:
    """Claims of this package and registered ones.

    Parameters
    ----------
    ids
        Their statement ids; all by default.

    Returns
    -------
    SearchStrategy
        Claims; shrink to the first, THR by default.

    Raises
    ------
    InputError
        If an id is unknown, or the ids are a strategy.
    """
    found = registry.claims()
    wanted = tuple(found) if ids is None else tuple(plain("ids", ids))
    unknown = [name for name in wanted if name not in found]
    if unknown or not wanted:
        raise InputError("ids", unknown, f"give one or more of {', '.join(found)}")
    return st.sampled_from([found[name] for name in wanted])


def observations(
    statement: str,
    statistics: Mapping[str, Given[float]],
    *,
    variant: Given[str] = STATEMENT,
    widths: Given[Sequence[int]] = st.lists(st.sampled_from([16, 64, 256]), min_size=1, max_size=2, unique=True),
    repeats: Given[int] = st.integers(2, 4),
    **fields: Given[Any],
) -> SearchStrategy[list[Observation]]:
    """Observations whose statistics are drawn, to put to a claim's ``decide``.

    No network is made. The seed of each is that of its case under master seed 0, as in a suite. Cases that differ in
    more than the width come from several strategies, whose lists are added.

    Parameters
    ----------
    statement
        Id of the claim.
    statistics
        What a trial of it records for the variant: name to number, or to a strategy, drawn anew for each.
    variant
        "statement", or a false variant. Where that needs data of its own, the cases are made for it.
    widths
        Widths of the cases, each once.
    repeats
        Trials of every case, positive.
    fields
        Any other field of ``verification.cases.Case`` but ``square``, drawn once for all cases. What is left out or
        None is as in a suite that does not name it: one hidden layer, as many inputs as neurons, digits, no batch. The
        density is 0.25 then, and the criterion "magnitude" where there is no model.

    Returns
    -------
    SearchStrategy
        Lists of observations; shrink to few trials of one case of width 16.

    Raises
    ------
    InputError
        If a field is unknown, or ``statement`` or ``statistics`` a strategy; when they are drawn, if a
        case cannot have two of them: a model beside a criterion or an initialisation, a batch beside its ratio to the
        inputs.
    """
    plain("statement", statement)
    drawn = {name: strategy(value) for name, value in plain("statistics", statistics).items()}
    sizes, counts, named, others = strategy(widths), strategy(repeats), strategy(variant), drawn_fields(fields)

    @st.composite
    def made(draw: DrawFn) -> list[Observation]:
        wide, count, name, known = draw(sizes), draw(counts), draw(named), draw(others)
        found = []
        for width in wide:
            case = made_case(statement, name if _has_own_data(statement, name) else STATEMENT, width, known)
            for repeat in range(count):
                values = {name: {key: draw(value) for key, value in drawn.items()}}
                found.append(Observation(case, repeat, case.seed(0, repeat), values))
        return found

    return made()


def _has_own_data(statement: str, variant: str) -> bool:
    if variant == STATEMENT:
        return False  # without a look at the claims, which load torch
    claim = registry.claims().get(statement)
    return claim is not None and any(mutant.own_data for mutant in claim.mutants if mutant.id == variant)
