"""A masked network trained by full-batch gradient descent, in step with its own linearisation at initialisation.

Loss ``(2N)^(-1) sum_s (f(x_s) - f_0(x_s) - y_s)^2`` of the centred network. The linearisation's steps are known
exactly: with the kernel K of the kept weights at initialisation, its outputs g start at 0 and

    r_t = y - g_t,    g_(t+1) = g_t + (eta/N) K r_t,    g_(t+1)(x') = g_t(x') + (eta/N) K(x', .) r_t,

so that ``r_t = (I - eta K/N)^t y``. Lazy training is the claim that f - f_0 stays close to g, and the kernel to K.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.ntk.capture import trained_layers
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import MaskedNetwork


@dataclass(frozen=True, eq=False)
class LazyTraining:
    """A network and its linearisation over the steps that were recorded; float64 on the CPU.

    Parameters
    ----------
    steps
        Numbers of steps taken, shape (R,), from 0.
    rate
        Learning rate eta.
    largest_eigenvalue
        Of the kernel at initialisation on the training inputs.
    network_train, network_test
        ``f - f_0`` of the network, shapes (R, N) and (R, T).
    linear_train, linear_test
        Outputs of the linearisation, same shapes.
    targets
        y, shape (N,).
    drift
        ``||K_t - K_0||_F / ||K_0||_F`` on the training inputs, shape (R,); empty if it was not asked for.
    """

    steps: tuple[int, ...]
    rate: float
    largest_eigenvalue: float
    network_train: Tensor
    network_test: Tensor
    linear_train: Tensor
    linear_test: Tensor
    targets: Tensor
    drift: Tensor

    @property
    def gap_train(self) -> Tensor:
        """Root mean square over the training inputs of network less linearisation, shape (R,)."""
        return _root_mean_square(self.network_train - self.linear_train)

    @property
    def gap_test(self) -> Tensor:
        """Root mean square over the test inputs of network less linearisation, shape (R,)."""
        return _root_mean_square(self.network_test - self.linear_test)

    @property
    def loss(self) -> Tensor:
        """Training loss of the network, half the mean square residual, shape (R,)."""
        return 0.5 * (self.network_train - self.targets).square().mean(dim=1)

    @property
    def linear_loss(self) -> Tensor:
        """Training loss of the linearisation, shape (R,)."""
        return 0.5 * (self.linear_train - self.targets).square().mean(dim=1)


def lazy_training(
    network: MaskedNetwork,
    inputs: Tensor,
    targets: Tensor,
    test_inputs: Tensor,
    *,
    steps: int = 100,
    step_size: float = 1.0,
    records: int = 10,
    layers: Iterable[str] | None = None,
    drift: bool = True,
) -> LazyTraining:
    """Train a masked network and its linearisation on the same data, and record both.

    Parameters
    ----------
    network
        The network at initialisation with its masks, of one output; left as it was.
    inputs, targets
        Shapes (N, d) and (N,).
    test_inputs
        Shape (T, d).
    steps
        Steps of gradient descent, positive.
    step_size
        The learning rate is ``step_size N / lambda_1``, with ``lambda_1`` the largest eigenvalue of the kernel at
        initialisation; in (0, 2), outside of which the linearisation does not converge.
    records
        Number of times, besides the start, at which outputs are recorded: evenly spread, the last step included.
    layers
        Names of the layers that train; all of them by default. Dropped weights never move; biases stay.
    drift
        Whether to compute the kernel again at each record: N^2 times the kept edges.

    Returns
    -------
    LazyTraining
        In the parametrisation of the theory: weights of order 1 behind factors ``in^(-1/2)``, so that a module's own
        weights move at the rate ``eta / in``. No randomness enters.

    Raises
    ------
    InputError
        As ``empirical_ntk``; if shapes do not fit, a number is out of range, the network has several outputs, its
        kernel at initialisation is 0, or training diverges.
    """
    _require(inputs, targets, test_inputs, steps, step_size, records)
    module = copy.deepcopy(network.module).double()
    trained = trained_layers(module, network.masks, layers)
    place = next(module.parameters()).device
    x, y, probe = (part.detach().to(device=place, dtype=torch.float64) for part in (inputs, targets, test_inputs))
    everything = torch.cat([x, probe])
    count = len(x)
    kernel = empirical_ntk(module, everything, x, masks=network.masks, layers=trained).total
    largest = float(torch.linalg.eigvalsh(kernel[:count])[-1])
    if not largest > 0.0:
        raise InputError("kernel at initialisation", largest, "look for dead layers: nothing that trains moves f")
    rate = step_size * count / largest
    with torch.no_grad():
        start = _outputs(module, everything)
    linear = torch.zeros_like(start)
    marks = sorted({round(steps * k / records) for k in range(records + 1)})
    of_network, of_linear, drifts = [], [], []
    for step in range(steps + 1):
        if step in marks:
            with torch.no_grad():
                of_network.append(_outputs(module, everything) - start)
            of_linear.append(linear.clone())
            if not bool(torch.isfinite(of_network[-1]).all()):
                raise InputError("step_size", step_size, "training diverged: give a smaller one, or a wider network")
            if drift:
                now = empirical_ntk(module, x, masks=network.masks, layers=trained).total
                drifts.append(float(torch.linalg.norm(now - kernel[:count]) / torch.linalg.norm(kernel[:count])))
        if step < steps:
            linear += (rate / count) * (kernel @ (y - linear[:count]))
            _descend(module, trained, network.masks, x, y + start[:count], rate)
    recorded, straight = torch.stack(of_network).cpu(), torch.stack(of_linear).cpu()
    return LazyTraining(
        steps=tuple(marks),
        rate=rate,
        largest_eigenvalue=largest,
        network_train=recorded[:, :count],
        network_test=recorded[:, count:],
        linear_train=straight[:, :count],
        linear_test=straight[:, count:],
        targets=y.cpu(),
        drift=torch.tensor(drifts, dtype=torch.float64),
    )


def _outputs(module: nn.Module, x: Tensor) -> Tensor:
    out: Tensor = module(x)
    if out.numel() != len(x):
        raise InputError("network", f"{out.numel() // len(x)} outputs", "give a network of one output")
    return out.reshape(-1)


def _descend(
    module: nn.Module,
    trained: dict[str, nn.Linear],
    masks: dict[str, Tensor],
    x: Tensor,
    goal: Tensor,
    rate: float,
) -> None:
    """One step on the kept weights of the layers that train."""
    weights = [layer.weight.requires_grad_() for layer in trained.values()]
    with torch.enable_grad():
        loss = 0.5 * (_outputs(module, x) - goal).square().mean()
        gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    with torch.no_grad():
        for (name, layer), gradient in zip(trained.items(), gradients, strict=True):
            if name in masks:
                gradient.mul_(masks[name])
            layer.weight.sub_(gradient, alpha=rate / layer.in_features)


def _root_mean_square(values: Tensor) -> Tensor:
    return values.square().mean(dim=1).sqrt()


def _require(inputs: Tensor, targets: Tensor, test_inputs: Tensor, steps: int, step_size: float, records: int) -> None:
    if inputs.ndim != 2 or len(inputs) == 0:
        raise InputError("inputs", tuple(inputs.shape), "give shape (N, d)")
    if tuple(targets.shape) != (len(inputs),):
        raise InputError("targets", tuple(targets.shape), f"give one number a sample: {len(inputs)}")
    if not bool(torch.isfinite(targets).all()):
        raise InputError("targets", "NaN or infinite", "give finite numbers")
    if test_inputs.ndim != 2 or test_inputs.shape[1:] != inputs.shape[1:] or len(test_inputs) == 0:
        raise InputError("test_inputs", tuple(test_inputs.shape), f"give shape (T, {inputs.shape[1]})")
    for name, value in (("steps", steps), ("records", records)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(name, value, "give a positive integer")
    if records > steps:
        raise InputError("records", records, f"give at most one a step: {steps}")
    if not math.isfinite(step_size) or not 0.0 < step_size < 2.0:
        raise InputError("step_size", step_size, "give a number in (0, 2)")
