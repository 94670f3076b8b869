"""The network of the theory as a real module: one hidden layer, the hidden weights to be pruned."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, NoiseLaw, Uniform

INITIALISATIONS = ("gaussian", "uniform")


class OneHiddenLayer(nn.Module):
    """``f(x) = sum_i a_i sigma(sum_j w_ij x_j)`` with ReLU, from two ``torch.nn.Linear`` without bias.

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

    Raises
    ------
    InputError
        If a size is not positive or the initialisation is unknown.
    """

    def __init__(self, inputs: int, width: int, *, initialisation: str, seed: int) -> None:
        super().__init__()
        for name, size in (("inputs", inputs), ("width", width)):
            if size < 1:
                raise InputError(name, size, "give a positive integer")
        if initialisation not in INITIALISATIONS:
            raise InputError("initialisation", initialisation, f"choose one of {', '.join(INITIALISATIONS)}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = nn.Linear(inputs, width, bias=False)
            self.readout = nn.Linear(width, 1, bias=False)
            if initialisation == "gaussian":
                nn.init.normal_(self.hidden.weight, std=inputs**-0.5)
                nn.init.normal_(self.readout.weight, std=width**-0.5)
        self.initialisation = initialisation

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs, shape (S,), for inputs of shape (S, d)."""
        output: Tensor = self.readout(torch.relu(self.hidden(x)))[:, 0]
        return output

    @property
    def weight_scale(self) -> float:
        """Scale of the hidden weights at initialisation, in units of ``noise``."""
        return 1.0 / math.sqrt(self.hidden.in_features)

    @property
    def noise(self) -> NoiseLaw:
        """Law of the hidden weights over ``weight_scale``."""
        return Gaussian() if self.initialisation == "gaussian" else Uniform()

    @torch.no_grad()
    def slopes(self, x: Tensor) -> Tensor:
        """``sigma'(z_is)``, shape (S, n), boolean: computed from the preactivations, not by autograd."""
        return x @ self.hidden.weight.T > 0
