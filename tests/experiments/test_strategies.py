"""The strategies: arguments by value or strategy, small defaults, and shrinking to the simplest case."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from sympy import Rational

from graphon_theory import notation
from graphon_theory.errors import InputError
from graphon_theory.homomorphism import bipartite_graph
from graphon_theory.noise import Gaussian, Laplace
from graphon_theory.saliency import SaliencyModel
from tests.experiments.test_pytest_plugin import PLUGIN
from verification import strategies
from verification.cases import Case, ModelSpec
from verification.cutnorm import cut_norm_exact
from verification.pytest_plugin import PROFILES
from verification.strategies import (
    batches,
    claims,
    densities,
    graphons,
    kernels,
    masks,
    networks,
    noise_laws,
    observations,
    profiles,
    saliency_models,
    scores,
)
from verification.suite import load_suite

QUIET = settings(
    database=None,
    derandomize=True,
    deadline=None,
    max_examples=400,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
)


def _simplest(strategy: st.SearchStrategy[Any], wanted: Any = lambda value: True) -> Any:
    return find(strategy, wanted, settings=QUIET)


def _is_smallest_network(network: torch.nn.Sequential) -> bool:
    shapes = [tuple(p.shape) for p in network.parameters()]
    return shapes == [(1, 1), (1, 1)] and isinstance(network[1], torch.nn.ReLU)


SIMPLEST: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], bool]]] = {
    "densities": (densities(), lambda rho: rho == 0.5),
    "noise_laws": (noise_laws(), lambda law: law == Gaussian()),
    "profiles": (profiles(), lambda profile: profile == 1),
    "saliency_models": (saliency_models(), lambda model: model.profile == 1 and model.noise == Gaussian()),
    "graphons": (graphons(), lambda W: W.matrix.tolist() == [[0.0]]),
    "scores": (scores(), lambda ranked: ranked.tolist() == [[0.0]]),
    "masks": (masks(), lambda kept: kept.tolist() == [[False]]),
    "networks": (networks(), _is_smallest_network),
    "batches": (batches(), lambda batch: batch.inputs.shape == (2, 1)),
    "kernels": (kernels(), lambda K: K.tolist() == [[0.0]]),
    "claims": (claims(), lambda claim: claim.id == "THR"),
    "observations": (
        observations("THR", {"count": 1.0}),
        lambda found: len(found) == 2 and len({o.case for o in found}) == 1,
    ),
}


@pytest.mark.parametrize("name", SIMPLEST)
def test_shrinking_ends_at_the_documented_case(name: str) -> None:
    strategy, is_documented = SIMPLEST[name]
    assert is_documented(_simplest(strategy))


def test_every_strategy_of_the_page_has_its_simplest_case_tested() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    table = page.partition("## Strategies")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == list(SIMPLEST)
    assert _simplest(densities(entries=8)) == 0.125


def _wrong_density(W: np.ndarray) -> float:
    """Density with a planted bug: the last row is forgotten as soon as there are two."""
    return float(W[:-1].mean()) if len(W) > 1 else float(W.mean())


def test_a_planted_bug_shrinks_to_a_minimal_case() -> None:
    """Two rows, one column, and a single eighth (the first value but 0) where the bug looks away."""
    found = _simplest(graphons(), lambda W: _wrong_density(W.matrix) != W.density())
    assert found.matrix.tolist() in ([[0.0], [0.125]], [[0.125], [0.0]])


def test_a_planted_false_bound_shrinks_to_two_constants() -> None:
    """COUNT with nine tenths of its bound: refuted by a single edge between the constants 0 and 1/8."""
    pairs = st.tuples(graphons(1, 1), graphons(1, 1), st.sampled_from(["edge", "path(3)", "C_4"]))

    def broken(drawn: Any) -> bool:
        one, other, name = drawn
        distance = cut_norm_exact(one.matrix - other.matrix).lower
        difference = abs(one.homomorphism_density(name) - other.homomorphism_density(name))
        return difference > 0.9 * bipartite_graph(name).edges * distance

    one, other, name = _simplest(pairs, broken)
    assert name == "edge"
    assert sorted((float(one.matrix[0, 0]), float(other.matrix[0, 0]))) == [0.0, 0.125]


def test_a_planted_bug_on_masks_shrinks_to_one_row_and_one_dropped_column() -> None:
    """A check for collapse that looks at rows alone misses an input that nothing sees."""

    def overlooked(kept: np.ndarray) -> bool:
        empty = not kept.any(axis=1).all()
        return empty != (empty or not kept.any(axis=0).all())

    assert _simplest(masks(), overlooked).tolist() in ([[False, True]], [[True, False]])


def test_a_planted_bug_on_models_shrinks_to_a_constant_profile() -> None:
    """A threshold that forgets the profile is right for the profile 1 alone: the next constant refutes it."""

    def forgotten(model: SaliencyModel) -> bool:
        known = model.at(np.array([0.25, 0.75]), np.array([0.5]))
        return abs(known.threshold(0.5) - model.noise.inverse(0.5)) > 1e-9

    found = _simplest(saliency_models(), forgotten)
    assert found.profile == Rational(1, 2)
    assert found.noise == Gaussian()


def test_a_planted_bug_on_networks_shrinks_to_two_hidden_neurons() -> None:
    """A count of weights that knows the first and the last layer alone: refuted by one more layer, of one neuron."""

    def miscounted(network: torch.nn.Sequential) -> bool:
        sizes = [p.numel() for p in network.parameters()]
        return sizes[0] + sizes[-1] != sum(sizes)

    assert [tuple(p.shape) for p in _simplest(networks(), miscounted).parameters()] == [(1, 1)] * 3


def test_a_planted_bug_on_ties_shrinks_to_two_equal_scores() -> None:
    """A mask by "at least the k-th score" keeps too many where scores tie."""

    def keeps_too_many(ranked: np.ndarray) -> bool:
        threshold = np.sort(ranked, axis=None)[-1]
        return int((ranked >= threshold).sum()) > 1

    assert _simplest(scores(), keeps_too_many).tolist() in ([[0.0, 0.0]], [[0.0], [0.0]])


@settings(parent=QUIET, max_examples=20)
@given(
    masks(3, st.sampled_from([2, 4]), kinds=["empty row"]),
    networks(2, [4], outputs=1, activation="gelu", initialisation="uniform", seed=7),
    batches(6, 3, signal=1.0, labels="raw"),
    graphons(2, 2, kinds=["rank R"], values=0.5, rank=2),
    kernels(4, 1),
)
def test_every_argument_is_a_value_or_a_strategy(kept, network, batch, W, K) -> None:
    assert kept.shape in ((3, 2), (3, 4))
    assert not kept.any(axis=1).all()
    assert network[0].weight.shape == (4, 2)
    assert torch.equal(network[0].weight, _reference()[0].weight)
    assert batch.inputs.shape == (6, 3)
    assert W.matrix.tolist() == [[0.25, 0.25], [0.25, 0.25]]
    assert K.shape == (4, 4)
    assert np.linalg.matrix_rank(K) <= 1


# Each argument that may be a strategy, as one of its values.
VALUES: dict[str, tuple[Callable[..., st.SearchStrategy[Any]], dict[str, Any]]] = {
    "densities": (densities, {"minimum": 0.25, "maximum": 0.75, "entries": 4}),
    "noise_laws": (noise_laws, {"scale": 2.0, "degrees_of_freedom": 4.0, "bound": 1.5}),
    "profiles": (profiles, {"least": Rational(1, 3), "rise": Rational(5)}),
    "saliency_models": (saliency_models, {"g": 1 + notation.u, "f": notation.v, "noise": Laplace(), "rank": 2}),
    "graphons": (graphons, {"rows": 2, "columns": 3, "values": 0.5, "rank": 2}),
    "scores": (scores, {"rows": 2, "columns": 3, "values": 4.0}),
    "masks": (masks, {"rows": 2, "columns": 3}),
    "networks": (
        networks,
        {"inputs": 2, "widths": [3], "outputs": 1, "activation": "tanh", "initialisation": "uniform", "seed": 3},
    ),
    "batches": (batches, {"samples": 3, "inputs": 2, "signal": 0.5, "labels": "raw", "seed": 3}),
    "kernels": (kernels, {"points": 2, "rank": 2, "features": 1}),
    "claims": (claims, {}),
    "observations": (
        functools.partial(observations, "THR", {"count": 1.0}),
        {"variant": "other-noise", "widths": [8], "repeats": 2},
    ),
}

SWITCHES = {"analytic", "atoms", "correlation", "ids", "kinds", "statement", "statistics", "symbol", "vanishing"}


@pytest.mark.parametrize("name", VALUES)
def test_every_argument_but_the_switches_may_be_a_strategy(name: str) -> None:
    call, values = VALUES[name]
    takes = [p for p in inspect.signature(getattr(strategies, name)).parameters if p != "fields"]
    assert {p for p in takes if p not in SWITCHES} == set(values)
    _simplest(call(**{argument: st.sampled_from([value]) for argument, value in values.items()}))
    for argument in sorted(SWITCHES.intersection(takes) - {"statistics"}):
        # A partial has its positional arguments already: a switch among them is given anew.
        target = functools.partial(observations, statistics={}) if argument == "statement" else call
        with pytest.raises(InputError, match=f"{argument} = .*plain value"):
            target(**{argument: st.just(True)})


def test_the_page_names_the_switches() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    said = page.partition("## Strategies")[2].partition("```")[0]
    assert set(re.findall(r"`([a-z]+)`", said)) == SWITCHES


def test_drawn_ranges_of_densities_are_kept() -> None:
    drawn = st.tuples(st.sampled_from([0.2, 0.4]), st.sampled_from([0.6, 0.8]), st.integers(5, 10))

    @settings(parent=QUIET, max_examples=50)
    @given(drawn.flatmap(lambda one: st.tuples(st.just(one), densities(*map(st.just, one[:2]), entries=one[2]))))
    def check(found: tuple[tuple[float, float, int], float]) -> None:
        (least, most, entries), rho = found
        assert least <= rho <= most
        assert rho * entries == pytest.approx(round(rho * entries), abs=1e-12)

    check()
    assert _simplest(densities(entries=st.integers(2, 5))) == 0.5
    assert _simplest(densities(st.sampled_from([0.3, 0.2]), entries=st.integers(4, 8)), lambda rho: rho < 0.3) == 0.25
    with pytest.raises(InputError, match="range within"):
        _simplest(densities(st.just(0.9), 0.1))


FIELDS: dict[str, Any] = {
    "criterion": "snip",
    "model": ModelSpec("plain", "1 + u", "1", "laplace"),
    "initialisation": "uniform",
    "data": "teacher",
    "labels": "raw",
    "signal": 0.25,
    "inputs": 32,
    "density": 0.2,
    "batch": 7,
    "batch_per_input": 0.5,
    "ladder": "batch",
    "activation": "tanh",
    "depth": 2,
    "active": 2,
    "target": "smooth",
    "weights": "redrawn",
}


def test_every_field_of_a_case_can_be_given() -> None:
    others = {"statement", "variant", "width", "square"}
    assert set(FIELDS) | others == {field.name for field in fields(Case)}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_case_is_a_value_or_a_strategy(name: str) -> None:
    plain = _simplest(observations("THR", {"count": 1.0}))[0].case
    wanted = FIELDS[name]
    for given_as in (wanted, st.just(wanted)):
        case = _simplest(observations("THR", {"count": 1.0}, **{name: given_as}))[0].case
        assert getattr(case, name) == wanted != getattr(plain, name)
        assert (case.square, case.inputs) == ((False, 32) if name == "inputs" else (True, 16))
        assert (case.criterion is None) == (case.model is not None)
        assert case.batch == {"batch": 7, "batch_per_input": 8}.get(name, 0)


def test_observations_have_the_cases_of_a_suite() -> None:
    """Seeds follow from cases: those of a trial of the suite and of a drawn one are the same."""
    suite = load_suite("quick")
    checks = [check for check in suite.checks if check.statement in ("THR", "LIM-a", "SNIP-1")]
    assert {check.variant for check in checks} > {"statement"}
    for wanted in (suite.cases(check)[-1] for check in checks):
        given_fields = {name: getattr(wanted, name) for name in FIELDS}
        if wanted.square:
            del given_fields["inputs"]
        if wanted.model is not None:
            del given_fields["initialisation"]
        del given_fields["batch" if wanted.batch_per_input is not None else "batch_per_input"]
        drawn = observations(
            wanted.statement, {}, variant=wanted.variant, widths=[wanted.width], repeats=2, **given_fields
        )
        found = find(drawn, lambda _: True, settings=settings(QUIET, phases=[Phase.generate]))
        assert [o.case for o in found] == [wanted, wanted]
        assert [o.seed for o in found] == [wanted.seed(suite.seed, repeat) for repeat in (0, 1)]
        assert all(list(o.values) == [wanted.variant] for o in found)


def test_drawn_fields_shrink_to_their_simplest_values_and_hold_for_all_cases() -> None:
    inputs, depth = st.sampled_from([8, 32]), st.integers(1, 3)
    drawn = observations("THR", {"count": 1.0}, widths=[16, 64], inputs=inputs, depth=depth)
    for least, simplest in ((0, (8, 1)), (9, (32, 1))):
        found = _simplest(drawn, lambda some, least=least: some[-1].case.inputs >= least)
        assert {(o.case.inputs, o.case.depth) for o in found} == {simplest}
        assert {o.case.width for o in found} == {16, 64}


def _reference() -> torch.nn.Sequential:
    from verification.networks import perceptron

    return perceptron(2, [4], outputs=1, activation="gelu", initialisation="uniform", seed=7)


@pytest.mark.parametrize("kind", strategies.MASKS)
def test_every_kind_of_mask_is_what_it_is_called(kind: str) -> None:
    @settings(parent=QUIET, max_examples=20)
    @given(masks(kinds=[kind]))
    def check(kept: np.ndarray) -> None:
        along = kept if kind.endswith("row") else kept.T
        if kind.startswith("empty"):
            assert not along.any(axis=1).all()
        if kind.startswith("full"):
            assert along.all(axis=1).any()

    check()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: densities(0.9, 0.1), "range within"),
        (lambda: densities(entries=1), "entries = 1"),
        (lambda: masks(kinds=["odd"]), "give one or more of any, ties"),
        (lambda: graphons(kinds="constant"), "give one or more of constant"),
        (lambda: claims(["NO"]), "give one or more of THR"),
        (lambda: _simplest(saliency_models(rank=0)), "positive number of terms"),
        (lambda: _simplest(graphons(2, 2, kinds=["rank one"], values=2.0)), r"values = 2.0: give numbers in \[0, 1\]"),
        (lambda: _simplest(graphons(2, 2, kinds=["rank one"], values=-1.0)), "values = -1.0"),
        (lambda: _simplest(graphons(2, 2, kinds=["rank R"], values=float("nan"))), "values = nan"),
        (lambda: _simplest(graphons(kinds=["step"], values=st.just(1.5))), "values = 1.5"),
        (lambda: _simplest(graphons(kinds=["rank R"], rank=0)), "positive number of products"),
        (lambda: observations("THR", {}, sise=3), "sise = 3: give fields of a case: density, criterion"),
        (lambda: observations("THR", {}, width=3), "width = 3: give widths"),
        (lambda: observations("THR", {}, square=True), "square = True: leave out inputs"),
        (lambda: _simplest(observations("THR", {}, criterion="snip", model=FIELDS["model"])), "one of the two"),
        (lambda: _simplest(observations("THR", {}, initialisation="uniform", model=FIELDS["model"])), "one of the two"),
        (lambda: _simplest(observations("THR", {}, batch=4, batch_per_input=0.5)), "one of the two"),
        (lambda: _simplest(observations("THR", {}, model="1 + u")), "ModelSpec"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_laws_with_atoms_come_on_request_alone() -> None:
    assert _simplest(noise_laws(atoms=True), lambda law: bool(law.atoms)).name == "rademacher"
    drawn = []

    @settings(parent=QUIET, max_examples=50)
    @given(noise_laws(), noise_laws(analytic=True))
    def check(law, analytic) -> None:
        drawn.append(law.name)
        assert not law.atoms
        assert analytic.analytic

    check()
    assert len({name.partition("(")[0] for name in drawn}) >= 4


def test_torchs_generator_is_seeded_before_every_example_and_restored() -> None:
    torch.manual_seed(11)
    before = torch.get_rng_state()
    seen: list[tuple[float, ...]] = []

    @settings(parent=QUIET, max_examples=5, phases=[Phase.generate])
    @given(st.integers())
    def draw(_: int) -> None:
        seen.append(tuple(torch.rand(3).tolist()))

    draw()
    assert len(set(seen)) == 1
    assert torch.equal(torch.get_rng_state(), before)


def test_profiles_are_those_of_the_plugin_and_nightly_keeps_what_it_finds() -> None:
    strategies.register_profiles()
    assert strategies.PROFILES == PROFILES
    ci, nightly = settings.get_profile("ci"), settings.get_profile("nightly")
    assert (ci.derandomize, ci.database, ci.deadline) == (True, None, None)
    assert not nightly.derandomize
    assert nightly.database is not None
    assert nightly.max_examples > settings.get_profile("dev").max_examples


def test_importing_strategies_and_plugin_and_asking_for_help_loads_neither_torch_nor_sympy() -> None:
    code = (
        "import os, sys, verification.pytest_plugin\n"
        "light = {'torch', 'sympy', 'numpy', 'hypothesis'} & set(sys.modules)\n"
        "assert not light, light\n"
        "import verification.strategies\n"
        "heavy = {'torch', 'sympy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import pytest\n"
        "assert pytest.main(['--help', '-c', os.devnull, *sys.argv[1:]]) == 0\n"
        "heavy = {'torch', 'sympy', 'verification.suite'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *PLUGIN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--graphon-suite=FILE" in done.stdout
