"""What a check asks for and its statement cannot give is refused by key, value and remedy.

Each case changes one shipped check, which fits, until it does not: the change alone is what is refused.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from graphon_theory.errors import InputError
from verification.check import Check
from verification.fit import require_fit
from verification.suite import load_suite


@cache
def shipped(statement: str, variant: str, criterion: str | None) -> Check:
    """Return the first check of the full suite of this statement, variant and criterion; None: on models alone."""
    return next(
        check
        for check in load_suite("full").checks
        if (check.statement, check.variant) == (statement, variant)
        and (criterion in check.criteria if criterion else not check.criteria)
    )


REFUSED: list[tuple[str, str | None, dict[str, Any], str]] = [
    ("UAT-count", "random", {"active": (1, 513)}, "active = 513: give at most as many coordinates as inputs, 512"),
    (
        "UAT-count",
        None,
        {"active": (9,), "widths": (4,), "inputs": (9,), "densities": (0.2,)},
        "densities = 0.2: it keeps 7 of 36 entries: keep 9, the largest of active, or more",
    ),
    ("UAT", "random", {"targets": ("smooth", "")}, "targets = 'missing': UAT approximates: choose smooth, piecewise,"),
    ("UAT", "random", {"activations": ("gelu",)}, "activations = 'gelu': errors are certified for relu, tanh"),
    ("UAT", "random", {"active": (1, 4)}, "active = 4: targets have 1 to 3 coordinates"),
    ("UAT-n", "random", {"inputs": (2, 8)}, "active = 2: give fewer coordinates than inputs, below 2"),
    ("UAT-n", "random", {"widths": (8, 8193)}, "widths = 8193: networks are built up to 8192 neurons"),
    ("LAZY", "random", {"data": "digits"}, """data = 'digits': LAZY draws samples as it needs: give "teacher\""""),
    ("GRASP-D", "grasp", {"data": "digits"}, "batch_per_input = (4.0,): digits are limited: give batch"),
    (
        "GRASP-D",
        "grasp",
        {"activations": ("tanh",)},
        "activations = ('tanh',): GRASP-D is about one hidden layer",
    ),
    ("GRASP-D", "grasp", {"depths": (1, 2)}, "activations = ('relu',): GRASP-D is about one hidden layer of relu"),
    ("NTK-c", "random", {"activations": ("tanh",)}, "activations = ('tanh',): NTK-c is about relu: leave it out"),
    ("NTK-1", "random", {"depths": (1, 2)}, "depths = (1, 2): NTK-1 has one hidden layer: use NTK-L"),
    ("NTK-L", "snip", {"weights": ("kept",)}, "weights = ('kept',): NTK-L excludes kept weights under snip"),
    ("NTK-K", "snip", {"activations": ("tanh",)}, "activations = ('tanh',): NTK-K is about relu: leave it out"),
    ("NTK-K", "snip", {"initialisations": ("uniform",)}, "initialisations = ('uniform',): NTK-K is about gaussian"),
    ("NTK-K", "snip", {"depths": (1, 2)}, "depths = (1, 2): one hidden layer needs no conditioning: use NTK-1"),
    (
        "NTK-K",
        "snip",
        {"labels": "raw"},
        "data = ('teacher', 'raw'): NTK-K needs independent inputs",
    ),
    ("NTK-K", "snip", {"weights": ("redrawn",)}, "weights = ('redrawn',): NTK-K is measured on kept weights alone"),
    ("GEN", "random", {"depths": (2,)}, "depths = (2,): GEN is measured on one hidden layer"),
    ("GEN", "random", {"data": "digits"}, """data = 'digits': GEN draws samples as it needs: give "teacher\""""),
    ("PATH", "random", {"activations": ("tanh",)}, "activations = ('tanh',): PATH is about relu: leave it out"),
    ("PATH", "grasp", {"weights": ("kept",)}, "weights = ('kept',): weights that the original grasp keeps have a mean"),
    (
        "PATH",
        "random",
        {"data": "digits", "criteria": ("snip",), "batch": (512,), "inputs": (256,)},
        "inputs = (256,): these digits are not upsampled: give [64]",
    ),
    ("MAG", "magnitude", {"criteria": ()}, "criteria = 'missing': name criteria, models or both"),
]


@pytest.mark.parametrize(("statement", "criterion", "change", "message"), REFUSED, ids=[case[3] for case in REFUSED])
def test_one_change_is_refused_by_its_name(
    statement: str, criterion: str | None, change: dict[str, Any], message: str
) -> None:
    check = shipped(statement, "statement", criterion)
    require_fit("here", check)
    with pytest.raises(InputError) as caught:
        require_fit("here", replace(check, **change))
    assert str(caught.value).startswith("here.")
    assert message in str(caught.value)


def test_false_variants_are_held_to_the_data_that_they_need() -> None:
    batch = shipped("GEN", "pruning-batch", "snip")
    require_fit("here", batch)
    with pytest.raises(InputError, match=r"batch = \(64,\): the batch is the sample: give \[128\]"):
        require_fit("here", replace(batch, batch=(64,)))
    with pytest.raises(InputError, match=r"criteria = \('random',\): pruning-batch needs criteria of snip"):
        require_fit("here", replace(batch, batch=(), criteria=("random",)))
    for variant in ("pruning-batch", "uncentred-inputs"):
        check = shipped("NTK-1", variant, "snip")
        require_fit("here", check)
        with pytest.raises(InputError, match=f"criteria = .*: {variant} needs snip and kept weights, alone"):
            require_fit("here", replace(check, weights=("redrawn",)))
    driven = shipped("NTK-L", "data-driven", "snip")
    require_fit("here", driven)
    with pytest.raises(InputError, match=r"criteria = \('random',\): data-driven needs snip"):
        require_fit("here", replace(driven, criteria=("random",), batch_per_input=()))
