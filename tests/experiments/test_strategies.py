"""The strategies: arguments by value or strategy, small defaults, and shrinking to the simplest case."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from sympy import Rational

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import bipartite_graph
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import SaliencyModel
from tests.experiments.test_pytest_plugin import PLUGIN
from verification import strategies
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
