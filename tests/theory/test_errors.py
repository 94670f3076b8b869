"""Errors name argument, value and remedy, also after a journey between processes."""

from __future__ import annotations

import pickle

import pytest

from graphon_theory.errors import InputError, require_density


def test_the_message_has_all_three_parts() -> None:
    assert str(InputError("widths", [0], "give positive integers")) == "widths = [0]: give positive integers"


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(InputError("seed", -1, "give more")))  # noqa: S301  # our own bytes
    assert (error.argument, error.value, error.remedy, str(error)) == ("seed", -1, "give more", "seed = -1: give more")


@pytest.mark.parametrize("value", [0, 1, 1.0, -0.5, float("nan"), True, "0.1", None])
def test_densities_are_checked(value: object) -> None:
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        require_density(value)  # type: ignore[arg-type]


def test_a_density_that_is_none_is_named_with_its_value() -> None:
    with pytest.raises(InputError, match=r"^delta = 1\.5: give a kept fraction strictly between 0 and 1"):
        require_density(1.5, "delta")
