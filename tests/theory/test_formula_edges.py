"""Formulas where mutants of the reader lived: the largest denominator, and how much of a long piece is shown."""

from __future__ import annotations

import pytest
from sympy import Rational

from graphon_theory.formula import LARGEST_EXPONENT, FormulaError, parse_formula
from graphon_theory.notation import u


def test_the_largest_denominator_of_an_exponent_is_read_and_the_next_refused() -> None:
    assert parse_formula(f"u**(1/{LARGEST_EXPONENT})") == u ** Rational(1, LARGEST_EXPONENT)
    with pytest.raises(FormulaError, match="exponent beyond"):
        parse_formula(f"u**(1/{LARGEST_EXPONENT + 1})")


def test_of_a_long_piece_sixty_characters_are_shown() -> None:
    with pytest.raises(FormulaError, match=rf"'{'a' * 57}\.\.\.'"):
        parse_formula("u + " + "a" * 200)
