"""One ``[[check]]`` table of a suite, as an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One ``[[check]]`` table: a grid of cases for one statement.

    Parameters
    ----------
    statement
        Statement id.
    densities
        Kept fractions, in (0, 1).
    widths
        Hidden widths n.
    repeats
        Independent trials of every case, at least 2.
    inputs
        Numbers of inputs d, crossed with the widths; empty means ``d = n``.
    variant
        "statement", or the id of a false variant for which this check makes the data.
    criteria, models, initialisations
        What to prune: criteria on networks, and models sampled directly, by name.
    data, labels, signal
        The batch: "digits" or "teacher"; "centred" or "raw"; explained share R^2 of the teacher.
    batch, batch_per_input
        Batch sizes S, or their ratio to d; at most one of the two.
    ladder
        What grows towards the limit, for SNIP-1: "width" or "batch".
    activations, depths
        Activations of the network and numbers of its hidden layers.
    active, targets
        Numbers k of active coordinates, and the functions of them to approximate, by name; for UAT.
    weights
        Weights of the edges that are kept: "kept" as initialised, or "redrawn" after pruning; for tangent kernels.
    """

    statement: str
    densities: tuple[float, ...]
    widths: tuple[int, ...]
    repeats: int
    inputs: tuple[int, ...] = ()
    variant: str = "statement"
    criteria: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    initialisations: tuple[str, ...] = ("gaussian",)
    data: str = "digits"
    labels: str = "centred"
    signal: float = 0.5
    batch: tuple[int, ...] = ()
    batch_per_input: tuple[float, ...] = ()
    ladder: str = ""
    activations: tuple[str, ...] = ("relu",)
    depths: tuple[int, ...] = (1,)
    active: tuple[int, ...] = (1,)
    targets: tuple[str, ...] = ("",)
    weights: tuple[str, ...] = ("kept",)
