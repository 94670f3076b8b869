"""A real network trained on a target that depends on an input whose column is empty: the second half of UAT-n."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch

from verification.approximation.certify import SupError, certify
from verification.approximation.floor import Floor, fibre_floor
from verification.approximation.network import MaskedNetwork, RidgeSum
from verification.approximation.targets import Target, target
from verification.cases import Case
from verification.experiment import Pruned

STEPS = 120
"""Steps of Adam; the loss is the fourth power, nearer to the sup error than the square is."""

_SAMPLES, _RATE = 256, 0.03
_TIGHTNESS = 1.1


@dataclass(frozen=True)
class Ignored:
    """What became of a network on a mask with an empty column.

    Parameters
    ----------
    error
        Certified sup error on the cube of the active coordinates, all other inputs 0.
    floor
        Certified half oscillation along a fibre of the empty column.
    moved
        Largest change of the module's output when the input of the empty column alone changes.
    """

    error: SupError
    floor: Floor
    moved: float


def train_against_floor(pruned: Pruned, case: Case, generator: torch.Generator) -> Ignored | None:
    """Train all that the mask has kept, and biases and output weights, on a target with one ignored coordinate.

    Parameters
    ----------
    pruned
        A network whose mask has an empty column.
    case
        Its case: ``active`` coordinates, ``target``, ``activation``.
    generator
        Draws the empty column, the other active coordinates, the initial network and the samples.

    Returns
    -------
    Ignored or None
        None where the mask has too few other columns.
    """
    kept = pruned.kept
    joined = kept.any(dim=0)
    empty, full = (torch.nonzero(chosen)[:, 0] for chosen in (~joined, joined))
    if len(full) < case.active - 1:
        return None
    ignored = int(empty[torch.randperm(len(empty), generator=generator)[0]])
    others = full[torch.randperm(len(full), generator=generator)[: case.active - 1]].tolist()
    coordinates = [*others, ignored]
    wanted = target(case.target, case.active)
    network = _initial(kept, case, generator)
    _train(network, wanted, coordinates, generator)
    weight, bias = (parameter.detach().numpy() for parameter in (network.hidden.weight, network.hidden.bias))
    readout, constant = network.readout.weight.detach().numpy()[0], float(network.readout.bias.detach()[0])
    on_cube = RidgeSum(weight[:, coordinates], bias, readout, constant, case.activation)
    return Ignored(
        error=certify(on_cube, wanted, tightness=_TIGHTNESS),
        floor=_floor(case.target, case.active),
        moved=_moved(network, ignored, generator),
    )


@functools.lru_cache(maxsize=64)
def _floor(name: str, active: int) -> Floor:
    return fibre_floor(target(name, active), inactive=(active - 1,))


def _initial(kept: torch.Tensor, case: Case, generator: torch.Generator) -> MaskedNetwork:
    """Fresh weights on the kept edges, of unit size at each neuron; biases over the cube."""
    fan = kept.sum(dim=1, keepdim=True).clamp(min=1)
    weight = torch.randn(kept.shape, generator=generator, dtype=torch.float64) * kept / fan.sqrt()
    bias = 2.0 * torch.rand(len(kept), generator=generator, dtype=torch.float64) - 1.0
    readout = torch.randn(len(kept), generator=generator, dtype=torch.float64) / len(kept) ** 0.5
    return MaskedNetwork(kept, weight.numpy(), bias.numpy(), readout.numpy(), 0.0, case.activation)


def _train(network: MaskedNetwork, wanted: Target, coordinates: list[int], generator: torch.Generator) -> None:
    points = 2.0 * torch.rand(_SAMPLES, len(coordinates), generator=generator, dtype=torch.float64) - 1.0
    inputs = torch.zeros(_SAMPLES, network.kept.shape[1], dtype=torch.float64)
    inputs[:, coordinates] = points
    labels = torch.from_numpy(np.array(wanted(points.numpy())))
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        (network(inputs) - labels).pow(4).mean().backward()
        if network.hidden.weight.grad is not None:
            network.hidden.weight.grad *= network.kept
        optimiser.step()
    network.require_masked()


@torch.no_grad()
def _moved(network: MaskedNetwork, ignored: int, generator: torch.Generator) -> float:
    inputs = torch.randn(32, network.kept.shape[1], generator=generator, dtype=torch.float64)
    changed = inputs.clone()
    changed[:, ignored] = torch.randn(32, generator=generator, dtype=torch.float64)
    return float((network(inputs) - network(changed)).abs().max())
