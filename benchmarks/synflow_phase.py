"""Phase diagram of iterative SynFlow: rows that empty, and excess heterogeneity, over density and width.

Perceptrons with two hidden layers, as wide behind as within, are pruned whole in 100 steps. For each noise law a pair
of maps: the share of empty rows in the hidden layers, and the excess of the rows' kept fractions over a uniform set, as
the relative standard deviation that the hypergeometric law leaves unexplained. A line marks the critical density of
statement SF. Figures go to ``runs/benchmarks/synflow_phase.svg`` and ``.png``.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from torch import nn

from graphon_theory.criteria import critical_density
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform
from verification.criteria import synflow_iterative
from verification.masks import LayerCollapse
from verification.networks import perceptron
from verification.sampling import draw_noise

Array = npt.NDArray[np.float64]

LAWS: tuple[NoiseLaw, ...] = (Gaussian(), Uniform(), Laplace())
DENSITIES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
WIDTHS = (32, 64, 128, 256)
DEFAULT_LARGEST = 64
NETWORKS = 2
STEPS = 100
FOLDER = Path("runs") / "benchmarks"


def _network(width: int, law: NoiseLaw, seed: int) -> nn.Sequential:
    network = perceptron(width, [width, width], outputs=width, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for layer in network:
        if isinstance(layer, nn.Linear):
            shape = tuple(layer.weight.shape)
            signs = torch.randint(0, 2, shape, generator=generator) * 2 - 1
            with torch.no_grad():
                layer.weight.copy_(draw_noise(law, shape, generator) * signs * width**-0.5)
    return network


def _measure(width: int, law: NoiseLaw, density: float) -> tuple[float, float]:
    """Share of empty rows and excess relative spread of the rows, means over networks and hidden layers."""
    empty, excess = [], []
    for seed in range(NETWORKS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LayerCollapse)
            masks = synflow_iterative(_network(width, law, seed), density, STEPS).masks
        for kept in list(masks.values())[:2]:
            rows = kept.double().mean(dim=1).numpy()
            share = max(float(rows.mean()), 1.0 / kept.numel())
            chance = share * (1.0 - share) / width
            empty.append(float((rows == 0).mean()))
            excess.append(max(float(rows.var()) - chance, 0.0) ** 0.5 / share)
    return float(np.mean(empty)), float(np.mean(excess))


def _draw(found: dict[str, Array], widths: tuple[int, ...]) -> Figure:
    """Two maps a law, with the predicted critical density."""
    figure = Figure(figsize=(11.0, 5.6), layout="constrained")
    axes = figure.subplots(2, len(LAWS), squeeze=False)
    titles = ("share of empty rows", "excess relative spread of rows")
    centres = np.arange(len(DENSITIES))
    for column, law in enumerate(LAWS):
        for row, title in enumerate(titles):
            axis = axes[row][column]
            values = found[law.name][:, :, row]
            top = 0.6 if row == 0 else 1.5
            image = axis.imshow(values, origin="lower", aspect="auto", cmap="cividis", vmin=0.0, vmax=top)
            axis.axvline(float(np.interp(critical_density(law), DENSITIES, centres)), color="#D55E00", linewidth=1.5)
            axis.set_xticks(centres, [f"{density:g}" for density in DENSITIES], rotation=60)
            axis.set_yticks(range(len(widths)), [str(width) for width in widths])
            axis.set_title(f"{law.name}: {title}")
            axis.set_xlabel("density")
            axis.set_ylabel("width")
            if column == len(LAWS) - 1:
                figure.colorbar(image, ax=axes[row])
    figure.suptitle(f"SynFlow in {STEPS} steps; line: predicted critical density")
    return figure


def main(largest: int = DEFAULT_LARGEST) -> None:
    """Print the table and draw the diagram for widths up to ``largest`` (from 32 on)."""
    widths = tuple(width for width in WIDTHS if width <= max(largest, WIDTHS[0]))
    found: dict[str, Array] = {}
    for law in LAWS:
        print(f"\n{law.name}: critical density {critical_density(law):.4f}; empty rows | excess spread", flush=True)
        print("width  " + "".join(f"{density:>13g}" for density in DENSITIES), flush=True)
        values = np.zeros((len(widths), len(DENSITIES), 2))
        for i, width in enumerate(widths):
            start = time.perf_counter()
            for j, density in enumerate(DENSITIES):
                values[i, j] = _measure(width, law, density)
            cells = "".join(f"{empty:>7.3f} {excess:.3f}" for empty, excess in values[i])
            print(f"{width:>5}  {cells}  {time.perf_counter() - start:.1f} s", flush=True)
        found[law.name] = values
    FOLDER.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "graphon-theory", "svg.fonttype": "path", "font.size": 8.0}):
        figure = _draw(found, widths)
        figure.savefig(FOLDER / "synflow_phase.svg", metadata={"Date": None})
        figure.savefig(FOLDER / "synflow_phase.png", dpi=150)
    print(f"\nwrote {FOLDER / 'synflow_phase.svg'} and .png", flush=True)
