"""Least width from which a masked network trains as its linearisation, by criterion, density and activation.

One hidden layer, d = 16 Gaussian inputs, 16 samples of a noisy linear teacher, 40 steps of 0.3 N over the largest
eigenvalue of the kernel. Masks of criteria keep their weights; masks of a saliency model's graphon have weights drawn
anew. The gap is the root mean square, over test inputs, of network less linearisation, over that of the targets.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from sympy import Rational, exp
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel
from verification.cases import Case
from verification.claims.lazy import SAMPLES, TESTS, draw_training
from verification.data import teacher
from verification.networks import OneHiddenLayer
from verification.ntk.lazy_width import lazy_width, relative_gaps
from verification.ntk.masked import MaskedNetwork, apply_masks
from verification.sampling import sample_mask
from verification.threads import one_thread

INPUTS, BATCH = 16, 64
WIDTHS = (32, 128, 512, 2048)
DENSITIES = (0.1, 0.3, 0.5)
CRITERIA = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
MODEL = "(1/2 + u) exp(-v)"
REPEATS = 6
TOLERANCE = 0.05
STEPS, STEP_SIZE = 40, 0.3

Drawn = tuple[MaskedNetwork, Tensor, Tensor, Tensor]


def of_criterion(criterion: str, density: float, activation: str, width: int, repeat: int) -> Drawn:
    """Network pruned by a criterion, weights kept, and its data."""
    case = Case(
        statement="LAZY",
        variant="statement",
        criterion=criterion,
        model=None,
        initialisation="gaussian",
        data="teacher",
        labels="centred",
        signal=0.5,
        width=width,
        inputs=INPUTS,
        square=False,
        density=density,
        batch=BATCH if criterion in ("snip", "grasp", "grasp-magnitude") else 0,
        batch_per_input=None,
        ladder="",
        activation=activation,
    )
    return draw_training(case, torch.Generator().manual_seed(case.seed(0, repeat)))[1:]


def of_graphon(density: float, activation: str, width: int, repeat: int) -> Drawn:
    """Network masked by a saliency model's graphon, weights drawn anew, and its data."""
    generator = torch.Generator().manual_seed(1000 * width + repeat)
    network = OneHiddenLayer(INPUTS, width, initialisation="gaussian", seed=repeat, activation=activation).double()
    types = torch.rand(width, generator=generator, dtype=torch.float64).numpy()
    columns = (torch.arange(INPUTS, dtype=torch.float64).numpy() + 0.5) / INPUTS
    model = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v)).at(types, columns)
    masks = {"hidden": sample_mask(model, density, generator)}
    drawn = teacher(SAMPLES + TESTS, INPUTS, signal=0.5, labels="centred", generator=generator)
    x, y = drawn.inputs.double(), drawn.labels.double()
    return apply_masks(network, masks, weights="redrawn", seed=repeat), x[:SAMPLES], y[:SAMPLES], x[SAMPLES:]


def _cell(name: str, density: float, activation: str, widths: tuple[int, ...]) -> str:
    def draw(width: int, repeat: int) -> Drawn:
        if name == MODEL:
            return of_graphon(density, activation, width, repeat)
        return of_criterion(name, density, activation, width, repeat)

    gaps = relative_gaps(draw, widths, REPEATS, steps=STEPS, step_size=STEP_SIZE)
    try:
        found = lazy_width(gaps, TOLERANCE)
    except InputError:  # all of the measured widths lie on one side
        return f"> {widths[-1]}" if np.mean(np.log(gaps[widths[-1]])) > np.log(TOLERANCE) else f"< {widths[0]}"
    low = f"{found.low:.0f}" if found.low > 0.0 else f"< {widths[0]}"
    high = f"{found.high:.0f}" if found.high < float("inf") else f"> {widths[-1]}"
    return f"{found.value:.0f} ({low} to {high})"


def main(largest: int) -> None:
    """Print the table for widths up to ``largest``, of which at least two are needed."""
    widths = tuple(width for width in WIDTHS if width <= max(largest, WIDTHS[1]))
    start = time.perf_counter()
    print(f"least width n at which the gap is {TOLERANCE:g} of the targets (limits at 0.05 each)", flush=True)
    print(f"measured at n = {', '.join(map(str, widths))}, {REPEATS} networks each; d = {INPUTS}, N = {SAMPLES}")
    with one_thread():
        for activation in ("relu", "tanh"):
            print(f"\n{activation:<18}" + "".join(f"{f'rho = {density:g}':>24}" for density in DENSITIES), flush=True)
            for name in (*CRITERIA, MODEL):
                cells = [_cell(name, density, activation, widths) for density in DENSITIES]
                print(f"{name:<18}" + "".join(f"{cell:>24}" for cell in cells), flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")
