"""UAT's decision: every outcome can be reached, and a real trial carries every false variant."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import verification.claims.realised as module
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.claims.realised import dense_error, false_floors, half_oscillation, interpolation_error, realise
from verification.suite import parse_suite

CASE = replace(
    ORDINARY, statement="UAT", criterion="random", inputs=32, square=False, density=0.5, active=1, target="smooth"
)
CLAIM = claims()["UAT"]
LEVEL = 0.003


def _planted(
    *,
    power: float = 2.0,
    stays: float = 0.0,
    slope: float = 0.0,
    worse: float = 0.0,
    noise: float = 0.2,
    mismatch: float = 0.0,
    repeats: int = 12,
) -> Outcome:
    """Errors ``N^-power`` above what stays, times ``d^slope`` and a factor, with log-normal noise."""
    rng = np.random.default_rng(5)
    found = []
    for width in (32, 512):
        for inputs in (64, 4096):
            case = replace(CASE, width=width, inputs=inputs)
            for repeat in range(repeats):
                error = (width / 2) ** -power + stays
                upper = error * math.exp(slope * math.log(inputs / 512) + worse + noise * rng.standard_normal())
                values = {"upper": upper, "lower": upper / 1.1, "effective": width / 2, "predicted": error}
                found.append(Observation(case, repeat, 0, {"statement": values | {"mismatch": mismatch}}))
    measurement = CLAIM.decide(found, "statement", LEVEL)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted() is Outcome.SUPPORTED
    assert _planted(mismatch=1e-6) is Outcome.REFUTED
    assert _planted(slope=0.5) is Outcome.REFUTED
    assert _planted(slope=-0.5) is Outcome.REFUTED
    assert _planted(worse=1.0) is Outcome.REFUTED
    assert _planted(stays=0.5) is Outcome.REFUTED
    assert _planted(noise=4.0) is Outcome.INCONCLUSIVE
    assert _planted(power=0.24) is Outcome.INCONCLUSIVE  # it falls, and is not yet small
    assert CLAIM.decide([], "statement", LEVEL).outcome is Outcome.NOT_RUN


def test_one_ambient_width_says_nothing_of_others() -> None:
    values = {"upper": 0.1, "lower": 0.1, "effective": 16.0, "predicted": 0.1, "mismatch": 0.0}
    found = [
        Observation(replace(CASE, width=width), r, 0, {"statement": values | {"upper": 10.0 / width}})
        for width in (64, 256)
        for r in range(4)
    ]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is not Outcome.SUPPORTED


def test_trials_without_a_joined_neuron_are_told_and_not_judged() -> None:
    case = replace(CASE, width=1, inputs=64, density=0.02, active=2)
    values = CLAIM.trial(case, 1)
    chance = values["statement"]["chance"]
    assert chance == 1.0  # one entry is kept, two are needed
    found = [Observation(case, 0, 1, values)]
    decided = CLAIM.decide(found, "statement", LEVEL)
    assert decided.outcome is Outcome.INCONCLUSIVE
    assert decided.sample_size == 1
    built = [Observation(CASE, 0, 3, CLAIM.trial(CASE, 3))]
    assert "In 1 more no neuron is joined" in str(CLAIM.headline([*found, *built], LEVEL))


def test_the_chance_of_no_joined_neuron_is_that_of_the_mask() -> None:
    # Two neurons, three inputs, two of the six entries kept: one pair of fifteen fills neuron 0's two inputs in J.
    case = replace(CASE, width=2, inputs=3, density=2 / 6, active=2)
    unjoined = next(v for seed in range(50) if "chance" in (v := CLAIM.trial(case, seed)["statement"]))
    assert math.isclose(unjoined["chance"], 13 / 15)
    snip = replace(CASE, criterion="snip", width=4, inputs=64, batch=64, density=0.02, active=3)
    unjoined = next(v for seed in range(50) if "chance" in (v := CLAIM.trial(snip, seed)["statement"]))
    assert 0.9 < unjoined["chance"] <= 1.0


def test_the_rate_of_interpolation_is_a_formula_of_the_target() -> None:
    x = np.linspace(-1.0, 1.0, 200_001)
    roots = {
        "smooth": np.sqrt(np.abs(-np.exp(x) * np.sin(x))),  # of exp(x) cos(x)/2
        "oscillating": 4 * np.pi * np.sqrt(np.abs(np.sin(4 * np.pi * x))),
    }
    for name, root in roots.items():
        found = interpolation_error(name, 16)
        assert found is not None
        assert math.isclose(found, float(np.trapezoid(root, x)) ** 2 / (8 * 16**2), rel_tol=1e-4)
    assert interpolation_error("piecewise", 16) is None
    values = CLAIM.trial(replace(CASE, width=128), 4)["statement"]
    assert 0.4 < values["over rate"] <= 1.0


def test_real_trials_reject_every_false_variant() -> None:
    found = []
    for width, density in ((32, 0.5), (64, 0.125), (64, 0.5)):
        for inputs in (16, 256):
            case = replace(CASE, width=width, density=density, inputs=inputs)
            for r in range(4):
                seed = case.seed(2, r)
                found.append(Observation(case, r, seed, CLAIM.trial(case, seed)))
    assert CLAIM.decide(found, "statement", LEVEL).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        assert CLAIM.decide(found, mutant.id, LEVEL).outcome is Outcome.REFUTED, mutant.id


def test_the_active_coordinates_are_drawn_without_the_mask() -> None:
    case = replace(CASE, inputs=256)
    dense = replace(case, density=0.9)
    assert realise(case, 9).coordinates == realise(dense, 9).coordinates


def test_a_network_that_reads_another_input_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module.build

    def leaking(*arguments: object, **keywords: object) -> object:
        network = honest(*arguments, **keywords)  # type: ignore[arg-type]
        forward = network.forward
        network.forward = lambda x: forward(x) + 1e-6 * x.sum(dim=1)  # type: ignore[method-assign]
        return network

    monkeypatch.setattr(module, "build", leaking)
    found = [Observation(CASE, 0, 3, CLAIM.trial(CASE, 3))]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is Outcome.REFUTED


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_networks_without_biases_stay_above_their_floor(activation: str) -> None:
    floor = false_floors("barron", 1, activation)["without-biases"]
    x = torch.linspace(-1, 1, 201, dtype=torch.float64)[:, None]
    wanted = torch.from_numpy(np.array(module.target("barron", 1)(x.numpy())))
    generator = torch.Generator().manual_seed(0)
    slopes = 3 * torch.randn(1, 200, generator=generator, dtype=torch.float64)
    hidden = torch.relu(x @ slopes) if activation == "relu" else torch.tanh(x @ slopes)
    fitted = hidden @ torch.linalg.lstsq(hidden, wanted[:, None], driver="gelsd").solution
    assert float((fitted[:, 0] - wanted).abs().max()) >= floor
    assert floor > 0.1 * half_oscillation("barron", 1)


def test_an_odd_target_has_no_floor_without_biases_for_tanh() -> None:
    assert "without-biases" not in false_floors("oscillating", 1, "tanh")
    assert "without-biases" in false_floors("oscillating", 1, "relu")


def test_dense_networks_get_numbers_of_their_own() -> None:
    case = replace(CASE, activation="tanh")
    assert dense_error(case, 16, 1) != dense_error(case, 16, 2)
    assert dense_error(case, 16, 1) == dense_error(case, 16, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": None}, r"targets = 'missing'.*smooth"),
        ({"activations": ["gelu"]}, r"activations = 'gelu'.*relu, tanh"),
        ({"active": [4]}, r"active = 4.*1 to 3"),
        ({"active": [2], "inputs": [2]}, r"active = 2.*fewer coordinates than inputs"),
        ({"widths": [10_000]}, r"widths = 10000.*8192"),
        ({"batch": [16]}, r"batch = .*leave it out"),
    ],
)
def test_checks_that_cannot_be_built_are_refused(change: dict[str, object], message: str) -> None:
    check = {"statement": "UAT", "criteria": ["random"], "targets": ["smooth"], "widths": [8], "inputs": [16]}
    check |= {"densities": [0.5], "repeats": 2} | change
    with pytest.raises(InputError, match=message):
        parse_suite({"schema": "graphon.suite/1", "check": [{k: v for k, v in check.items() if v is not None}]})
