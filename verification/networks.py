"""The networks of the theory as real modules: one hidden layer, or several, without biases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, NoiseLaw, Uniform
from verification.names import ACTIVATIONS

INITIALISATIONS = ("gaussian", "uniform")

_MODULES: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


class OneHiddenLayer(nn.Module):
    """``f(x) = sum_i a_i sigma(sum_j w_ij x_j)``, from two ``torch.nn.Linear`` without bias.

    The factors ``d^(-1/2)`` and ``n^(-1/2)`` of the theory sit in the scale of the weights. With
    ``initialisation="uniform"`` both layers keep the weights that PyTorch itself gave them.

    Parameters
    ----------
    inputs
        Number of inputs d, positive.
    width
        Number of neurons n, positive.
    initialisation
        "gaussian" (N(0, 1/d) and N(0, 1/n)) or "uniform" (PyTorch's default, U(-d^-1/2, d^-1/2)).
    seed
        Seed of the initialisation; the global generator is left as it was.
    activation
        sigma: "relu", "tanh" or "gelu".

    Raises
    ------
    InputError
        If a size is not positive or a name is unknown.
    """

    def __init__(self, inputs: int, width: int, *, initialisation: str, seed: int, activation: str = "relu") -> None:
        super().__init__()
        _require({"inputs": inputs, "width": width}, initialisation, activation)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = nn.Linear(inputs, width, bias=False)
            self.readout = nn.Linear(width, 1, bias=False)
            if initialisation == "gaussian":
                nn.init.normal_(self.hidden.weight, std=inputs**-0.5)
                nn.init.normal_(self.readout.weight, std=width**-0.5)
        self.initialisation = initialisation
        self.activation = activation
        self._sigma = _MODULES[activation]()

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs, shape (S,), for inputs of shape (S, d)."""
        output: Tensor = self.readout(self._sigma(self.hidden(x)))[:, 0]
        return output

    @property
    def weight_scale(self) -> float:
        """Scale of the hidden weights at initialisation, in units of ``noise``."""
        return 1.0 / math.sqrt(self.hidden.in_features)

    @property
    def noise(self) -> NoiseLaw:
        """Law of the hidden weights over ``weight_scale``."""
        return initial_noise(self.initialisation)

    @torch.no_grad()
    def slopes(self, x: Tensor) -> Tensor:
        """``sigma'(z_is)``, shape (S, n), boolean for ReLU: by its formula, not by autograd."""
        z = x @ self.hidden.weight.T
        if self.activation == "relu":
            return z > 0
        if self.activation == "tanh":
            return 1.0 - torch.tanh(z).square()
        # GELU is z Phi(z): its slope is Phi(z) + z phi(z).
        density = torch.exp(-0.5 * z.square()) / math.sqrt(2.0 * math.pi)
        return 0.5 * (1.0 + torch.erf(z / math.sqrt(2.0))) + z * density


def initial_noise(initialisation: str) -> NoiseLaw:
    """Law of the weights over their scale, by the name of the initialisation.

    Parameters
    ----------
    initialisation
        "gaussian", or "uniform" (PyTorch's default).
    """
    return Gaussian() if initialisation == "gaussian" else Uniform()


def perceptron(
    inputs: int,
    widths: Sequence[int],
    *,
    outputs: int = 1,
    activation: str = "relu",
    initialisation: str = "gaussian",
    seed: int = 0,
) -> nn.Sequential:
    """Multilayer perceptron without biases, at initialisation.

    Parameters
    ----------
    inputs
        Number of inputs d, positive.
    widths
        Hidden widths, first to last, each positive; one at least.
    outputs
        Number of outputs, positive.
    activation
        "relu", "tanh" or "gelu", after every hidden layer.
    initialisation
        "gaussian" (N(0, 1/fan-in) in every layer) or "uniform" (PyTorch's default, U(-fan-in^-1/2, fan-in^-1/2)).
    seed
        Seed of the initialisation; the global generator is left as it was.

    Returns
    -------
    torch.nn.Sequential
        Linear layers, weights of shape (out, in), with activations between; outputs have shape (S, outputs).

    Raises
    ------
    InputError
        If a size is not positive or a name is unknown.
    """
    if not widths:
        raise InputError("widths", list(widths), "give one hidden width or more")
    sizes = {"inputs": inputs, "outputs": outputs} | {f"widths[{k}]": width for k, width in enumerate(widths)}
    _require(sizes, initialisation, activation)
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fans = [inputs, *widths, outputs]
        for fan_in, fan_out in itertools.pairwise(fans):
            layer = nn.Linear(fan_in, fan_out, bias=False)
            if initialisation == "gaussian":
                nn.init.normal_(layer.weight, std=fan_in**-0.5)
            layers += [layer, _MODULES[activation]()]
    return nn.Sequential(*layers[:-1])


def _require(sizes: Mapping[str, int], initialisation: str, activation: str) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise InputError(name, size, "give a positive integer")
    if initialisation not in INITIALISATIONS:
        raise InputError("initialisation", initialisation, f"choose one of {', '.join(INITIALISATIONS)}")
    if activation not in ACTIVATIONS:
        raise InputError("activation", activation, f"choose one of {', '.join(ACTIVATIONS)}")
