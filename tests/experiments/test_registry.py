"""Claims and criteria of one's own: refused where something is missing, and then treated like any other."""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

import verification
from graphon_theory.errors import InputError
from tests.experiments.own import STATED, Coin, suite_text
from verification import registry
from verification.claims import Mutant, Outcome, claims
from verification.claims.claim import not_run
from verification.cli import main
from verification.decisions import decide_all
from verification.ledger import code
from verification.registry import claims as registered_claims
from verification.registry import criteria as registered_criteria
from verification.registry import entry_points
from verification.suite import parse_suite
from verification.trials import observe, plan


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register for one test only, and forget the versions of code that depend on it."""
    monkeypatch.setattr(registered_claims, "_found", {})
    monkeypatch.setattr(registered_criteria, "_found", {})
    code._version.cache_clear()
    code._sources.cache_clear()
    yield
    code._version.cache_clear()
    code._sources.cache_clear()


def _like(**changes: Any) -> type[Coin]:
    return type("Changed", (Coin,), {"__module__": __name__, **changes})


def _deciding(observations, variant: str, level: float):
    return replace(not_run(level), outcome=Outcome.SUPPORTED)


@pytest.mark.parametrize(
    ("changes", "stated", "message"),
    [
        ({"mutants": ()}, {}, "mutants = .*a rule that has rejected nothing supports nothing"),
        ({"mutants": (Mutant("a", "x"), Mutant("a", "y"))}, {}, "an id of its own"),
        ({"mutants": (Mutant("statement", "x"),)}, {}, "other than"),
        ({}, {"level": None}, "level = None: declare the largest level"),
        ({}, {"level": 1.5}, "level = 1.5"),
        ({}, {"rule": " "}, "say how it decides"),
        ({}, {"hypotheses": ()}, "state what it assumes"),
        ({}, {"hypotheses": "a string"}, "state what it assumes"),
        ({}, {"title": ""}, "give one line"),
        ({}, {"conclusion": ""}, "say what holds"),
        ({}, {"uses": ("NOBODY",)}, "registered before it"),
        ({"id": "THR"}, {}, "a statement of this id exists"),
        ({"id": "NEST"}, {}, "a statement of this id exists"),
        ({"id": "no good"}, {}, "letters and digits"),
        ({"on_models": False}, {}, "name criteria"),
        ({"decide": staticmethod(_deciding)}, {}, "decide without observations of statement = 'supported"),
        ({"__module__": "__main__"}, {}, "put it into a module"),
    ],
)
def test_an_incomplete_claim_is_refused_with_a_reason(
    changes: dict[str, Any], stated: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        verification.claim(**(STATED | stated))(_like(**changes))
    assert not registry.own_claims()


def test_a_claim_without_a_method_or_with_arguments_is_refused() -> None:
    class Bare:
        id = "BARE"

    class Asking(Coin):
        def __init__(self, what: str) -> None: ...

    with pytest.raises(InputError, match="without mutants, criteria, on_models, trial, decide, headline"):
        verification.claim(**STATED)(Bare)
    with pytest.raises(InputError, match="made without arguments"):
        verification.claim(**STATED)(Asking)


def test_a_registered_claim_is_like_any_other_and_comes_once() -> None:
    assert verification.claim(**STATED)(Coin) is Coin
    assert isinstance(claims()["COIN"], Coin)
    assert registry.statements()["COIN"].derive is STATED["derivation"]
    assert registry.statement_names()[-1] == "COIN"
    assert registry.ancestors("COIN") == ()
    with pytest.raises(InputError, match="exists"):
        verification.claim(**STATED)(Coin)


def test_ancestors_go_through_registered_claims() -> None:
    verification.claim(**STATED, uses=("THR",))(Coin)
    verification.claim(**STATED, uses=("COIN",))(_like(id="COIN-2"))
    assert registry.ancestors("COIN-2") == ("THR", "COIN")


def test_a_suite_beyond_the_declared_level_is_refused() -> None:
    verification.claim(**STATED)(Coin)
    assert parse_suite(tomllib.loads(suite_text("COIN", level=0.05))).statements == ("COIN",)
    with pytest.raises(InputError, match=r"COIN declares that it is made for at most 0\.05"):
        parse_suite(tomllib.loads(suite_text("COIN", level=0.06)))


def test_statement_and_false_variants_meet_one_rule_and_seeds_come_from_the_suite() -> None:
    verification.claim(**STATED)(Coin)
    verification.claim(**STATED)(_like(id="LOADED", rate=0.7))
    outcomes = []
    for seed in (3, 3, 4):
        suite = parse_suite(tomllib.loads(suite_text("COIN", "LOADED", seed=seed)))
        found = [observe(trial) for trial in plan(suite)]
        decided = decide_all({name: claims()[name] for name in suite.statements}, found, suite.level)
        assert decided["COIN"].measurement.outcome is Outcome.SUPPORTED
        assert decided["COIN"].mutants[0].rejected
        assert decided["LOADED"].measurement.outcome is Outcome.REFUTED
        assert not decided["LOADED"].mutants[0].rejected
        outcomes.append([o.values for o in found])
    assert outcomes[0] == outcomes[1] != outcomes[2]


@pytest.mark.parametrize(
    ("name", "function", "batch", "message"),
    [
        ("magnitude", lambda weights: weights, False, "exists"),
        ("Not Good", lambda weights: weights, False, "lower case"),
        ("two", lambda weights, loss: weights, False, r"let it take \(weights\)"),
        ("one", lambda weights: weights, True, "module, weights, loss, batches"),
    ],
)
def test_a_criterion_that_cannot_be_called_is_refused(name: str, function: Any, batch: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        verification.criterion(name, batch=batch)(function)


def test_a_registered_criterion_scores_and_its_scores_are_checked() -> None:
    made = {"good": lambda w: w.abs() * 3, "short": lambda w: w[0], "zero": torch.zeros_like}
    for name, function in made.items():
        verification.criterion(name)(lambda weights, f=function: {k: f(w) for k, w in weights.items()})
    verification.criterion("lost")(lambda weights: {})
    network = torch.nn.Sequential(torch.nn.Linear(3, 2))
    found = verification.score(network, criterion="good")["0"]
    assert torch.equal(found, 3 * network[0].weight.detach().abs())
    assert not found.requires_grad
    for name, message in (("short", "return a tensor of shape"), ("zero", "all zero"), ("lost", "one a layer")):
        with pytest.raises(InputError, match=message):
            verification.score(network, criterion=name)
    with pytest.raises(InputError, match="did you mean 'good'"):
        verification.score(network, criterion="goood")


def test_a_criterion_on_data_gets_it_and_needs_it() -> None:
    @verification.criterion("by-data", batch=True)
    def by_data(module, weights, loss, batches):
        ((inputs, _),) = batches
        return {name: inputs.abs().mean(dim=0).expand_as(weight) for name, weight in weights.items()}

    network = torch.nn.Sequential(torch.nn.Linear(3, 2))
    batch = [(torch.tensor([[1.0, 2.0, 4.0]]), torch.zeros(1, 2))]
    found = verification.score(network, torch.nn.functional.mse_loss, batch, criterion="by-data")
    assert found["0"].tolist() == [[1.0, 2.0, 4.0]] * 2
    with pytest.raises(InputError, match="needs a loss"):
        verification.score(network, criterion="by-data")


def test_a_registered_criterion_is_analysed_and_named_where_another_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``graphon analyse``: its mask is that of its scores, the theory says nothing of it, a histogram stands in."""
    verification.criterion("scaled")(lambda weights: {k: w.abs() * w.shape[1] ** 0.5 for k, w in weights.items()})
    verification.criterion("by-batch", batch=True)(lambda module, weights, loss, batches: weights)
    net = tmp_path / "net.py"
    net.write_text(
        "import torch\n\n\ndef build():\n    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.Linear(12, 30, bias=False), torch.nn.Tanh(), torch.nn.Linear(30, 1))\n"
    )
    options = ["analyse", f"{net}:build", "--data", "teacher:64x12", "--density", "0.2", "--draws", "0"]
    assert main([*options, "--criterion", "scaled", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["criterion"], found["loss"], found["batch"]) == ("scaled", None, None)
    assert found["kept"] == round(0.2 * found["size"])
    assert "no known profile for scaled, a registered criterion" in found["layers"][0]["theory"]
    assert main([*options, "--criterion", "by-batch", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["batch"] == 64
    assert main([*options, "--criterion", "scaledd"]) == 2
    told = capsys.readouterr().err
    assert "did you mean 'scaled'" in told
    assert "synflow-iterative, scaled, by-batch" in told


_CLAIM = "import verification\nfrom tests.experiments.own import STATED, Coin\n{}\n\n\n@verification.claim(**STATED)\n"
_CLAIM += "class Mine(Coin):\n    id = 'MINE'\n    criteria = ('theirs',)\n"
_CRITERION = (
    "import verification\nfrom .helper import x\n\n\n@verification.criterion('theirs')\ndef f(weights):\n    return x\n"
)
FILES = {
    "mine_pkg/__init__.py": "",
    "mine_pkg/claims.py": _CLAIM.format("from .deep import y"),
    "mine_pkg/deep.py": "y = 1\n",
    "mine_pkg/apart.py": "z = 1\n",
    "theirs_pkg/__init__.py": "",
    "theirs_pkg/criteria.py": _CRITERION,
    "theirs_pkg/helper.py": "x = 1\n",
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_code_version_covers_the_package_of_the_claim_and_that_of_its_criterion(packages: Path) -> None:
    code.code_version()  # what is remembered of before must not hide what is registered now
    importlib.import_module("theirs_pkg.criteria")
    importlib.import_module("mine_pkg.claims")
    files = code._sources(code._own_packages("MINE"))
    own = code._own_modules(files, "MINE")
    assert {f"mine_pkg.{name}" for name in ("claims", "deep", "apart")} < set(own)
    assert {"theirs_pkg.criteria", "theirs_pkg.helper"} < set(own)
    assert code._own_modules(files, "THR") == []
    seen = [code.code_version("MINE"), code.code_version("THR")]
    (packages / "theirs_pkg" / "helper.py").write_text("x = 2\n", encoding="utf-8")
    code._version.cache_clear()
    assert code.code_version("MINE") != seen[0]
    assert code.code_version("THR") == seen[1]


def test_relative_imports_are_followed(packages: Path) -> None:
    files = {"mine_pkg": packages / "mine_pkg/__init__.py"}
    files |= {f"mine_pkg.{name}": packages / f"mine_pkg/{name}.py" for name in ("claims", "deep", "apart")}
    assert code.dependencies(files, ["mine_pkg.claims"]) == {"mine_pkg.claims", "mine_pkg.deep"}


def _points(*named: tuple[str, str, str]) -> Any:
    return lambda *, group: [metadata.EntryPoint(name, value, group) for name, value, g in named if g == group]


def test_entry_points_are_loaded_once_criteria_first(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules may have been imported by another test: registration is what importing anew does."""
    import sys

    for name in [name for name in sys.modules if name.startswith(("mine_pkg", "theirs_pkg"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(entry_points._State, "started", False)
    monkeypatch.setattr(entry_points._State, "error", None)
    named = (("m", "mine_pkg.claims:Mine", "graphon.claims"), ("t", "theirs_pkg.criteria", "graphon.criteria"))
    monkeypatch.setattr(metadata, "entry_points", _points(*named))
    assert set(registry.own_claims()) == {"MINE"}
    assert registry.criterion_names()[-1] == "theirs"
    assert set(registry.own_claims()) == {"MINE"}


def test_an_entry_point_that_fails_is_named_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_points._State, "started", False)
    monkeypatch.setattr(entry_points._State, "error", None)
    monkeypatch.setattr(metadata, "entry_points", _points(("gone", "no_such_module_at_all", "graphon.claims")))
    for _ in range(2):
        with pytest.raises(InputError, match=r"gone of graphon\.claims.*ModuleNotFoundError.*uninstall"):
            registry.own_claims()


_HALF = "import verification\nfrom tests.experiments.own import STATED, Coin\nverification.claim(**STATED)(Coin)\n"


@pytest.mark.parametrize(
    ("ending", "first", "later"),
    [
        ("import pytest; pytest.importorskip('no_such_module_at_all')", InputError, "Skipped: .*uninstall the package"),
        ("raise SystemExit(3)", InputError, "SystemExit: 3; .*uninstall the package"),
        ("raise RuntimeError('broken')", InputError, "RuntimeError: broken; .*uninstall the package"),
        ("raise KeyboardInterrupt", KeyboardInterrupt, "interrupted while it was loaded; start the program again"),
    ],
    ids=["skip", "exit", "error", "interruption"],
)
def test_loading_that_ends_early_leaves_nothing_registered_and_is_told_later_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, first: type[BaseException], later: str
) -> None:
    """However it ends, the registry is never one that lacks something without a word."""

    @verification.criterion("before")
    def kept(weights):
        return weights

    (tmp_path / "half_loaded.py").write_text(_HALF + ending, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(entry_points._State, "started", False)
    monkeypatch.setattr(entry_points._State, "error", None)
    monkeypatch.setattr(metadata, "entry_points", _points(("half", "half_loaded", "graphon.claims")))
    with pytest.raises(first):
        registry.own_claims()
    assert not registered_claims._found
    assert list(registered_criteria._found) == ["before"]
    for ask in (registry.own_claims, registry.own_criteria, registry.statement_names):
        with pytest.raises(InputError, match=rf"half of graphon\.claims = 'half_loaded': {later}"):
            ask()
