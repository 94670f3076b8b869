"""``graphon analyse``: predictions against scores, p-values against their level, planted structure, output."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel
from verification.analysis import Analysis, analyse, analyse_mask, analyse_masks
from verification.analysis.comparison import compare, searched_cut
from verification.analysis.document import document
from verification.analysis.folder import write_folder
from verification.analysis.inputs import prepare
from verification.analysis.matrices import layer_matrix
from verification.analysis.paths import edges_on_chain, edges_on_paths
from verification.analysis.predictions import predicted
from verification.analysis.snip_profile import regime
from verification.analysis.steps import Steps
from verification.analysis.text import render_text
from verification.analysis.weight_law import weight_law
from verification.cli import main
from verification.criteria import score
from verification.cutnorm import cut_norm_exact
from verification.data import Samples, load_data
from verification.sampling import sample_mask
from verification.statistics import binomial_at_least

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FALSE_ALARM = 5e-8  # of each assertion that has a level; fewer than twenty, so 1e-6 in all if seeds were not fixed


def mlp(*widths: int, seed: int = 0, bias: bool = True, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    torch.manual_seed(seed)
    parts: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        parts += [nn.Linear(fan_in, fan_out, bias=bias), activation()]
    return nn.Sequential(*parts[:-1])


class TinyCNN(nn.Module):
    """Two convolutions and a linear layer for digits."""

    def __init__(self, groups: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(1, 4, 3, padding=1, stride=2)
        self.second = nn.Conv2d(4, 6, 3, padding=1, stride=2, groups=groups)
        self.head = nn.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.second(self.first(x).relu()).relu().flatten(1))


def teacher(inputs: int, size: int = 400) -> Samples:
    return load_data(f"teacher:{size}x{inputs}")


def profiles(module: nn.Module, data: Samples, criterion: str, loss: str | None = None):  # type: ignore[no-untyped-def]
    prepared = prepare(module, data, batch=None, loss=loss, seed=0)
    weights = {
        name: part.weight.detach() for name, part in module.named_modules() if isinstance(part, (nn.Linear, nn.Conv2d))
    }
    laws = {name: weight_law(weight) for name, weight in weights.items()}
    pairs = [(prepared.inputs, prepared.targets)]
    shape = tuple(prepared.inputs.shape[1:])
    scores = score(module, prepared.loss, pairs, criterion=criterion, input_shape=shape)
    found = predicted(module, weights, laws, prepared, criterion=criterion, density=0.3, scope="global")
    return {name: (found[name], (scores[name] / weights[name].abs()).double().flatten(1).numpy()) for name in weights}


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU])
def test_snip_profiles_are_the_scores_over_the_weights(activation: type[nn.Module]) -> None:
    for name, (found, ratio) in profiles(mlp(9, 14, 1, activation=activation), teacher(9), "snip").items():
        profile = found.models[0].model.profile
        assert np.allclose(profile, ratio, rtol=2e-3, atol=1e-6 * ratio.max()), name
    assert found.models[0].rank == 1


def test_snip_s_is_named_with_its_doubts_and_without_where_it_does_not_apply() -> None:
    (hidden, _), (last, _) = profiles(mlp(9, 14, 1, activation=nn.Tanh), teacher(9), "snip").values()
    assert [named.statement for named in hidden.models] == ["SNIP-S", "SNIP-1"]
    assert any("stated for ReLU" in said for said in hidden.unmet)
    assert any("no biases" in said for said in hidden.unmet)
    assert "last layer" in last.theory
    (hidden, _), _ = profiles(mlp(9, 14, 1, bias=False), teacher(9), "snip").values()
    assert not hidden.unmet
    deep = [found for found, _ in profiles(mlp(9, 8, 8, 1), teacher(9), "snip").values()]
    assert [len(found.models) for found in deep] == [0, 0, 1]
    assert any("one hidden layer; this network has 2" in said for said in deep[0].unmet)
    classes = [found for found, _ in profiles(mlp(64, 8, 10), load_data("digits"), "snip").values()]
    assert [[named.statement for named in found.models] for found in classes] == [["CE"], []]
    assert "softmax - y depends on the layer's own weights" in classes[1].unmet[0]
    several = profiles(mlp(64, 8, 10), load_data("digits"), "snip", loss="squared")
    (hidden, _), (last, ratio) = several.values()
    assert not hidden.models
    assert any("one output; this network has 10" in said for said in hidden.unmet)
    assert np.allclose(
        last.models[0].model.profile / last.models[0].model.profile.max(), ratio / ratio.max(), rtol=2e-3
    )
    (hidden, _), _ = profiles(mlp(9, 14, 1, activation=nn.Hardtanh), teacher(9), "snip").values()
    assert any("not a sigma(W x + b) + c" in said for said in hidden.unmet)


def test_an_input_that_carries_the_preactivation_is_named() -> None:
    data = teacher(9)
    heavy = Samples(inputs=data.inputs * torch.tensor([20.0] + [1.0] * 8), targets=data.targets, classes=None)
    (hidden, _), _ = profiles(mlp(9, 14, 1), heavy, "snip").values()
    assert any("input 0 carries" in said for said in hidden.unmet)


def test_synflow_profiles_are_the_scores_over_the_weights_and_rank_one_in_chains() -> None:
    for module, data in ((mlp(9, 8, 7, 1), teacher(9)), (TinyCNN(), load_data("digits"))):
        for name, (found, ratio) in profiles(module, data, "synflow").items():
            profile = found.models[0].model.profile
            assert np.allclose(profile / profile.max(), ratio / ratio.max(), rtol=1e-3), name
            assert found.models[0].rank == 1 or isinstance(module, TinyCNN)


def test_magnitude_s_densities_follow_from_the_scales() -> None:
    module = mlp(30, 60, 40, 1, bias=False)
    found = analyse(module, teacher(30), criterion="magnitude", density=0.3, draws=0)
    for layer in found.layers:
        assert layer.predicted_density is not None
        # Hoeffding for the layer's count, doubled for the threshold that all layers share.
        assert abs(layer.density - layer.predicted_density) < 2 * (np.log(2 / FALSE_ALARM) / (2 * layer.size)) ** 0.5
    assert abs(sum(x.predicted_density * x.size for x in found.layers) / found.size - 0.3) < 1e-9
    same = analyse(module, teacher(30), criterion="magnitude", density=0.3, scope="layer", draws=0)
    assert {layer.predicted_density for layer in same.layers} == {0.3}


def test_laws_of_weights_are_recognised() -> None:
    generator = np.random.default_rng(0)
    shape = (60, 80)
    laws = {
        "gaussian": generator.normal(size=shape) / 7, "uniform": generator.uniform(-0.3, 0.3, size=shape),
        "laplace": generator.laplace(size=shape),
    }  # fmt: skip
    for name, values in laws.items():
        law = weight_law(torch.from_numpy(values))
        assert law is not None
        assert (law.name, law.fits) == (name, True)
    signs = weight_law(torch.from_numpy(generator.choice([-1.0, 1.0], size=shape)))
    assert signs is not None
    assert not signs.fits
    assert weight_law(torch.zeros(3, 3)) is None


def test_the_regime_follows_lambda() -> None:
    module = mlp(10, 8, 1)
    large = regime(prepare(module, teacher(10, 1000), batch=900, loss=None, seed=0))
    assert large.explained == pytest.approx(0.5, abs=0.12)  # five standard errors of R^2 at 1,000 samples
    assert large.lam == pytest.approx(900 * large.explained / 10)
    assert large.name == "SNIP-1"
    small = regime(prepare(module, teacher(10, 1000), batch=20, loss=None, seed=0))
    assert small.name == "SNIP-P"
    tiny = regime(prepare(module, teacher(10, 1000), batch=4, loss=None, seed=0))
    assert tiny.name == "SNIP-S"
    few = regime(prepare(module, teacher(10, 15), batch=15, loss=None, seed=0))
    assert few.explained is few.lam is None


def _model(rows: int, columns: int) -> FiniteModel:
    return FiniteModel.from_factors(np.linspace(0.3, 2.0, rows), np.linspace(0.5, 1.5, columns), Gaussian())


def test_p_values_of_a_true_prediction_keep_their_level() -> None:
    """Null: masks sampled from the prediction. 100 masks, 19 draws, level 0.2: exact but for ties."""
    model, generator = _model(14, 10), torch.Generator().manual_seed(5)
    found = []
    for k in range(100):
        layer = layer_matrix(sample_mask(model, 0.3, generator), "tap")
        comparison, _ = compare(layer, model, name="", statement="-", rank=1, draws=19, seed=1000 + k)
        found.append(comparison.p_values)
    for statistic in found[0]:
        small = sum(p_values[statistic] <= 0.2 for p_values in found)
        assert binomial_at_least(small, 100, 0.2) > FALSE_ALARM, statistic
        if statistic in ("cut", "row degrees", "column degrees"):
            # No ties to speak of: the other tail has its mass too.
            assert binomial_at_least(100 - small, 100, 0.8) > FALSE_ALARM, statistic


def test_a_wrong_prediction_is_rejected() -> None:
    true, generator = _model(40, 30), torch.Generator().manual_seed(1)
    kept = sample_mask(true, 0.2, generator)
    assert analyse_mask(kept, true, draws=119).comparisons[0].rejected is False
    wrong = FiniteModel(true.profile[::-1].copy(), Gaussian())
    comparison = analyse_mask(kept, wrong, draws=119).comparisons[0]
    assert comparison.rejected
    assert comparison.p_values["cut"] == 1 / 120
    assert comparison.null is not None
    assert comparison.lower > comparison.null[1]
    assert comparison.bound is not None
    assert comparison.upper is not None
    assert analyse_mask(kept, wrong, draws=118).comparisons[0].rejected is None
    with pytest.raises(InputError, match="the mask's shape"):
        analyse_mask(kept.T, true)


def test_a_planted_heavy_column_is_reported() -> None:
    kept = torch.rand(60, 40, generator=torch.Generator().manual_seed(2)) < 0.1
    kept[:30, 17] = True
    layer = analyse_mask(kept, draws=119)
    assert layer.columns.most >= 30
    assert layer.columns.p_largest == 0.001
    assert layer.rows.p_largest > 0.01
    assert layer.comparisons[0].p_values["largest column"] == 1 / 120
    found = analyse_masks({"a": kept}, draws=0)
    assert found.features is not None
    assert found.features.most[0] == (17, int(kept[:, 17].sum()))
    assert "17: 3" in render_text(found)


def test_the_quick_search_is_a_good_lower_bound() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        values = generator.normal(size=(11, 14))
        exact = cut_norm_exact(values).lower
        assert 0.8 * exact < searched_cut(values) < exact * (1 + 1e-5)
    assert searched_cut(np.zeros((3, 4))) == 0.0


def test_dead_neurons_by_paths_and_by_the_chain_of_masks() -> None:
    module = mlp(3, 4, 4, 2)
    masks = {name: torch.ones_like(module.get_parameter(f"{name}.weight"), dtype=torch.bool) for name in "024"}
    masks["0"][1] = False  # no input
    masks["2"][:, 2] = False  # read by nobody
    masks["2"][3] = False
    masks["2"][3, 1] = True  # reads only the neuron without input
    paths, chain = edges_on_paths(module, masks, (3,)), edges_on_chain(masks)
    for name in masks:
        assert np.array_equal(paths[name], chain[name]), name
    found = analyse_masks(masks, draws=0)
    assert [layer.empty_rows for layer in found.layers] == [(1,), (), ()]
    assert [layer.off_path for layer in found.layers] == [(2,), (3,), ()]
    assert found.effective == 6 + 6 + 6
    assert "no path from input to output (2)" in render_text(found)
    flat = {"conv": torch.ones(2, 1, 3, 3, dtype=torch.bool), "head": torch.ones(3, 8, dtype=torch.bool)}
    flat["head"][:, :4] = False
    assert not edges_on_chain(flat)["conv"][0].any()
    assert edges_on_chain({"a": masks["0"], "b": torch.ones(2, 3, dtype=torch.bool)}) == {}


def test_empty_and_full_layers_are_named_and_are_no_errors() -> None:
    found = analyse(mlp(12, 40, 2, 1), teacher(12), criterion="magnitude", density=0.1, scope="layer", draws=9)
    assert found.collapsed == ("4",)  # round(0.2) of two weights
    assert not found.layers[2].comparisons
    assert found.effective == 0
    text = render_text(found)
    assert "LAYER COLLAPSE: nothing is kept of 4" in text
    assert "collapsed" in text
    full = analyse_mask(torch.ones(3, 4, dtype=torch.bool))
    assert not full.comparisons
    assert any("kept whole" in said for said in full.unmet)
    shrunk = mlp(12, 40, 20, 1)
    with torch.no_grad():
        shrunk[2].weight.mul_(1e-6)
    assert analyse(shrunk, teacher(12), criterion="magnitude", density=0.1, draws=0).collapsed == ("2",)
    # Layers of one row, where some statistics have no randomness.
    assert analyse_mask(torch.tensor([[True, False, False]]), draws=9).comparisons[0].p_values


def test_convolutions_by_tap_and_averaged_and_in_groups() -> None:
    module, data = TinyCNN(), load_data("digits")
    tap, mean = (
        analyse(module, data, criterion="synflow", density=0.4, conv=how, draws=19, layers=["second"])
        for how in ("tap", "mean")
    )
    assert (tap.layers[0].columns.count, mean.layers[0].columns.count) == (36, 4)
    assert "mean of 3 x 3 taps" in mean.layers[0].reading
    # Rectangles of the averaged matrix are rectangles of the other.
    assert mean.layers[0].comparisons[0].lower <= tap.layers[0].comparisons[0].upper
    assert mean.layers[0].rows == tap.layers[0].rows
    grouped = analyse(TinyCNN(groups=2), data, criterion="magnitude", density=0.4, draws=0)
    assert grouped.layers[1].shape == (6, 2, 3, 3)
    assert grouped.features is not None
    assert grouped.features.what == "input channel"
    with pytest.raises(InputError, match="conv"):
        analyse_mask(torch.ones(2, 2, dtype=torch.bool), conv="taps")


@pytest.mark.parametrize("criterion", ["random", "synflow-iterative", "grasp", "grasp-magnitude"])
def test_every_criterion_says_what_is_known_of_it(criterion: str) -> None:
    found = analyse(mlp(20, 20, 1), teacher(20), criterion=criterion, density=0.3, draws=19)
    layer = found.layers[0]
    if criterion == "random":
        assert layer.predicted_density == 0.3
        assert layer.prediction is not None
        assert layer.histogram is None
    else:
        assert "no known profile" in layer.theory
        assert layer.histogram is not None
        assert 0 < layer.histogram.p_value <= 1
        assert layer.comparisons[0].name == "constant"
    if criterion == "synflow-iterative":
        with pytest.raises(InputError, match="use global"):
            analyse(mlp(20, 20, 1), teacher(20), criterion=criterion, density=0.3, scope="layer")


def test_nothing_of_the_module_changes_and_equal_seeds_give_equal_results() -> None:
    module = nn.Sequential(nn.Linear(9, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 1))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    stream = torch.random.get_rng_state()
    first, second = (analyse(module, teacher(9), criterion="snip", density=0.3, draws=9, seed=4) for _ in range(2))
    assert document(first) == document(second)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), stream)
    assert not module[0]._forward_hooks
    assert module[0].weight.grad is None


@pytest.fixture(scope="module")
def digits() -> Analysis:
    return analyse(
        mlp(64, 24, 1), "digits", criterion="snip", density=0.2, batch=200, draws=19, source="<b>net</b>.py:build"
    )


def test_json_has_the_documented_shape(digits: Analysis) -> None:
    found = json.loads(json.dumps(document(digits), allow_nan=False))
    page = (EXAMPLES.parent / "analyse.md").read_text(encoding="utf-8")
    assert found["schema"] == "graphon.analyse/1"
    top = {
        "schema", "source", "criterion", "density", "scope", "loss", "labels", "data", "batch", "seed", "collapsed",
        "effective", "notes", "kept", "size", "layers", "features", "intrinsic",
    }  # fmt: skip
    layer = {
        "name", "kind", "shape", "reading", "kept", "size", "density", "predicted_density", "weights", "comparisons",
        "regime", "rows", "columns", "empty_rows", "off_path", "histogram", "theory", "unmet",
    }  # fmt: skip
    comparison = {
        "name", "statement", "rank", "lower", "upper", "bound", "bound_name", "delta", "searched", "null", "p_values",
        "adjusted", "draws", "rejected", "ratio", "independent",
    }  # fmt: skip
    regime_keys = {
        "batch", "inputs", "explained", "lam", "per_input", "name", "text", "mean_residual", "own_share", "pairs"
    }  # fmt: skip
    features = {"layer", "what", "count", "active", "empty", "most", "least", "image"}
    seen = {
        "count", "active", "undecided", "empty", "unseen", "level", "risk", "floor", "most_empty_degree",
        "expected_empty", "widths", "unjoined_pair", "largest",
    }  # fmt: skip
    joint = {"k", "least", "median", "most", "unjoined", "sets", "complete"}
    for keys, part in (
        (top, found),
        (layer, found["layers"][0]),
        (comparison, found["layers"][0]["comparisons"][0]),
        (regime_keys, found["layers"][0]["regime"]),
        (features, found["features"]),
        (seen, found["intrinsic"]),
        (joint, found["intrinsic"]["widths"][0]),
    ):
        assert set(part) == keys
        assert all(f"`{key}`" in page for key in keys)
    assert found["kept"] == sum(entry["kept"] for entry in found["layers"])
    assert found["features"]["image"] == [1, 8, 8]
    assert set(found["layers"][0]["comparisons"][0]["p_values"]) == {
        "cut", "row degrees", "column degrees", "largest column", "blocks", "strata"
    }  # fmt: skip


def test_text_says_what_matters(digits: Analysis) -> None:
    text = render_text(digits)
    for piece in ("snip at density 0.2", "rank S", "rank one", "constant", "lambda =", "(certified)", "Holm over 6"):
        assert piece in text
    assert "(row " in text
    assert max(map(len, text.splitlines())) < 140
    (row,) = [line for line in text.splitlines() if line.startswith("0 ")]
    assert "24 x 64" in row


def test_the_folder_is_complete_and_the_page_self_contained(digits: Analysis, tmp_path: Path) -> None:
    files = write_folder(digits, tmp_path / "new" / "run")
    assert set(files) == {"analyse.json", "report.html", "mask.npz", "features.png", "masks.png"}
    assert {path.name for path in (tmp_path / "new" / "run").iterdir()} == set(files)
    assert json.loads(files["analyse.json"].read_text()) == json.loads(json.dumps(document(digits)))
    with np.load(files["mask.npz"]) as arrays:
        assert all(np.array_equal(arrays[name], kept) for name, kept in digits.masks.items())
    page = files["report.html"].read_text(encoding="utf-8")
    assert "<b>net" not in page
    assert "&lt;b&gt;net" in page
    assert page.count("<img alt=") == page.count("data:image/png;base64,") == 2
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "prefers-color-scheme: dark" in page
    assert "http" not in page
    again = write_folder(digits, tmp_path / "again")
    assert all(again[name].read_bytes() == path.read_bytes() for name, path in files.items() if name != "mask.npz")


def test_the_command_analyses_the_example_and_its_own_mask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{EXAMPLES / 'digits_mlp.py'}:one_output"
    options = ["--criterion", "random", "--density", "0.1", "--draws", "119", "--out", str(tmp_path)]
    assert main(["analyse", spec, *options]) == 0
    printed = capsys.readouterr()
    assert "as predicted" in printed.out
    assert str(tmp_path) in printed.err
    assert main(["analyse", "--mask", str(tmp_path / "mask.npz"), "--draws", "0", "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    first = json.loads((tmp_path / "analyse.json").read_text())
    assert [entry["rows"] for entry in again["layers"]] == [entry["rows"] for entry in first["layers"]]
    assert again["effective"] == first["effective"]
    assert "without" not in again["layers"][0]["theory"]
    assert again["layers"][0]["unmet"] == ["the criterion that made the mask is not known"]


def test_a_mask_with_its_weights_has_magnitude_s_prediction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = mlp(30, 40, 1)
    masks = analyse(module, teacher(30), criterion="magnitude", density=0.2, draws=0).masks
    torch.save(module.state_dict(), tmp_path / "initial.pt")
    pruned = {
        f"{name}.weight": module.get_parameter(f"{name}.weight") * torch.from_numpy(masks[name]) for name in masks
    }
    torch.save(pruned, tmp_path / "pruned.pt")
    files = ["--mask", str(tmp_path / "pruned.pt"), "--weights", str(tmp_path / "initial.pt"), "--draws", "9"]
    assert main(["analyse", *files, "--criterion", "magnitude", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert abs(found["layers"][0]["predicted_density"] - found["layers"][0]["density"]) < 0.1
    assert found["layers"][0]["weights"]["name"] == "uniform"
    assert main(["analyse", *files, "--criterion", "snip"]) == 0
    assert "needs the network" in capsys.readouterr().out


def test_progress_is_drawn_on_a_terminal_alone() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        with Steps(stream) as steps:
            analyse(mlp(9, 8, 1), teacher(9), criterion="random", density=0.3, draws=1, on_step=steps.tell)
        assert bool(stream.getvalue()) == drawn
