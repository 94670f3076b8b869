"""One run of ``graphon design``: from a data set to a mask, with its bound and those of the criteria beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from graphon_theory.errors import InputError, require_density
from verification.criteria import CRITERIA
from verification.data.samples import Samples
from verification.design.compare import DENSE, Judged, judge, pruned
from verification.design.halves import halves
from verification.design.mask import KINDS
from verification.design.optimise import Design, design
from verification.design.profile import Profile, columns_of
from verification.design.select import Tailored, tailor
from verification.networks import OneHiddenLayer, initial_noise

Array = npt.NDArray[np.float64]

DELTA: Final = 0.1
WIDTH: Final = 256


@dataclass(frozen=True, eq=False)
class DesignRun:
    """What ``graphon design`` found.

    Parameters
    ----------
    source
        Name of the data.
    density, width, inputs, samples, tested, seed
        rho; n; d; N of a half; test samples; seed.
    weights, kind, initialisation, ridge, delta
        As asked for; delta of the bound.
    signs, image
        Whether labels are signs; (C, H, W) of an input, or None.
    found
        The optimum in the limit.
    tailored
        The profile for this network.
    judged
        On the half that the design has not seen: "design", "limit" and "relaxed", then the criteria, then "dense".
    mask, initial
        Mask and weights at initialisation, shape (n, d).
    readout
        Output weights, shape (n,).
    mean, scale
        What was done to the inputs.
    """

    source: str
    density: float
    width: int
    inputs: int
    samples: int
    tested: int
    seed: int
    weights: str
    kind: str
    initialisation: str
    ridge: float
    delta: float
    signs: bool
    image: tuple[int, int, int] | None
    found: Design
    tailored: Tailored
    judged: tuple[Judged, ...]
    mask: Tensor
    initial: Tensor
    readout: Tensor
    mean: Tensor
    scale: float

    @property
    def profile(self) -> Profile:
        """The profile that made the mask."""
        return self.tailored.profile

    @property
    def own(self) -> Judged:
        """What the designed mask is worth."""
        return self.judged[0]


def run_design(
    samples: Samples,
    density: float,
    *,
    source: str = "",
    width: int = WIDTH,
    size: int | None = None,
    seed: int = 0,
    weights: str = "kept",
    kind: str = "top",
    initialisation: str = "gaussian",
    ridge: float = 0.0,
    on_step: Callable[[str, int, int], None] = lambda *_: None,
) -> DesignRun:
    """Design a mask for a network of one hidden ReLU layer.

    Parameters
    ----------
    samples
        The data, 4 samples or more.
    density
        rho, in (0, 1).
    source
        Name of the data.
    width
        n, positive.
    size
        N of each half; half of the data, at most 256, by default.
    seed
        Of halves, weights, ties and draws; 0 to 2^63 - 1.
    weights
        "kept": the weights at initialisation stay; "redrawn": they are drawn anew on the mask.
    kind
        "top" or "bernoulli", as ``design_mask``; the latter with redrawn weights alone.
    initialisation
        "gaussian" or "uniform".
    ridge
        In units of ``tr K/N``, at least 0.
    on_step
        Told what is done next.

    Raises
    ------
    InputError
        If an argument is out of range, or kernels are singular to rounding without a ridge.
    """
    require_density(density)
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise InputError("hidden", width, "give a positive number of neurons")
    if not 0 <= seed < 2**63:
        raise InputError("seed", seed, "give an integer of at least 0, below 2^63")
    if kind not in KINDS:
        raise InputError("kind", kind, f"choose one of {', '.join(KINDS)}")
    if kind == "bernoulli" and weights == "kept":
        raise InputError("kind", kind, 'independent edges do not look at weights: give "redrawn" weights with them')
    data = halves(samples, size=size, seed=seed)
    X, y = data.design.inputs.numpy(), data.design.labels.numpy()
    noise = initial_noise(initialisation)
    steps = 6 + len(CRITERIA)
    on_step("optimum of the limit", 0, steps)
    found = design(X, y, density, noise=noise, weights=weights, ridge=ridge)
    on_step("profile for the network", 1, steps)
    network = OneHiddenLayer(X.shape[1], width, initialisation=initialisation, seed=seed).double()
    tailored = tailor(found, network, X, y, seed=seed, kind=kind, ridge=ridge)
    kept = np.minimum(found.relaxed.density, 1.0 - 1e-9)
    named = {
        "design": tailored.profile,
        "limit": found.profile,
        "relaxed": replace(found.profile, columns=columns_of(np.asarray(kept), noise)),
    }
    judged = []
    mask = None
    methods: list[str | tuple[str, Profile]] = [*named.items(), *CRITERIA, DENSE]
    for step, method in enumerate(methods):
        name = method if isinstance(method, str) else method[0]
        on_step(name, 2 + step, steps)
        one = pruned(
            method,
            width,
            batch=data.design,
            density=density,
            seed=seed,
            weights=weights,
            kind=kind,
            initialisation=initialisation,
        )
        mask = one.masks["hidden"] if mask is None else mask
        judged.append(judge(name, one, data.sample, data.rest, delta=DELTA, ridge=ridge))
    if judged[0].singular:
        raise InputError(
            "kernel", judged[0].singular, "of the designed network: give a larger density or width, or a ridge"
        )
    assert mask is not None  # noqa: S101  # the loop has run
    return DesignRun(
        source=source,
        density=density,
        width=width,
        inputs=X.shape[1],
        samples=len(y),
        tested=0 if data.rest is None else len(data.rest.labels),
        seed=seed,
        weights=weights,
        kind=kind,
        initialisation=initialisation,
        ridge=ridge,
        delta=DELTA,
        signs=data.signs,
        image=data.image,
        found=found,
        tailored=tailored,
        judged=tuple(judged),
        mask=mask,
        initial=network.hidden.weight.detach(),
        readout=network.readout.weight.detach()[0],
        mean=data.mean,
        scale=data.scale,
    )
