"""SNIP and GraSP against gradients written out by hand, finite differences and explicit Hessians."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graphon_theory.errors import InputError
from verification.criteria import score
from verification.losses import cross_entropy, squared_loss

SLOPES = {
    "relu": (nn.ReLU, lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (nn.Tanh, np.tanh, lambda z: 1 - np.tanh(z) ** 2),
}
LOSSES = {"squared": squared_loss, "cross-entropy": cross_entropy}


def _setting(activation: str, loss: str, size: int = 6) -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    module = nn.Sequential(nn.Linear(3, 5), SLOPES[activation][0](), nn.Linear(5, 4)).double()
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    x = torch.randn(size, 3, generator=generator, dtype=torch.float64)
    if loss == "squared":
        return module, x, torch.randn(size, 4, generator=generator, dtype=torch.float64)
    return module, x, torch.randint(0, 4, (size,), generator=generator)


def _gradient(W, b, A, c, x, y, activation: str, loss: str):
    """Gradient of the mean loss in W and A: loops over samples and weights, the chain rule by hand."""
    _, act, slope = SLOPES[activation]
    gW, gA = np.zeros_like(W), np.zeros_like(A)
    for s in range(len(x)):
        z = W @ x[s] + b
        f = A @ act(z) + c
        e = (f - y[s]) / len(f) if loss == "squared" else np.exp(f) / np.exp(f).sum() - np.eye(len(f))[y[s]]
        for i in range(W.shape[0]):
            back = sum(e[o] * A[o, i] for o in range(len(f))) * slope(z[i])
            for j in range(W.shape[1]):
                gW[i, j] += back * x[s, j] / len(x)
            for o in range(len(f)):
                gA[o, i] += e[o] * act(z[i]) / len(x)
    return gW, gA


def _parts(module: nn.Sequential):
    return [p.detach().numpy().copy() for p in module.parameters()]


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_snip_is_the_gradient_by_hand(activation: str, loss: str) -> None:
    module, x, y = _setting(activation, loss)
    W, b, A, c = _parts(module)
    gW, gA = _gradient(W, b, A, c, x.numpy(), y.numpy(), activation, loss)
    found = score(module, LOSSES[loss], [(x, y)], criterion="snip")
    np.testing.assert_allclose(found["0"], abs(W * gW), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found["2"], abs(A * gA), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layers", [["0"], ["2"], ["0", "2"]])
def test_grasp_is_the_finite_difference_of_the_gradient_by_hand(activation: str, loss: str, layers: list[str]) -> None:
    module, x, y = _setting(activation, loss)
    W, b, A, c = _parts(module)

    def gradient(weights):
        gW, gA = _gradient(weights["0"], b, weights["2"], c, x.numpy(), y.numpy(), activation, loss)
        return {"0": gW, "2": gA}

    weights = {"0": W, "2": A}
    g = gradient(weights)
    step = 1e-6
    ends = [gradient({n: w + sign * step * g[n] * (n in layers) for n, w in weights.items()}) for sign in (1, -1)]
    signed = score(module, LOSSES[loss], [(x, y)], criterion="grasp", layers=layers)
    modulus = score(module, LOSSES[loss], [(x, y)], criterion="grasp-magnitude", layers=layers)
    assert list(signed) == layers
    for name in layers:
        wanted = weights[name] * (ends[0][name] - ends[1][name]) / (2 * step)
        np.testing.assert_allclose(signed[name], wanted, rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(modulus[name], abs(signed[name]))


def test_grasp_is_the_explicit_hessian_times_the_gradient() -> None:
    module, x, y = _setting("tanh", "cross-entropy")
    W, A = module[0].weight.detach(), module[2].weight.detach()
    start = torch.cat([W.reshape(-1), A.reshape(-1)])

    def value(flat: torch.Tensor) -> torch.Tensor:
        parts = {"0.weight": flat[: W.numel()].view(W.shape), "2.weight": flat[W.numel() :].view(A.shape)}
        return cross_entropy(torch.func.functional_call(module, parts, (x,)), y)

    hessian, gradient = torch.autograd.functional.hessian(value, start), torch.func.grad(value)(start)
    wanted = start * (hessian @ gradient)
    found = score(module, cross_entropy, [(x, y)], criterion="grasp")
    torch.testing.assert_close(torch.cat([v.reshape(-1) for v in found.values()]), wanted, rtol=1e-11, atol=1e-14)


def test_the_sign_of_grasp_says_whether_removal_lowers_the_gradient_norm() -> None:
    module, x, y = _setting("tanh", "squared")
    weight = module[0].weight
    found = score(module, squared_loss, [(x, y)], criterion="grasp", layers=["0"])["0"]

    def norm() -> float:
        (gradient,) = torch.autograd.grad(squared_loss(module(x), y), weight)
        return float(gradient.square().sum())

    before = norm()
    for i in range(5):
        for j in range(3):
            kept = float(weight[i, j].detach())
            weight.data[i, j] = kept * (1 - 1e-6)  # a small step towards removal
            assert before - norm() == pytest.approx(2e-6 * float(found[i, j]), rel=1e-4, abs=1e-11)
            weight.data[i, j] = kept


def test_grasp_of_the_hidden_weights_is_snip_with_the_kernel_times_the_residuals() -> None:
    generator = torch.Generator().manual_seed(0)
    n, d, size = 40, 12, 25
    module = nn.Sequential(nn.Linear(d, n, bias=False), nn.ReLU(), nn.Linear(n, 1, bias=False), nn.Flatten(0)).double()
    x = torch.randn(size, d, generator=generator, dtype=torch.float64)
    y = torch.randn(size, generator=generator, dtype=torch.float64)
    W, a = module[0].weight.detach(), module[2].weight.detach()[0]
    slopes = (x @ W.T > 0).double()
    jacobian = torch.einsum("i,si,sj->sij", a, slopes, x).reshape(size, -1)
    residuals = torch.relu(x @ W.T) @ a - y
    wanted = W.reshape(-1) * (jacobian.T @ (jacobian @ (jacobian.T @ residuals))) / size**2
    found = score(module, squared_loss, [(x[:9], y[:9]), (x[9:], y[9:])], criterion="grasp", layers=["0"])["0"]
    torch.testing.assert_close(found.reshape(-1), wanted, rtol=1e-10, atol=1e-13 * float(wanted.abs().max()))


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 5), max_size=4, unique=True), criterion=st.sampled_from(["snip", "grasp"]))
@pytest.mark.parametrize("loss", LOSSES)
def test_any_split_of_the_batch_gives_the_same_scores(loss: str, cuts: list[int], criterion: str) -> None:
    module, x, y = _setting("tanh", loss)
    ends = [0, *sorted(cuts), len(x)]
    parts = [(x[a:b], y[a:b]) for a, b in pairwise(ends)]
    whole = score(module, LOSSES[loss], [(x, y)], criterion=criterion)
    found = score(module, LOSSES[loss], parts, criterion=criterion)
    for name in whole:
        torch.testing.assert_close(found[name], whole[name], rtol=1e-10, atol=1e-13)


def _unfolded(weight, height: int, width: int, stride: int, padding: int, groups: int):
    """Convolution as a matrix with, for each entry, the weight it holds: loops over outputs and taps."""
    outputs, inner, kh, kw = weight.shape
    oh, ow = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    holds = np.full((outputs * oh * ow, inner * groups * height * width), -1)
    for o in range(outputs):
        for r, q in np.ndindex(oh, ow):
            for c, a, b in np.ndindex(inner, kh, kw):
                row, column = r * stride + a - padding, q * stride + b - padding
                if 0 <= row < height and 0 <= column < width:
                    channel = o // (outputs // groups) * inner + c
                    place = (channel * height + row) * width + column
                    holds[(o * oh + r) * ow + q, place] = ((o * inner + c) * kh + a) * kw + b
    return holds


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, 1, 2), (2, 2, 2)])
def test_convolutions_are_scored_as_their_unfolded_matrices(stride: int, padding: int, groups: int) -> None:
    generator = torch.Generator().manual_seed(1)
    conv = nn.Conv2d(2, 4, (3, 2), stride=stride, padding=padding, groups=groups, bias=False)
    holds = _unfolded(conv.weight, 4, 5, stride, padding, groups)
    module = nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(len(holds), 3)).double()
    x = torch.randn(5, 2, 4, 5, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 3, (5,), generator=generator)
    flat = conv.weight.detach().numpy().reshape(-1)
    matrix = np.where(holds >= 0, flat[holds], 0.0)
    gM, gA = _gradient(
        matrix, np.zeros(len(holds)), module[3].weight.detach().numpy(), module[3].bias.detach().numpy(),
        x.numpy().reshape(5, -1), y.numpy(), "relu", "cross-entropy",
    )  # fmt: skip
    gathered = np.zeros_like(flat)
    np.add.at(gathered, holds[holds >= 0], gM[holds >= 0])
    found = score(module, cross_entropy, [(x, y)], criterion="snip")
    assert found["0"].shape == conv.weight.shape
    np.testing.assert_allclose(found["0"].reshape(-1), abs(flat * gathered), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(found["3"], abs(module[3].weight.detach().numpy() * gA), rtol=1e-11, atol=1e-15)
    # SynFlow: paths through a tap are the sums over its places in the matrix.
    outward = np.abs(module[3].weight.detach().numpy()).sum(axis=0)
    paths = np.zeros_like(flat)
    for row, place in zip(*np.nonzero(holds >= 0), strict=True):
        paths[holds[row, place]] += outward[row]
    flow = score(module, criterion="synflow", input_shape=(2, 4, 5))
    np.testing.assert_allclose(flow["0"].reshape(-1), abs(flat) * paths, rtol=1e-12)


class _Busy(nn.Module):
    """Batch normalisation and dropout in training mode: buffers and random numbers are at stake."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.GELU(), nn.Dropout(0.3), nn.Flatten())
        self.head = nn.Linear(12, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


@pytest.mark.parametrize("criterion", ["snip", "grasp", "grasp-magnitude", "synflow", "magnitude"])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_the_module_or_the_random_stream_changes(criterion: str, fails: bool) -> None:
    module = _Busy()
    module.body[3].eval()
    module.head.weight.grad = torch.ones(2, 12)
    state = {name: value.clone() for name, value in module.state_dict().items()}
    memory = [parameter.data_ptr() for parameter in module.parameters()]
    modes, stream = [part.training for part in module.modules()], torch.random.get_rng_state()
    x, y = torch.linspace(-1, 1, 96).view(6, 1, 4, 4), torch.tensor([0, 1] * 3)
    batch = [(x, y), (x * math.nan, y)] if fails else [(x, y), (x + 1, y)]
    if fails and criterion != "magnitude":
        with pytest.raises(InputError):
            score(module, cross_entropy, batch, criterion=criterion, input_shape=(1, 2, 2))
    else:
        score(module, cross_entropy, batch, criterion=criterion)
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert memory == [parameter.data_ptr() for parameter in module.parameters()]
    assert modes == [part.training for part in module.modules()]
    assert torch.equal(stream, torch.random.get_rng_state())
    assert [name for name, p in module.named_parameters() if p.grad is not None] == ["head.weight"]
    assert torch.equal(module.head.weight.grad, torch.ones(2, 12))


def test_what_cannot_be_scored_is_refused_by_name() -> None:
    module, x, y = _setting("relu", "squared")
    good = [(x, y)]
    with pytest.raises(InputError, match="GraSP reads the batches twice"):
        score(module, squared_loss, iter(good), criterion="grasp")
    with pytest.raises(InputError, match="batch = 'Tensor': give an iterable of pairs"):
        score(module, squared_loss, x, criterion="snip")
    with pytest.raises(InputError, match="batch = 'int'"):
        score(module, squared_loss, 7, criterion="snip")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="batch = 'Tensor': give an iterable of pairs"):
        score(module, squared_loss, (x, y), criterion="snip")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="return a scalar tensor"):
        score(module, lambda f, t: (f - t).square(), good, criterion="snip")
    with pytest.raises(InputError, match="loss = 'NaN or infinite'"):
        score(module, squared_loss, [(x, y * math.inf)], criterion="snip")
    with pytest.raises(InputError, match="scores = 'all zero': the inputs of every batch are all zero"):
        score(module, squared_loss, [(x * 0, y)], criterion="snip", layers=["0"])
    with pytest.raises(InputError, match="targets of every batch are all zero"):
        score(nn.Linear(3, 4, bias=False).double(), lambda f, t: (f * t).mean(), [(x, y * 0)], criterion="grasp")
    with pytest.raises(InputError, match="name each layer once"):
        score(module, criterion="magnitude", layers=["0", "0"])
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        score(nn.ModuleDict({"hidden": nn.Linear(2, 2)}), criterion="magnitude", layers=["hiden"])
    module[0].weight.data.zero_()
    module[2].weight.data.zero_()
    with pytest.raises(InputError, match="the weights are all zero"):
        score(module, criterion="magnitude")
    assert score(_setting("relu", "squared")[0], squared_loss, [(x[:1], y[:1])], criterion="snip")


