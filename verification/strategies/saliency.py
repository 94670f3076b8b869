"""Saliency models of the population."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from sympy import Expr

from graphon_theory import notation
from graphon_theory.errors import InputError
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import SaliencyModel
from verification.strategies.given import Given, strategy
from verification.strategies.noise import noise_laws
from verification.strategies.profile import profiles


def saliency_models(
    g: Given[Expr] | None = None,
    f: Given[Expr] | None = None,
    noise: Given[NoiseLaw] | None = None,
    *,
    rank: Given[int] = 1,
) -> SearchStrategy[SaliencyModel]:
    """Models ``S = |h(U, V)| |xi|``.

    Parameters
    ----------
    g, f
        Row and column profile, expressions in ``notation.u`` and ``notation.v``; ``profiles`` by default. At rank R
        each of the R terms draws its own.
    noise
        Law of the edge noise, without atoms; ``noise_laws`` by default.
    rank
        Number of terms of h, positive. Terms after the first are added, so that the sum does not vanish.

    Returns
    -------
    SearchStrategy
        Models; shrink to a constant profile with standard normal noise.

    Raises
    ------
    InputError
        If a rank below 1 is drawn.
    """
    rows = profiles(notation.u) if g is None else strategy(g)
    columns = profiles(notation.v) if f is None else strategy(f)
    laws = noise_laws() if noise is None else strategy(noise)
    ranks = strategy(rank)

    @st.composite
    def made(draw: DrawFn) -> SaliencyModel:
        terms = draw(ranks)
        if terms < 1:
            raise InputError("rank", terms, "give a positive number of terms")
        law = draw(laws)
        if terms == 1:
            return SaliencyModel(draw(rows), draw(columns), law)
        return SaliencyModel.from_profiles(
            [draw(rows) for _ in range(terms)], [draw(columns) for _ in range(terms)], law
        )

    return made()
