"""Claims, and observations made up for their decision rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from graphon_theory.errors import InputError
from verification import claims as registry
from verification.cases import Case, Observation
from verification.claims.claim import STATEMENT, Claim
from verification.strategies.given import Given, strategy


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
        If an id is unknown.
    """
    found = registry.claims()
    wanted = tuple(found) if ids is None else tuple(ids)
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
    density: Given[float] = 0.25,
    criterion: Given[str] = "magnitude",
) -> SearchStrategy[list[Observation]]:
    """Observations whose statistics are drawn, to put to a claim's ``decide``.

    No network is made. The seed of each is that of its case under master seed 0, as in a suite.

    Parameters
    ----------
    statement
        Id of the claim.
    statistics
        What a trial of it records for the variant: name to number, or to a strategy, drawn anew for each.
    variant
        "statement", or a false variant.
    widths
        Widths of the (square) cases, each once.
    repeats
        Trials of every case, positive.
    density, criterion
        Of all cases.

    Returns
    -------
    SearchStrategy
        Lists of observations; shrink to few trials of one case of width 16.
    """
    drawn = {name: strategy(value) for name, value in statistics.items()}
    sizes, counts, named = strategy(widths), strategy(repeats), strategy(variant)
    shares, criteria = strategy(density), strategy(criterion)

    @st.composite
    def made(draw: DrawFn) -> list[Observation]:
        wide, count, name, share, pruned = draw(sizes), draw(counts), draw(named), draw(shares), draw(criteria)
        found = []
        for width in wide:
            case = Case(
                statement=statement,
                variant=STATEMENT,
                criterion=pruned,
                model=None,
                initialisation="gaussian",
                data="digits",
                labels="centred",
                signal=0.5,
                width=width,
                inputs=width,
                square=True,
                density=share,
                batch=0,
                batch_per_input=None,
                ladder="",
            )
            for repeat in range(count):
                values = {name: {key: draw(value) for key, value in drawn.items()}}
                found.append(Observation(case, repeat, case.seed(0, repeat), values))
        return found

    return made()
