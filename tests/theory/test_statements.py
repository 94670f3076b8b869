"""Every statement's derivation holds, and says honestly how."""

from __future__ import annotations

import pytest

from graphon_theory.derivation import Evidence
from graphon_theory.statements import STATEMENTS, ancestors


@pytest.mark.parametrize("name", STATEMENTS)
def test_derivation_holds_with_few_cited_steps(name: str) -> None:
    result = STATEMENTS[name].derive().run()
    assert result.holds, [(r.step.id, r.evidence, r.detail) for r in result.results]
    kinds = [r.evidence for r in result.results]
    assert 3 * kinds.count(Evidence.CITED) <= len(kinds)


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_rest_on_known_ones_and_not_on_themselves(name: str) -> None:
    assert set(STATEMENTS[name].uses) <= set(STATEMENTS)
    assert name not in ancestors(name)


def test_ancestors_are_found_through_others() -> None:
    assert set(ancestors("SNIP-1")) == {"THR", "LIM-a", "SNIP-S"}
