"""Cases made up for observations, expanded as a suite expands the table of a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphon_theory.errors import InputError
from verification.cases import Case, ModelSpec
from verification.check import Check
from verification.strategies.given import Given, strategy
from verification.suite import Suite

_LISTS: Final = {
    "density": "densities",
    "criterion": "criteria",
    "model": "models",
    "initialisation": "initialisations",
    "inputs": "inputs",
    "batch": "batch",
    "batch_per_input": "batch_per_input",
    "activation": "activations",
    "depth": "depths",
    "active": "active",
    "target": "targets",
    "weights": "weights",
}
"""Fields of a case that a check lists values of, under their names there."""

FIELDS: Final = (*_LISTS, "data", "labels", "signal", "ladder")
"""Fields of a case that may be given; statement, variant and width have arguments of their own, and ``square`` says
whether ``inputs`` were given."""

EITHER_OR: Final = (("criterion", "model"), ("initialisation", "model"), ("batch", "batch_per_input"))
"""Pairs of fields of which a case has one: the law of a model's noise takes the place of an initialisation."""

_ELSEWHERE: Final = {
    "width": "give widths, a list with one case for each",
    "square": "leave out inputs for square cases, or give them for others",
}


def drawn_fields(given: Mapping[str, Given[Any]]) -> SearchStrategy[dict[str, Any]]:
    """Fields of cases by name, each a value or drawn.

    Raises
    ------
    InputError
        If a name is not one of ``FIELDS``.
    """
    for name, value in given.items():
        if name not in FIELDS:
            raise InputError(name, value, _ELSEWHERE.get(name, f"give fields of a case: {', '.join(FIELDS)}"))
    return st.fixed_dictionaries({name: strategy(value) for name, value in given.items()})


def made_case(statement: str, variant: str, width: int, fields: Mapping[str, Any]) -> Case:
    """Return the case of one width; what is not given is as in a suite that does not name it.

    Parameters
    ----------
    statement, variant, width
        Of the case.
    fields
        Some of ``FIELDS``; None is as not given. The density is 0.25 then, and the criterion Magnitude where there is
        no model.

    Raises
    ------
    InputError
        If two of ``EITHER_OR`` are given, or a model that is no ``ModelSpec``.
    """
    known = {name: value for name, value in fields.items() if value is not None}
    for one, other in EITHER_OR:
        if one in known and other in known:
            raise InputError(f"{one}, {other}", (known[one], known[other]), "give one of the two")
    model = known.pop("model", None)
    if not isinstance(model, ModelSpec | None):
        raise InputError("model", model, "give a verification.cases.ModelSpec")
    known = {"density": 0.25} | ({"criterion": "magnitude"} if model is None else {"model": model.name}) | known
    table: dict[str, Any] = {
        _LISTS.get(name, name): (value,) if name in _LISTS else value for name, value in known.items()
    }
    check = Check(statement=statement, variant=variant, widths=(width,), repeats=2, **table)
    models = {} if model is None else {model.name: model}
    suite = Suite(name="", summary="", level=0.05, seed=0, models=models, checks=(check,))
    (case,) = suite.cases(check)
    return case