def test_shared_and_parametrised_weights_are_refused() -> None:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    with pytest.raises(InputError, match=r"weight of 0 = 'shared by 0.weight, 1.weight'"):
        score(tied, criterion="magnitude")
    normed = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), nn.Linear(3, 1), nn.Flatten(0))
    for criterion in ("snip", "synflow"):
        with pytest.raises(InputError, match="computed from other tensors"):
            score(normed, squared_loss, [(torch.ones(2, 3), torch.ones(2))], criterion=criterion)


def test_losses_check_their_targets() -> None:
    f = torch.zeros(3, 4)
    assert float(cross_entropy(f, torch.tensor([0, 1, 3]))) == pytest.approx(math.log(4))
    with pytest.raises(InputError, match="labels from 0 to 4"):
        cross_entropy(f, torch.tensor([0, 4, 1]))
    with pytest.raises(InputError, match="labels from -100 to 1"):
        cross_entropy(f, torch.tensor([0, -100, 1]))
    with pytest.raises(InputError, match="one int64 label"):
        cross_entropy(f, torch.zeros(3))
    with pytest.raises(InputError, match="one int64 label"):
        cross_entropy(f, torch.zeros(3, 4, dtype=torch.int64))
    with pytest.raises(InputError, match="logits"):
        cross_entropy(f[0], torch.tensor(1))
    with pytest.raises(InputError, match=r"give that of the output, \(3, 1\)"):
        squared_loss(torch.zeros(3, 1), torch.zeros(3))
