"""The benchmark of spectra: its step graphons against sums over the neurons, its limits, its output."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import spectra, spectra_figures
from graphon_theory.errors import InputError
from graphon_theory.kernels import RELU
from verification.networks import perceptron
from verification.ntk.finite_types import pair_kernel
from verification.ntk.limit import limit_ntk

SMALL = spectra.Sizes(
    width=24, inputs=64, samples=24, batch=64, seeds=2, sparsities=(0.5, 0.9), criteria=("random", "snip"), groups=2
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectra_figures, "FOLDER", tmp_path)


@pytest.mark.parametrize(("criterion", "limit"), [("snip", "step"), ("snip", "model"), ("synflow", "model")])
def test_limit_chains_are_those_of_the_literal_sum_where_each_neuron_is_a_group(criterion: str, limit: str) -> None:
    sizes = replace(SMALL, width=16)
    inputs, _, rest = spectra.split(sizes)
    module = perceptron(sizes.inputs, [sizes.width] * spectra.DEPTH, seed=3)
    found = spectra.pruned(module, criterion, 0.5, rest, 3)
    layers = spectra.limit_chains(module, criterion, 0.5, rest, found, sizes.width)[limit, "kept"]
    x = inputs[:6].double()
    kernel = limit_ntk(x, layers, tolerance=1e-12).total.numpy()
    a = module[-1].weight.detach().double().numpy()[0]
    if limit == "step":
        W = [found["kept"].masks[name].double().numpy() for name in spectra.layer_names(module)]
        weights = [
            dict(found["kept"].module.named_modules())[n].weight.detach().double().numpy() for n in found["kept"].masks
        ]
        V = [w**2 * w.shape[1] for w in weights]
    else:
        from graphon_theory.energy import kept_energy

        models = spectra.models(module, criterion, rest)
        W = [model.probabilities(0.5) for model in models]
        V = [kept_energy(model.profile, model.noise, model.threshold(0.5)) for model in models]
    pair = pair_kernel(x[:3].numpy(), x[3:].numpy(), W, V, a**2 * a.size, RELU)
    np.testing.assert_allclose(kernel[[0, 1, 2], [3, 4, 5]], pair.cross.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(kernel.diagonal()[:3], pair.first.sum(axis=0), rtol=1e-9)


def test_groups_share_out_the_neurons_by_both_degrees() -> None:
    rng = np.random.default_rng(0)
    masks = [(rng.random(shape) < rng.random(shape[0])[:, None]).astype(float) for shape in ((20, 9), (20, 20))]
    first, last = spectra.averages(masks, 2)
    assert len(first) == len(last) == 4
    for mean in (first, last):
        assert np.array_equal(np.count_nonzero(mean, axis=0), np.ones(20))
        np.testing.assert_allclose(mean.sum(axis=1), 1.0)
    inwards, outwards = first @ masks[0].sum(axis=1), first @ masks[1].sum(axis=0)
    assert max(inwards[:2]) <= min(inwards[2:])
    assert outwards[0] <= outwards[1]
    assert outwards[2] <= outwards[3]
    degrees = last @ masks[1].sum(axis=1)
    assert list(degrees) == sorted(degrees)


def test_limits_of_random_masks_do_not_depend_on_weights_being_drawn_anew() -> None:
    inputs, _, rest = spectra.split(SMALL)
    found = spectra.kernels(SMALL, "random", 0.3, 0, inputs, rest)
    np.testing.assert_array_equal(found["model", "kept"], found["model", "redrawn"])
    assert not np.array_equal(found["network", "kept"], found["network", "redrawn"])


def test_a_small_run_prints_a_table_and_json_and_draws_the_same_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spectra, "NUMBERS", ("alignment", "gap"))  # fewer panels: drawing takes longest
    rows = spectra.main(SMALL, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert len(document["rows"]) == len(rows) == (2 * 2 * 2 + 1) * (len(spectra.NUMBERS) + 1)
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(drawn) == {"spectra.svg", "spectra_criteria.svg"}
    for name, text in drawn.items():
        assert ET.fromstring(text).tag.endswith("svg"), name  # noqa: S314  # our own file
    assert {name: path.read_bytes() for path in spectra_figures.write_figures(rows) for name in [path.name]} == drawn
    printed = spectra.table(rows)
    for number in spectra.NUMBERS:
        assert f"\n{number}\n" in printed
    for row in rows:
        mean, low, high = row.network
        assert low <= mean <= high


def test_signs_drawn_anew_leave_masks_and_moduli() -> None:
    _, _, rest = spectra.split(SMALL)
    kept = spectra.pruned(perceptron(64, [24] * spectra.DEPTH, seed=3), "snip", 0.3, rest, 3)["kept"]
    before, after = (dict(part.named_parameters()) for part in (kept.module, spectra.resigned(kept, 0)))
    for name, weight in before.items():
        assert torch.equal(weight.abs(), after[name].abs())
        agree = (weight == after[name])[weight != 0].double().mean()
        assert abs(float(agree) - 0.5) < 0.15 if name.removesuffix(".weight") in kept.masks else agree == 1.0


def test_numbers_of_a_known_kernel() -> None:
    size = 64
    values = np.arange(1.0, size + 1.0) ** -2.0
    labels = np.zeros(size)
    labels[0], labels[1] = 1.0, -1.0
    found = spectra.numbers(np.diag(values), labels)
    assert found["decay"] == pytest.approx(2.0)
    assert found["gap"] == pytest.approx(0.75)
    assert found["alignment"] == pytest.approx(0.5 * (1.0 + 0.25) / np.linalg.norm(values))
    assert found["trace"] == pytest.approx(values.sum() / size)
    collapsed = spectra.numbers(np.ones((size, size)), labels)
    assert np.isnan(collapsed["decay"])


@pytest.mark.parametrize(("name", "value"), [("seeds", 1), ("samples", 8), ("batch", 1780)])
def test_sizes_that_do_not_fit_are_refused(name: str, value: int) -> None:
    with pytest.raises(InputError, match=name):
        spectra.split(replace(SMALL, **{name: value}))


def test_pruning_samples_are_not_those_of_the_kernel() -> None:
    inputs, labels, rest = spectra.split(SMALL)
    assert len(labels) == len(inputs) == SMALL.samples
    # No image appears on both sides: every distance is above 0.
    assert float(torch.cdist(inputs, rest.inputs).min()) > 0.0
