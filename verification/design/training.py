"""Many masked networks of one shape trained side by side, as one batched matrix product a layer.

Ordinary training: squared loss of the output itself, both layers, full batch, Adam or gradient descent with momentum.
Dropped weights stay 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.design.compare import HIDDEN
from verification.ntk.masked import MaskedNetwork

OPTIMISERS: Final = ("adam", "sgd")
_RATES: Final = {"adam": 0.01, "sgd": 0.05}
_MOMENTUM: Final = 0.9


def train_all(
    networks: Sequence[MaskedNetwork],
    inputs: Tensor,
    labels: Tensor,
    test_inputs: Tensor,
    *,
    optimiser: str = "adam",
    steps: int = 200,
    rate: float | None = None,
) -> Tensor:
    """Train the networks, each by itself, and return their outputs on the test inputs.

    Parameters
    ----------
    networks
        Networks of one hidden ReLU layer, all of one shape; left as they were.
    inputs, labels
        Shapes (N, d) and (N,).
    test_inputs
        Shape (T, d).
    optimiser
        "adam" or "sgd" (momentum 0.9).
    steps
        Full-batch steps, positive.
    rate
        Learning rate of the modules' own weights; 0.01 for Adam and 0.05 for gradient descent by default.

    Returns
    -------
    Tensor
        Shape (networks, T), float32.

    Raises
    ------
    InputError
        If a name or number is out of range, networks differ in shape, or training diverges.
    """
    if optimiser not in OPTIMISERS:
        raise InputError("optimiser", optimiser, f"choose one of {', '.join(OPTIMISERS)}")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError("steps", steps, "give a whole number, at least 1")
    chosen = _RATES[optimiser] if rate is None else rate
    if not chosen > 0.0:
        raise InputError("rate", rate, "give a positive number")
    if not networks:
        raise InputError("networks", "none", "give at least one")
    parts = [dict(network.module.named_parameters()) for network in networks]
    if len({(part["hidden.weight"].shape, part["readout.weight"].shape) for part in parts}) > 1:
        raise InputError("networks", "of several shapes", "give networks of one width")
    hidden, readout = (
        torch.stack([part[f"{name}.weight"].detach().float() for part in parts]).requires_grad_()
        for name in (HIDDEN, "readout")
    )
    masks = torch.stack([network.masks[HIDDEN] for network in networks]).float()
    x, y, probe = inputs.float(), labels.float(), test_inputs.float()
    way: torch.optim.Optimizer
    if optimiser == "adam":
        way = torch.optim.Adam([hidden, readout], lr=chosen)
    else:
        way = torch.optim.SGD([hidden, readout], lr=chosen, momentum=_MOMENTUM)
    for _ in range(steps):
        way.zero_grad()
        # A sum over networks: none sees the others' gradient.
        loss = 0.5 * (_outputs(hidden * masks, readout, x) - y).square().mean(dim=1).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        way.step()
    with torch.no_grad():
        found = _outputs(hidden * masks, readout, probe)
    if not bool(torch.isfinite(found).all()):
        raise InputError("rate", chosen, "training diverged: give a smaller one")
    return found


def _outputs(hidden: Tensor, readout: Tensor, x: Tensor) -> Tensor:
    """Shape (networks, N)."""
    activity = torch.relu(torch.einsum("nd,mhd->mnh", x, hidden))
    return torch.bmm(activity, readout.transpose(1, 2))[:, :, 0]
