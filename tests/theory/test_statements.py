"""Every statement's derivation holds, and says honestly how."""

from __future__ import annotations

import pytest

from graphon_theory.derivation import Evidence
from graphon_theory.statements import STATEMENTS, ancestors
from tests.docs_extension import load


@pytest.mark.parametrize("name", STATEMENTS)
def test_derivation_holds_with_few_cited_steps(name: str) -> None:
    result = STATEMENTS[name].derive().run()
    assert result.holds, [(r.step.id, r.evidence, r.detail) for r in result.results]
    kinds = [r.evidence for r in result.results]
    assert 3 * kinds.count(Evidence.CITED) <= len(kinds)
    # Something is proved or enclosed, and no formula is one expression twice.
    assert {Evidence.PROVED, Evidence.ENCLOSED} & set(kinds)
    assert all(r.step.is_cited or r.step.left != r.step.right for r in result.results)
    # What the pages show of it was found, not typed in.
    kept = load("evidence").kept(name)
    if kept is not None:
        assert kept.steps == {r.step.id: (r.evidence.value, r.detail) for r in result.results}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_rest_on_known_ones_and_not_on_themselves(name: str) -> None:
    assert set(STATEMENTS[name].uses) <= set(STATEMENTS)
    assert name not in ancestors(name)


def test_hypotheses_are_decided_where_a_model_decides_them() -> None:
    from sympy import Rational, exp, sin

    from graphon_theory import SaliencyModel
    from graphon_theory.notation import u, v

    ramp = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v))
    wave = SaliencyModel(g=2 + sin(9 * u))
    constant = SaliencyModel()
    monotone = {model: STATEMENTS["LIM-b"].applies(model, 0.1) for model in (ramp, wave)}
    (text,) = (text for text in monotone[ramp] if "monotone" in text)
    assert monotone[ramp][text] is True
    assert monotone[wave][text] is False
    assert STATEMENTS["NULL"].applies(constant, 0.1)["constant profile"] is True
    assert STATEMENTS["NULL"].applies(ramp, 0.1)["constant profile"] is False
    assert STATEMENTS["THR"].applies(ramp, 0.1)["0 < rho < P(h != 0)"] is True
    assert None in STATEMENTS["THR"].applies(ramp, 0.1).values()


def test_ancestors_are_found_through_others() -> None:
    assert set(ancestors("SNIP-1")) == {"THR", "LIM-a", "SNIP-S"}
