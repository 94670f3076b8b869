"""What could only fail in a trial, or after all of them, is refused when it is registered, by name."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import verification
from graphon_theory.derivation import Derivation
from graphon_theory.errors import InputError
from graphon_theory.statements import Hypothesis
from tests.experiments.own import STATED, Coin, fair
from verification import registry
from verification.claims import Mutant
from verification.registry import claims as registered_claims
from verification.registry import criteria as registered_criteria
from verification.registry.calls import misfit


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registered_claims, "_found", {})
    monkeypatch.setattr(registered_criteria, "_found", {})


def _like(**changes: Any) -> type[Coin]:
    return type("Changed", (Coin,), {"__module__": __name__, **changes})


def _needing(what: str) -> Derivation:
    raise NotImplementedError


def _failing(self: Coin) -> None:
    raise ZeroDivisionError("on making")


@pytest.mark.parametrize(
    ("changes", "stated", "message"),
    [
        ({}, {"derivation": fair()}, "claim COIN, derivation = 'not callable': give a function"),
        ({}, {"derivation": _needing}, "claim COIN, derivation = \"missing a required argument: 'what'\""),
        ({"trial": 3}, {}, r"claim COIN, trial = 'not callable': let it take \(case, seed\)"),
        ({"trial": lambda self, case: {}}, {}, "claim COIN, trial = 'too many positional arguments'"),
        ({"decide": lambda self, found, variant, level, *, side: None}, {}, "claim COIN, decide = .*'side'"),
        ({"headline": lambda self, found: None}, {}, r"headline = .* let it take \(observations, level\)"),
        (
            {"decide": lambda self, found, variant, level: max(found)},
            {},
            r"claim COIN, decide without observations of statement = 'raised ValueError: max\(\).*not_run",
        ),
        ({"decide": lambda self, found, variant, level: True}, {}, "decide without observations of statement = True"),
        ({"criteria": "magnitude"}, {}, r"claim COIN, criteria = 'magnitude': give a tuple of names"),
        ({"criteria": ["magnitude"]}, {}, "claim COIN, criteria = .*give a tuple"),
        ({"criteria": ("magnitude", 3)}, {}, "claim COIN, criteria = .*give a tuple"),
        ({"on_models": "no"}, {}, "claim COIN, on_models = 'no': give True or False"),
        ({"mutants": (Mutant("loaded", 3),)}, {}, "claim COIN, mutants = "),  # type: ignore[arg-type]
        ({"mutants": (Mutant("", "heads"),)}, {}, "claim COIN, mutants = "),
        ({"__init__": _failing}, {}, "ZeroDivisionError: on making.*made without arguments"),
        ({}, {"packages": "numpy"}, "claim COIN, packages = 'numpy': name top-level packages in a tuple"),
        ({}, {"packages": ("numpy.linalg",)}, "claim COIN, packages = .*top-level"),
        ({}, {"packages": (3,)}, "claim COIN, packages"),
        ({}, {"hypotheses": (1,)}, "claim COIN, hypotheses = .*give each as a clause"),
        ({}, {"hypotheses": ("", "b")}, "claim COIN, hypotheses"),
        ({}, {"hypotheses": 3}, "claim COIN, hypotheses = 3: state what it assumes"),
        ({}, {"uses": "THR"}, "claim COIN, uses = 'THR': give a tuple of ids"),
        ({}, {"uses": (3,)}, "claim COIN, uses"),
        ({}, {"source": 3}, "claim COIN, source = 3"),
        ({}, {"title": 3}, "claim COIN, title = 3: give one line"),
    ],
)
def test_what_would_break_late_is_refused(changes: dict[str, Any], stated: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        verification.claim(**(STATED | stated))(_like(**changes))
    assert not registry.own_claims()


def test_lists_and_hypotheses_as_objects_are_taken() -> None:
    stated = STATED | {"hypotheses": [Hypothesis("as an object"), "in words"], "uses": ["THR"], "packages": ["numpy"]}
    verification.claim(**stated)(Coin)
    (own,) = registry.own_claims().values()
    assert [hypothesis.text for hypothesis in own.statement.hypotheses] == ["as an object", "in words"]
    assert own.statement.uses == ("THR",)
    assert own.packages[-1] == "numpy"


@pytest.mark.parametrize("built", [3, None, fair])
def test_a_derivation_that_is_none_is_an_error_of_its_claim(built: object) -> None:
    verification.claim(**STATED | {"derivation": lambda: built})(Coin)
    with pytest.raises(InputError, match=r"claim COIN, derivation = '(int|NoneType|function)': let it return"):
        registry.derivation_of("COIN")


def test_derivations_are_built_and_may_be_missing() -> None:
    verification.claim(**STATED)(Coin)
    verification.claim(**STATED | {"derivation": None})(_like(id="BARE"))
    found = registry.derivation_of("COIN")
    assert found is not None
    assert found.id == "COIN"
    assert registry.derivation_of("BARE") is None
    with pytest.raises(InputError, match="statement = 'GONE': not registered in this process: offer its claim by an"):
        registry.derivation_of("GONE")


@pytest.mark.parametrize(
    ("function", "batch", "message"),
    [
        (lambda weights, *, scale: weights, False, r"missing a required argument: 'scale'.*let it take \(weights\)"),
        (lambda module, weights, loss, batches, *, scale: weights, True, "'scale'"),
        (3, False, "criterion mine = 'not callable'"),
    ],
)
def test_a_criterion_that_no_trial_could_call_is_refused(function: Any, batch: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        verification.criterion("mine", batch=batch)(function)
    assert not registry.own_criteria()


def test_a_criterion_may_have_more_arguments_with_defaults() -> None:
    verification.criterion("mine")(lambda weights, power=2, *, scale=1.0: weights)
    assert set(registry.own_criteria()) == {"mine"}


def test_of_a_function_without_a_signature_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="signature"):
        inspect.signature(max)
    assert misfit(max, 7) == ""
