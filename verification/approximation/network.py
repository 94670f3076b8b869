"""A network on a mask, as a module, and the sum of ridge functions that it is on its active coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.approximation.neurons import active_coordinates, as_mask

Array = npt.NDArray[np.float64]

ACTIVATIONS = ("relu", "tanh")


@dataclass(frozen=True, slots=True, eq=False)
class RidgeSum:
    """``f(x) = constant + sum_i outer_i sigma(slopes_i . x + offsets_i)`` on R^k, the coefficients taken as exact.

    Parameters
    ----------
    slopes
        Shape (N, k), k at least 1; N may be 0.
    offsets, outer
        Shape (N,).
    constant
        Bias of the output.
    activation
        sigma: "relu" or "tanh".

    Raises
    ------
    InputError
        If shapes do not fit, a number is not finite, or the activation is unknown.
    """

    slopes: Array
    offsets: Array
    outer: Array
    constant: float
    activation: str

    def __post_init__(self) -> None:
        require_activation(self.activation)
        for name in ("slopes", "offsets", "outer"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if not np.all(np.isfinite(array)):
                raise InputError(name, "inf or NaN", "give finite weights")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        N = len(self.outer)
        fits = self.slopes.ndim == 2 and self.slopes.shape[1] >= 1 and len(self.slopes) == N
        if not fits or self.offsets.shape != (N,) or self.outer.shape != (N,):
            raise InputError("slopes", self.slopes.shape, "give shapes (N, k), (N,) and (N,)")
        if not np.isfinite(self.constant):
            raise InputError("constant", self.constant, "give a finite number")

    @property
    def coordinates(self) -> int:
        """Number k of coordinates."""
        return int(self.slopes.shape[1])

    def __call__(self, points: Array) -> Array:
        """Return float64 values, shape (S,), at points of shape (S, k)."""
        z = points @ self.slopes.T + self.offsets
        hidden = np.maximum(z, 0.0) if self.activation == "relu" else np.tanh(z)
        values: Array = hidden @ self.outer + self.constant
        return values


class MaskedNetwork(nn.Module):
    """One hidden layer whose weights live on the kept edges of a mask; biases and output weights are unpruned.

    Parameters
    ----------
    kept
        Mask, shape (n, d).
    weight
        Hidden weights, shape (n, d), zero off the mask.
    bias, outer
        Hidden biases and output weights, shape (n,).
    constant
        Output bias.
    activation
        "relu" or "tanh".

    Raises
    ------
    InputError
        If a weight off the mask is not exactly zero, or shapes do not fit.
    """

    kept: Tensor

    def __init__(
        self, kept: npt.ArrayLike | Tensor, weight: Array, bias: Array, outer: Array, constant: float, activation: str
    ) -> None:
        super().__init__()
        mask = as_mask(kept)
        n, d = mask.shape
        if np.shape(weight) != (n, d) or np.shape(bias) != (n,) or np.shape(outer) != (n,):
            raise InputError("weight", np.shape(weight), f"give shapes {(n, d)}, {(n,)} and {(n,)}, as the mask has")
        # Built on the meta device first: nothing is drawn at random.
        self.hidden = nn.Linear(d, n, bias=True, dtype=torch.float64, device="meta").to_empty(device="cpu")
        self.readout = nn.Linear(n, 1, bias=True, dtype=torch.float64, device="meta").to_empty(device="cpu")
        with torch.no_grad():
            self.hidden.weight.copy_(torch.from_numpy(np.array(weight, dtype=np.float64)))
            self.hidden.bias.copy_(torch.from_numpy(np.array(bias, dtype=np.float64)))
            self.readout.weight.copy_(torch.from_numpy(np.array(outer, dtype=np.float64)[None]))
            self.readout.bias.fill_(constant)
        self.register_buffer("kept", torch.from_numpy(mask))
        self.activation = require_activation(activation)
        self.require_masked()

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs, shape (S,), for float64 inputs of shape (S, d)."""
        z = self.hidden(x)
        output: Tensor = self.readout(torch.relu(z) if self.activation == "relu" else torch.tanh(z))[:, 0]
        return output

    def require_masked(self) -> None:
        """Check that every hidden weight off the mask is exactly zero, and every parameter finite.

        Raises
        ------
        InputError
            If one is not.
        """
        off = torch.count_nonzero(self.hidden.weight.detach()[~self.kept])
        if int(off):
            raise InputError("weight", f"{int(off)} off the mask", "set the weights of removed edges to zero")
        if not all(bool(torch.isfinite(p).all()) for p in self.parameters()):
            raise InputError("weight", "inf or NaN", "give finite parameters")

    def reduced(self, coordinates: Sequence[int]) -> RidgeSum:
        """Return the network as a function of the active coordinates alone.

        Neurons with output weight 0 do not count and are left out. The others must not read any other input: then
        f depends on ``x_J`` alone, whatever the ambient dimension d.

        Parameters
        ----------
        coordinates
            J, in the order wanted.

        Raises
        ------
        InputError
            If J is bad, a weight lies off the mask, or a neuron that counts reads another input.
        """
        self.require_masked()
        weight = self.hidden.weight.detach().numpy()
        columns = active_coordinates(coordinates, weight.shape[1])
        outer = self.readout.weight.detach().numpy()[0]
        counts = np.flatnonzero(outer)
        others = np.ones(weight.shape[1], dtype=np.bool_)
        others[columns] = False
        if np.any(weight[np.ix_(counts, np.flatnonzero(others))]):
            raise InputError("coordinates", tuple(columns.tolist()), "the network reads other inputs; name these too")
        bias = self.hidden.bias.detach().numpy()[counts]
        constant = float(self.readout.bias.detach()[0])
        return RidgeSum(weight[np.ix_(counts, columns)], bias, outer[counts], constant, self.activation)


def require_activation(activation: str) -> str:
    """Return the name of an activation.

    Raises
    ------
    InputError
        If it is not "relu" or "tanh".
    """
    if activation not in ACTIVATIONS:
        raise InputError("activation", activation, f"choose one of {', '.join(ACTIVATIONS)}")
    return activation
